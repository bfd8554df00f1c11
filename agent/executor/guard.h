#ifndef WARREN_AGENT_EXECUTOR_GUARD_H_
#define WARREN_AGENT_EXECUTOR_GUARD_H_

// Keeps an intent from cutting its host off: what carries the host's default route, or its path to the server, is not
// taken away, nor made unfit for it, unless the operation says force. What leads the traffic elsewhere instead is the
// business of diversion.h. Only links of the host's own namespace are ever vital. Belongs to the executor's thread.
//
// Refusals are FAILED_PRECONDITION and say what would be cut. Where there is a safe way to the same end they name that,
// and not force.

#include <string>

#include "absl/status/status.h"
#include "agent/executor/transaction.h"
#include "agent/kernel/address.h"
#include "agent/kernel/route.h"

namespace warren::executor {

// The link is vital when it carries the route itself, or carries the VLAN that does, or is a port (not one of Warren's
// own) of the bridge that does. `doing` is "set down", "moved"... `instead` is the safe way; empty: there is none.
absl::Status CheckLinkNotVital(Transaction& tx, Place& place, const kernel::Link& link, const std::string& doing,
                               const std::string& instead = {});

// The same for an MTU that the link, or through its port a bridge, is about to get: below 1280 the kernel takes IPv6
// off (addrconf_notify), and below 576 not every IPv4 datagram that a host must take fits (RFC 1122). Ports of Warren's
// own count, too: a bridge takes the least MTU of all (br_mtu_auto_adjust).
absl::Status CheckMtuNotVital(Transaction& tx, Place& place, const kernel::Link& link, uint32_t mtu);

// The same for an address: the source, or the subnet of the next hop, of a vital route.
absl::Status CheckAddressNotVital(Transaction& tx, Place& place, const kernel::Address& address);

// The same for a route: a default route, or the route to the server.
absl::Status CheckRouteNotVital(Transaction& tx, Place& place, const kernel::Route& route);

}  // namespace warren::executor

#endif  // WARREN_AGENT_EXECUTOR_GUARD_H_
