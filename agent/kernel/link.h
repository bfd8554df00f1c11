#ifndef WARREN_AGENT_KERNEL_LINK_H_
#define WARREN_AGENT_KERNEL_LINK_H_

// Network interfaces (rtnetlink(7), RTM_*LINK). Every function works in the namespace of the socket it is given, on the
// thread that owns the socket; refusals are the kernel's, as ErrnoError.
//
// Cost: a veth pair 0.22 ms with one queue (0.35 ms and more with the kernel's default of one per possible CPU), a
// change 0.01 ms, a rename 0.12 ms, a move between namespaces 16 ms, deleting a veth pair 16 ms, a bridge 16-32 ms.

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "agent/kernel/netlink.h"
#include "agent/kernel/netns.h"

namespace warren::kernel {

constexpr int kLoopback = 1;  // always lo's index (net/core/dev.c)
// Below this a link cannot have IPv6 (IPV6_MIN_MTU, include/linux/ipv6.h).
constexpr uint32_t kIpv6MinMtu = 1280;

struct LinkStatistics {
  uint64_t rx_bytes = 0, rx_packets = 0, rx_errors = 0, rx_dropped = 0;
  uint64_t tx_bytes = 0, tx_packets = 0, tx_errors = 0, tx_dropped = 0;
};

struct Link {
  int ifindex = 0;
  std::string name;
  uint32_t flags = 0;  // IFF_*
  uint32_t mtu = 0;
  std::string mac;  // raw bytes; empty where there is none
  std::string qdisc;
  uint8_t oper_state = 0;  // IF_OPER_*
  std::string kind;        // empty: physical, or lo
  int master = 0;          // ifindex; 0: none
  int peer = 0;            // IFLA_LINK: index of a veth's other end, a VLAN's lower link; 0: none
  int peer_nsid = -1;      // of the peer's namespace as seen from here; -1: the same one
  int lower = 0;       // the link of the same namespace that it stands on and goes with: a VLAN's, a vxlan's; 0: none
  uint32_t group = 0;  // IFLA_GROUP
  uint16_t type = 0;   // ARPHRD_*
  std::string alias;
  std::vector<std::string> alternative_names;
  uint32_t tx_queues = 0, rx_queues = 0;
  LinkStatistics statistics;

  bool up() const { return (flags & 1) != 0; }
};

absl::StatusOr<std::vector<Link>> ListLinks(Netlink& netlink);
// Those that stand on a link, in the same namespace: the kernel deletes them when it deletes or moves that. A walk over
// all links for each kind that it has loaded.
absl::StatusOr<std::vector<Link>> ListLinksOn(Netlink& netlink, int ifindex);
// Those of another namespace, by the nsid that the socket's has for it; only to look (IFLA_TARGET_NETNSID). What they
// have as nsid of a peer is the socket's own for it, too, which the kernel assigns where there was none.
absl::StatusOr<std::vector<Link>> ListLinksIn(Netlink& netlink, int nsid);
// By its name, or an alternative one, which may be longer. NOT_FOUND (ENODEV).
absl::StatusOr<Link> GetLink(Netlink& netlink, const std::string& name);
absl::StatusOr<Link> GetLink(Netlink& netlink, int ifindex);
// One in another namespace, by the nsid that the socket's has for it; only to look (IFLA_TARGET_NETNSID).
absl::StatusOr<Link> GetLinkIn(Netlink& netlink, int nsid, int ifindex);

// Whether the namespace of this socket still lists such a link. Unlike the others it does not wait for RTNL, which the
// kernel holds while it frees namespaces, 0.3 ms for each link: those are off the list before (netdev_get_name).
bool HasLink(int socket, int ifindex);
// The index of a link by its name, in the same way; where it has a peer in one of many namespaces, telling more takes
// the kernel a walk through all their ids, too. ENODEV when there is none.
absl::StatusOr<int> IndexOfLink(int socket, const std::string& name);

// Whether a link has that name, or it as an alternative one. Without RTNL, and without the kernel looking for a module
// of that name, which takes it a process or two where it has modules (dev_load, of every ioctl that takes a name).
bool IsNameTaken(int socket, const std::string& name);

// A group that nobody else would choose, nor one that ip(8) cannot say.
uint32_t RandomGroup();

// Link::lower of what an event tells, and nothing else of it.
int LowerOf(const nlmsghdr* message);

// What an event's body (Event::link) tells.
Link LinkFromBody(const std::string& body);

// Put into every namespace by the kernel, as soon as its module is loaded ("sit0", "tunl0"...), and not to be deleted.
bool IsFallback(const Link& link);

struct NewVethEnd {
  const Netns* netns = nullptr;
  std::string name;
  std::string mac;   // 6 bytes; always given, since udev may change one it takes for random
  uint32_t mtu = 0;  // 0: default
  uint32_t queues = 1;
  int ifindex = 0;  // 0: any; wanted of `a` only
  bool up = false;  // of `a` only: an end that is not the message's main one cannot be born up (ENOTCONN)
  uint32_t group = 0;
};
// Makes a pair, each end in its namespace. EEXIST when a name is taken, EBUSY when the index is.
absl::Status CreateVeth(Netlink& netlink, const NewVethEnd& a, const NewVethEnd& b);

// Makes a bridge, down. EEXIST when the name is taken, EBUSY when the index is (0: any).
absl::Status CreateBridge(Netlink& netlink, const std::string& name, const std::string& mac, uint32_t mtu,
                          int ifindex = 0, uint32_t group = 0);

// EOPNOTSUPP for a link that is not virtual.
absl::Status DeleteLink(Netlink& netlink, int ifindex);

// Applied in one message, by the kernel in the order MAC, MTU, name, up state, master (do_setlink in rtnetlink.c, which
// stops at the first refusal and keeps what it did). Kernels before 6.2 refuse to rename a link that is up (EBUSY).
struct LinkChange {
  std::optional<bool> up;
  std::optional<uint32_t> mtu;
  std::optional<std::string> mac;
  std::optional<std::string> name;
  std::optional<int> master;  // 0: none
  std::optional<uint32_t> group;
};
absl::Status SetLink(Netlink& netlink, int ifindex, const LinkChange& change);
// The same to be sent with others (Netlink::DoAll).
Message SetLinkMessage(int ifindex, const LinkChange& change);

// Moves a link to another namespace under a name; it arrives down and without addresses. EINVAL when it may not leave
// (lo, NETIF_F_NETNS_LOCAL), EEXIST when the name is taken there.
// It keeps its index where that is free, or takes the one wanted (kernel 5.13); EBUSY when that is taken.
absl::Status MoveLink(Netlink& netlink, int ifindex, const Netns& target, const std::string& name,
                      int wanted_ifindex = 0);

}  // namespace warren::kernel

#endif  // WARREN_AGENT_KERNEL_LINK_H_
