#ifndef WARREN_AGENT_KERNEL_RULE_H_
#define WARREN_AGENT_KERNEL_RULE_H_

// Rules that choose a routing table (ip-rule(8), RTM_*RULE). Threading and errors as in link.h. Cost: 0.02 ms.

#include <cstdint>
#include <vector>

#include "absl/status/statusor.h"
#include "agent/kernel/ip.h"
#include "agent/kernel/netlink.h"

namespace warren::kernel {

struct Rule {
  uint32_t priority = 0;
  uint32_t table = 0;  // 0: the rule does something else than look up a table
  IpPrefix from, to;   // family 0: any
  // Only for packets that come in by a link, have a mark, belong to a user...: none that the host sends by itself.
  bool narrow = false;
  bool inverted = false;
};
// In the kernel's order: the first that matches and whose table has a route decides.
absl::StatusOr<std::vector<Rule>> ListRules(Netlink& netlink, int family);

}  // namespace warren::kernel

#endif  // WARREN_AGENT_KERNEL_RULE_H_
