#include "agent/executor/replay.h"

#include <errno.h>
#include <linux/if_addr.h>
#include <linux/rtnetlink.h>
#include <sys/socket.h>

#include <algorithm>
#include <set>

#include "absl/strings/str_cat.h"
#include "agent/kernel/error.h"

namespace warren::executor {
namespace {

using kernel::Address;
using kernel::Route;

bool Same(const Address& a, const Address& b) { return a.local == b.local && a.peer == b.peer; }

// Renaming a link changes the labels of its addresses (inetdev_changename); another link has its own.
bool Equal(const Address& a, const Address& b) { return Same(a, b) && (a.ifindex != b.ifindex || a.label == b.label); }

// Where an address stands is ours to say: not so for IPv6 link-local ones, which the kernel gives by itself and keeps
// apart.
bool IsOrdered(const Address& address, int family) {
  return address.local.ip.family == family && (family == AF_INET || address.scope != RT_SCOPE_LINK);
}

std::vector<Address> Ordered(const std::vector<Address>& addresses, int family) {
  std::vector<Address> ordered;
  for (const Address& address : addresses) {
    if (IsOrdered(address, family)) ordered.push_back(address);
  }
  return ordered;
}

// Whether the addresses of `want` stand in `have` in the same order.
bool InOrder(const std::vector<Address>& want, const std::vector<Address>& have) {
  auto at = have.begin();
  for (const Address& address : want) {
    at = std::find_if(at, have.end(), [&](const Address& other) { return Equal(address, other); });
    if (at == have.end()) return false;
    ++at;
  }
  return true;
}

class AddressReplay {
 public:
  AddressReplay(Place& place, const std::string& shown, int ifindex, std::vector<Problem>& problems)
      : place_(place), shown_(shown), ifindex_(ifindex), problems_(problems) {}

  void Run(const std::vector<Address>& want, int family) {
    auto have = List();
    if (!have) return;
    std::vector<Address> missing;
    for (const Address& address : want) {
      if (address.local.ip.family != family) continue;
      // One without duplicate detection that should have it is half restored (kernel::ReplayAddress).
      const auto whole = [&](const Address& other) {
        return Same(address, other) && (address.flags & IFA_F_NODAD) == (other.flags & IFA_F_NODAD);
      };
      if (std::none_of(have->begin(), have->end(), whole)) {
        missing.push_back(address);
      }
    }
    Add(missing, family, /*last=*/false);
    if (!missing.empty()) have = List();
    if (!have || InOrder(Ordered(want, family), Ordered(*have, family))) return;
    // The order cannot be changed but by adding all again, those too that came meanwhile.
    std::vector<Address> all = Ordered(want, family);
    for (const Address& other : Ordered(*have, family)) {
      // One that is gone already went with its primary.
      (void)kernel::DeleteAddress(place_.netlink, other);
      if (std::none_of(all.begin(), all.end(), [&](const auto& one) { return Same(one, other); })) all.push_back(other);
    }
    Add(all, family, /*last=*/true);
  }

 private:
  std::optional<std::vector<Address>> List() {
    auto have = kernel::ListAddresses(place_.netlink, ifindex_);
    if (have.ok()) return *std::move(have);
    problems_.push_back({absl::StrCat("addresses of ", shown_, ": ", have.status().message()), {}, {}, {}});
    return std::nullopt;
  }

  // The kernel puts an IPv6 address before those that are there.
  void Add(std::vector<Address> addresses, int family, bool last) {
    if (family == AF_INET6) std::reverse(addresses.begin(), addresses.end());
    for (const Address& address : addresses) {
      const absl::Status status = kernel::ReplayAddress(place_.netlink, address, ifindex_);
      if (status.ok() || kernel::ErrnoOf(status) == EEXIST) continue;
      // Adding all again is another chance; an IPv6 one that is refused now is refused then.
      if (!last && family == AF_INET) continue;
      Address at = address;
      at.ifindex = ifindex_;
      problems_.push_back({absl::StrCat("address ", address.local.ToString(), " of ", shown_, ": ", status.message()),
                           place_.Ref(),
                           std::move(at),
                           {}});
    }
  }

  Place& place_;
  const std::string& shown_;
  const int ifindex_;
  std::vector<Problem>& problems_;
};

using Hop = std::pair<std::string, int>;

std::set<Hop> HopsOf(const Route& route) {
  if (route.next_hops.empty()) return {{route.via.bytes, route.ifindex}};
  std::set<Hop> hops;
  for (const kernel::NextHop& hop : route.next_hops) hops.emplace(hop.via.bytes, hop.ifindex);
  return hops;
}

// IPv6 takes single next hops and source addresses out of routes whose link or address goes (fib6_ifdown,
// fib6_remove_prefsrc); what is left keeps the whole from being added.
bool IsRestOf(const Route& rest, const Route& whole) {
  if (rest.family != whole.family || rest.destination != whole.destination || rest.table != whole.table ||
      rest.metric != whole.metric || rest.type != whole.type || rest.protocol != whole.protocol) {
    return false;
  }
  if (rest.source.family != 0 && rest.source != whole.source) return false;
  const std::set<Hop> some = HopsOf(rest), all = HopsOf(whole);
  return std::includes(all.begin(), all.end(), some.begin(), some.end());
}

}  // namespace

void ReplayAddresses(Place& place, const std::string& shown, int ifindex, const std::vector<Address>& addresses,
                     std::vector<Problem>& problems) {
  AddressReplay replay(place, shown, ifindex, problems);
  for (const int family : {AF_INET, AF_INET6}) replay.Run(addresses, family);
}

void ReplayExpiries(Place& place, const std::vector<Route>& routes) {
  if (routes.empty()) return;
  auto have = kernel::ListRoutes(place.netlink);
  if (!have.ok()) return;  // ReplayRoutes says so
  // The kernel takes whole seconds.
  constexpr absl::Duration kExact = absl::Seconds(2);
  const auto left = [](const Route& route) { return route.expires.value_or(absl::InfiniteDuration()); };
  for (const Route& route : routes) {
    for (const Route& there : *have) {
      if (there.body != route.body || left(there) + kExact >= left(route)) continue;
      (void)kernel::DeleteExactly(place.netlink, there);
    }
  }
}

void ReplayRoutes(Place& place, const std::vector<Route>& routes, const std::map<int, int>& ifindexes,
                  std::vector<Problem>& problems) {
  if (routes.empty()) return;
  auto have = kernel::ListRoutes(place.netlink);
  if (!have.ok()) {
    problems.push_back({absl::StrCat("routes: ", have.status().message()), {}, {}, {}});
    return;
  }
  std::set<std::string> present, wanted;
  for (const Route& route : *have) present.insert(route.body);
  std::vector<Route> missing;
  for (const Route& route : routes) {
    if (route.expires && *route.expires <= absl::ZeroDuration()) continue;  // over meanwhile
    Route want = kernel::RouteFromBody(BodyWith(route, ifindexes));
    want.expires = route.expires;
    wanted.insert(want.body);
    if (!present.contains(want.body)) missing.push_back(std::move(want));
  }
  const auto clear_rests = [&](const Route& whole) {
    bool cleared = false;
    for (const Route& rest : *have) {
      if (wanted.contains(rest.body) || !IsRestOf(rest, whole)) continue;
      cleared |= kernel::DeleteExactly(place.netlink, rest).ok();
    }
    return cleared;
  };
  // A next hop must be reachable by a route that may itself be missing: as long as a pass gets on, there is another.
  while (!missing.empty()) {
    std::vector<Route> still;
    std::vector<Problem> reasons;
    for (const Route& route : missing) {
      absl::Status status = kernel::ReplayRoute(place.netlink, route, {});
      if (kernel::ErrnoOf(status) == EEXIST) {
        if (route.protocol == RTPROT_KERNEL) continue;
        if (clear_rests(route)) status = kernel::ReplayRoute(place.netlink, route, {});
      }
      if (status.ok()) continue;
      still.push_back(route);
      reasons.push_back(
          {absl::StrCat("route ", route.destination.ToString(), ": ", status.message()), place.Ref(), {}, route});
    }
    if (still.size() == missing.size()) {
      for (Problem& reason : reasons) problems.push_back(std::move(reason));
      return;
    }
    missing = std::move(still);
  }
}

}  // namespace warren::executor
