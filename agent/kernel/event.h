#ifndef WARREN_AGENT_KERNEL_EVENT_H_
#define WARREN_AGENT_KERNEL_EVENT_H_

// A message of rtnetlink's groups as what has changed. Pure; thread-safe.

#include <linux/netlink.h>

#include <string>

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
  // As it is now: LinkFromBody takes it. Empty: it was not told whole, or nobody wants it. A new veth may have no other
  // end in it.
  std::string link;
  Ip address;         // of an address: the link's end
  std::string route;  // RouteFromBody takes it
};

// `origin`: the nsid of the namespace that it is from. `links`: whether links are wanted whole. False: nothing that
// anybody wants to know.
bool ParseEvent(int origin, nlmsghdr* header, bool links, Event* event);

}  // namespace warren::kernel

#endif  // WARREN_AGENT_KERNEL_EVENT_H_
