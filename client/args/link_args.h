#ifndef WARREN_CLIENT_ARGS_LINK_ARGS_H_
#define WARREN_CLIENT_ARGS_LINK_ARGS_H_

// `warren link set|move|delete`, in iproute2's words. Pure; thread-safe; errors are INVALID_ARGUMENT.

#include <string>
#include <vector>

#include "absl/status/statusor.h"
#include "client/args/place_args.h"

namespace warren::cli {

struct LinkFlags {
  bool allow_existing = false;
  bool allow_missing = false;
  bool force = false;
  bool move_addresses = false;  // set, with master or nomaster
};

// [dev] HOST/NS:IF {up | down | mtu N | address MAC | name NAME | netns NS | master BRIDGE | nomaster}...
// One intent, in the order the kernel takes them (net/core/rtnetlink.c, do_setlink): first the move into another
// namespace, with the new name, then the settings, then the bridge, which is looked for where the link then is.
absl::StatusOr<Change> ParseLinkSet(const std::vector<std::string>& words, const LinkFlags& flags);

// HOST/NS:IF NS[:IF]
absl::StatusOr<Change> ParseLinkMove(const std::string& link, const std::string& target, const LinkFlags& flags);

// [dev] HOST/NS:IF
absl::StatusOr<Change> ParseLinkDelete(const std::vector<std::string>& words, const LinkFlags& flags);

// Mistakes that leave a usable MAC are the server's to find; this only tells a MAC from an address with a prefix, which
// flags of the same name could mix up.
absl::Status CheckMac(std::string_view mac);

}  // namespace warren::cli

#endif  // WARREN_CLIENT_ARGS_LINK_ARGS_H_
