#include "agent/executor/address_move.h"

#include <errno.h>
#include <linux/rtnetlink.h>

#include <algorithm>
#include <set>
#include <string>

#include "absl/strings/str_cat.h"
#include "agent/executor/facility/facilities.h"
#include "agent/executor/replay.h"
#include "agent/executor/routes_before.h"
#include "agent/executor/snapshot.h"
#include "agent/kernel/error.h"

namespace warren::executor {
namespace {

// Not those the kernel gives each link by itself.
bool Moves(const kernel::Address& address) { return address.scope != RT_SCOPE_LINK && address.scope != RT_SCOPE_HOST; }

}  // namespace

absl::StatusOr<AddressMove> AddressMove::Plan(Place& place, const kernel::Link& from, const kernel::Link& to,
                                              Step& step) {
  AddressMove move(place, from.ifindex, to.ifindex);
  auto addresses = kernel::ListAddresses(place.netlink, from.ifindex);
  if (!addresses.ok()) return addresses.status();
  auto already = kernel::ListAddresses(place.netlink, to.ifindex);
  if (!already.ok()) return already.status();
  for (kernel::Address& address : *addresses) {
    if (Moves(address)) move.addresses_.push_back(std::move(address));
  }
  auto left = Capture(place, from, Reach::kSources, kLosesAddresses | kLeavesBridge);
  if (!left.ok()) return left.status();
  auto nexthops = kernel::ListNexthopsOf(place.netlink, from.ifindex);
  if (!nexthops.ok()) return nexthops.status();
  std::set<uint32_t> ids;
  for (kernel::NexthopObject& each : *nexthops) {
    ids.insert(each.id);
    move.nexthops_.push_back(std::move(each));
  }
  for (const std::string& body : left->routes()) {
    kernel::Route route = kernel::RouteFromBody(body);
    // Those of the kernel come and go with their addresses, but for those that a router advertised or that an address
    // with a lifetime leaves behind: on the old link they would win. Those through a nexthop object go where that goes,
    // but for those that have one of the addresses as their source.
    const bool of_address = route.protocol == RTPROT_KERNEL && !route.expires;
    if (of_address) continue;
    if (const uint32_t id = kernel::NexthopOf(route); id == 0) {
      move.routes_.push_back(std::move(route));
    } else if (ids.contains(id)) {
      move.over_nexthops_.push_back(std::move(route));
    }
  }
  // Run in this order: what arrived goes, then both ends are as they were.
  for (const kernel::Address& address : move.addresses_) {
    const auto same = [&](const auto& other) { return other.local == address.local && other.peer == address.peer; };
    if (std::any_of(already->begin(), already->end(), same)) continue;
    auto* undo = step.add_undo()->mutable_remove_address();
    *undo->mutable_netns() = place.Ref();
    undo->set_ifindex(to.ifindex);
    undo->set_ip(address.local.ip.bytes);
    undo->set_length(address.local.length);
    undo->set_peer(address.peer.bytes);
  }
  for (const kernel::Route& route : move.routes_) {
    auto* undo = step.add_undo()->mutable_restore_routes();
    if (auto s = NoteRoutes(place, route.destination, route.table, *undo); !s.ok()) return s;
    undo->set_only_remove(true);
  }
  auto right = Capture(place, to, Reach::kSources, kLosesAddresses | kLeavesBridge);
  if (!right.ok()) return right.status();
  *step.add_undo()->mutable_restore_link()->mutable_state() = *std::move(right);
  *step.add_undo()->mutable_restore_link()->mutable_state() = *std::move(left);
  move.KeepNexthops(from, step);
  return move;
}

void AddressMove::KeepNexthops(const kernel::Link& from, Step& step) const {
  if (nexthops_.empty()) return;
  auto* undo = step.add_undo()->mutable_restore_kept();
  *undo->mutable_netns() = place_->Ref();
  undo->set_ifindex(from.ifindex);
  for (const kernel::NexthopObject& nexthop : nexthops_) {
    Kept& kept = *undo->add_kept();
    kept.set_facility(std::string(Nexthops().name()));
    kept.set_key(absl::StrCat(nexthop.id));
    kept.set_body(nexthop.body);
  }
  for (const kernel::Route& route : over_nexthops_) undo->add_routes(kernel::BodyToKeep(route));
}

absl::Status AddressMove::Run() {
  for (auto address = addresses_.rbegin(); address != addresses_.rend(); ++address) {
    auto s = kernel::DeleteAddress(place_->netlink, *address);
    if (!s.ok() && kernel::ErrnoOf(s) != EADDRNOTAVAIL) return s;
  }
  // When all are gone: what one left for the sake of the next would win over the route by the other link.
  for (const kernel::Address& address : addresses_) {
    if (auto s = kernel::DeletePrefixRoute(place_->netlink, address); !s.ok()) return s;
  }
  std::vector<Problem> problems;
  ReplayAddresses(*place_, "the other link", to_, addresses_, problems);
  if (!problems.empty()) return absl::FailedPreconditionError(absl::StrCat("moving: ", problems.front().text));
  for (const kernel::Route& route : routes_) {
    if (!route.Uses(from_)) continue;
    auto s = kernel::DeleteExactly(place_->netlink, route);
    if (!s.ok() && kernel::ErrnoOf(s) != ESRCH) return s;  // gone with its source address
  }
  for (const kernel::NexthopObject& nexthop : nexthops_) {
    if (auto s = kernel::PutNexthop(place_->netlink, nexthop, to_); !s.ok()) return s;
  }
  std::vector<kernel::Route> routes = routes_;
  routes.insert(routes.end(), over_nexthops_.begin(), over_nexthops_.end());
  ReplayRoutes(*place_, routes, {{from_, to_}}, problems);
  if (problems.empty()) return absl::OkStatus();
  return absl::FailedPreconditionError(absl::StrCat("moving the routes: ", problems.front().text));
}

}  // namespace warren::executor
