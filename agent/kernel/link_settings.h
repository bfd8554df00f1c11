#ifndef WARREN_AGENT_KERNEL_LINK_SETTINGS_H_
#define WARREN_AGENT_KERNEL_LINK_SETTINGS_H_

// What the kernel tells of a link beyond Link: its settings, against those of a new link, and what MTU it takes.
// Threading and errors as in link.h. Cost: 16 µs.

#include <cstdint>
#include <string>
#include <vector>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "agent/kernel/netlink.h"

namespace warren::kernel {

// What a veth's end or a bridge has set otherwise than a new one, in iproute2's words: "its stp_state is 1, not 0". Not
// what Link has and its making can ask for, nor its master and its group.
absl::StatusOr<std::vector<std::string>> SettingsNotAsNew(Netlink& netlink, int ifindex);

// The least and the greatest MTU that its driver takes (IFLA_MIN_MTU, IFLA_MAX_MTU); 0: not told, or unlimited. What it
// stands on may allow less.
struct MtuLimits {
  uint32_t least = 0, greatest = 0;
  int lower = 0;  // index of the link of this namespace that it stands on (a VLAN, a macvlan, a VXLAN...); 0: none
};
absl::StatusOr<MtuLimits> MtuLimitsOf(Netlink& netlink, int ifindex);

}  // namespace warren::kernel

#endif  // WARREN_AGENT_KERNEL_LINK_SETTINGS_H_
