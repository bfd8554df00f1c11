#ifndef WARREN_CLIENT_ARGS_ROUTE_ARGS_H_
#define WARREN_CLIENT_ARGS_ROUTE_ARGS_H_

// `warren route show|add|del`: the namespace first, then iproute2's words. Pure; thread-safe; errors are
// INVALID_ARGUMENT.

#include <cstdint>
#include <string>
#include <vector>

#include "absl/status/statusor.h"
#include "client/args/place_args.h"

namespace warren::cli {

inline constexpr uint32_t kMainTable = 254;

struct RouteFlags {
  bool allow_existing = false;  // add
  bool allow_missing = false;   // del
  bool force = false;
};

// HOST/NS [to] {default | PREFIX} [via ADDRESS] [dev IF] [src ADDRESS] [metric N] [table T] [onlink]
absl::StatusOr<Change> ParseRouteAdd(const std::vector<std::string>& words, const RouteFlags& flags);
absl::StatusOr<Change> ParseRouteDelete(const std::vector<std::string>& words, const RouteFlags& flags);

// HOST/NS [table {T | all}] [dev IF]
struct RouteQuery {
  Place place;                  // its interface is what dev named
  uint32_t table = kMainTable;  // 0: all
};
absl::StatusOr<RouteQuery> ParseRouteShow(const std::vector<std::string>& words);

}  // namespace warren::cli

#endif  // WARREN_CLIENT_ARGS_ROUTE_ARGS_H_
