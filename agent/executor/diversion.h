#ifndef WARREN_AGENT_EXECUTOR_DIVERSION_H_
#define WARREN_AGENT_EXECUTOR_DIVERSION_H_

// Keeps an intent from leading elsewhere what the host lives by (vital.h): the traffic to the server, to the gateways
// of the vital routes, and that of the default routes as a whole. Predicted from the kernel's own choice as it is now,
// the rules that choose tables, prefix length and metric (docs/adr/0022-what-is-predicted.md); routes and addresses of
// named namespaces lead nothing of the host's away. Belongs to the executor's thread.
//
// Refusals are FAILED_PRECONDITION, and name the safe way where there is one. Cost: one look-up of a route (0.01 ms,
// estimated) for each address or route in the host's namespace that is clearly harmless, some listings for others.

#include <cstddef>
#include <string>
#include <vector>

#include "absl/status/status.h"
#include "agent/executor/plan.h"
#include "agent/executor/transaction.h"
#include "agent/kernel/address.h"
#include "agent/kernel/ip.h"
#include "agent/kernel/route.h"
#include "warren/v1/intents.pb.h"

namespace warren::executor {

// Of a route that is to be added. Its link is looked up.
absl::Status CheckRouteLeadsNothingAway(Transaction& tx, Place& place, const kernel::NewRoute& route);

// Of an address that a link is to get: itself, and the subnet that comes with it once the link is up. `ifindex` 0: of a
// link that is about to be made.
absl::Status CheckAddressLeadsNothingAway(Transaction& tx, Place& place, int ifindex, const kernel::IpPrefix& local,
                                          const kernel::Ip& peer = {});

// Of the addresses that a link has, before it is set up.
absl::Status CheckAddressesLeadNothingAway(Transaction& tx, Place& place, const kernel::Link& link);

// Whether that can be said of a plan's addresses and routes in the host's namespace without looking closer, or the
// operations permit it; `place` is that namespace's number among the plan's.
bool PlanLeadsNothingAway(Place& host, const kernel::Ip& server, const Plan& plan, size_t place,
                          const v1::IntentDelivery& intent);

}  // namespace warren::executor

#endif  // WARREN_AGENT_EXECUTOR_DIVERSION_H_
