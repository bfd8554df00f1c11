#ifndef WARREN_CLIENT_ARGS_NETNS_ARGS_H_
#define WARREN_CLIENT_ARGS_NETNS_ARGS_H_

// `warren netns add|delete`. Pure; thread-safe; errors are INVALID_ARGUMENT.

#include <string>

#include "absl/status/statusor.h"
#include "client/args/place_args.h"

namespace warren::cli {

struct NetnsAddFlags {
  bool allow_existing = false;
  bool loopback_down = false;
};
absl::StatusOr<Change> ParseNetnsAdd(const std::string& place, const NetnsAddFlags& flags);

struct NetnsDeleteFlags {
  bool allow_missing = false;
  bool force = false;
};
absl::StatusOr<Change> ParseNetnsDelete(const std::string& place, const NetnsDeleteFlags& flags);

}  // namespace warren::cli

#endif  // WARREN_CLIENT_ARGS_NETNS_ARGS_H_
