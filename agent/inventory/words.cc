#include "agent/inventory/words.h"

#include <linux/if.h>
#include <linux/if_addr.h>
#include <linux/rtnetlink.h>
#include <sys/socket.h>

#include <iterator>

#include "absl/strings/str_cat.h"
#include "absl/strings/str_format.h"
#include "agent/kernel/words.h"

namespace warren::inventory {
namespace {

struct Word {
  uint32_t value;
  const char* word;
};

template <size_t N>
std::string Lookup(const Word (&words)[N], uint32_t value) {
  for (const Word& word : words) {
    if (word.value == value) return word.word;
  }
  return absl::StrCat(value);
}

template <size_t N>
std::vector<std::string> Split(const Word (&words)[N], uint32_t flags) {
  std::vector<std::string> out;
  for (const Word& word : words) {
    if (flags & word.value) out.emplace_back(word.word);
    flags &= ~word.value;
  }
  if (flags != 0) out.push_back(absl::StrFormat("%#x", flags));
  return out;
}

}  // namespace

std::vector<std::string> LinkFlags(uint32_t flags) {
  // The order of print_link_flags() in iproute2.
  static constexpr Word kWords[] = {
      {IFF_LOOPBACK, "LOOPBACK"},   {IFF_BROADCAST, "BROADCAST"},   {IFF_POINTOPOINT, "POINTOPOINT"},
      {IFF_MULTICAST, "MULTICAST"}, {IFF_NOARP, "NOARP"},           {IFF_ALLMULTI, "ALLMULTI"},
      {IFF_PROMISC, "PROMISC"},     {IFF_MASTER, "MASTER"},         {IFF_SLAVE, "SLAVE"},
      {IFF_DEBUG, "DEBUG"},         {IFF_DYNAMIC, "DYNAMIC"},       {IFF_AUTOMEDIA, "AUTOMEDIA"},
      {IFF_PORTSEL, "PORTSEL"},     {IFF_NOTRAILERS, "NOTRAILERS"}, {IFF_UP, "UP"},
      {IFF_LOWER_UP, "LOWER_UP"},   {IFF_DORMANT, "DORMANT"},       {IFF_ECHO, "ECHO"},
  };
  std::vector<std::string> out = Split(kWords, flags & ~uint32_t{IFF_RUNNING});
  if ((flags & IFF_UP) && !(flags & IFF_RUNNING)) out.insert(out.begin(), "NO-CARRIER");
  return out;
}

std::string OperState(uint8_t state) {
  static constexpr Word kWords[] = {
      {IF_OPER_UNKNOWN, "UNKNOWN"}, {IF_OPER_NOTPRESENT, "NOTPRESENT"},
      {IF_OPER_DOWN, "DOWN"},       {IF_OPER_LOWERLAYERDOWN, "LOWERLAYERDOWN"},
      {IF_OPER_TESTING, "TESTING"}, {IF_OPER_DORMANT, "DORMANT"},
      {IF_OPER_UP, "UP"},
  };
  return Lookup(kWords, state);
}

std::vector<std::string> AddressFlags(uint32_t flags, int family) {
  const Word words[] = {
      {IFA_F_SECONDARY, family == AF_INET6 ? "temporary" : "secondary"},
      {IFA_F_NODAD, "nodad"},
      {IFA_F_OPTIMISTIC, "optimistic"},
      {IFA_F_DADFAILED, "dadfailed"},
      {IFA_F_HOMEADDRESS, "home"},
      {IFA_F_DEPRECATED, "deprecated"},
      {IFA_F_TENTATIVE, "tentative"},
      {IFA_F_PERMANENT, "permanent"},
      {IFA_F_MANAGETEMPADDR, "mngtmpaddr"},
      {IFA_F_NOPREFIXROUTE, "noprefixroute"},
      {IFA_F_MCAUTOJOIN, "autojoin"},
      {IFA_F_STABLE_PRIVACY, "stable-privacy"},
  };
  return Split(words, flags);
}

std::string Scope(uint8_t scope) { return kernel::ScopeWord(scope); }

std::string RouteType(uint8_t type) { return kernel::RouteTypeWord(type); }

std::string RouteProtocol(uint8_t protocol) {
  // /etc/iproute2/rt_protos as shipped; what is added there locally is a number here, the same on every host.
  static constexpr Word kWords[] = {
      {0, "unspec"}, {1, "redirect"}, {2, "kernel"},      {3, "boot"},    {4, "static"},    {8, "gated"},
      {9, "ra"},     {10, "mrt"},     {11, "zebra"},      {12, "bird"},   {13, "dnrouted"}, {14, "xorp"},
      {15, "ntk"},   {16, "dhcp"},    {18, "keepalived"}, {42, "babel"},  {99, "openr"},    {186, "bgp"},
      {187, "isis"}, {188, "ospf"},   {189, "rip"},       {192, "eigrp"},
  };
  return Lookup(kWords, protocol);
}

std::vector<std::string> NextHopFlags(uint32_t flags) {
  static constexpr Word kWords[] = {
      {RTNH_F_DEAD, "dead"},
      {RTNH_F_ONLINK, "onlink"},
      {RTNH_F_PERVASIVE, "pervasive"},
      {RTNH_F_OFFLOAD, "offload"},
      {RTNH_F_TRAP, "trap"},
      {RTNH_F_LINKDOWN, "linkdown"},
      {RTNH_F_UNRESOLVED, "unresolved"},
  };
  return Split(kWords, flags);
}

}  // namespace warren::inventory
