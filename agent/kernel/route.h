#ifndef WARREN_AGENT_KERNEL_ROUTE_H_
#define WARREN_AGENT_KERNEL_ROUTE_H_

// Routes (rtnetlink(7), RTM_*ROUTE). Threading and errors as in link.h. Cost: 0.01 ms each.

#include <cstdint>
#include <map>
#include <optional>
#include <string>
#include <vector>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "absl/time/time.h"
#include "agent/kernel/ip.h"
#include "agent/kernel/netlink.h"

namespace warren::kernel {

inline constexpr uint32_t kMainTable = 254;
inline constexpr uint32_t kLocalTable = 255;

struct NextHop {
  Ip via;
  int ifindex = 0;
  uint32_t weight = 1;
  uint32_t flags = 0;  // RTNH_F_*
};

struct Route {
  int family = 0;
  IpPrefix destination;  // length 0: default
  IpPrefix from;         // IPv6: of the packets that it is for; family 0: any
  Ip via;
  int ifindex = 0;
  Ip source;
  uint32_t metric = 0;
  uint32_t table = kMainTable;
  uint8_t type = 0, scope = 0, protocol = 0;  // RTN_*, RT_SCOPE_*, RTPROT_*
  uint32_t flags = 0;                         // RTNH_F_*
  std::vector<NextHop> next_hops;             // of a multipath route
  uint32_t nexthop_id = 0;                    // of a nexthop object; 0: it has its hops itself
  uint8_t tos = 0;
  uint32_t mtu = 0;  // RTAX_MTU; 0: that of the link
  // IPv6: how long it lasts from when it was read on; nothing: until it is deleted. Not of the body, which has no time.
  std::optional<absl::Duration> expires;
  // The kernel's own message without what changes by itself (cache information, dead and link-down marks): equal bodies
  // are equal routes, whenever they expire, and Replay takes it.
  std::string body;

  bool Uses(int link) const;
};

// What a listing is narrowed to; the kernel does it. 0: any.
struct RouteFilter {
  int family = 0;
  uint32_t table = 0;
  int ifindex = 0;  // of one of the next hops' links
};
// All tables. Of the local one, unless it is asked for, only what others put there: the rest the kernel keeps by itself
// from the addresses.
absl::StatusOr<std::vector<Route>> ListRoutes(Netlink& netlink, const RouteFilter& filter = {});
// The body to be kept for later: of a route that expires it says at which moment (Uptime).
std::string BodyToKeep(const Route& route);
// What a body came from: one that was kept, one of an event, or a canonical one (Route::body), which never expires.
Route RouteFromBody(const std::string& body);

struct NewRoute {
  int family = 0;
  IpPrefix destination;
  Ip via;
  int ifindex = 0;
  Ip source;
  bool onlink = false;
  uint32_t metric = 0;
  uint32_t table = kMainTable;
};
// EEXIST when an equal one is there; ENETUNREACH when the next hop is on no link.
absl::Status AddRoute(Netlink& netlink, const NewRoute& route);
// The same to be sent with others (Netlink::DoAll).
Message AddRouteMessage(const NewRoute& route);
// Fields left empty match any. ESRCH when none matches.
absl::Status DeleteRoute(Netlink& netlink, const NewRoute& route);
// Removes exactly this route.
absl::Status DeleteExactly(Netlink& netlink, const Route& route);
// Adds a route as a dump had it, with its link indices replaced where the map has them, to last as long as its
// `expires` says, in whole seconds and at least one (RTA_EXPIRES). EEXIST when it is there.
absl::Status ReplayRoute(Netlink& netlink, const Route& route, const std::map<int, int>& ifindexes);
// What it has that one made by AddRoute for the same next hop would not have, in iproute2's words: "mtu 1400",
// "expires 30sec", "proto ra", "type blackhole". Empty: nothing. The protocol counts where routes of it come and go by
// themselves.
std::vector<std::string> Peculiarities(const Route& route);
// A route's body with the link indices replaced, to compare with another's.
std::string BodyWith(const Route& route, const std::map<int, int>& ifindexes);

// How the kernel would reach an address (RTM_GETROUTE): link, next hop and source. ENETUNREACH when it would not.
absl::StatusOr<Route> RouteTowards(Netlink& netlink, const Ip& ip);

// The route by which it would, as it stands in its table (RTM_F_FIB_MATCH, kernel 4.13). ENETUNREACH when there is
// none.
absl::StatusOr<Route> RouteFor(Netlink& netlink, const Ip& ip);

}  // namespace warren::kernel

#endif  // WARREN_AGENT_KERNEL_ROUTE_H_
