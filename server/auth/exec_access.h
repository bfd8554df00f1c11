#ifndef WARREN_SERVER_AUTH_EXEC_ACCESS_H_
#define WARREN_SERVER_AUTH_EXEC_ACCESS_H_

// Who may run commands on hosts, by how they reached the server: there are neither certificates nor roles yet, so what
// the kernel says of a connection is all there is to go by. Pure; thread-safe.

#include <sys/types.h>

#include <string>
#include <vector>

#include "absl/status/statusor.h"

namespace warren::auth {

// The other end of a call: what the kernel says of it, nothing that it says of itself.
struct Peer {
  enum class Way {
    kUnix,      // a unix socket: uid and pid are the kernel's
    kLoopback,  // TCP from this host, or HTTP from it
    kOther,
  };
  Way way = Way::kOther;
  uid_t uid = 0;  // kUnix
  // For the audit log: "unix:1234" (the process that connected), "127.0.0.1:40123".
  std::string source;
};

class ExecAccess {
 public:
  struct Options {
    std::vector<uid_t> uids = {0};  // that may, on a unix socket
    bool loopback = true;           // everybody who comes from loopback may: any user of the server's host
  };

  explicit ExecAccess(Options options);

  // Who it is, for limits and the audit log: "uid 1000", "local". PERMISSION_DENIED (EXEC_NOT_OFFERED): it may not,
  // saying what would help.
  absl::StatusOr<std::string> CallerOf(const Peer& peer) const;

 private:
  const Options options_;
};

}  // namespace warren::auth

#endif  // WARREN_SERVER_AUTH_EXEC_ACCESS_H_
