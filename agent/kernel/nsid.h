#ifndef WARREN_AGENT_KERNEL_NSID_H_
#define WARREN_AGENT_KERNEL_NSID_H_

// Namespace ids: how one namespace calls another (rtnetlink RTM_*NSID, net/core/net_namespace.c). The kernel gives one
// by itself when a veth crosses. Threading and errors as in link.h.

#include "absl/status/statusor.h"
#include "agent/kernel/netlink.h"
#include "agent/kernel/netns.h"

namespace warren::kernel {

// The id the socket's namespace has for another; -1: none. The socket's own namespace has one only if it was given.
absl::StatusOr<int> GetNsid(Netlink& netlink, const Netns& other);
// The same, assigning the next free one where there is none.
absl::StatusOr<int> GetOrAssignNsid(Netlink& netlink, const Netns& other);

}  // namespace warren::kernel

#endif  // WARREN_AGENT_KERNEL_NSID_H_
