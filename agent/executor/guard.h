#ifndef WARREN_AGENT_EXECUTOR_GUARD_H_
#define WARREN_AGENT_EXECUTOR_GUARD_H_

// Keeps an intent from cutting its host off: what carries the host's default route, or its path to the server, is not
// taken away unless the operation says force. Only links of the host's own namespace are ever vital. Belongs to the
// executor's thread.

#include <string>

#include "absl/status/status.h"
#include "agent/executor/transaction.h"
#include "agent/kernel/address.h"
#include "agent/kernel/route.h"

namespace warren::executor {

// FAILED_PRECONDITION, saying what would be cut, when the link is vital: it carries the route itself, or carries the
// VLAN that does, or is a port (not one of Warren's own) of the bridge that does. `doing` is "set down", "moved"...
absl::Status CheckLinkNotVital(Transaction& tx, Place& place, const kernel::Link& link, const std::string& doing);

// The same for an address: the source, or the subnet of the next hop, of a vital route.
absl::Status CheckAddressNotVital(Transaction& tx, Place& place, const kernel::Address& address);

// The same for a route: a default route, or the route to the server.
absl::Status CheckRouteNotVital(Transaction& tx, Place& place, const kernel::Route& route);

}  // namespace warren::executor

#endif  // WARREN_AGENT_EXECUTOR_GUARD_H_
