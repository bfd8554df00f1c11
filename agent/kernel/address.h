#ifndef WARREN_AGENT_KERNEL_ADDRESS_H_
#define WARREN_AGENT_KERNEL_ADDRESS_H_

// Addresses of links (rtnetlink(7), RTM_*ADDR). Threading and errors as in link.h. Cost: 0.01 ms each.

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "agent/kernel/ip.h"
#include "agent/kernel/netlink.h"

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
  std::string body;  // the kernel's own message, for Replay

  // Same address on the same link, whatever its flags and lifetimes.
  bool SameAs(const Address& other) const {
    return ifindex == other.ifindex && local == other.local && peer == other.peer;
  }
};

// Of one link, or of all (0), in the kernel's order: in IPv4 a primary before its secondaries; in IPv6 the newest
// first, so that whoever restores them begins with the last.
absl::StatusOr<std::vector<Address>> ListAddresses(Netlink& netlink, int ifindex);

// What a body came from.
Address AddressFromBody(const std::string& body);

struct NewAddress {
  int ifindex = 0;
  IpPrefix local;
  Ip peer;
  bool nodad = false;
  uint32_t valid_lifetime = kForever, preferred_lifetime = kForever;
};
// EEXIST when the link has it.
absl::Status AddAddress(Netlink& netlink, const NewAddress& address);
// The same to be sent with others (Netlink::DoAll).
Message AddAddressMessage(const NewAddress& address);
// EADDRNOTAVAIL when the link does not have it.
absl::Status DeleteAddress(Netlink& netlink, int ifindex, const IpPrefix& local, const Ip& peer);

// Adds an address as a dump had it, to this link; on another than it was on, its label becomes the default. An IPv6 one
// is usable at once (added without duplicate detection, and the mark of that taken off by a second message). EEXIST
// when the link has it; an IPv6 one then has the flags and lifetimes of the dump again.
absl::Status ReplayAddress(Netlink& netlink, const Address& address, int ifindex);

}  // namespace warren::kernel

#endif  // WARREN_AGENT_KERNEL_ADDRESS_H_
