#ifndef WARREN_AGENT_INVENTORY_WORDS_H_
#define WARREN_AGENT_INVENTORY_WORDS_H_

// The kernel's numbers in the words iproute2 prints for them. Pure; thread-safe.

#include <cstdint>
#include <string>
#include <vector>

namespace warren::inventory {

// IFF_* as `ip -j link` lists them: RUNNING is told as NO-CARRIER when it is missing, bits without a name as "0x...".
std::vector<std::string> LinkFlags(uint32_t flags);
// IF_OPER_*: "UP"; a number for one without a name.
std::string OperState(uint8_t state);

// IFA_F_*: "permanent"; bit 0 is "secondary" for IPv4 and "temporary" for IPv6.
std::vector<std::string> AddressFlags(uint32_t flags, int family);
// RT_SCOPE_*: "global"; the number for one without a name.
std::string Scope(uint8_t scope);

// RTN_*: "unicast"; RTPROT_*: "kernel".
std::string RouteType(uint8_t type);
std::string RouteProtocol(uint8_t protocol);
// RTNH_F_*: "onlink".
std::vector<std::string> NextHopFlags(uint32_t flags);

}  // namespace warren::inventory

#endif  // WARREN_AGENT_INVENTORY_WORDS_H_
