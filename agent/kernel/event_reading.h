#ifndef WARREN_AGENT_KERNEL_EVENT_READING_H_
#define WARREN_AGENT_KERNEL_EVENT_READING_H_

// Reads what is queued on a socket that listens to rtnetlink's groups, with the namespace that each message is from
// (NETLINK_LISTEN_ALL_NSID). Thread-safe.

#include <linux/netlink.h>

#include <cstddef>
#include <functional>
#include <vector>

#include "absl/status/status.h"

namespace warren::kernel {

// Larger than any event: they are allocated at a page or two (NLMSG_GOODSIZE), link events with many VFs at more.
inline constexpr size_t kEventBuffer = 64 * 1024;

struct EventReading {
  bool any = false;  // something was read, or lost
  absl::Status status;
};

// All that there is by now; does not wait. each: the id that the reader's namespace has for where the message is from
// (EventSocket::kOwnNamespace: its own), and the message. lost: some were, of whatever namespace.
EventReading ReadEvents(int fd, std::vector<char>& buffer, const std::function<void(int origin, nlmsghdr*)>& each,
                        const std::function<void()>& lost);

}  // namespace warren::kernel

#endif  // WARREN_AGENT_KERNEL_EVENT_READING_H_
