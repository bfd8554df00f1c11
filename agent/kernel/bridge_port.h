#ifndef WARREN_AGENT_KERNEL_BRIDGE_PORT_H_
#define WARREN_AGENT_KERNEL_BRIDGE_PORT_H_

// The settings of a link as a port of a bridge: cost, priority, isolated, learning... (IFLA_BRPORT_*, bridge(8)). They
// go when it is detached. Threading and errors as in link.h. Cost: 16 µs.

#include <string>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "agent/kernel/netlink.h"

namespace warren::kernel {

// As attributes, those that can be set; empty when it is no port of a bridge. Equal text is equal settings.
absl::StatusOr<std::string> GetBridgePort(Netlink& netlink, int ifindex);
absl::Status SetBridgePort(Netlink& netlink, int ifindex, const std::string& settings);

}  // namespace warren::kernel

#endif  // WARREN_AGENT_KERNEL_BRIDGE_PORT_H_
