#include "agent/executor/guard.h"

#include <linux/rtnetlink.h>
#include <sys/socket.h>

#include <algorithm>
#include <vector>

#include "absl/strings/str_cat.h"
#include "agent/executor/vital.h"

namespace warren::executor {
namespace {

constexpr uint32_t kIpv4Datagram = 576;

absl::Status Refuse(const std::string& what, const std::string& doing, const std::string& instead, const Vital& vital) {
  const std::string then =
      instead.empty() ? " unless the operation says force, which may cut the host off" : absl::StrCat("; ", instead);
  return absl::FailedPreconditionError(absl::StrCat(what, " carries ", vital.what, " and is not ", doing, then));
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

// What about a link with a vital route is lost with such an MTU; empty: nothing.
absl::StatusOr<std::string> LostWith(Place& place, const Vital& vital, int ifindex, uint32_t mtu) {
  if (vital.route.family == AF_INET6) return std::string(mtu < kernel::kIpv6MinMtu ? "IPv6 needs 1280" : "");
  if (mtu < kIpv4Datagram) return std::string("IPv4 needs 576");
  if (mtu >= kernel::kIpv6MinMtu) return std::string();
  auto addresses = kernel::ListAddresses(place.netlink, ifindex);
  if (!addresses.ok()) return addresses.status();
  for (const kernel::Address& address : *addresses) {
    if (address.local.ip.family == AF_INET6 && address.scope != RT_SCOPE_LINK) {
      return absl::StrCat("its address ", address.local.ToString(), " needs 1280");
    }
  }
  return std::string();
}

}  // namespace

absl::Status CheckLinkNotVital(Transaction& tx, Place& place, const kernel::Link& link, const std::string& doing,
                               const std::string& instead) {
  if (!place.is_host()) return absl::OkStatus();
  auto vital = VitalRoutes(place, tx.server());
  if (!vital.ok()) return vital.status();
  const bool own = tx.OwnsLink(place, link);
  for (const Vital& each : *vital) {
    for (const int ifindex : LinksOf(each.route)) {
      if (!Carries(place, link, own, ifindex)) continue;
      return Refuse(absl::StrCat("link ", place.Shown(link.name)), doing, instead, each);
    }
  }
  return absl::OkStatus();
}

absl::Status CheckMtuNotVital(Transaction& tx, Place& place, const kernel::Link& link, uint32_t mtu) {
  if (!place.is_host() || mtu >= kernel::kIpv6MinMtu || mtu >= link.mtu) return absl::OkStatus();
  auto vital = VitalRoutes(place, tx.server());
  if (!vital.ok()) return vital.status();
  for (const Vital& each : *vital) {
    for (const int ifindex : LinksOf(each.route)) {
      if (!Carries(place, link, /*own=*/false, ifindex)) continue;
      auto lost = LostWith(place, each, ifindex, mtu);
      if (!lost.ok()) return lost.status();
      if (lost->empty()) continue;
      return Refuse(absl::StrCat("link ", place.Shown(link.name)), absl::StrCat("given an MTU of ", mtu), *lost, each);
    }
  }
  return absl::OkStatus();
}

absl::Status CheckAddressNotVital(Transaction& tx, Place& place, const kernel::Address& address) {
  if (!place.is_host()) return absl::OkStatus();
  if (address.ifindex == kernel::kLoopback && address.scope == RT_SCOPE_HOST) {
    return absl::FailedPreconditionError(
        absl::StrCat("address ", address.local.ToString(),
                     " is the host's loopback's and is not removed unless the operation "
                     "says force"));
  }
  auto vital = VitalRoutes(place, tx.server());
  if (!vital.ok()) return vital.status();
  for (const Vital& each : *vital) {
    if (each.route.family != address.local.ip.family || !each.route.Uses(address.ifindex)) continue;
    bool needed = each.route.source == address.local.ip;
    const std::vector<kernel::Ip> gateways = GatewaysOf(each.route);
    for (const kernel::Ip& gateway : gateways) needed |= Covers(address.local, gateway);
    // To the server without a next hop in between.
    needed |= gateways.empty() && tx.server().family != 0 && Covers(address.local, tx.server());
    if (needed) return Refuse(absl::StrCat("address ", address.local.ToString()), "removed", "", each);
  }
  return absl::OkStatus();
}

absl::Status CheckRouteNotVital(Transaction& tx, Place& place, const kernel::Route& route) {
  if (!place.is_host()) return absl::OkStatus();
  auto vital = VitalRoutes(place, tx.server());
  if (!vital.ok()) return vital.status();
  for (const Vital& each : *vital) {
    const bool same = each.route.body == route.body;
    const bool leads = tx.server().family == route.family && Covers(route.destination, tx.server()) &&
                       route.table == each.route.table && each.route.ifindex == route.ifindex && each.to_server;
    // The kernel took the default route because of it, and will not take it again without.
    const std::vector<kernel::Ip> gateways = GatewaysOf(each.route);
    const bool reaches_gateway = route.via.family == 0 && route.destination.length != 0 &&
                                 route.table == each.route.table && each.route.Uses(route.ifindex) &&
                                 std::any_of(gateways.begin(), gateways.end(), [&](const kernel::Ip& gateway) {
                                   return Covers(route.destination, gateway);
                                 });
    if (same || leads || reaches_gateway)
      return Refuse(absl::StrCat("route ", route.destination.ToString()), "removed", "", each);
  }
  return absl::OkStatus();
}

}  // namespace warren::executor
