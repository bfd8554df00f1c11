#ifndef WARREN_CLIENT_ARGS_LINK_ADD_ARGS_H_
#define WARREN_CLIENT_ARGS_LINK_ADD_ARGS_H_

// `warren link add`. Pure; thread-safe; errors are INVALID_ARGUMENT.

#include <cstdint>
#include <string>
#include <vector>

#include "absl/status/statusor.h"
#include "client/args/place_args.h"

namespace warren::cli {

struct LinkAddFlags {
  bool up = false;                               // both ends
  uint32_t mtu = 0;                              // both ends
  uint32_t queues = 0;                           // both ends
  std::vector<std::string> addresses = {};       // of the first end, or the bridge
  std::vector<std::string> peer_addresses = {};  // of the other end
  std::string mac = {};
  std::string peer_mac = {};
  bool allow_existing = false;
  bool force = false;
};

// Either of
//   veth HOST/NS:IF HOST/NS:IF [up] [mtu N] [address MAC] [peer address MAC]
//   HOST/NS:IF [up] [mtu N] [address MAC] type veth peer [name] HOST/NS:IF [address MAC]
//   HOST/NS:IF [up] [mtu N] [address MAC] type bridge
// The other end may leave out the host. A word and its flag say the same; both at once are refused.
absl::StatusOr<Change> ParseLinkAdd(const std::vector<std::string>& words, const LinkAddFlags& flags);

}  // namespace warren::cli

#endif  // WARREN_CLIENT_ARGS_LINK_ADD_ARGS_H_
