#ifndef WARREN_CLIENT_ARGS_BRIDGE_ARGS_H_
#define WARREN_CLIENT_ARGS_BRIDGE_ARGS_H_

// `warren bridge delete|attach|detach` (`bridge add` is ParseLinkAdd's "bridge"). Pure; thread-safe; errors are
// INVALID_ARGUMENT.

#include <string>

#include "absl/status/statusor.h"
#include "client/args/place_args.h"

namespace warren::cli {

struct BridgeFlags {
  bool allow_existing = false;  // attach
  bool allow_missing = false;   // delete, detach
  bool force = false;
  bool move_addresses = false;  // attach, detach
};

// HOST/NS:BRIDGE
absl::StatusOr<Change> ParseBridgeDelete(const std::string& bridge, const BridgeFlags& flags);
// HOST/NS:IF BRIDGE; the bridge by its name alone, or as HOST/NS:BRIDGE in the same namespace.
absl::StatusOr<Change> ParseBridgeAttach(const std::string& link, const std::string& bridge, const BridgeFlags& flags);
// HOST/NS:IF [BRIDGE]; an empty bridge matches any.
absl::StatusOr<Change> ParseBridgeDetach(const std::string& link, const std::string& bridge, const BridgeFlags& flags);

}  // namespace warren::cli

#endif  // WARREN_CLIENT_ARGS_BRIDGE_ARGS_H_
