#include "agent/executor/guard.h"

#include <linux/rtnetlink.h>

#include <vector>

#include "absl/strings/str_cat.h"

namespace warren::executor {
namespace {

struct Vital {
  kernel::Route route;
  std::string what;  // "the host's default route"
};

absl::StatusOr<std::vector<Vital>> VitalRoutes(Transaction& tx, Place& host) {
  std::vector<Vital> vital;
  kernel::RouteFilter filter;
  filter.table = kernel::kMainTable;
  auto routes = kernel::ListRoutes(host.netlink, filter);
  if (!routes.ok()) return routes.status();
  for (kernel::Route& route : *routes) {
    if (route.destination.length == 0 && route.type == RTN_UNICAST) {
      vital.push_back({std::move(route), "the host's default route"});
    }
  }
  if (tx.server().family == 0) return vital;
  auto towards = kernel::RouteTowards(host.netlink, tx.server());
  // Without a route there is nothing to cut.
  if (towards.ok() && towards->type == RTN_UNICAST) vital.push_back({*std::move(towards), "the path to the server"});
  return vital;
}

absl::Status Refuse(const std::string& what, const std::string& doing, const Vital& vital) {
  return absl::FailedPreconditionError(
      absl::StrCat(what, " carries ", vital.what, " and is not ", doing, " unless the operation says force"));
}

// The links a packet leaves by that goes out by this one: itself, its bridge, what stands on it.
bool Carries(Place& host, const kernel::Link& link, bool own, int ifindex) {
  if (link.ifindex == ifindex) return true;
  if (link.master != 0 && link.master == ifindex && !own) return true;
  constexpr int kDeepest = 8;
  for (int i = 0; i < kDeepest; ++i) {
    auto upper = kernel::GetLink(host.netlink, ifindex);
    if (!upper.ok() || upper->kind == "veth" || upper->peer == 0 || upper->peer_nsid != -1) return false;
    ifindex = upper->peer;
    if (ifindex == link.ifindex || (link.master != 0 && link.master == ifindex && !own)) return true;
  }
  return false;
}

std::vector<int> LinksOf(const kernel::Route& route) {
  std::vector<int> links;
  if (route.ifindex != 0) links.push_back(route.ifindex);
  for (const kernel::NextHop& hop : route.next_hops) links.push_back(hop.ifindex);
  return links;
}

bool Covers(const kernel::IpPrefix& prefix, const kernel::Ip& ip) {
  if (ip.family != prefix.ip.family) return false;
  kernel::IpPrefix difference{prefix.ip, 0};
  for (size_t i = 0; i < ip.bytes.size(); ++i) difference.ip.bytes[i] ^= ip.bytes[i];
  for (int bit = 0; bit < prefix.length; ++bit) {
    if (static_cast<unsigned char>(difference.ip.bytes[bit / 8]) & (0x80 >> (bit % 8))) return false;
  }
  return true;
}

}  // namespace

absl::Status CheckLinkNotVital(Transaction& tx, Place& place, const kernel::Link& link, const std::string& doing) {
  if (!place.is_host()) return absl::OkStatus();
  auto vital = VitalRoutes(tx, place);
  if (!vital.ok()) return vital.status();
  const bool own = tx.OwnsLink(place, link.ifindex);
  for (const Vital& each : *vital) {
    for (const int ifindex : LinksOf(each.route)) {
      if (Carries(place, link, own, ifindex)) return Refuse(absl::StrCat("link ", place.Shown(link.name)), doing, each);
    }
  }
  return absl::OkStatus();
}

absl::Status CheckAddressNotVital(Transaction& tx, Place& place, const kernel::Address& address) {
  if (!place.is_host()) return absl::OkStatus();
  auto vital = VitalRoutes(tx, place);
  if (!vital.ok()) return vital.status();
  for (const Vital& each : *vital) {
    if (each.route.family != address.local.ip.family || !each.route.Uses(address.ifindex)) continue;
    bool needed = each.route.source == address.local.ip || Covers(address.local, each.route.via);
    for (const kernel::NextHop& hop : each.route.next_hops) needed |= Covers(address.local, hop.via);
    // To the server without a next hop in between.
    needed |= each.route.via.family == 0 && each.route.next_hops.empty() && tx.server().family != 0 &&
              Covers(address.local, tx.server());
    if (needed) return Refuse(absl::StrCat("address ", address.local.ToString()), "removed", each);
  }
  return absl::OkStatus();
}

absl::Status CheckRouteNotVital(Transaction& tx, Place& place, const kernel::Route& route) {
  if (!place.is_host()) return absl::OkStatus();
  auto vital = VitalRoutes(tx, place);
  if (!vital.ok()) return vital.status();
  for (const Vital& each : *vital) {
    const bool same = each.route.body == route.body;
    const bool leads = tx.server().family == route.family && Covers(route.destination, tx.server()) &&
                       route.table == kernel::kMainTable && each.route.ifindex == route.ifindex &&
                       each.what == "the path to the server";
    if (same || leads) return Refuse(absl::StrCat("route ", route.destination.ToString()), "removed", each);
  }
  return absl::OkStatus();
}

}  // namespace warren::executor
