#include "agent/executor/routes_before.h"

#include <algorithm>
#include <string>

namespace warren::executor {

absl::Status NoteRoutes(Place& place, const kernel::IpPrefix& destination, uint32_t table, RestoreRoutes& undo) {
  kernel::RouteFilter filter;
  filter.family = destination.ip.family;
  filter.table = table;
  auto routes = kernel::ListRoutes(place.netlink, filter);
  if (!routes.ok()) return routes.status();
  *undo.mutable_netns() = place.Ref();
  undo.set_family(destination.ip.family);
  undo.set_destination(destination.ip.bytes);
  undo.set_length(destination.length);
  undo.set_table(table);
  for (const kernel::Route& route : *routes) {
    if (route.destination == destination) undo.add_before(kernel::BodyToKeep(route));
  }
  return absl::OkStatus();
}

bool WasBefore(const RestoreRoutes& undo, const kernel::Route& route) {
  return std::any_of(undo.before().begin(), undo.before().end(),
                     [&](const std::string& body) { return kernel::RouteFromBody(body).body == route.body; });
}

}  // namespace warren::executor
