#include "agent/executor/forward.h"

#include <errno.h>

#include <map>
#include <set>

#include "absl/strings/str_cat.h"
#include "absl/time/clock.h"
#include "agent/executor/peers.h"
#include "agent/kernel/error.h"
#include "agent/kernel/nsid.h"
#include "agent/kernel/processes.h"
#include "agent/kernel/release.h"
#include "proto/common/names.h"

namespace warren::executor {
namespace {

// What is being waited for, and how people know it.
struct Wait {
  kernel::Release release;
  std::map<int, std::string> netns_names;                 // by nsid
  std::map<std::pair<int, int>, std::string> link_names;  // by (nsid, ifindex)
  std::set<ino_t> inodes;
};

void DeleteAside(Places& places, const DropLink& drop, v1::ReleasePending& pending) {
  auto place = places.Open(drop.netns());
  if (!place.ok()) return;  // gone with its namespace
  auto link = kernel::GetLink((*place)->netlink, drop.ifindex());
  if (!link.ok() || link->name != drop.name()) return;  // deleted already
  if (auto s = kernel::DeleteLink((*place)->netlink, link->ifindex); !s.ok() && kernel::ErrnoOf(s) != ENODEV) {
    pending.add_objects(absl::StrCat("link ", drop.shown(), " (now ", drop.name(), "): ", s.message()));
  }
}

// Notes a parked namespace, and the outer ends of the veths in it, as what is to go.
absl::Status NoteParked(Places& places, const DropNetns& drop, Wait& wait) {
  auto netns = kernel::OpenNetnsAt(drop.path());
  // Let go before a crash: the file is gone, or all that is left.
  const int error = kernel::ErrnoOf(netns.status());
  if (error == ENOENT || error == EINVAL) return absl::OkStatus();
  if (!netns.ok()) return netns.status();
  wait.inodes.insert(netns->inode);
  auto host = places.Host();
  if (!host.ok()) return host.status();
  auto nsid = kernel::GetOrAssignNsid((*host)->netlink, *netns);
  if (!nsid.ok()) return nsid.status();
  wait.release.nsids.insert(*nsid);
  const std::string shown = EscapeName(drop.name());
  wait.netns_names[*nsid] = absl::StrCat("namespace ", shown);
  // Under its path: by its name another one may be open.
  auto place = places.Adopt(drop.path(), *std::move(netns));
  if (!place.ok()) return place.status();
  auto links = kernel::ListLinks((*place)->netlink);
  if (!links.ok()) return links.status();
  for (const kernel::Link& link : *links) {
    auto peer = FindPeer(places, **place, link);
    if (!peer.ok() || !*peer || (*peer)->place == *place) continue;
    int origin = -1;
    if (!(*peer)->place->is_host()) {
      auto outer = kernel::GetOrAssignNsid((*host)->netlink, (*peer)->place->netns);
      if (!outer.ok()) return outer.status();
      origin = *outer;
    }
    const std::pair<int, int> key{origin, (*peer)->link.ifindex};
    wait.release.links.insert(key);
    wait.link_names[key] = absl::StrCat("outer end of ", shown, ":", link.name, " in ", (*peer)->place->name);
  }
  return absl::OkStatus();
}

void AddHolders(const Wait& wait, v1::ReleasePending& pending) {
  for (const kernel::Holder& holder : kernel::ProcessesIn(wait.inodes)) pending.add_holders(holder.ToString());
  for (const kernel::Holder& holder : kernel::MountsOf(wait.inodes)) pending.add_holders(holder.ToString());
}

}  // namespace

bool Deletes(const std::vector<Step>& steps) {
  for (const Step& step : steps) {
    for (const Forward& forward : step.forward()) {
      if (!forward.has_keep_netns()) return true;
    }
  }
  return false;
}

void KeepBuilt(const std::vector<Step>& steps) {
  for (const Step& step : steps) {
    for (const Forward& forward : step.forward()) {
      // What cannot be taken away now is when the agent starts again.
      if (forward.has_keep_netns()) (void)kernel::UnbindNetnsAt(forward.keep_netns().path());
    }
  }
}

std::optional<v1::ReleasePending> Release(Places& places, const std::vector<Step>& steps, absl::Duration timeout,
                                          int stop) {
  v1::ReleasePending pending;
  Wait wait;
  std::vector<std::string> parked;
  for (const Step& step : steps) {
    for (const Forward& forward : step.forward()) {
      if (forward.has_drop_link()) DeleteAside(places, forward.drop_link(), pending);
      if (forward.has_drop_netns()) parked.push_back(forward.drop_netns().path());
    }
  }
  auto watcher = kernel::ReleaseWatcher::Open(places.worker());
  for (const Step& step : steps) {
    for (const Forward& forward : step.forward()) {
      if (!forward.has_drop_netns()) continue;
      if (auto s = NoteParked(places, forward.drop_netns(), wait); !s.ok()) {
        pending.add_objects(absl::StrCat("namespace ", EscapeName(forward.drop_netns().name()), ": ", s.message()));
      }
    }
  }
  // Our own descriptors would keep them alive.
  places.CloseAll();
  KeepBuilt(steps);
  for (const std::string& path : parked) {
    if (auto s = kernel::UnbindNetnsAt(path); !s.ok()) pending.add_objects(std::string(s.message()));
  }
  if (wait.release.empty()) return pending;
  if (!watcher.ok()) {
    pending.add_objects(absl::StrCat("cannot see whether the kernel has let go: ", watcher.status().message()));
    return pending;
  }
  auto left = watcher->Wait(wait.release, absl::Now() + timeout, stop);
  if (absl::IsCancelled(left.status())) return std::nullopt;
  if (!left.ok()) {
    pending.add_objects(absl::StrCat("cannot see whether the kernel has let go: ", left.status().message()));
    return pending;
  }
  for (const int nsid : left->nsids) pending.add_objects(wait.netns_names[nsid]);
  for (const auto& link : left->links) pending.add_objects(wait.link_names[link]);
  if (!left->empty()) AddHolders(wait, pending);
  return pending;
}

}  // namespace warren::executor
