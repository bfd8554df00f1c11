// Adding and removing routes.

#include <errno.h>
#include <linux/rtnetlink.h>
#include <sys/socket.h>

#include <algorithm>
#include <vector>

#include "absl/strings/str_cat.h"
#include "agent/executor/diversion.h"
#include "agent/executor/guard.h"
#include "agent/executor/operations.h"
#include "agent/executor/parse.h"
#include "agent/executor/refuse.h"
#include "agent/executor/routes_before.h"
#include "agent/kernel/error.h"
#include "agent/kernel/route.h"
#include "proto/common/names.h"

namespace warren::executor {
namespace {

// The metric an IPv6 route gets that asks for none (IP6_RT_PRIO_USER, net/ip6_route.h).
constexpr uint32_t kIpv6Metric = 1024;

// The route, with the link looked up.
template <typename Operation>
absl::StatusOr<kernel::NewRoute> Parse(Place& place, const Operation& operation) {
  auto route = ParseRoute(operation);
  if (!route.ok() || operation.dev().empty()) return route;
  auto link = kernel::GetLink(place.netlink, operation.dev());
  if (!link.ok()) return link.status();
  route->ifindex = link->ifindex;
  return route;
}

// In what a route that is there is not what adding the asked one would make.
std::vector<std::string> Differences(Place& place, const kernel::Route& have, const kernel::NewRoute& asked) {
  std::vector<std::string> differences;
  const auto tell_own = [&] {
    for (const std::string& own : kernel::Peculiarities(have)) differences.push_back(absl::StrCat("it has ", own));
  };
  if (have.type != RTN_UNICAST) {
    // It goes nowhere: that tells all.
    tell_own();
    return differences;
  }
  if (asked.via.family == 0 ? have.via.family != 0 : have.via != asked.via) {
    differences.push_back(have.via.family == 0 ? "it has no gateway"
                                               : absl::StrCat("it goes via ", have.via.ToString()));
  }
  if (asked.ifindex != 0 && have.ifindex != asked.ifindex) {
    auto link = kernel::GetLink(place.netlink, have.ifindex);
    differences.push_back(absl::StrCat("it leaves by ", link.ok() ? link->name : "another link"));
  }
  if (have.source != asked.source) {
    differences.push_back(have.source.family == 0 ? "it has no src"
                                                  : absl::StrCat("its src is ", have.source.ToString()));
  }
  if (asked.onlink != ((have.flags & RTNH_F_ONLINK) != 0)) {
    differences.emplace_back(asked.onlink ? "it is not onlink" : "it is onlink");
  }
  tell_own();
  return differences;
}

// The next hop of a deletion matches what it names.
bool Matches(const kernel::Route& have, const kernel::NewRoute& asked) {
  return (asked.via.family == 0 || have.via == asked.via ||
          std::any_of(have.next_hops.begin(), have.next_hops.end(),
                      [&](const auto& hop) { return hop.via == asked.via; })) &&
         (asked.ifindex == 0 || have.Uses(asked.ifindex)) &&
         (asked.source.family == 0 || have.source == asked.source) &&
         (asked.metric == 0 || have.metric == asked.metric);
}

// Why the kernel does not find the route by such a deletion, and what does delete it; empty: it finds it.
std::string WhyNotFound(const kernel::Route& have, const kernel::NewRoute& asked) {
  if (have.from.ip.family != 0) {
    return absl::StrCat("is only for packets from ", have.from.ToString(),
                        ", which a deletion cannot say; delete it by `ip -6 route delete ", have.destination.ToString(),
                        " from ", have.from.ToString(), "`");
  }
  // fib_nh_match; in IPv6 the next hop of the object counts as the route's.
  if (have.family == AF_INET && have.nexthop_id != 0 && (asked.via.family != 0 || asked.ifindex != 0)) {
    return absl::StrCat(
        "goes through nexthop object ", have.nexthop_id,
        ", and the kernel does not find it by its gateway or link; leave via and dev out, or delete the "
        "object by `ip nexthop delete id ",
        have.nexthop_id, "`");
  }
  return "";
}

std::string Shown(const Place& place, const std::string& destination) {
  return absl::StrCat("route ", destination, " in ", ShowNamespace(place.name));
}

// The routes to the destination, and the undo that brings them back.
absl::StatusOr<std::vector<kernel::Route>> ListBefore(Place& place, const kernel::NewRoute& route, Step& step) {
  auto* undo = step.add_undo()->mutable_restore_routes();
  if (auto s = NoteRoutes(place, route.destination, route.table, *undo); !s.ok()) return s;
  std::vector<kernel::Route> routes;
  for (const std::string& body : undo->before()) routes.push_back(kernel::RouteFromBody(body));
  return routes;
}

}  // namespace

absl::Status Apply(Transaction& tx, const v1::AddRoute& operation) {
  auto place = tx.Open(operation.namespace_());
  if (!place.ok()) return place.status();
  tx.About(Shown(**place, operation.destination()));
  auto route = Parse(**place, operation);
  if (!route.ok()) return route.status();
  Step step;
  auto before = ListBefore(**place, *route, step);
  if (!before.ok()) return before.status();
  const uint32_t metric = route->metric == 0 && route->family == AF_INET6 ? kIpv6Metric : route->metric;
  if (operation.allow_existing()) {
    // The kernel adds none beside one of the same metric and service (fib_table_insert, fib6_add_rt2node).
    std::vector<std::string> differences;
    for (const kernel::Route& each : *before) {
      if (each.metric != metric || each.tos != 0 || each.from.ip.family != 0) continue;
      const std::vector<std::string> of_this = Differences(**place, each, *route);
      if (of_this.empty()) return absl::OkStatus();
      if (differences.empty()) differences = of_this;
    }
    if (!differences.empty()) return ExistsButDiffers(tx.object(), differences);
  }
  if (!operation.force()) {
    if (auto s = CheckRouteLeadsNothingAway(tx, **place, *route); !s.ok()) return s;
  }
  if (auto s = tx.Write(std::move(step)); !s.ok()) return s;
  return kernel::AddRoute((*place)->netlink, *route);
}

absl::Status Apply(Transaction& tx, const v1::DeleteRoute& operation) {
  auto place = tx.Open(operation.namespace_());
  if (kernel::ErrnoOf(place.status()) == ENOENT && operation.allow_missing()) return absl::OkStatus();
  if (!place.ok()) return place.status();
  tx.About(Shown(**place, operation.destination()));
  auto route = Parse(**place, operation);
  if (kernel::ErrnoOf(route.status()) == ENODEV && operation.allow_missing()) return absl::OkStatus();
  if (!route.ok()) return route.status();
  Step step;
  auto before = ListBefore(**place, *route, step);
  if (!before.ok()) return before.status();
  std::vector<kernel::Route> matching;
  for (const kernel::Route& each : *before) {
    if (Matches(each, *route)) matching.push_back(each);
  }
  std::stable_partition(matching.begin(), matching.end(), [](const kernel::Route& each) { return each.tos == 0; });
  std::stable_partition(matching.begin(), matching.end(),
                        [&](const kernel::Route& each) { return WhyNotFound(each, *route).empty(); });
  if (matching.empty()) {
    if (operation.allow_missing()) return absl::OkStatus();
    return kernel::ErrnoError(ESRCH, absl::StrCat("deleting route ", operation.destination()));
  }
  if (const std::string why = WhyNotFound(matching.front(), *route); !why.empty()) {
    return absl::FailedPreconditionError(absl::StrCat(tx.object(), " ", why));
  }
  if (!operation.force()) {
    if (auto s = CheckRouteNotVital(tx, **place, matching.front()); !s.ok()) return s;
  }
  if (auto s = tx.Write(std::move(step)); !s.ok()) return s;
  // To a request without one the kernel finds no route of a type of service (fib_find_alias).
  const bool of_service = matching.front().tos != 0;
  return of_service ? kernel::DeleteExactly((*place)->netlink, matching.front())
                    : kernel::DeleteRoute((*place)->netlink, *route);
}

}  // namespace warren::executor
