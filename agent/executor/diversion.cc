#include "agent/executor/diversion.h"

#include <linux/rtnetlink.h>
#include <sys/socket.h>

#include <algorithm>
#include <variant>

#include "absl/strings/str_cat.h"
#include "agent/executor/vital.h"
#include "agent/kernel/rule.h"

namespace warren::executor {
namespace {

// Metrics that the kernel chooses (IP6_RT_PRIO_USER, IP6_RT_PRIO_ADDRCONF, net/ip6_route.h).
constexpr uint32_t kIpv6Metric = 1024;
constexpr uint32_t kIpv6SubnetMetric = 256;

// Where traffic would be led once the operation is done.
struct Lead {
  std::string what;  // "route 0.0.0.0/1"
  kernel::IpPrefix to;
  kernel::Ip via;
  int ifindex = 0;
  uint32_t metric = 0;
  uint32_t table = kernel::kMainTable;
};

// So much of the address space that it is the default route's traffic as a whole: in IPv4 below /8, in IPv6 below the
// /12 that registries get. Multicast and the unique local addresses are no default route's.
bool IsWide(const kernel::IpPrefix& to) {
  const auto first = static_cast<unsigned char>(to.ip.bytes[0]);
  if (to.ip.family == AF_INET) return to.length < 8 && !(to.length >= 3 && first >= 224);
  return to.length < 12 && !(to.length >= 7 && first >= 0xfc);
}

bool IsLinkLocal(const kernel::IpPrefix& to) {
  return to.ip.family == AF_INET6 && to.length >= 10 && static_cast<unsigned char>(to.ip.bytes[0]) == 0xfe &&
         (static_cast<unsigned char>(to.ip.bytes[1]) & 0xc0) == 0x80;
}

bool CoversAny(const kernel::IpPrefix& to, const std::vector<kernel::Ip>& ips) {
  return std::any_of(ips.begin(), ips.end(), [&](const kernel::Ip& ip) { return Covers(to, ip); });
}

bool IsElsewhere(const Lead& lead, const kernel::Route& now) {
  return !now.next_hops.empty() || lead.ifindex != now.ifindex || lead.via != now.via;
}

// Whether a rule decides about what the host itself sends to `to` (family 0: to anybody) from `from`.
bool Matches(const kernel::Rule& rule, const kernel::Ip& to, const kernel::Ip& from) {
  if (rule.narrow) return false;
  bool matches = true;
  if (rule.to.ip.family != 0) matches = to.family != 0 && Covers(rule.to, to);
  if (rule.from.ip.family != 0) matches = matches && from.family != 0 && Covers(rule.from, from);
  return matches != rule.inverted;
}

// Whether one table is asked before another.
absl::StatusOr<bool> ComesBefore(Place& host, uint32_t table, const kernel::Route& now, const kernel::Ip& to) {
  auto rules = kernel::ListRules(host.netlink, now.family);
  if (!rules.ok()) return rules.status();
  for (const kernel::Rule& rule : *rules) {
    if (!Matches(rule, to, now.source)) continue;
    if (rule.table == table) return true;
    if (rule.table == now.table) return false;
  }
  return false;
}

// Whether the kernel would take the new one for what it now sends by `now`, which may be narrower or wider.
absl::StatusOr<bool> IsPreferred(Place& host, const Lead& lead, const kernel::Route& now, const kernel::Ip& to) {
  if (lead.table != now.table) return ComesBefore(host, lead.table, now, to);
  if (lead.to.length != now.destination.length) return lead.to.length > now.destination.length;
  return lead.metric < now.metric;
}

absl::StatusOr<bool> Takes(Place& host, const Lead& lead, const kernel::Ip& to) {
  if (!Covers(lead.to, to)) return false;
  auto now = kernel::RouteFor(host.netlink, to);
  // What is not reached, or is the host itself, has nothing to lose.
  if (!now.ok() || now->type != RTN_UNICAST || !IsElsewhere(lead, *now)) return false;
  return IsPreferred(host, lead, *now, to);
}

absl::Status Refuse(const Lead& lead, const std::string& traffic, const std::string& instead) {
  return absl::FailedPreconditionError(absl::StrCat(lead.what, " would lead ", traffic, " elsewhere; ", instead));
}

std::string Shown(Place& host, const kernel::Route& route) {
  std::string text;
  if (route.via.family != 0) absl::StrAppend(&text, " via ", route.via.ToString());
  auto link = kernel::GetLink(host.netlink, route.ifindex);
  if (link.ok()) absl::StrAppend(&text, " dev ", link->name);
  return text;
}

// Without a look around: it covers nothing that the host lives by.
bool IsHarmless(Place& host, const kernel::Ip& server, const Lead& lead) {
  if (IsLinkLocal(lead.to)) return true;
  if (IsWide(lead.to) || (server.family != 0 && Covers(lead.to, server))) return false;
  const auto now = kernel::RouteFor(host.netlink, lead.to.ip);
  if (!now.ok()) return true;
  // A gateway stands in the subnet of a link; what is no part of one takes none away, but the one it now goes by.
  const std::vector<kernel::Ip> gateways = GatewaysOf(*now);
  const bool of_no_subnet = !gateways.empty() || now->destination.length == 0;
  return now->type == RTN_UNICAST && of_no_subnet && !CoversAny(lead.to, gateways);
}

absl::Status CheckServer(Place& host, const kernel::Ip& server, const Vital& path, const Lead& lead) {
  auto takes = Takes(host, lead, server);
  if (!takes.ok()) return takes.status();
  if (!*takes) return absl::OkStatus();
  const int whole = static_cast<int>(server.bytes.size()) * 8;
  const std::string traffic = absl::StrCat("the path to the server ", server.ToString());
  if (lead.to.length == whole) return Refuse(lead, traffic, "it is done only by force, which may cut the host off");
  return Refuse(lead, traffic,
                absl::StrCat("give the server a route of its own first: ", server.ToString(), "/", whole,
                             Shown(host, path.route)));
}

absl::Status Check(Transaction& tx, Place& host, const Lead& lead) {
  if (IsHarmless(host, tx.server(), lead)) return absl::OkStatus();
  auto vital = VitalRoutes(host, tx.server());
  if (!vital.ok()) return vital.status();
  for (const Vital& each : *vital) {
    if (each.route.family != lead.to.ip.family) continue;
    if (each.to_server) {
      if (auto s = CheckServer(host, tx.server(), each, lead); !s.ok()) return s;
    } else if (IsWide(lead.to) && IsElsewhere(lead, each.route)) {
      auto preferred = IsPreferred(host, lead, each.route, {});
      if (!preferred.ok()) return preferred.status();
      if (*preferred) {
        return Refuse(lead, absl::StrCat("traffic of ", each.what),
                      "narrow it, or say force, which may cut the host off");
      }
    }
    for (const kernel::Ip& gateway : GatewaysOf(each.route)) {
      auto takes = Takes(host, lead, gateway);
      if (!takes.ok()) return takes.status();
      if (*takes) {
        return Refuse(lead, absl::StrCat("what goes to the gateway ", gateway.ToString(), " of ", each.what),
                      "choose a prefix without that address");
      }
    }
  }
  return absl::OkStatus();
}

Lead LeadOf(const kernel::NewRoute& route) {
  const uint32_t metric = route.metric == 0 && route.family == AF_INET6 ? kIpv6Metric : route.metric;
  return {absl::StrCat("route ", route.destination.ToString()),
          route.destination,
          route.via,
          route.ifindex,
          metric,
          route.table};
}

// The subnet that the kernel gives a route to.
Lead SubnetOf(int ifindex, const kernel::IpPrefix& local, const kernel::Ip& peer) {
  kernel::IpPrefix to{peer.family != 0 ? peer : local.ip, local.length};
  for (int bit = to.length; bit < static_cast<int>(to.ip.bytes.size()) * 8; ++bit) {
    to.ip.bytes[static_cast<size_t>(bit / 8)] &= static_cast<char>(~(0x80 >> (bit % 8)));
  }
  const uint32_t metric = local.ip.family == AF_INET6 ? kIpv6SubnetMetric : 0;
  return {absl::StrCat("address ", local.ToString()), to, {}, ifindex, metric, kernel::kMainTable};
}

// The address itself is the host's from then on.
Lead HostRouteOf(const kernel::IpPrefix& local) {
  const int whole = static_cast<int>(local.ip.bytes.size()) * 8;
  return {absl::StrCat("address ", local.ToString()), {local.ip, whole}, {}, kernel::kLoopback, 0, kernel::kLocalTable};
}

bool Forces(const v1::Operation& operation) {
  return operation.create_veth().force() || operation.create_bridge().force() || operation.add_address().force() ||
         operation.add_route().force();
}

}  // namespace

absl::Status CheckRouteLeadsNothingAway(Transaction& tx, Place& place, const kernel::NewRoute& route) {
  if (!place.is_host()) return absl::OkStatus();
  Lead lead = LeadOf(route);
  if (lead.ifindex == 0 && lead.via.family == lead.to.ip.family) {
    // The kernel takes the link by which it reaches the next hop; without one it says so itself.
    const auto hop = kernel::RouteFor(place.netlink, lead.via);
    if (!hop.ok()) return absl::OkStatus();
    lead.ifindex = hop->ifindex;
  }
  return Check(tx, place, lead);
}

absl::Status CheckAddressLeadsNothingAway(Transaction& tx, Place& place, int ifindex, const kernel::IpPrefix& local,
                                          const kernel::Ip& peer) {
  if (!place.is_host()) return absl::OkStatus();
  if (auto s = Check(tx, place, HostRouteOf(local)); !s.ok()) return s;
  return Check(tx, place, SubnetOf(ifindex, local, peer));
}

absl::Status CheckAddressesLeadNothingAway(Transaction& tx, Place& place, const kernel::Link& link) {
  if (!place.is_host()) return absl::OkStatus();
  auto addresses = kernel::ListAddresses(place.netlink, link.ifindex);
  if (!addresses.ok()) return addresses.status();
  for (const kernel::Address& address : *addresses) {
    if (auto s = CheckAddressLeadsNothingAway(tx, place, link.ifindex, address.local, address.peer); !s.ok()) return s;
  }
  return absl::OkStatus();
}

bool PlanLeadsNothingAway(Place& host, const kernel::Ip& server, const Plan& plan, size_t place,
                          const v1::IntentDelivery& intent) {
  for (const Plan::Change& change : plan.changes) {
    if (change.place != place || Forces(intent.operations(change.operation))) continue;
    if (const auto* route = std::get_if<Plan::AddRoute>(&change.what)) {
      if (!IsHarmless(host, server, LeadOf(route->route))) return false;
    } else if (const auto* added = std::get_if<Plan::AddAddress>(&change.what)) {
      const kernel::NewAddress& address = added->address;
      // The address itself is in its subnet, unless that is the far end's.
      if (address.peer.family != 0 || !IsHarmless(host, server, SubnetOf(0, address.local, address.peer))) return false;
    }
  }
  return true;
}

}  // namespace warren::executor
