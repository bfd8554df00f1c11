#ifndef WARREN_AGENT_KERNEL_MONITOR_H_
#define WARREN_AGENT_KERNEL_MONITOR_H_

// What changes in network namespaces, for the inventory: the events of event_socket.h, understood. Whatever reads there
// leaves here what the inventory has not read yet, up to a limit; beyond it they are lost.
//
// Threading: one thread at a time; the descriptors may be polled meanwhile. Cost: 1-2 µs an event, and 0.1-1.5 KiB
// while it has not been read.

#include <cstddef>
#include <functional>
#include <memory>
#include <string>
#include <vector>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "agent/kernel/event_socket.h"
#include "agent/kernel/ip.h"

namespace warren::kernel {

// One thing that has changed.
struct Event {
  enum class Kind {
    kLink,     // new, changed or deleted
    kAddress,  // of the link
    kRoute,    // of any table but the local one
    kNexthop,  // a nexthop object went or became another: so may have routes, of which the kernel then tells nothing
    kNsid,     // the host has an id for a namespace, or has it no more: that one is gone; `nsid` is that id
    kLost,     // anything may have happened anywhere
  };
  Kind kind = Kind::kLost;
  int nsid = EventSocket::kOwnNamespace;  // of the namespace
  int ifindex = 0;                        // of a link or an address
  int family = 0;                         // of an address or a route
  bool deleted = false;
  bool replaced = false;  // the route took the place of another, which is not named
  bool up = false;        // of a link: IFF_UP
  // One of the host's own, as it is now: LinkFromBody takes it. Empty: it was not told whole. A new veth may have no
  // other end in it.
  std::string link;
  Ip address;         // of an address: the link's end
  std::string route;  // RouteFromBody takes it
};

class Monitor {
 public:
  // Links, addresses, routes and nsids, from now on. At most so many bytes of them are kept until they are read. Where
  // nobody hears: why.
  static absl::StatusOr<Monitor> Open(const SharedEvents& events, size_t most_bytes = 16 << 20);
  Monitor(Monitor&&) noexcept;
  Monitor& operator=(Monitor&&) noexcept;
  ~Monitor();

  // As EventSocket's.
  absl::Status HearAll(bool all);

  // All that there are, in order; does not wait.
  absl::Status Read(const std::function<void(const Event&)>& each);

  // Any of them is readable when there may be something to read.
  std::vector<int> descriptors() const;

 private:
  class Kept;
  explicit Monitor(std::unique_ptr<Kept> kept);

  std::unique_ptr<Kept> kept_;
};

}  // namespace warren::kernel

#endif  // WARREN_AGENT_KERNEL_MONITOR_H_
