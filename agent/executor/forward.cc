#include "agent/executor/forward.h"

#include <errno.h>

#include <algorithm>
#include <chrono>
#include <map>
#include <set>
#include <utility>

#include "absl/strings/str_cat.h"
#include "agent/executor/proof.h"
#include "agent/kernel/error.h"
#include "agent/kernel/link.h"
#include "agent/kernel/link_group.h"
#include "agent/kernel/netns_name.h"
#include "agent/kernel/nsid.h"
#include "proto/common/names.h"

namespace warren::executor {
namespace {

constexpr int kHostNsid = -1;

// One look around for those who hold what is not let go.
constexpr std::chrono::seconds kLookAround{2};

// Finds out what goes with a namespace that the host knows by an id.
absl::Status LookUpEnds(Place& host, int nsid, Drop& drop) {
  drop.nsid = nsid;
  auto ends = kernel::OuterEnds(host.netlink, host.netns, nsid);
  if (!ends.ok()) return ends.status();
  for (const kernel::OuterEnd& end : *ends) drop.outer_links.push_back(end.link);
  return absl::OkStatus();
}

absl::Status LookUp(Places& places, const kernel::Netns& netns, Drop& drop) {
  auto host = places.Host();
  if (!host.ok()) return host.status();
  auto nsid = kernel::GetOrAssignNsid((*host)->netlink, netns);
  if (!nsid.ok()) return nsid.status();
  return LookUpEnds(**host, *nsid, drop);
}

// One that has no name any more, and that somebody may hold all the same.
absl::Status LookUpLetGo(Places& places, const DropNetns& about, NamedNsids& named, Drop& drop) {
  drop.let_go = true;
  drop.netns = {static_cast<ino_t>(about.inode()), about.cookie()};
  if (!about.has_nsid()) return absl::OkStatus();
  auto host = places.Host();
  if (!host.ok()) return host.status();
  const auto nsids = kernel::ListNsids((*host)->netlink);
  if (!nsids.ok()) return nsids.status();
  // The kernel gives ids out again.
  if (!nsids->contains(about.nsid()) || !named.Name(places, (*host)->netlink, about.nsid()).empty()) {
    return absl::OkStatus();
  }
  absl::Status status = LookUpEnds(**host, about.nsid(), drop);
  if (kernel::ErrnoOf(status) != EINVAL) return status;
  // Freed since: the kernel knows the id no more (rtnl_get_net_ns_capable).
  drop.nsid = -1;
  drop.outer_links.clear();
  return absl::OkStatus();
}

absl::Status AddDrop(Places& places, const DropNetns& about, NamedNsids& named, Remainder& remainder) {
  Drop drop;
  drop.path = about.path();
  drop.shown = EscapeName(about.name());
  absl::Status status;
  auto netns = kernel::OpenNetnsAt(drop.path);
  const int error = kernel::ErrnoOf(netns.status());
  if (!netns.ok() && error != ENOENT && error != EINVAL) return netns.status();
  bool is_it = netns.ok();
  if (is_it) {
    const auto cookie = places.worker().CookieOf(*netns);
    if (!cookie.ok()) return cookie.status();
    is_it = *cookie == about.cookie();
    drop.netns = {netns->inode, *cookie};
  }
  if (is_it) {
    if (!about.lives_on()) status = LookUp(places, *netns, drop);
  } else {
    // Let go before a crash, or by someone else: the file is gone, or all that is left, or another has the name.
    const bool ours =
        !netns.ok() && (about.parked() || places.dir().Marker(about.name()).value_or("") == MarkerOf(about.cookie()));
    if (!ours) drop.path.clear();
    status = LookUpLetGo(places, about, named, drop);
    if (!ours && drop.nsid < 0) return status;
  }
  remainder.drops.push_back(std::move(drop));
  return status;
}

// What a namespace is called that the host's has an id for.
std::string NameOf(Places& places, kernel::Netlink& host, int nsid, NamedNsids& named) {
  if (nsid == kHostNsid) return std::string(kHostNamespace);
  const std::string name = named.Name(places, host, nsid);
  return name.empty() ? "a namespace without a name" : name;
}

std::string ShowOuterEnd(Places& places, kernel::Netlink& host, const Drop& drop, const std::pair<int, int>& end,
                         NamedNsids& named) {
  const auto& [nsid, ifindex] = end;
  const auto link = nsid == kHostNsid ? kernel::GetLink(host, ifindex) : kernel::GetLinkIn(host, nsid, ifindex);
  return absl::StrCat("outer end of a link in ", drop.shown, ": ",
                      link.ok() ? link->name : absl::StrCat("index ", ifindex), " in ",
                      NameOf(places, host, nsid, named));
}

}  // namespace

std::string NamedNsids::Name(Places& places, kernel::Netlink& host, int nsid) {
  if (!names_) {
    names_.emplace();
    const auto names = places.dir().List();
    for (const std::string& name : names.ok() ? *names : std::vector<std::string>()) {
      auto netns = places.dir().Open(name);
      if (!netns.ok()) continue;
      const auto known = kernel::GetNsid(host, *netns);
      if (known.ok() && *known >= 0) names_->emplace(*known, EscapeName(name));
    }
  }
  const auto found = names_->find(nsid);
  return found == names_->end() ? std::string() : found->second;
}

Remainder::Remainder(const std::vector<Step>& steps, std::vector<Drop> known) {
  std::set<std::string> paths;
  for (const Drop& drop : known) paths.insert(drop.path);
  for (const Step& step : steps) {
    for (const Forward& forward : step.forward()) {
      if (forward.has_drop_link()) links.push_back(forward.drop_link());
      if (forward.has_remove_aside()) out_of_the_way.push_back(forward.remove_aside().aside());
      if (forward.has_drop_netns() && !paths.contains(forward.drop_netns().path())) {
        netns.push_back(forward.drop_netns());
      }
    }
  }
  drops = std::move(known);
}

kernel::Release Remainder::Awaited() const {
  kernel::Release release;
  for (const Drop& drop : drops) {
    if (drop.nsid >= 0) release.nsids.insert(drop.nsid);
    release.links.insert(drop.outer_links.begin(), drop.outer_links.end());
  }
  return release;
}

bool Deletes(const std::vector<Step>& steps) {
  return std::any_of(steps.begin(), steps.end(), [](const Step& step) {
    return std::any_of(step.forward().begin(), step.forward().end(),
                       [](const Forward& forward) { return !forward.has_leave_group(); });
  });
}

void DeleteSetAside(Places& places, const std::vector<Remainder*>& all) {
  struct Of {
    Remainder* remainder;
    const DropLink* drop;
  };
  std::map<uint64_t, std::vector<Of>> by_netns;
  for (Remainder* remainder : all) {
    for (const DropLink& drop : remainder->links) by_netns[drop.netns().cookie()].push_back({remainder, &drop});
  }
  for (const auto& [cookie, drops] : by_netns) {
    auto place = places.Open(drops.front().drop->netns());
    if (!place.ok()) continue;  // gone with its namespace
    std::vector<kernel::DoomedLink> doomed;
    for (const Of& of : drops) doomed.push_back({of.drop->ifindex(), of.drop->name()});
    const std::vector<absl::Status> statuses = kernel::DeleteLinksTogether((*place)->netlink, doomed);
    for (size_t i = 0; i < drops.size(); ++i) {
      if (statuses[i].ok()) continue;
      drops[i].remainder->pending.add_objects(
          absl::StrCat("link ", drops[i].drop->shown(), " (now ", drops[i].drop->name(), "): ", statuses[i].message()));
    }
  }
  // Our own descriptors would keep the namespaces alive.
  places.CloseAll();
}

void LookUpNetns(Places& places, Remainder& remainder, NamedNsids& named) {
  for (const std::string& name : std::exchange(remainder.out_of_the_way, {})) {
    if (auto s = kernel::RemoveFromDir(places.dir(), name); !s.ok()) {
      remainder.pending.add_objects(std::string(s.message()));
    }
  }
  for (const DropNetns& drop : remainder.netns) {
    if (auto s = AddDrop(places, drop, named, remainder); !s.ok()) {
      remainder.pending.add_objects(absl::StrCat("namespace ", EscapeName(drop.name()), ": ", s.message()));
    }
  }
  remainder.netns.clear();
}

void LetGo(kernel::NetnsWorker& worker, Remainder& remainder, std::vector<UniqueFd>& last) {
  for (const Drop& drop : remainder.drops) {
    if (drop.path.empty()) continue;
    auto netns = kernel::OpenNetnsAt(drop.path);
    if (drop.let_go) {
      // A file that is ours, unless it has become the name of another by now.
      if (netns.ok()) continue;
    } else {
      // While it is open here its inode is no other's, and its cookie never is.
      if (!netns.ok() || netns->inode != drop.netns.inode) continue;
      const auto cookie = worker.CookieOf(*netns);
      if (!cookie.ok() || *cookie != drop.netns.cookie) continue;
      last.push_back(std::move(netns->fd));
    }
    if (auto s = kernel::UnbindNetnsAt(drop.path); !s.ok()) remainder.pending.add_objects(std::string(s.message()));
  }
}

void NoteLeft(Places& places, const std::vector<Left>& all, NamedNsids& named) {
  std::vector<kernel::NetnsId> held;
  std::vector<size_t> works;  // which of all each is of
  std::vector<const Drop*> drops;
  for (size_t i = 0; i < all.size(); ++i) {
    for (const Drop& drop : all[i].remainder->drops) {
      if (drop.nsid < 0 || !all[i].release.nsids.contains(drop.nsid)) continue;
      held.push_back(drop.netns);
      works.push_back(i);
      drops.push_back(&drop);
    }
  }
  kernel::HolderSearch search;
  search.until = std::chrono::steady_clock::now() + kLookAround;
  const kernel::Holders holders = kernel::FindHolders(places.worker(), held, search);
  std::vector<bool> found(held.size());
  for (const kernel::Holder& holder : holders.found) {
    found[holder.which] = true;
    all[works[holder.which]].remainder->pending.add_holders(holder.ToString());
  }
  auto host = places.Host();
  for (size_t i = 0; i < held.size(); ++i) {
    v1::ReleasePending& pending = all[works[i]].remainder->pending;
    pending.add_objects(absl::StrCat("namespace ", drops[i]->shown));
    if (!drops[i]->let_go || found[i]) continue;
    pending.add_not_looked_at(
        absl::StrCat("whether it is still this namespace that the host has under id ", drops[i]->nsid,
                     ": it was let go before the agent was started again, and nobody was found who holds it"));
  }
  for (size_t i = 0; i < all.size(); ++i) {
    v1::ReleasePending& pending = all[i].remainder->pending;
    for (const Drop& drop : all[i].remainder->drops) {
      for (const auto& end : drop.outer_links) {
        if (!all[i].release.links.contains(end)) continue;
        pending.add_objects(host.ok() ? ShowOuterEnd(places, (*host)->netlink, drop, end, named)
                                      : absl::StrCat("outer end of a link in ", drop.shown));
      }
    }
    if (std::find(works.begin(), works.end(), i) == works.end()) continue;
    for (const std::string& line : holders.not_looked_at) pending.add_not_looked_at(line);
  }
  places.CloseAll();
}

std::optional<v1::ReleasePending> Release(Places& places, const kernel::SharedEvents& events,
                                          const std::vector<Step>& steps, const ReleaseTimes& times, NamedNsids& named,
                                          int stop) {
  Remainder remainder(steps, {});
  for (const std::string& left : LeaveGroups(places, steps)) remainder.pending.add_objects(left);
  DeleteSetAside(places, {&remainder});
  LookUpNetns(places, remainder, named);
  places.CloseAll();
  const kernel::Release awaited = remainder.Awaited();
  auto watcher = kernel::ReleaseWatcher::Open(places.worker(), events);
  constexpr uint64_t kOnlyOne = 0;
  if (watcher.ok()) watcher->Watch(kOnlyOne, awaited);
  std::vector<UniqueFd> last;
  LetGo(places.worker(), remainder, last);
  const bool all_let_go = last.empty();
  last.clear();
  absl::Status status = watcher.status();
  if (status.ok()) {
    watcher->Await(kOnlyOne, all_let_go ? times.let_go_timeout : times.timeout);
    auto ended = watcher->Next(stop);
    if (absl::IsCancelled(ended.status())) return std::nullopt;
    status = ended.ok() ? ended->front().status : ended.status();
    if (status.ok()) NoteLeft(places, {{&remainder, std::move(ended->front().left)}}, named);
  }
  if (!status.ok() && !awaited.empty()) NoteUnseen(status, remainder);
  return std::move(remainder.pending);
}

void NoteUnseen(const absl::Status& why, Remainder& remainder) {
  remainder.pending.add_objects(absl::StrCat("cannot see whether the kernel has let go: ", why.message()));
}

}  // namespace warren::executor
