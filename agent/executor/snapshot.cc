#include "agent/executor/snapshot.h"

#include <errno.h>
#include <linux/if_addr.h>
#include <linux/rtnetlink.h>
#include <sys/socket.h>

#include <algorithm>
#include <map>
#include <optional>
#include <set>

#include "absl/strings/str_cat.h"
#include "agent/executor/replay.h"
#include "agent/executor/restore_kept.h"
#include "agent/executor/transaction.h"
#include "agent/kernel/address.h"
#include "agent/kernel/boot.h"
#include "agent/kernel/error.h"
#include "agent/kernel/nexthop.h"
#include "agent/kernel/route.h"
#include "agent/kernel/settle.h"
#include "proto/common/names.h"

namespace warren::executor {
namespace {

std::string Text(const absl::Status& status) { return std::string(status.message()); }

template <typename Which>
void RemoveAddresses(Place& home, int ifindex, const Which& which) {
  auto have = kernel::ListAddresses(home.netlink, ifindex);
  if (!have.ok()) return;
  for (const kernel::Address& address : *have) {
    if (which(address)) (void)kernel::DeleteAddress(home.netlink, address);
  }
}

// A link that comes up gets a link-local address of its MAC. One whose MAC was changed while it was up had that of
// another, and has both once its addresses are replayed.
void RemoveSecondLinkLocal(Place& home, const LinkState& state, int ifindex, const std::vector<kernel::Address>& had) {
  const std::optional<kernel::Ip> own = kernel::LinkLocalOf(state.mac());
  const auto is_own = [&](const kernel::Address& address) { return address.local.ip == *own; };
  if (!own || !state.up() || std::any_of(had.begin(), had.end(), is_own)) return;
  // The address comes with the carrier.
  (void)kernel::GetSettledLink(*home.worker, home.netns, home.netlink, ifindex);
  RemoveAddresses(home, ifindex, is_own);
}

// A loopback that comes up gets 127.0.0.1/8 where it has not, and keeps it when it goes down (inetdev_event).
void RemoveLoopbacksAddress(Place& home, const LinkState& state, int ifindex, const std::vector<kernel::Address>& had) {
  const kernel::IpPrefix own{{AF_INET, std::string("\x7f\0\0\x01", 4)}, 8};
  const auto is_own = [&](const kernel::Address& address) { return address.local == own; };
  if (ifindex != kernel::kLoopback || state.up() || std::any_of(had.begin(), had.end(), is_own)) return;
  RemoveAddresses(home, ifindex, is_own);
}

// With less than 1,280 bytes of MTU a loopback loses ::1, which comes without a route outside the table local when the
// kernel gives it, and with one when it is put back (inet6_addr_add, init_loopback).
void RemoveLoopbacksRoute(Place& home, int ifindex, const std::vector<kernel::Route>& had) {
  if (ifindex != kernel::kLoopback) return;
  const kernel::IpPrefix own{{AF_INET6, std::string(15, '\0') + '\x01'}, 128};
  kernel::RouteFilter filter;
  filter.ifindex = ifindex;
  auto have = kernel::ListRoutes(home.netlink, filter);
  if (!have.ok()) return;
  for (const kernel::Route& route : *have) {
    const auto same = [&](const kernel::Route& other) { return other.body == route.body; };
    if (route.destination != own || std::any_of(had.begin(), had.end(), same)) continue;
    (void)kernel::DeleteExactly(home.netlink, route);
  }
}

// The kernel lets nobody make one of the addresses that it changes now and then (RFC 8981): it is there again, as any
// other, until it would have ended.
void NoteFormerlyTemporary(Place& home, const std::string& shown, int ifindex, const std::vector<kernel::Address>& had,
                           std::vector<Problem>& problems) {
  const auto is_temporary = [](const kernel::Address& address) {
    return address.local.ip.family == AF_INET6 && (address.flags & IFA_F_TEMPORARY) != 0;
  };
  if (std::none_of(had.begin(), had.end(), is_temporary)) return;
  auto have = kernel::ListAddresses(home.netlink, ifindex);
  if (!have.ok()) return;
  for (const kernel::Address& address : *have) {
    const auto was = [&](const auto& other) { return is_temporary(other) && other.local == address.local; };
    if (is_temporary(address) || std::none_of(had.begin(), had.end(), was)) continue;
    problems.push_back({absl::StrCat("address ", address.local.ToString(), " of ", shown,
                                     ": it was a temporary one and is not any more; it still ends when it would have"),
                        {},
                        {},
                        {}});
  }
}

// A link that comes up, and an address that is added, get the routes of their prefixes, those too that somebody had
// deleted. A prefix that an address has which came meanwhile is left alone.
void RemoveNewPrefixRoutes(Place& home, int ifindex, const std::vector<kernel::Address>& had,
                           const std::vector<kernel::Route>& routes, const std::map<int, int>& ifindexes) {
  kernel::RouteFilter filter;
  filter.ifindex = ifindex;
  auto have = kernel::ListRoutes(home.netlink, filter);
  auto now = kernel::ListAddresses(home.netlink, ifindex);
  if (!have.ok() || !now.ok()) return;
  std::set<std::string> wanted;
  for (const kernel::Route& route : routes) wanted.insert(kernel::BodyWith(route, ifindexes));
  const auto is_ours = [&](const kernel::Address& address) {
    return std::any_of(had.begin(), had.end(),
                       [&](const auto& other) { return other.local == address.local && other.peer == address.peer; });
  };
  for (const kernel::Route& route : *have) {
    if (route.protocol != RTPROT_KERNEL || route.via.family != 0 || wanted.contains(route.body)) continue;
    const auto of = [&](const kernel::Address& address) { return kernel::NetworkOf(address) == route.destination; };
    const bool ours = std::any_of(had.begin(), had.end(), of);
    const bool others = std::any_of(now->begin(), now->end(), [&](const auto& a) { return of(a) && !is_ours(a); });
    if (ours && !others) (void)kernel::DeleteExactly(home.netlink, route);
  }
}

// Whether it is the link that was captured, and not another that has its index by now: explicit indices are given out
// again. A bridge has the MAC of one of its ports unless it was given one (br_stp_recalculate_bridge_id).
bool IsCaptured(const RestoreLink& record, const kernel::Link& link) {
  const LinkState& state = record.state();
  if (link.kind != state.kind()) return false;
  return link.mac == state.mac() || (!record.new_mac().empty() && link.mac == record.new_mac()) ||
         link.kind == "bridge";
}

// The link of a record, brought back to where it was if it was moved.
absl::StatusOr<kernel::Link> FindAndReturn(Places& places, Place& home, const RestoreLink& record) {
  const LinkState& state = record.state();
  auto link = kernel::GetLink(home.netlink, state.ifindex());
  if (link.ok() && IsCaptured(record, *link)) return link;
  if (!record.has_moved_to()) {
    if (!link.ok()) return link;
    return kernel::ErrnoError(ENODEV,
                              absl::StrCat("index ", state.ifindex(), " is another link's by now, ", link->name));
  }
  auto away = places.Open(record.moved_to());
  if (!away.ok()) return away.status();
  auto moved = kernel::GetLink((*away)->netlink, record.moved_name());
  if (!moved.ok()) return moved.status();
  if (!IsCaptured(record, *moved)) return kernel::ErrnoError(ENODEV, "looking for the link that was moved");
  // Under its own index again: what else is to be undone, and what is Warren's own, is known by it.
  auto returned = kernel::MoveLink((*away)->netlink, moved->ifindex, home.netns, state.name(), state.ifindex());
  if (kernel::ErrnoOf(returned) == EBUSY) {
    returned = kernel::MoveLink((*away)->netlink, moved->ifindex, home.netns, state.name());
  }
  if (kernel::ErrnoOf(returned) != EEXIST) {
    if (!returned.ok()) return returned;
    return kernel::GetLink(home.netlink, state.name());
  }
  // Another has its name: here under any name rather than lost elsewhere.
  const std::string other = Transaction::AsideName();
  if (auto s = kernel::MoveLink((*away)->netlink, moved->ifindex, home.netns, other); !s.ok()) return s;
  return kernel::GetLink(home.netlink, other);
}

absl::Status RestoreAttributes(Place& home, const LinkState& state, const kernel::Link& link) {
  kernel::LinkChange change;
  if (link.mtu != state.mtu()) change.mtu = state.mtu();
  if (link.mac != state.mac()) change.mac = state.mac();
  if (link.name != state.name()) change.name = state.name();
  if (link.master != state.master()) change.master = state.master();
  if (link.up() != state.up()) change.up = state.up();
  if (!change.mtu && !change.mac && !change.name && !change.master && !change.up) return absl::OkStatus();
  // The way there was live, and so is the way back. Kernels before 6.2 do not rename a link that is up, and some
  // drivers do not give such a one another MAC (EBUSY): what going down loses is put back after this.
  const absl::Status status = kernel::SetLink(home.netlink, link.ifindex, change);
  if (kernel::ErrnoOf(status) == EBUSY && link.up()) {
    kernel::LinkChange down;
    down.up = false;
    if (auto s = kernel::SetLink(home.netlink, link.ifindex, down); !s.ok()) return s;
    change.up = state.up();
    return kernel::SetLink(home.netlink, link.ifindex, change);
  }
  if (kernel::ErrnoOf(status) != EEXIST || !change.name) return status;
  // Another has its name. It is all that is left undone: the link works under the name that it has now.
  change.name.reset();
  change.up = state.up();
  change.master = state.master();
  if (auto s = kernel::SetLink(home.netlink, link.ifindex, change); !s.ok()) return s;
  return absl::AlreadyExistsError(
      absl::StrCat("another link has that name by now, so this one is left under the name ", link.name));
}

}  // namespace

LinkState AttributesOf(const Place& place, const kernel::Link& link) {
  LinkState state;
  *state.mutable_netns() = place.Ref();
  state.set_ifindex(link.ifindex);
  state.set_name(link.name);
  state.set_mac(link.mac);
  state.set_kind(link.kind);
  state.set_mtu(link.mtu);
  state.set_up(link.up());
  state.set_master(link.master);
  return state;
}

absl::StatusOr<LinkState> Capture(Place& place, const kernel::Link& link, Reach reach, Losses losses) {
  LinkState state = AttributesOf(place, link);
  std::set<uint32_t> nexthops;
  if (auto s = Keep(place, link, losses, *state.mutable_kept(), nexthops); !s.ok()) return s;
  auto addresses = kernel::ListAddresses(place.netlink, link.ifindex);
  if (!addresses.ok()) return addresses.status();
  state.set_read_at(absl::ToInt64Nanoseconds(kernel::Uptime()));
  std::set<std::string> own;
  for (const kernel::Address& address : *addresses) {
    state.add_addresses(address.body);
    // Nobody else's route has a link-local one as its source.
    if (address.local.ip.family != AF_INET6 || address.scope != RT_SCOPE_LINK) own.insert(address.local.ip.bytes);
  }
  kernel::RouteFilter filter;
  // A route through a group that keeps another member may not tell this link.
  if (nexthops.empty() && (reach == Reach::kLink || own.empty())) filter.ifindex = link.ifindex;
  auto routes = kernel::ListRoutes(place.netlink, filter);
  if (!routes.ok()) return routes.status();
  for (const kernel::Route& route : *routes) {
    const bool from_own = reach == Reach::kSources && own.contains(route.source.bytes);
    if (route.Uses(link.ifindex) || from_own || nexthops.contains(kernel::NexthopOf(route))) {
      state.add_routes(kernel::BodyToKeep(route));
    }
  }
  return state;
}

absl::StatusOr<std::vector<kernel::Link>> UppersOf(Place& place, int ifindex) {
  return kernel::ListLinksOn(place.netlink, ifindex);
}

absl::StatusOr<std::vector<LinkState>> CaptureWithUppers(Place& place, const kernel::Link& link, Reach reach,
                                                         Losses losses) {
  std::vector<LinkState> states;
  auto state = Capture(place, link, reach, losses);
  if (!state.ok()) return state.status();
  states.push_back(*std::move(state));
  auto uppers = UppersOf(place, link.ifindex);
  if (!uppers.ok()) return uppers.status();
  for (const kernel::Link& upper : *uppers) {
    auto above = CaptureWithUppers(place, upper, reach, losses);
    if (!above.ok()) return above.status();
    for (LinkState& each : *above) states.push_back(std::move(each));
  }
  return states;
}

absl::Duration PassedSince(int64_t read_at) {
  return read_at == 0 ? absl::ZeroDuration() : kernel::Uptime() - absl::Nanoseconds(read_at);
}

void Restore(Places& places, const RestoreLink& record, std::vector<Problem>& problems) {
  const auto note = [&](std::string text) { problems.push_back({std::move(text), {}, {}, {}}); };
  const LinkState& state = record.state();
  auto home = places.Open(state.netns());
  if (!home.ok()) {
    note(absl::StrCat("link ", EscapeLinkName(state.name()), " of namespace ", ShowNamespace(state.netns().name()),
                      ": ", Text(home.status())));
    return;
  }
  const std::string shown = (*home)->Shown(state.name());
  auto link = FindAndReturn(places, **home, record);
  if (!link.ok()) {
    note(absl::StrCat("link ", shown, ": ", Text(link.status())));
    return;
  }
  if (auto s = RestoreAttributes(**home, state, *link); !s.ok()) {
    note(absl::StrCat("link ", shown, ": ", Text(s)));
  }
  // Under the name and with the master it has now.
  if (auto now = kernel::GetLink((*home)->netlink, link->ifindex); now.ok()) link = std::move(now);
  const auto put_back = [&](Stage stage) { PutBackKept(**home, *link, stage, state.kept(), problems); };
  put_back(Stage::kBeforeAddresses);
  std::vector<kernel::Address> addresses;
  for (const std::string& body : state.addresses()) {
    if (auto left = kernel::After(kernel::AddressFromBody(body), PassedSince(state.read_at()))) {
      addresses.push_back(*std::move(left));
    }
  }
  ReplayAddresses(**home, shown, link->ifindex, addresses, problems);
  NoteFormerlyTemporary(**home, shown, link->ifindex, addresses, problems);
  RemoveSecondLinkLocal(**home, state, link->ifindex, addresses);
  RemoveLoopbacksAddress(**home, state, link->ifindex, addresses);
  put_back(Stage::kBeforeRoutes);
  std::vector<kernel::Route> routes;
  for (const std::string& body : state.routes()) routes.push_back(kernel::RouteFromBody(body));
  std::map<int, int> ifindexes;
  if (link->ifindex != state.ifindex()) ifindexes[state.ifindex()] = link->ifindex;
  if (state.read_at() != 0) RemoveNewPrefixRoutes(**home, link->ifindex, addresses, routes, ifindexes);
  ReplayRoutes(**home, routes, ifindexes, problems);
  RemoveLoopbacksRoute(**home, link->ifindex, routes);
  put_back(Stage::kLast);
}

}  // namespace warren::executor
