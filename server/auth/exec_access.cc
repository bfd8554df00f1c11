#include "server/auth/exec_access.h"

#include <algorithm>
#include <utility>

#include "absl/status/status.h"
#include "absl/strings/str_cat.h"
#include "proto/common/status_payload.h"

namespace warren::auth {
namespace {

absl::Status NotOffered(const std::string& message) {
  return WithReason(absl::PermissionDeniedError(message), "EXEC_NOT_OFFERED");
}

}  // namespace

ExecAccess::ExecAccess(Options options) : options_(std::move(options)) {}

absl::StatusOr<std::string> ExecAccess::CallerOf(const Peer& peer) const {
  switch (peer.way) {
    case Peer::Way::kUnix:
      if (std::find(options_.uids.begin(), options_.uids.end(), peer.uid) != options_.uids.end()) {
        return absl::StrCat("uid ", peer.uid);
      }
      return NotOffered(absl::StrCat("uid ", peer.uid,
                                     " may not run commands on hosts: ask as a user that may, or have warren-server "
                                     "started with --exec-uid ",
                                     peer.uid));
    case Peer::Way::kLoopback:
      if (options_.loopback) return "local";
      return NotOffered(
          "commands are not offered over loopback (warren-server --exec-loopback=off), where any user of the server's "
          "host could ask for them: connect to the server's unix socket");
    case Peer::Way::kOther:
      break;
  }
  return NotOffered(
      "commands are offered to the server's own host alone: connect to its unix socket, or over loopback");
}

}  // namespace warren::auth
