#ifndef WARREN_AGENT_KERNEL_EVENT_ORIGIN_H_
#define WARREN_AGENT_KERNEL_EVENT_ORIGIN_H_

// Which namespace an event is from that was just read from a socket with NETLINK_LISTEN_ALL_NSID. Thread-safe.

#include <sys/socket.h>

namespace warren::kernel {

// The id that the reader's namespace has for it; EventSocket::kOwnNamespace where it is the reader's own.
int OriginOf(msghdr& message);

}  // namespace warren::kernel

#endif  // WARREN_AGENT_KERNEL_EVENT_ORIGIN_H_
