#ifndef WARREN_AGENT_KERNEL_QDISC_H_
#define WARREN_AGENT_KERNEL_QDISC_H_

// Queueing disciplines of a link with their classes and filters (RTM_*QDISC, RTM_*TCLASS, RTM_*TFILTER; tc(8)), as far
// as somebody set them: those a link is given by itself have no handle. Threading and errors as in link.h.
//
// All of them are gone when a link moves to another namespace (dev_shutdown). The kernel takes most of what it tells of
// them back as it is; not so hash tables of u32, programs of BPF, and what was set up with tables of rates by a tc
// older than 2013. Cost: 11 µs where there are none.

#include <cstdint>
#include <string>
#include <vector>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "agent/kernel/netlink.h"

namespace warren::kernel {

enum class TrafficPart : uint8_t { kQdisc = 'q', kClass = 'c', kFilter = 'f' };

struct TrafficControl {
  TrafficPart part = TrafficPart::kQdisc;
  std::string kind;                 // "htb"
  uint32_t handle = 0, parent = 0;  // TC_H_*
  // The kernel's own message without what changes by itself (statistics): Put takes it.
  std::string body;

  // "qdisc htb 1:", "class htb 1:10", "filter flower of ffff:".
  std::string ToString() const;
};
TrafficControl TrafficControlFromBody(TrafficPart part, const std::string& body);

// In an order in which they can be put back, but for a discipline inside a class inside another one.
absl::StatusOr<std::vector<TrafficControl>> ListTrafficControl(Netlink& netlink, int ifindex);

// Makes it be there, on this link, in the place of what has its handle or its parent's only place. ENOENT or EINVAL
// while what it stands on is missing.
absl::Status PutTrafficControl(Netlink& netlink, const TrafficControl& part, int ifindex);
// What stands on it goes, too. ENOENT, or EINVAL, when there is none.
absl::Status DeleteTrafficControl(Netlink& netlink, const TrafficControl& part, int ifindex);

}  // namespace warren::kernel

#endif  // WARREN_AGENT_KERNEL_QDISC_H_
