#ifndef WARREN_AGENT_EXECUTOR_VITAL_H_
#define WARREN_AGENT_EXECUTOR_VITAL_H_

// What the host lives by: its default routes, and its path to the server. Belongs to the executor's thread.
//
// Cost: a listing of the main table and one look-up.

#include <string>
#include <vector>

#include "absl/status/statusor.h"
#include "agent/executor/places.h"
#include "agent/kernel/ip.h"
#include "agent/kernel/route.h"

namespace warren::executor {

struct Vital {
  kernel::Route route;
  bool to_server = false;
  std::string what;  // "the host's default route"
};
// `server` of family 0: there is none, or it is reached otherwise than by a route. Without a route to it there is
// nothing to cut.
absl::StatusOr<std::vector<Vital>> VitalRoutes(Place& host, const kernel::Ip& server);

std::vector<int> LinksOf(const kernel::Route& route);
std::vector<kernel::Ip> GatewaysOf(const kernel::Route& route);

bool Covers(const kernel::IpPrefix& prefix, const kernel::Ip& ip);

}  // namespace warren::executor

#endif  // WARREN_AGENT_EXECUTOR_VITAL_H_
