#ifndef WARREN_AGENT_KERNEL_NETNS_H_
#define WARREN_AGENT_KERNEL_NETNS_H_

// Network namespaces: making, naming, opening and listing them (network_namespaces(7), ip-netns(8)).
//
// Threading: setns(2) acts on the calling thread. Whatever switches takes a NetnsWorker, which a thread made for
// namespace work creates once; every switch returns to the host's namespace before the call does, and a return that
// fails ends the process, since a thread left in the wrong namespace is how hosts lose their links.
// Cost: making one 0.3 ms, binding a name 0.01 ms, opening one with a socket 0.005 ms.

#include <sys/types.h>

#include <functional>
#include <string>
#include <string_view>
#include <vector>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "agent/kernel/netlink.h"
#include "proto/common/unique_fd.h"

namespace warren::kernel {

// An open namespace. Holding one keeps it alive.
struct Netns {
  UniqueFd fd;
  ino_t inode = 0;  // recycled by the kernel: compare only while both are open
};

class NetnsWorker {
 public:
  // The calling thread must be in the host's namespace. PERMISSION_DENIED without CAP_SYS_ADMIN shows only at use.
  static absl::StatusOr<NetnsWorker> Create();

  // Runs `work` with the thread inside `target`; verifies before that it got there.
  absl::Status Within(const Netns& target, const std::function<absl::Status()>& work);
  // A netlink socket that stays inside `target`. When it has been closed, it keeps the namespace alive for a grace
  // period of RCU more, 10-40 ms (netlink_release): not for one that is about to be deleted.
  absl::StatusOr<Netlink> OpenNetlink(const Netns& target);
  // Its SO_NETNS_COOKIE, by a socket of which nothing stays.
  absl::StatusOr<uint64_t> CookieOf(const Netns& target);
  // A new, anonymous namespace, with a socket inside: unshare(CLONE_NEWNET), keep, return. Its loopback is down.
  struct Made {
    Netns netns;
    Netlink netlink;
  };
  absl::StatusOr<Made> NewNetns();

  const Netns& host() const { return host_; }

 private:
  explicit NetnsWorker(Netns host) : host_(std::move(host)) {}
  void Return();

  Netns host_;
};

// The directory of named namespaces.
class NetnsDir {
 public:
  explicit NetnsDir(std::string path) : path_(std::move(path)) {}

  // Makes the directory a shared mount of its own, as `ip netns` does, unless it already is (a second bind there could
  // not be unmounted again).
  absl::Status Prepare() const;

  // Opens by name. NOT_FOUND (ENOENT) when there is none; INVALID_ARGUMENT (EINVAL) when the name is not a network
  // namespace, FAILED_PRECONDITION (ELOOP) when it is a symlink: those are not followed. A FIFO does not block.
  absl::StatusOr<Netns> Open(std::string_view name) const;

  // Gives a namespace its name. The placeholder file appears at once with `marker` as its content, so that one left by
  // a crash before the mount tells whose it is. ALREADY_EXISTS (EEXIST) when the name is taken by anything.
  absl::Status Bind(const Netns& netns, std::string_view name, std::string_view marker) const;
  // Content of an unmounted placeholder; NOT_FOUND (ENOENT) when there is none or something is mounted on it.
  absl::StatusOr<std::string> Marker(std::string_view name) const;
  // Takes the name away; the namespace lives on while anything holds it. NOT_FOUND (ENOENT) when there is none.
  absl::Status Unbind(std::string_view name) const;

  // Whether anything has the name, a namespace or not.
  bool Has(std::string_view name) const;

  // Names of all network namespaces, in no order; whatever else has a name there is passed
  // over, or named in `others`.
  absl::StatusOr<std::vector<std::string>> List(std::vector<std::string>* others = nullptr) const;

  std::string PathOf(std::string_view name) const;

 private:
  std::string path_;
};

// Opens a namespace bound at a path of Warren's own.
absl::StatusOr<Netns> OpenNetnsAt(const std::string& path);
// Binds one at such a path (created, with its directory), and lets it go again. Unbind tolerates a path that is not
// there.
absl::Status BindNetnsAt(const Netns& netns, const std::string& path);
absl::Status UnbindNetnsAt(const std::string& path);

}  // namespace warren::kernel

#endif  // WARREN_AGENT_KERNEL_NETNS_H_
