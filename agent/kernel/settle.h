#ifndef WARREN_AGENT_KERNEL_SETTLE_H_
#define WARREN_AGENT_KERNEL_SETTLE_H_

// A link once the kernel has drawn its conclusions from its carrier (net/core/link_watch.c): it does so up to a second
// later, gives the link its IPv6 addresses then and its net.ipv6.conf.IF.mtu. Since Linux 6.8 it does at once for
// whoever asks for the link by itself (linkwatch_sync_dev); before, this waits for the event.
//
// Threading: the worker's and the socket's thread. Cost: that of GetLink, but before Linux 6.8 for a link whose carrier
// has just come.

#include "absl/status/statusor.h"
#include "agent/kernel/link.h"
#include "agent/kernel/netlink.h"
#include "agent/kernel/netns.h"

namespace warren::kernel {

// Waits 2 s at most, and returns the link as it is then. The socket is one of that namespace. Errors of GetLink.
absl::StatusOr<Link> GetSettledLink(NetnsWorker& worker, const Netns& netns, Netlink& netlink, int ifindex);

}  // namespace warren::kernel

#endif  // WARREN_AGENT_KERNEL_SETTLE_H_
