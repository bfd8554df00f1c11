#include "agent/executor/restore_kept.h"

#include <errno.h>
#include <linux/if.h>

#include <optional>
#include <utility>

#include "absl/strings/str_cat.h"
#include "agent/executor/peers.h"
#include "agent/executor/snapshot.h"
#include "agent/kernel/error.h"
#include "agent/kernel/nexthop.h"
#include "agent/kernel/route.h"
#include "agent/kernel/settle.h"
#include "proto/common/names.h"

namespace warren::executor {
namespace {

absl::StatusOr<kernel::Link> Settled(Place& place, int ifindex) {
  return kernel::GetSettledLink(*place.worker, place.netns, place.netlink, ifindex);
}

Where At(Place& place, const kernel::Link& link) { return {*place.worker, place.netns, place.netlink, link}; }

std::vector<KeptEntry> Parse(const KeptList& list) {
  std::vector<KeptEntry> all;
  for (const Kept& kept : list) {
    for (const Facility* facility : Facilities()) {
      if (facility->name() == kept.facility()) all.push_back({facility, {kept.key(), kept.body()}});
    }
  }
  return all;
}

Kept ToKept(const KeptEntry& entry) {
  Kept kept;
  kept.set_facility(std::string(entry.facility->name()));
  kept.set_key(entry.entry.key);
  kept.set_body(entry.entry.body);
  return kept;
}

// Links that lose their carrier with another one, each once.
class Followers {
 public:
  Followers(Places& places, Step& step) : places_(places), step_(step) {}

  absl::Status GoesDown(Place& place, const kernel::Link& link) {
    auto peer = FindPeer(places_, place, link);
    if (kernel::ErrnoOf(peer.status()) == ENODEV) peer = std::optional<Peer>();  // gone meanwhile
    if (!peer.ok()) return peer.status();
    if (*peer) {
      if (auto s = LosesCarrier(*(*peer)->place, (*peer)->link); !s.ok()) return s;
    }
    return ItsBridge(place, link);
  }

 private:
  absl::Status ItsBridge(Place& place, const kernel::Link& link) {
    if (link.master == 0) return absl::OkStatus();
    auto master = kernel::GetLink(place.netlink, link.master);
    return master.ok() ? LosesCarrier(place, *master) : master.status();
  }

  absl::Status LosesCarrier(Place& place, const kernel::Link& link) {
    if (!seen_.emplace(place.cookie(), link.ifindex).second) return absl::OkStatus();
    auto lost = ReadLost(place, link);
    if (!lost.ok()) return lost.status();
    if (!lost->empty()) {
      RestoreKept record;
      *record.mutable_netns() = place.Ref();
      record.set_ifindex(link.ifindex);
      for (const KeptEntry& entry : *lost) *record.add_kept() = ToKept(entry);
      if (auto s = AddRoutesOver(place, NexthopsOf(*lost), record); !s.ok()) return s;
      *step_.add_undo()->mutable_restore_kept() = std::move(record);
    }
    auto uppers = UppersOf(place, link.ifindex);
    if (!uppers.ok()) return uppers.status();
    for (const kernel::Link& upper : *uppers) {
      if (auto s = LosesCarrier(place, upper); !s.ok()) return s;
    }
    return ItsBridge(place, link);
  }

  // Without a carrier a link keeps its permanent neighbours, not those that are static otherwise (neigh_carrier_down).
  static absl::StatusOr<std::vector<KeptEntry>> ReadLost(Place& place, const kernel::Link& link) {
    std::vector<KeptEntry> all;
    for (const Facility* facility : {&Neighbours(), &Nexthops()}) {
      auto entries = facility->Read(At(place, link), kGoesDown);
      if (!entries.ok()) return entries.status();
      for (Entry& entry : *entries) all.push_back({facility, std::move(entry)});
    }
    return all;
  }

  static absl::Status AddRoutesOver(Place& place, const std::set<uint32_t>& nexthops, RestoreKept& record) {
    if (nexthops.empty()) return absl::OkStatus();
    auto routes = kernel::ListRoutes(place.netlink);
    if (!routes.ok()) return routes.status();
    for (const kernel::Route& route : *routes) {
      if (nexthops.contains(kernel::NexthopOf(route))) record.add_routes(kernel::BodyToKeep(route));
    }
    return absl::OkStatus();
  }

  Places& places_;
  Step& step_;
  std::set<std::pair<uint64_t, int>> seen_;
};

// A bridge has no carrier before its ports have theirs.
void SettlePorts(Place& place, const kernel::Link& bridge) {
  auto links = kernel::ListLinks(place.netlink);
  if (!links.ok()) return;
  for (const kernel::Link& link : *links) {
    if (link.master == bridge.ifindex) (void)Settled(place, link.ifindex);
  }
}

}  // namespace

absl::Status Keep(Place& place, const kernel::Link& link, Losses losses, KeptList& kept, std::set<uint32_t>& nexthops) {
  auto all = ReadAll(At(place, link), losses);
  if (!all.ok()) return all.status();
  for (const KeptEntry& entry : *all) *kept.Add() = ToKept(entry);
  nexthops = NexthopsOf(*all);
  return absl::OkStatus();
}

absl::Status KeepOfFollowers(Places& places, Place& place, const kernel::Link& link, Step& step) {
  return Followers(places, step).GoesDown(place, link);
}

void PutBackKept(Place& place, const kernel::Link& link, Stage stage, const KeptList& kept,
                 std::vector<Problem>& problems) {
  const Where where = At(place, link);
  for (NotPut& each : PutBack(where, stage, Parse(kept))) {
    Problem problem;
    problem.text = absl::StrCat(
        each.kept.facility->Shown(where, each.kept.entry), " in ",
        place.is_host() ? ShowNamespace(place.name) : absl::StrCat("namespace ", ShowNamespace(place.name)), ": ",
        each.why);
    problem.netns = place.Ref();
    RestoreKept once_more;
    *once_more.mutable_netns() = place.Ref();
    once_more.set_ifindex(link.ifindex);
    *once_more.add_kept() = ToKept(each.kept);
    problem.kept = std::move(once_more);
    problems.push_back(std::move(problem));
  }
}

void RestoreOf(Places& places, const RestoreKept& record, std::vector<Problem>& problems) {
  auto place = places.Open(record.netns());
  if (!place.ok()) return;  // gone, and what stood there with it
  auto link = kernel::GetLink((*place)->netlink, record.ifindex());
  if (!link.ok()) return;
  if ((link->flags & IFF_LOWER_UP) == 0) SettlePorts(**place, *link);
  for (const Stage stage : {Stage::kBeforeAddresses, Stage::kBeforeRoutes, Stage::kLast}) {
    PutBackKept(**place, *link, stage, record.kept(), problems);
  }
  std::vector<kernel::Route> routes;
  for (const std::string& body : record.routes()) routes.push_back(kernel::RouteFromBody(body));
  ReplayRoutes(**place, routes, {}, problems);
}

void PutBackAfterCarrier(Places& places, const LinkState& state, std::vector<Problem>& problems) {
  KeptList mtu;
  for (const Kept& kept : state.kept()) {
    if (kept.facility() == Settings().name() && kept.key() == "ipv6/conf/mtu") *mtu.Add() = kept;
  }
  if (mtu.empty()) return;
  auto place = places.Open(state.netns());
  if (!place.ok()) return;
  auto link = Settled(**place, state.ifindex());
  if (link.ok() && link->name == state.name()) PutBackKept(**place, *link, Stage::kBeforeAddresses, mtu, problems);
}

void SecondChance(Places& places, std::vector<Problem>& problems) {
  const auto is_kept = [](const Problem& problem) { return problem.kept.has_value(); };
  // What still fails does so with its last reason. A group needs its member, which may come after it.
  for (size_t before = problems.size() + 1; problems.size() < before;) {
    before = problems.size();
    std::vector<Problem> again;
    for (const Problem& problem : problems) {
      if (is_kept(problem)) RestoreOf(places, *problem.kept, again);
    }
    std::erase_if(problems, is_kept);
    for (Problem& problem : again) problems.push_back(std::move(problem));
  }
}

}  // namespace warren::executor
