#ifndef WARREN_AGENT_KERNEL_NSID_H_
#define WARREN_AGENT_KERNEL_NSID_H_

// Namespace ids: how one namespace calls another (rtnetlink RTM_*NSID, net/core/net_namespace.c). The kernel gives one
// by itself when a veth crosses and is told of. Threading and errors as in link.h.
//
// Cost: the kernel walks through all ids the socket's namespace has, some 0.15 ms for 10,000, each time it is asked for
// one or to assign one.

#include <set>

#include "absl/status/statusor.h"
#include "agent/kernel/netlink.h"
#include "agent/kernel/netns.h"

namespace warren::kernel {

// The id the socket's namespace has for another; -1: none. The socket's own namespace has one only if it was given.
absl::StatusOr<int> GetNsid(Netlink& netlink, const Netns& other);
// The same, assigning the next free one where there is none. One walk when it is as is likely, otherwise two.
enum class NsidIs { kGiven, kMissing };
absl::StatusOr<int> GetOrAssignNsid(Netlink& netlink, const Netns& other, NsidIs likely = NsidIs::kGiven);

// All ids that the socket's namespace has given, those of namespaces that are being freed among them.
absl::StatusOr<std::set<int>> ListNsids(Netlink& netlink);

}  // namespace warren::kernel

#endif  // WARREN_AGENT_KERNEL_NSID_H_
