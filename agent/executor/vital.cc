#include "agent/executor/vital.h"

#include <linux/rtnetlink.h>

#include <utility>

namespace warren::executor {

absl::StatusOr<std::vector<Vital>> VitalRoutes(Place& host, const kernel::Ip& server) {
  std::vector<Vital> vital;
  kernel::RouteFilter filter;
  filter.table = kernel::kMainTable;
  auto routes = kernel::ListRoutes(host.netlink, filter);
  if (!routes.ok()) return routes.status();
  for (kernel::Route& route : *routes) {
    if (route.destination.length == 0 && route.type == RTN_UNICAST) {
      vital.push_back({std::move(route), false, "the host's default route"});
    }
  }
  if (server.family == 0) return vital;
  auto towards = kernel::RouteTowards(host.netlink, server);
  if (towards.ok() && towards->type == RTN_UNICAST) {
    vital.push_back({*std::move(towards), true, "the path to the server"});
  }
  return vital;
}

std::vector<int> LinksOf(const kernel::Route& route) {
  std::vector<int> links;
  if (route.ifindex != 0) links.push_back(route.ifindex);
  for (const kernel::NextHop& hop : route.next_hops) links.push_back(hop.ifindex);
  return links;
}

std::vector<kernel::Ip> GatewaysOf(const kernel::Route& route) {
  std::vector<kernel::Ip> gateways;
  if (route.via.family != 0) gateways.push_back(route.via);
  for (const kernel::NextHop& hop : route.next_hops) {
    if (hop.via.family != 0) gateways.push_back(hop.via);
  }
  return gateways;
}

bool Covers(const kernel::IpPrefix& prefix, const kernel::Ip& ip) {
  if (ip.family != prefix.ip.family) return false;
  for (int bit = 0; bit < prefix.length; ++bit) {
    const auto at = static_cast<size_t>(bit / 8);
    if (static_cast<unsigned char>(prefix.ip.bytes[at] ^ ip.bytes[at]) & (0x80 >> (bit % 8))) return false;
  }
  return true;
}

}  // namespace warren::executor
