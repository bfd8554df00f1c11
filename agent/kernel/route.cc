#include "agent/kernel/route.h"

#include <errno.h>
#include <linux/rtnetlink.h>
#include <netlink/attr.h>
#include <sys/socket.h>

#include <algorithm>
#include <cstring>

#include "absl/strings/str_cat.h"
#include "agent/kernel/boot.h"
#include "agent/kernel/error.h"
#include "agent/kernel/words.h"

namespace warren::kernel {
namespace {

constexpr size_t kHeader = NLMSG_ALIGN(sizeof(rtmsg));
// Marks the kernel sets by itself, and refuses to be asked for (fib_create_info).
constexpr uint32_t kOwnMarks = RTNH_F_DEAD | RTNH_F_LINKDOWN | RTNH_F_OFFLOAD | RTNH_F_TRAP;

std::string Bytes(const nlattr* attribute) {
  return {static_cast<const char*>(nla_data(attribute)), static_cast<size_t>(nla_len(attribute))};
}

// RTA_VIA: a next hop of the other family (struct rtvia).
Ip ParseVia(const nlattr* attribute) {
  const std::string bytes = Bytes(attribute);
  uint16_t family;
  if (bytes.size() <= sizeof family) return {};
  memcpy(&family, bytes.data(), sizeof family);
  return {family, bytes.substr(sizeof family)};
}

void ForEachNextHop(nlattr* multipath, const auto& each) {
  auto* hop = static_cast<rtnexthop*>(nla_data(multipath));
  int left = nla_len(multipath);
  // RTNH_OK looks into the header without asking whether there is one.
  while (left >= static_cast<int>(sizeof *hop) && RTNH_OK(hop, left)) {
    each(hop);
    left -= static_cast<int>(NLMSG_ALIGN(hop->rtnh_len));
    hop = RTNH_NEXT(hop);
  }
}

std::string Canonical(const nlmsghdr* header) {
  const auto* data = static_cast<const char*>(NLMSG_DATA(header));
  std::string body(data, kHeader);
  reinterpret_cast<rtmsg*>(body.data())->rtm_flags &= ~(kOwnMarks | RTM_F_CLONED | RTM_F_OFFLOAD | RTM_F_TRAP);
  auto* attribute = reinterpret_cast<nlattr*>(const_cast<char*>(data + kHeader));
  int left = static_cast<int>(header->nlmsg_len - NLMSG_HDRLEN - kHeader);
  for (; nla_ok(attribute, left); attribute = nla_next(attribute, &left)) {
    if (nla_type(attribute) == RTA_CACHEINFO || nla_type(attribute) == RTA_EXPIRES) continue;
    std::string copy(reinterpret_cast<char*>(attribute), nla_total_size(nla_len(attribute)));
    if (nla_type(attribute) == RTA_MULTIPATH) {
      ForEachNextHop(reinterpret_cast<nlattr*>(copy.data()),
                     [](rtnexthop* hop) { hop->rtnh_flags &= static_cast<uint8_t>(~kOwnMarks); });
    }
    body += copy;
  }
  return body;
}

// A body as the kernel takes it: of a route through a nexthop object (RTA_NH_ID), a dump tells the object's hops too,
// which a request must not (rtm_to_fib_config).
std::string ForRequest(const std::string& body) {
  auto* attribute = reinterpret_cast<nlattr*>(const_cast<char*>(body.data() + kHeader));
  int left = static_cast<int>(body.size() - kHeader);
  if (nla_find(attribute, left, RTA_NH_ID) == nullptr) return body;
  std::string copy = body.substr(0, kHeader);
  for (; nla_ok(attribute, left); attribute = nla_next(attribute, &left)) {
    const int type = nla_type(attribute);
    if (type == RTA_GATEWAY || type == RTA_VIA || type == RTA_OIF || type == RTA_MULTIPATH) continue;
    copy.append(reinterpret_cast<const char*>(attribute), static_cast<size_t>(nla_total_size(nla_len(attribute))));
  }
  return copy;
}

// Of the forwarding table, IPv6 alone has routes that expire (rt6_fill_node: in 1/100 s, 0 where it does not, and below
// where it has and is not yet collected).
std::optional<absl::Duration> ExpiryOf(const nlattr* cacheinfo) {
  rta_cacheinfo cache{};
  if (cacheinfo == nullptr || nla_len(cacheinfo) < static_cast<int>(sizeof cache)) return std::nullopt;
  memcpy(&cache, nla_data(cacheinfo), sizeof cache);
  if (cache.rta_expires == 0) return std::nullopt;
  return absl::Milliseconds(10) * static_cast<int32_t>(cache.rta_expires);
}

// The kernel never tells RTA_EXPIRES: where a kept body has it, it is a moment on the clock of Uptime, in nanoseconds.
std::optional<absl::Duration> UntilMoment(const nlattr* moment) {
  int64_t nanoseconds = 0;
  if (nla_len(moment) != static_cast<int>(sizeof nanoseconds)) return std::nullopt;
  memcpy(&nanoseconds, nla_data(moment), sizeof nanoseconds);
  return absl::Nanoseconds(nanoseconds) - Uptime();
}

Route Parse(const nlmsghdr* header) {
  Route route;
  const auto* info = static_cast<const rtmsg*>(NLMSG_DATA(header));
  nlattr* table[RTA_MAX + 1] = {};
  nlmsg_parse(const_cast<nlmsghdr*>(header), sizeof *info, table, RTA_MAX, nullptr);
  route.family = info->rtm_family;
  route.type = info->rtm_type;
  route.scope = info->rtm_scope;
  route.protocol = info->rtm_protocol;
  route.flags = info->rtm_flags & 0xff;
  route.table = table[RTA_TABLE] ? nla_get_u32(table[RTA_TABLE]) : info->rtm_table;
  const std::string none(info->rtm_family == AF_INET ? 4 : 16, '\0');
  route.destination = {{info->rtm_family, table[RTA_DST] ? Bytes(table[RTA_DST]) : none}, info->rtm_dst_len};
  if (table[RTA_SRC]) route.from = {{info->rtm_family, Bytes(table[RTA_SRC])}, info->rtm_src_len};
  if (table[RTA_GATEWAY]) route.via = {info->rtm_family, Bytes(table[RTA_GATEWAY])};
  if (table[RTA_VIA]) route.via = ParseVia(table[RTA_VIA]);
  if (table[RTA_OIF]) route.ifindex = nla_get_s32(table[RTA_OIF]);
  if (table[RTA_PREFSRC]) route.source = {info->rtm_family, Bytes(table[RTA_PREFSRC])};
  if (table[RTA_PRIORITY]) route.metric = nla_get_u32(table[RTA_PRIORITY]);
  if (table[RTA_NH_ID]) route.nexthop_id = nla_get_u32(table[RTA_NH_ID]);
  route.tos = info->rtm_tos;
  if (table[RTA_METRICS]) {
    auto* first = static_cast<nlattr*>(nla_data(table[RTA_METRICS]));
    if (const nlattr* mtu = nla_find(first, nla_len(table[RTA_METRICS]), RTAX_MTU)) route.mtu = nla_get_u32(mtu);
  }
  route.expires = table[RTA_EXPIRES] ? UntilMoment(table[RTA_EXPIRES]) : ExpiryOf(table[RTA_CACHEINFO]);
  if (table[RTA_MULTIPATH]) {
    ForEachNextHop(table[RTA_MULTIPATH], [&](rtnexthop* hop) {
      NextHop next{{}, hop->rtnh_ifindex, hop->rtnh_hops + 1u, hop->rtnh_flags};
      auto* first = reinterpret_cast<nlattr*>(RTNH_DATA(hop));
      const int length = hop->rtnh_len - static_cast<int>(RTNH_LENGTH(0));
      if (const nlattr* gateway = nla_find(first, length, RTA_GATEWAY)) next.via = {info->rtm_family, Bytes(gateway)};
      if (const nlattr* via = nla_find(first, length, RTA_VIA)) next.via = ParseVia(via);
      route.next_hops.push_back(std::move(next));
    });
  }
  route.body = Canonical(header);
  return route;
}

void PutExpiry(const Route& route, Message& message) {
  if (!route.expires) return;
  const int64_t seconds = absl::ToInt64Seconds(*route.expires + absl::Milliseconds(500));
  message.PutU32(RTA_EXPIRES, static_cast<uint32_t>(std::max<int64_t>(seconds, 1)));
}

Message Build(int type, int flags, const NewRoute& route, bool adding) {
  rtmsg info{};
  info.rtm_family = static_cast<uint8_t>(route.family);
  info.rtm_dst_len = static_cast<uint8_t>(route.destination.length);
  info.rtm_table = route.table < 256 ? static_cast<uint8_t>(route.table) : uint8_t{RT_TABLE_UNSPEC};
  // As iproute2 has it: a route without a next hop reaches only the link (ip-route(8)); a deletion matches any.
  const bool direct = route.via.family == 0 && route.family == AF_INET;
  const int scope = !adding ? int{RT_SCOPE_NOWHERE} : direct ? int{RT_SCOPE_LINK} : int{RT_SCOPE_UNIVERSE};
  info.rtm_scope = static_cast<uint8_t>(scope);
  if (adding) {
    info.rtm_protocol = RTPROT_STATIC;
    info.rtm_type = RTN_UNICAST;
    if (route.onlink) info.rtm_flags |= RTNH_F_ONLINK;
  }
  Message message(type, flags, info);
  message.PutU32(RTA_TABLE, route.table);
  if (route.destination.length > 0) message.Put(RTA_DST, route.destination.ip.bytes);
  if (route.via.family == route.family) {
    message.Put(RTA_GATEWAY, route.via.bytes);
  } else if (route.via.family != 0) {
    const uint16_t family = static_cast<uint16_t>(route.via.family);
    message.Put(RTA_VIA, std::string(reinterpret_cast<const char*>(&family), sizeof family) + route.via.bytes);
  }
  if (route.ifindex != 0) message.PutU32(RTA_OIF, static_cast<uint32_t>(route.ifindex));
  if (route.source.family != 0) message.Put(RTA_PREFSRC, route.source.bytes);
  if (route.metric != 0) message.PutU32(RTA_PRIORITY, route.metric);
  return message;
}

}  // namespace

bool Route::Uses(int link) const {
  return ifindex == link ||
         std::any_of(next_hops.begin(), next_hops.end(), [&](const NextHop& hop) { return hop.ifindex == link; });
}

absl::StatusOr<std::vector<Route>> ListRoutes(Netlink& netlink, const RouteFilter& filter) {
  std::vector<Route> routes;
  for (const int family : {AF_INET, AF_INET6}) {
    if (filter.family != 0 && filter.family != family) continue;
    const size_t before = routes.size();
    rtmsg info{};
    info.rtm_family = static_cast<uint8_t>(family);
    Message message(RTM_GETROUTE, 0, info);
    if (filter.table != 0) message.PutU32(RTA_TABLE, filter.table);
    if (filter.ifindex != 0) message.PutU32(RTA_OIF, static_cast<uint32_t>(filter.ifindex));
    auto status = netlink.Dump(
        message, "listing routes",
        [&](const nlmsghdr* header) {
          const auto* answer = static_cast<const rtmsg*>(NLMSG_DATA(header));
          if (header->nlmsg_type != RTM_NEWROUTE || (answer->rtm_flags & RTM_F_CLONED)) return;
          // A kernel without IPv6 answers for all the families it has.
          if (answer->rtm_family != family) return;
          Route route = Parse(header);
          const bool of_address = route.table == kLocalTable && route.protocol == RTPROT_KERNEL;
          if (!of_address || filter.table == kLocalTable) routes.push_back(std::move(route));
        },
        [&] { routes.resize(before); });
    // ENOENT: a table that does not exist; ENODEV: a link that is gone.
    if (!status.ok() && ErrnoOf(status) != ENOENT && ErrnoOf(status) != ENODEV) return status;
  }
  return routes;
}

Message AddRouteMessage(const NewRoute& route) { return Build(RTM_NEWROUTE, NLM_F_CREATE | NLM_F_EXCL, route, true); }

absl::Status AddRoute(Netlink& netlink, const NewRoute& route) {
  Message message = AddRouteMessage(route);
  return netlink.Do(message, absl::StrCat("adding route ", route.destination.ToString()));
}

absl::Status DeleteRoute(Netlink& netlink, const NewRoute& route) {
  Message message = Build(RTM_DELROUTE, 0, route, false);
  return netlink.Do(message, absl::StrCat("deleting route ", route.destination.ToString()));
}

absl::Status DeleteExactly(Netlink& netlink, const Route& route) {
  Message message = Message::FromBody(RTM_DELROUTE, 0, ForRequest(route.body));
  return netlink.Do(message, absl::StrCat("deleting route ", route.destination.ToString()));
}

std::string BodyWith(const Route& route, const std::map<int, int>& ifindexes) {
  std::string body = route.body;
  if (ifindexes.empty()) return body;
  const auto replaced = [&](int index) {
    const auto found = ifindexes.find(index);
    return found == ifindexes.end() ? index : found->second;
  };
  auto* attribute = reinterpret_cast<nlattr*>(body.data() + kHeader);
  int left = static_cast<int>(body.size() - kHeader);
  for (; nla_ok(attribute, left); attribute = nla_next(attribute, &left)) {
    if (nla_type(attribute) == RTA_OIF) {
      auto* index = static_cast<int*>(nla_data(attribute));
      *index = replaced(*index);
    } else if (nla_type(attribute) == RTA_MULTIPATH) {
      ForEachNextHop(attribute, [&](rtnexthop* hop) { hop->rtnh_ifindex = replaced(hop->rtnh_ifindex); });
    }
  }
  return body;
}

absl::Status ReplayRoute(Netlink& netlink, const Route& route, const std::map<int, int>& ifindexes) {
  Message message = Message::FromBody(RTM_NEWROUTE, NLM_F_CREATE | NLM_F_EXCL, ForRequest(BodyWith(route, ifindexes)));
  PutExpiry(route, message);
  return netlink.Do(message, absl::StrCat("restoring route ", route.destination.ToString()));
}

std::string BodyToKeep(const Route& route) {
  if (!route.expires) return route.body;
  const int64_t moment = absl::ToInt64Nanoseconds(Uptime() + *route.expires);
  nlattr header{static_cast<uint16_t>(NLA_HDRLEN + sizeof moment), RTA_EXPIRES};
  std::string body = route.body;
  body.append(reinterpret_cast<const char*>(&header), sizeof header);
  body.append(reinterpret_cast<const char*>(&moment), sizeof moment);
  return body;
}

std::vector<std::string> Peculiarities(const Route& route) {
  std::vector<std::string> all;
  const bool unicast = route.type == RTN_UNICAST;
  if (!unicast) all.push_back(absl::StrCat("type ", RouteTypeWord(route.type)));
  const bool direct = route.family == AF_INET && route.via.family == 0 && route.next_hops.empty();
  if (unicast && route.family == AF_INET && route.scope != (direct ? RT_SCOPE_LINK : RT_SCOPE_UNIVERSE)) {
    all.push_back(absl::StrCat("scope ", ScopeWord(route.scope)));
  }
  if (route.protocol == RTPROT_REDIRECT) all.emplace_back("proto redirect");
  if (route.protocol == RTPROT_KERNEL) all.emplace_back("proto kernel");
  if (route.protocol == RTPROT_RA) all.emplace_back("proto ra");
  if (route.tos != 0) all.push_back(absl::StrCat("tos 0x", absl::Hex(route.tos)));
  if (route.expires) all.push_back(absl::StrCat("expires ", absl::ToInt64Seconds(*route.expires), "sec"));
  if (route.nexthop_id != 0) all.push_back(absl::StrCat("nhid ", route.nexthop_id));
  if (route.nexthop_id == 0 && !route.next_hops.empty()) all.emplace_back("several next hops");
  auto* attribute = reinterpret_cast<nlattr*>(const_cast<char*>(route.body.data() + kHeader));
  int left = static_cast<int>(route.body.size() - kHeader);
  for (; nla_ok(attribute, left); attribute = nla_next(attribute, &left)) {
    switch (nla_type(attribute)) {
      case RTA_DST:
      case RTA_OIF:
      case RTA_GATEWAY:
      case RTA_VIA:
      case RTA_PREFSRC:
      case RTA_PRIORITY:
      case RTA_TABLE:
      case RTA_MULTIPATH:
      case RTA_NH_ID:
      case RTA_ENCAP:  // comes with its type
        break;
      case RTA_PREF:
        if (nla_get_u8(attribute) != 0) all.push_back(nla_get_u8(attribute) == 1 ? "pref high" : "pref low");
        break;
      case RTA_METRICS:
        all.push_back(route.mtu != 0 ? absl::StrCat("mtu ", route.mtu) : "metrics of its own");
        break;
      case RTA_SRC:
        all.push_back(absl::StrCat("from ", route.from.ToString()));
        break;
      case RTA_FLOW:
        all.emplace_back("realms");
        break;
      case RTA_ENCAP_TYPE:
        all.emplace_back("encap");
        break;
      case RTA_TTL_PROPAGATE:
        all.emplace_back("ttl-propagate");
        break;
      default:
        all.push_back(absl::StrCat("attribute ", nla_type(attribute)));
    }
  }
  return all;
}

Route RouteFromBody(const std::string& body) {
  std::string bytes(NLMSG_HDRLEN, '\0');
  bytes += body;
  auto* header = reinterpret_cast<nlmsghdr*>(bytes.data());
  header->nlmsg_len = static_cast<uint32_t>(bytes.size());
  header->nlmsg_type = RTM_NEWROUTE;
  return Parse(header);
}

namespace {

absl::StatusOr<Route> LookUp(Netlink& netlink, const Ip& ip, uint32_t flags) {
  // The kernel tells the table of an IPv6 route unasked, and refuses to be asked (inet6_rtm_valid_getroute_req).
  if (ip.family == AF_INET6) flags &= ~static_cast<uint32_t>(RTM_F_LOOKUP_TABLE);
  rtmsg info{};
  info.rtm_family = static_cast<uint8_t>(ip.family);
  info.rtm_dst_len = static_cast<uint8_t>(ip.bytes.size() * 8);
  info.rtm_flags = flags;
  Message message(RTM_GETROUTE, 0, info);
  message.Put(RTA_DST, ip.bytes);
  Route route;
  auto status = netlink.Get(message, absl::StrCat("looking up the route to ", ip.ToString()),
                            [&](const nlmsghdr* header) { route = Parse(header); });
  if (!status.ok()) return status;
  return route;
}

}  // namespace

absl::StatusOr<Route> RouteTowards(Netlink& netlink, const Ip& ip) { return LookUp(netlink, ip, RTM_F_LOOKUP_TABLE); }

absl::StatusOr<Route> RouteFor(Netlink& netlink, const Ip& ip) {
  return LookUp(netlink, ip, RTM_F_LOOKUP_TABLE | RTM_F_FIB_MATCH);
}

}  // namespace warren::kernel
