#include "agent/executor/replay.h"

#include <errno.h>
#include <linux/rtnetlink.h>
#include <sys/socket.h>

#include <algorithm>
#include <set>

#include "absl/strings/str_cat.h"
#include "agent/kernel/error.h"

namespace warren::executor {
namespace {

bool Same(const kernel::Address& a, const kernel::Address& b) { return a.local == b.local && a.peer == b.peer; }

// Whether the IPv4 addresses of `want` stand in `have` in the same order.
bool InOrder(const std::vector<kernel::Address>& want, const std::vector<kernel::Address>& have) {
  auto at = have.begin();
  for (const kernel::Address& address : want) {
    if (address.local.ip.family != AF_INET) continue;
    at = std::find_if(at, have.end(), [&](const kernel::Address& other) { return Same(address, other); });
    if (at == have.end()) return false;
    ++at;
  }
  return true;
}

}  // namespace

void ReplayAddresses(Place& place, const std::string& shown, int ifindex, const std::vector<kernel::Address>& addresses,
                     std::vector<std::string>& problems) {
  auto have = kernel::ListAddresses(place.netlink, ifindex);
  if (!have.ok()) {
    problems.push_back(absl::StrCat("addresses of ", shown, ": ", have.status().message()));
    return;
  }
  const auto add = [&](const kernel::Address& address) {
    if (auto s = kernel::ReplayAddress(place.netlink, address, ifindex); !s.ok() && kernel::ErrnoOf(s) != EEXIST) {
      problems.push_back(absl::StrCat("address ", address.local.ToString(), " of ", shown, ": ", s.message()));
    }
  };
  const bool reorder = !InOrder(addresses, *have);
  std::vector<kernel::Address> ipv4;
  for (const kernel::Address& address : addresses) {
    if (reorder && address.local.ip.family == AF_INET) {
      ipv4.push_back(address);
    } else if (std::none_of(have->begin(), have->end(), [&](const auto& other) { return Same(address, other); })) {
      add(address);
    }
  }
  if (!reorder) return;
  // The order cannot be changed but by adding all again, those too that came meanwhile.
  for (const kernel::Address& other : *have) {
    if (other.local.ip.family != AF_INET) continue;
    // One that is gone already went with its primary.
    (void)kernel::DeleteAddress(place.netlink, ifindex, other.local, other.peer);
    if (std::none_of(ipv4.begin(), ipv4.end(), [&](const auto& one) { return Same(one, other); })) ipv4.push_back(other);
  }
  for (const kernel::Address& address : ipv4) add(address);
}

void ReplayRoutes(Place& place, const std::vector<kernel::Route>& routes, const std::map<int, int>& ifindexes,
                  std::vector<std::string>& problems) {
  if (routes.empty()) return;
  auto have = kernel::ListRoutes(place.netlink);
  if (!have.ok()) {
    problems.push_back(absl::StrCat("routes: ", have.status().message()));
    return;
  }
  std::set<std::string> present;
  for (const kernel::Route& route : *have) present.insert(route.body);
  std::vector<const kernel::Route*> missing;
  for (const kernel::Route& route : routes) {
    if (!present.contains(BodyWith(route, ifindexes))) missing.push_back(&route);
  }
  // A next hop must be reachable by a route that may itself be missing: as long as a pass gets on, there is another.
  while (!missing.empty()) {
    std::vector<const kernel::Route*> still;
    std::vector<std::string> reasons;
    for (const kernel::Route* route : missing) {
      const absl::Status status = kernel::ReplayRoute(place.netlink, *route, ifindexes);
      const bool there = kernel::ErrnoOf(status) == EEXIST;
      if (status.ok() || (there && route->protocol == RTPROT_KERNEL)) continue;
      still.push_back(route);
      reasons.push_back(absl::StrCat("route ", route->destination.ToString(), ": ", status.message()));
    }
    if (still.size() == missing.size()) {
      problems.insert(problems.end(), reasons.begin(), reasons.end());
      return;
    }
    missing = std::move(still);
  }
}

}  // namespace warren::executor
