#ifndef WARREN_AGENT_KERNEL_NEXTHOP_H_
#define WARREN_AGENT_KERNEL_NEXTHOP_H_

// Nexthop objects and their groups (RTM_*NEXTHOP, Linux 5.3; ip-nexthop(8)), which routes can go through by a number.
// Threading and errors as in link.h. Cost: 5 µs where there are none.
//
// The kernel deletes the objects of a link that goes down, loses its carrier, or leaves (nexthop_flush_dev), takes them
// out of their groups, deletes the groups that are left without a member and the routes over them, of which it tells
// nobody.

#include <cstdint>
#include <string>
#include <vector>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "agent/kernel/netlink.h"
#include "agent/kernel/route.h"

namespace warren::kernel {

struct NexthopObject {
  uint32_t id = 0;
  int ifindex = 0;                // 0: a group, a blackhole, one for forwarding tables
  std::vector<uint32_t> members;  // of a group
  // The kernel's own message without what changes by itself: equal bodies are equal objects, and Put takes it.
  std::string body;
};
NexthopObject NexthopFromBody(const std::string& body);

// Those of one link, and after them the groups that have one of them as a member. None where the kernel does not know
// of such objects.
absl::StatusOr<std::vector<NexthopObject>> ListNexthopsOf(Netlink& netlink, int ifindex);

// The number of the object that a route goes through; 0: none.
uint32_t NexthopOf(const Route& route);

// Makes the object be there, on that link where it has one; one of its id becomes as it is here. ENETDOWN while the
// link is down or has no carrier; EINVAL while its gateway cannot be reached or a member is missing.
absl::Status PutNexthop(Netlink& netlink, const NexthopObject& nexthop, int ifindex);
// The routes over it go, too. ENOENT when there is none.
absl::Status DeleteNexthop(Netlink& netlink, uint32_t id);

}  // namespace warren::kernel

#endif  // WARREN_AGENT_KERNEL_NEXTHOP_H_
