#ifndef WARREN_AGENT_KERNEL_ADDRESS_H_
#define WARREN_AGENT_KERNEL_ADDRESS_H_

// Addresses of links (rtnetlink(7), RTM_*ADDR). Threading and errors as in link.h. Cost: 0.01 ms each.

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "absl/time/time.h"
#include "agent/kernel/ip.h"
#include "agent/kernel/netlink.h"
#include "agent/kernel/route.h"

namespace warren::kernel {

inline constexpr uint32_t kForever = 0xffffffff;

struct Address {
  int ifindex = 0;
  IpPrefix local;  // the length is that of the peer where there is one
  Ip peer;         // family 0: none
  uint8_t scope = 0;
  uint32_t flags = 0;                                                 // IFA_F_*
  uint32_t valid_lifetime = kForever, preferred_lifetime = kForever;  // s, remaining
  uint32_t updated = 0;  // 1/100 s since boot when the lifetimes were last set: changes when they do, not as they run
  std::string label;
  Ip broadcast;         // IPv4; family 0: none
  uint32_t metric = 0;  // of its prefix route; 0: the kernel's default
  std::string body;     // the kernel's own message, for Replay

  // Same address on the same link, whatever its flags and lifetimes.
  bool SameAs(const Address& other) const {
    return ifindex == other.ifindex && local == other.local && peer == other.peer;
  }
};

// Of one link, or of all (0), in the kernel's order: in IPv4 a primary before its secondaries; in IPv6 the newest
// first, so that whoever restores them begins with the last. Those of IPv4 before those of IPv6.
absl::StatusOr<std::vector<Address>> ListAddresses(Netlink& netlink, int ifindex);

// What a body came from.
Address AddressFromBody(const std::string& body);

// The same when this time has passed; nothing: its lifetime is over.
std::optional<Address> After(const Address& address, absl::Duration passed);

struct NewAddress {
  int ifindex = 0;
  IpPrefix local;
  Ip peer;
  bool nodad = false;
  uint32_t valid_lifetime = kForever, preferred_lifetime = kForever;
};
// Whether the kernel acknowledges it and adds nothing (inet_insert_ifa).
bool HasNoEffect(const IpPrefix& local);
// EEXIST when the link has it. INVALID_ARGUMENT for 0.0.0.0, which the kernel takes without adding anything.
absl::Status AddAddress(Netlink& netlink, const NewAddress& address);
// The same to be sent with others (Netlink::DoAll).
Message AddAddressMessage(const NewAddress& address);
// Takes away an address as it was listed. EADDRNOTAVAIL when the link does not have it.
//
// With an IPv6 address that lasts for ever the kernel takes its prefix route away; of one that has a lifetime it leaves
// that, to expire by itself (ipv6_del_addr), and the link goes on to draw the traffic of the subnet. This takes it away
// too, unless another address of the link needs it. Where the route was there before the address was, that is the
// caller's to know and to put back.
absl::Status DeleteAddress(Netlink& netlink, const Address& address);
// Takes away the route that the kernel adds with such an IPv6 address, unless another address of the link has it, too.
// For an address whose deletion is to leave nothing: the kernel keeps that route for the sake of any other address of
// the prefix, be it one that says noprefixroute or has another metric (check_cleanup_prefix_route).
absl::Status DeletePrefixRoute(Netlink& netlink, const Address& address);
// The prefix that it is in, or its peer: to which the kernel adds a route.
IpPrefix NetworkOf(const Address& address);
// The route that the kernel adds with an IPv6 address of these, where it is there.
absl::StatusOr<std::optional<Route>> PrefixRouteOf(Netlink& netlink, const Address& address);

// What it has that one made by AddAddress on a link of that name would not have and ChangeAddress does not change, in
// iproute2's words: "noprefixroute", "label x0", "metric 77", "brd 10.0.0.77". One without a broadcast address, as
// iproute2 makes them, differs in nothing that counts: the kernel takes the subnet's last address for one all the same.
std::vector<std::string> Peculiarities(const Address& address, const std::string& link);

// Makes lifetimes and IFA_F_NODAD of an address that is there those that are asked, in place (NLM_F_REPLACE).
absl::Status ChangeAddress(Netlink& netlink, const Address& there, const NewAddress& asked);
// The same to what a dump had.
absl::Status ChangeAddressBack(Netlink& netlink, const Address& was);

// Adds an address as a dump had it, to this link; on another than it was on, its label becomes the default. An IPv6 one
// is usable at once (added without duplicate detection, and the mark of that taken off by a second message). EEXIST
// when the link has it; an IPv6 one then has the flags and lifetimes of the dump again.
absl::Status ReplayAddress(Netlink& netlink, const Address& address, int ifindex);

}  // namespace warren::kernel

#endif  // WARREN_AGENT_KERNEL_ADDRESS_H_
