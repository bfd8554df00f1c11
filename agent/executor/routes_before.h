#ifndef WARREN_AGENT_EXECUTOR_ROUTES_BEFORE_H_
#define WARREN_AGENT_EXECUTOR_ROUTES_BEFORE_H_

#include "absl/status/status.h"
#include "agent/executor/places.h"
#include "agent/executor/step.pb.h"
#include "agent/kernel/ip.h"
#include "agent/kernel/route.h"

namespace warren::executor {

// Fills an undo with the routes to one destination as they are now. Belongs to the executor's thread.
absl::Status NoteRoutes(Place& place, const kernel::IpPrefix& destination, uint32_t table, RestoreRoutes& undo);

// Whether a route is one of those, whenever it expires.
bool WasBefore(const RestoreRoutes& undo, const kernel::Route& route);

}  // namespace warren::executor

#endif  // WARREN_AGENT_EXECUTOR_ROUTES_BEFORE_H_
