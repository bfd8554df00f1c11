#ifndef WARREN_AGENT_KERNEL_MONITOR_H_
#define WARREN_AGENT_KERNEL_MONITOR_H_

// What changes in network namespaces, as events of the kernel: one socket in the host's namespace hears its own and
// those of every namespace that it has an nsid for (NETLINK_LISTEN_ALL_NSID). The kernel queues an event before the
// call that caused it returns, so that whoever reads after a change finds it here; what the kernel does in the
// background (a carrier, duplicate detection, freeing) comes later.
//
// EventSocket hands over messages as they are; Monitor is one for the inventory.
//
// What it costs those who change things elsewhere: for every event and every such socket the kernel walks through all
// ids that the host has (do_one_broadcast, peernet2id: 10 ns each, twice), some 25 events a router. So whoever does not
// need to hear of other namespaces for a while says so (HearAll).
//
// Threading: one thread at a time; the descriptor may be polled meanwhile. Needs CAP_NET_BROADCAST; PERMISSION_DENIED
// without. Cost: 1-2 µs an event, and some 1-2 KiB of the receive buffer while it has not been read. Nothing of a
// namespace without an nsid is heard.

#include <linux/netlink.h>

#include <cstdint>
#include <functional>
#include <string>
#include <vector>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "agent/kernel/ip.h"
#include "agent/kernel/netlink.h"
#include "agent/kernel/netns.h"

namespace warren::kernel {

class EventSocket {
 public:
  // Where an event is from when it is from the host's own namespace.
  static constexpr int kOwnNamespace = -1;

  struct Options {
    std::vector<int> groups;       // RTNLGRP_*
    std::vector<uint16_t> types;   // message types let through (RTM_DELLINK, ...); empty: all
    int receive_buffer = 4 << 20;  // bytes, beyond the system's limit too
  };
  static absl::StatusOr<EventSocket> Open(NetnsWorker& worker, const Options& options);

  // Whether other namespaces are heard, as they are at first, or the host's own alone.
  absl::Status HearAll(bool all);

  // Hands over what there is, without waiting for more: the nsid of the namespace it is from, and the message. Calls
  // `lost` where some are missing, since they came faster than they were read.
  absl::Status Read(const std::function<void(int origin, nlmsghdr* message)>& each, const std::function<void()>& lost);

  int fd() const { return socket_.fd(); }

 private:
  EventSocket(Netlink socket, int own_nsid);

  Netlink socket_;
  int own_nsid_;  // what the host's namespace calls itself
  std::vector<char> buffer_;
};

// One thing that has changed.
struct Event {
  enum class Kind {
    kLink,     // new, changed or deleted
    kAddress,  // of the link
    kRoute,    // of any table but the local one
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
  // Links, addresses, routes and nsids.
  static absl::StatusOr<Monitor> Open(NetnsWorker& worker, int receive_buffer = 16 << 20);

  // As EventSocket's.
  absl::Status HearAll(bool all) { return socket_.HearAll(all); }

  // All that there are, in order; does not wait.
  absl::Status Read(const std::function<void(const Event&)>& each);

  int fd() const { return socket_.fd(); }

 private:
  explicit Monitor(EventSocket socket) : socket_(std::move(socket)) {}

  EventSocket socket_;
};

}  // namespace warren::kernel

#endif  // WARREN_AGENT_KERNEL_MONITOR_H_
