#ifndef WARREN_AGENT_KERNEL_NEIGHBOUR_H_
#define WARREN_AGENT_KERNEL_NEIGHBOUR_H_

// Entries of the neighbour tables (ARP, NDP) and of a bridge's forwarding table that somebody set, rather than that the
// kernel learned (rtnetlink(7), RTM_*NEIGH; ip-neighbour(8), bridge(8)). Threading and errors as in link.h.
//
// A link that goes down or gets another MAC loses all of its neighbours, permanent ones too (neigh_ifdown,
// neigh_changeaddr); with its last IPv4 address it loses the IPv4 ones (fib_disable_ip), with an MTU below 1,280 bytes
// the IPv6 ones. Static forwarding entries go with their port.
// Cost: a listing walks the tables, which all namespaces share: 26 µs, and by estimate 1 ms for 40,000 entries on the
// machine.

#include <string>
#include <vector>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "agent/kernel/link.h"
#include "agent/kernel/netlink.h"

namespace warren::kernel {

struct Neighbour {
  int family = 0;       // AF_INET, AF_INET6; AF_BRIDGE: of a forwarding table
  std::string address;  // raw: an IP address, in a forwarding table a MAC
  bool proxy = false;
  // The kernel's own message without what changes by itself (times, probes): Put takes it.
  std::string body;

  // "10.0.0.9", "proxy 10.0.0.9", "02:00:00:00:00:09".
  std::string ToString() const;
};
Neighbour NeighbourFromBody(const std::string& body);

// Of the link's entries those that are permanent, without resolution (but for what the kernel makes of multicast and
// broadcast, and on links that resolve nothing, by itself), learned from without (NTF_EXT_LEARNED), managed, or
// proxies.
absl::StatusOr<std::vector<Neighbour>> ListStaticNeighbours(Netlink& netlink, const Link& link);
// Of a bridge's forwarding table the static and local entries of the port, without that of its own MAC.
absl::StatusOr<std::vector<Neighbour>> ListStaticForwarding(Netlink& netlink, int port, const std::string& mac);

// Makes the entry be there, on this link; one that is there becomes as it is here.
absl::Status PutNeighbour(Netlink& netlink, const Neighbour& neighbour, int ifindex);
// ENOENT when there is none.
absl::Status DeleteNeighbour(Netlink& netlink, const Neighbour& neighbour, int ifindex);

}  // namespace warren::kernel

#endif  // WARREN_AGENT_KERNEL_NEIGHBOUR_H_
