#include "agent/executor/forward.h"

#include <errno.h>
#include <sys/stat.h>

#include <algorithm>
#include <iterator>
#include <map>
#include <set>
#include <utility>

#include "absl/strings/str_cat.h"
#include "agent/kernel/error.h"
#include "agent/kernel/link.h"
#include "agent/kernel/link_group.h"
#include "agent/kernel/netns_name.h"
#include "agent/kernel/nsid.h"
#include "agent/kernel/processes.h"
#include "proto/common/names.h"

namespace warren::executor {
namespace {

constexpr int kHostNsid = -1;

// What is mounted at a path; 0: nothing is there.
ino_t InodeAt(const std::string& path) {
  struct stat st;
  return stat(path.c_str(), &st) == 0 ? st.st_ino : 0;
}

// Finds out what is to be known of a namespace that is to be dropped.
absl::Status LookUp(Places& places, const kernel::Netns& netns, Drop& drop) {
  auto host = places.Host();
  if (!host.ok()) return host.status();
  auto nsid = kernel::GetOrAssignNsid((*host)->netlink, netns);
  if (!nsid.ok()) return nsid.status();
  drop.nsid = *nsid;
  auto ends = kernel::OuterEnds((*host)->netlink, (*host)->netns, *nsid);
  if (!ends.ok()) return ends.status();
  for (const kernel::OuterEnd& end : *ends) drop.outer_links.push_back(end.link);
  return absl::OkStatus();
}

// Whether the namespace at a path that others use too is the one that a step is about.
absl::StatusOr<bool> IsIt(Places& places, const kernel::Netns& netns, const DropNetns& about) {
  if (about.cookie() == 0) return true;
  auto netlink = places.worker().OpenNetlink(netns);
  if (!netlink.ok()) return netlink.status();
  return netlink->cookie() == about.cookie();
}

absl::Status AddDrop(Places& places, const DropNetns& about, Remainder& remainder) {
  Drop drop;
  drop.path = about.path();
  drop.shown = EscapeName(about.name());
  absl::Status status;
  auto netns = kernel::OpenNetnsAt(drop.path);
  if (const int error = kernel::ErrnoOf(netns.status()); error == ENOENT || error == EINVAL) {
    // Let go before a crash: the file is gone, or all that is left.
    const bool ours = about.cookie() == 0 || places.dir().Marker(about.name()).value_or("") == MarkerOf(about.cookie());
    if (!ours) return absl::OkStatus();
  } else if (!netns.ok()) {
    return netns.status();
  } else {
    drop.inode = netns->inode;
    auto is_it = IsIt(places, *netns, about);
    if (!is_it.ok()) return is_it.status();
    if (!*is_it) return absl::OkStatus();
    status = LookUp(places, *netns, drop);
  }
  remainder.drops.push_back(std::move(drop));
  return status;
}

// What a namespace is called that the host's has an id for.
std::string NameOf(Places& places, kernel::Netlink& host, int nsid) {
  if (nsid == kHostNsid) return std::string(kHostNamespace);
  const auto names = places.dir().List();
  for (const std::string& name : names.ok() ? *names : std::vector<std::string>()) {
    auto netns = places.dir().Open(name);
    if (!netns.ok()) continue;
    const auto known = kernel::GetNsid(host, *netns);
    if (known.ok() && *known == nsid) return EscapeName(name);
  }
  return "a namespace without a name";
}

std::string ShowOuterEnd(Places& places, kernel::Netlink& host, const Drop& drop, const std::pair<int, int>& end) {
  const auto& [nsid, ifindex] = end;
  const auto link = nsid == kHostNsid ? kernel::GetLink(host, ifindex) : kernel::GetLinkIn(host, nsid, ifindex);
  return absl::StrCat("outer end of a link in ", drop.shown, ": ",
                      link.ok() ? link->name : absl::StrCat("index ", ifindex), " in ", NameOf(places, host, nsid));
}

}  // namespace

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
  return std::any_of(steps.begin(), steps.end(), [](const Step& step) { return step.forward_size() > 0; });
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

void LookUpNetns(Places& places, Remainder& remainder) {
  for (const std::string& name : std::exchange(remainder.out_of_the_way, {})) {
    if (auto s = kernel::RemoveFromDir(places.dir(), name); !s.ok()) {
      remainder.pending.add_objects(std::string(s.message()));
    }
  }
  for (const DropNetns& drop : remainder.netns) {
    if (auto s = AddDrop(places, drop, remainder); !s.ok()) {
      remainder.pending.add_objects(absl::StrCat("namespace ", EscapeName(drop.name()), ": ", s.message()));
    }
  }
  remainder.netns.clear();
}

void LetGo(Remainder& remainder, std::vector<UniqueFd>& last) {
  for (Drop& drop : remainder.drops) {
    const ino_t inode = InodeAt(drop.path);
    if (drop.inode != 0 && inode != drop.inode) continue;
    drop.inode = inode;
    // Where there is no descriptor left it only takes longer.
    if (auto netns = kernel::OpenNetnsAt(drop.path); netns.ok()) last.push_back(std::move(netns->fd));
    if (auto s = kernel::UnbindNetnsAt(drop.path); !s.ok()) remainder.pending.add_objects(std::string(s.message()));
  }
}

void NoteLeft(Places& places, const std::vector<Left>& all) {
  std::set<ino_t> inodes;
  for (const Left& left : all) {
    for (const Drop& drop : left.remainder->drops) {
      if (left.release.nsids.contains(drop.nsid)) inodes.insert(drop.inode);
    }
  }
  std::vector<kernel::Holder> holders;
  if (!inodes.empty()) {
    holders = kernel::ProcessesIn(inodes);
    auto mounts = kernel::MountsOf(inodes);
    std::move(mounts.begin(), mounts.end(), std::back_inserter(holders));
  }
  auto host = places.Host();
  for (const Left& left : all) {
    v1::ReleasePending& pending = left.remainder->pending;
    std::set<ino_t> held;
    for (const Drop& drop : left.remainder->drops) {
      if (left.release.nsids.contains(drop.nsid)) {
        pending.add_objects(absl::StrCat("namespace ", drop.shown));
        held.insert(drop.inode);
      }
      for (const auto& end : drop.outer_links) {
        if (!left.release.links.contains(end)) continue;
        pending.add_objects(host.ok() ? ShowOuterEnd(places, (*host)->netlink, drop, end)
                                      : absl::StrCat("outer end of a link in ", drop.shown));
      }
    }
    for (const kernel::Holder& holder : holders) {
      if (held.contains(holder.inode)) pending.add_holders(holder.ToString());
    }
  }
  places.CloseAll();
}

std::optional<v1::ReleasePending> Release(Places& places, const kernel::SharedEvents& events,
                                          const std::vector<Step>& steps, absl::Duration timeout, int stop) {
  Remainder remainder(steps, {});
  DeleteSetAside(places, {&remainder});
  LookUpNetns(places, remainder);
  places.CloseAll();
  const kernel::Release awaited = remainder.Awaited();
  auto watcher = kernel::ReleaseWatcher::Open(places.worker(), events);
  constexpr uint64_t kOnlyOne = 0;
  if (watcher.ok()) watcher->Watch(kOnlyOne, awaited);
  std::vector<UniqueFd> last;
  LetGo(remainder, last);
  last.clear();
  absl::Status status = watcher.status();
  if (status.ok()) {
    watcher->Await(kOnlyOne, timeout);
    auto ended = watcher->Next(stop);
    if (absl::IsCancelled(ended.status())) return std::nullopt;
    status = ended.ok() ? ended->front().status : ended.status();
    if (status.ok()) NoteLeft(places, {{&remainder, std::move(ended->front().left)}});
  }
  if (!status.ok() && !awaited.empty()) NoteUnseen(status, remainder);
  return std::move(remainder.pending);
}

void NoteUnseen(const absl::Status& why, Remainder& remainder) {
  remainder.pending.add_objects(absl::StrCat("cannot see whether the kernel has let go: ", why.message()));
}

}  // namespace warren::executor
