#ifndef WARREN_CLIENT_ARGS_ADDR_ARGS_H_
#define WARREN_CLIENT_ARGS_ADDR_ARGS_H_

// `warren addr add|del`, in iproute2's words. Pure; thread-safe; errors are INVALID_ARGUMENT.

#include <string>
#include <vector>

#include "absl/status/statusor.h"
#include "client/args/place_args.h"

namespace warren::cli {

struct AddrFlags {
  bool allow_existing = false;  // add
  bool allow_missing = false;   // del
  bool force = false;
};

// [local] CIDR [peer CIDR] dev HOST/NS:IF [nodad] [valid_lft {SECONDS|forever}] [preferred_lft {SECONDS|forever}]
absl::StatusOr<Change> ParseAddrAdd(const std::vector<std::string>& words, const AddrFlags& flags);

// [local] CIDR [peer CIDR] dev HOST/NS:IF
absl::StatusOr<Change> ParseAddrDelete(const std::vector<std::string>& words, const AddrFlags& flags);

}  // namespace warren::cli

#endif  // WARREN_CLIENT_ARGS_ADDR_ARGS_H_
