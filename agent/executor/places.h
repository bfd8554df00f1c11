#ifndef WARREN_AGENT_EXECUTOR_PLACES_H_
#define WARREN_AGENT_EXECUTOR_PLACES_H_

// The namespaces an intent works in, each opened once, with a netlink socket inside. Belongs to the executor's thread.
// Nothing is kept between intents: a descriptor would keep a deleted namespace alive.

#include <map>
#include <memory>
#include <string>
#include <vector>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "agent/executor/step.pb.h"
#include "agent/kernel/netlink.h"
#include "agent/kernel/netns.h"

namespace warren::executor {

struct Place {
  std::string name;  // raw, or kRawHost
  kernel::Netns netns;
  kernel::Netlink netlink;
  kernel::NetnsWorker* worker = nullptr;  // of the thread it belongs to

  bool is_host() const;
  uint64_t cookie() const { return netlink.cookie(); }
  NetnsRef Ref() const;
  // "red:eth0", both as the API has them.
  std::string Shown(const std::string& link) const;
};

// What the placeholder of a namespace's name says until the namespace is mounted on it.
std::string MarkerOf(uint64_t cookie);

// The name that undo gives a namespace whose own is taken: the same for the same one, so that it is found again after a
// crash. Cut to the length that a name may have.
std::string OtherNameOf(const std::string& name, uint64_t cookie);
// Binds it there, or under the next free one. The last error when none is to be had.
absl::StatusOr<std::string> BindUnderAnotherName(const kernel::NetnsDir& dir, const kernel::Netns& netns,
                                                 const std::string& name, uint64_t cookie);

// Whether Warren gave that name to a namespace that it made as `made_as` (empty: nobody knows): that name, or the one
// that undo gave it instead.
bool IsNameOf(const std::string& name, const std::string& made_as, uint64_t cookie);

class Places {
 public:
  Places(kernel::NetnsWorker& worker, const kernel::NetnsDir& dir) : worker_(worker), dir_(dir) {}

  // By the name the API has for it. NOT_FOUND (ENOENT); INVALID_ARGUMENT for what can be no such name;
  // FAILED_PRECONDITION for what is not a network namespace, saying what it is, and for a name bound to the host's own.
  absl::StatusOr<Place*> Open(const std::string& shown);
  // By its raw name, or kRawHost.
  absl::StatusOr<Place*> OpenRaw(const std::string& name);
  absl::StatusOr<Place*> Host();
  // What Open would open, without a socket in it.
  struct Named {
    std::string name;  // raw
    kernel::Netns netns;
  };
  absl::StatusOr<Named> Find(const std::string& shown);
  // By a reference of the journal, under its name or the one that undo gave it instead: NOT_FOUND (ESTALE in the
  // message) when another namespace has that name now.
  absl::StatusOr<Place*> Open(const NetnsRef& ref);
  // A namespace that has no name, under a pretended one.
  absl::StatusOr<Place*> Adopt(const std::string& name, kernel::Netns netns);
  // With a socket that is inside it.
  Place* Adopt(const std::string& name, kernel::Netns netns, kernel::Netlink netlink);

  std::vector<Place*> AllOpen();

  // Closes one, by its raw name, or all. Pointers to them die.
  void Close(const std::string& name) { open_.erase(name); }
  void CloseAll() { open_.clear(); }

  kernel::NetnsWorker& worker() { return worker_; }
  const kernel::NetnsDir& dir() const { return dir_; }

 private:
  absl::StatusOr<Named> FindRaw(const std::string& name);

  kernel::NetnsWorker& worker_;
  const kernel::NetnsDir& dir_;
  std::map<std::string, std::unique_ptr<Place>> open_;
};

}  // namespace warren::executor

#endif  // WARREN_AGENT_EXECUTOR_PLACES_H_
