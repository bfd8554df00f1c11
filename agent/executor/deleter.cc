#include "agent/executor/deleter.h"

#include <algorithm>
#include <set>
#include <string>
#include <utility>

#include "absl/strings/str_cat.h"
#include "absl/time/clock.h"
#include "agent/executor/mark.h"
#include "agent/executor/peers.h"
#include "agent/executor/result.h"
#include "agent/executor/vital.h"
#include "agent/kernel/holders.h"
#include "agent/kernel/link.h"
#include "agent/kernel/nsid.h"
#include "agent/kernel/uppers.h"
#include "proto/common/names.h"

namespace warren::executor {

bool OnlyDeletesNamespaces(const v1::IntentDelivery& intent) {
  std::set<std::string> names;
  for (const v1::Operation& operation : intent.operations()) {
    if (!operation.has_delete_namespace()) return false;
    const v1::DeleteNamespace& o = operation.delete_namespace();
    if (o.namespace_() == kHostNamespace || !names.insert(o.namespace_()).second) return false;
  }
  return !names.empty();
}

struct Deleter::Deletion {
  const Task* task = nullptr;
  v1::IntentResult result;
  std::set<std::string> touched;
  std::vector<Step> steps;
  journal::Ownership ownership;
  std::vector<ReleaseQueue::Drop> drops;
  std::vector<absl::Duration> took;      // by operation
  std::vector<kernel::NetnsId> guarded;  // namespaces that no process may be in
};

int Deleter::HostNsid(Place& host) {
  if (host_nsid_ < 0) host_nsid_ = kernel::GetNsid(host.netlink, host.netns).value_or(-1);
  return host_nsid_;
}

bool Deleter::MayPerish(Place& host, int ifindex, const kernel::Ip& server) {
  auto carries = work_.uppers->StandOn(host.netlink, ifindex);
  if (!carries.ok() || *carries) return false;
  if (!vital_) {
    auto routes = VitalRoutes(host, server);
    if (!routes.ok()) return false;
    vital_.emplace();
    for (const Vital& each : *routes) {
      for (const int link : LinksOf(each.route)) vital_->insert(link);
    }
  }
  return !vital_->contains(ifindex);
}

bool Deleter::Look(const v1::DeleteNamespace& operation, Deletion& deletion) {
  auto found = places_.Find(operation.namespace_());
  auto host = places_.Host();
  if (!found.ok() || !host.ok()) return false;
  const std::string name = found->name;
  const auto known = places_.worker().CookieOf(found->netns);
  const auto nsid = kernel::GetOrAssignNsid((*host)->netlink, found->netns);
  if (!known.ok() || !nsid.ok()) return false;
  const uint64_t cookie = *known;
  const kernel::NetnsId id{found->netns.inode, cookie};
  work_.watch->Learn(cookie, *nsid);
  // From here: a socket in it would keep it alive for longer than all the rest takes.
  auto links = kernel::ListLinksIn((*host)->netlink, *nsid);
  if (!links.ok()) return false;
  // What is left of the name of someone else's, after a crash, could not be told from another's.
  const auto given = work_.journal->NameOf(cookie);
  if (!given || !IsNameOf(name, *given, cookie)) return false;
  const auto leads_away = [](const kernel::Link& link) {
    return link.kind == "veth" && link.peer != 0 && link.peer_nsid != -1;
  };
  // What the host's is called there where the links were asked for.
  int host_nsid = -1;
  if (std::any_of(links->begin(), links->end(), leads_away)) host_nsid = HostNsid(**host);
  const auto leads_elsewhere = [&](const kernel::Link& link) {
    return leads_away(link) && link.peer_nsid != host_nsid;
  };
  Place* inside = nullptr;
  if (std::any_of(links->begin(), links->end(), leads_elsewhere)) {
    // Who else is meant shows only there.
    auto place = places_.Adopt(name, std::move(found->netns));
    if (!place.ok()) return false;
    inside = *place;
    links = kernel::ListLinks(inside->netlink);
    if (!links.ok()) return false;
    host_nsid = kernel::GetNsid(inside->netlink, (*host)->netns).value_or(-1);
  }
  if (!operation.force()) deletion.guarded.push_back(id);
  ReleaseQueue::Drop drop;
  drop.path = places_.dir().PathOf(name);
  drop.shown = ShowNamespace(name);
  drop.netns = id;
  drop.nsid = *nsid;
  for (const kernel::Link& link : *links) {
    const bool returns_to_host = link.kind.empty() && link.ifindex != kernel::kLoopback;
    if (returns_to_host) deletion.touched.emplace(kHostNamespace);
    const bool kept = link.kind.empty() || kernel::IsFallback(link);
    if (!operation.force() && !kept) {
      const auto mark = work_.journal->MarkOf({cookie, link.ifindex});
      if (!mark || !Fits(*mark, link)) return false;
    }
    if (!leads_away(link)) continue;
    if (link.peer_nsid == host_nsid) {
      if (!operation.force() && !MayPerish(**host, link.peer, deletion.task->server)) return false;
      drop.outer_links.emplace_back(-1, link.peer);
      deletion.touched.emplace(kHostNamespace);
      deletion.ownership.lost_links.emplace((*host)->cookie(), link.peer);
      continue;
    }
    if (inside == nullptr) return false;
    auto peer = FindPeer(places_, *inside, link);
    if (!peer.ok()) return false;
    if (!*peer) continue;
    if (!operation.force()) {
      auto uppers = kernel::ListLinksOn((*peer)->place->netlink, (*peer)->link.ifindex);
      if (!uppers.ok() || !uppers->empty()) return false;
    }
    auto peers_nsid = kernel::GetOrAssignNsid((*host)->netlink, (*peer)->place->netns);
    if (!peers_nsid.ok()) return false;
    drop.outer_links.emplace_back(*peers_nsid, (*peer)->link.ifindex);
    deletion.touched.insert(ShowNamespace((*peer)->place->name));
    deletion.ownership.lost_links.emplace((*peer)->place->cookie(), (*peer)->link.ifindex);
  }
  Step step;
  auto* forward = step.add_forward()->mutable_drop_netns();
  forward->set_name(name);
  forward->set_path(drop.path);
  forward->set_cookie(cookie);
  forward->set_inode(id.inode);
  forward->set_nsid(*nsid);
  deletion.steps.push_back(std::move(step));
  deletion.drops.push_back(std::move(drop));
  deletion.touched.insert(operation.namespace_());
  deletion.ownership.lost_netns.insert(cookie);
  for (const journal::LinkId& link : work_.journal->OwnedLinksOf(cookie)) {
    deletion.ownership.lost_links.insert(link);
  }
  return true;
}

std::vector<const Task*> Deleter::Run(const std::vector<const Task*>& tasks, Outcome& outcome) {
  std::vector<const Task*> others;
  std::vector<Deletion> deletions;
  std::vector<kernel::NetnsId> guarded;
  std::vector<size_t> guards;  // which deletion each is of
  work_.watch->CatchUp();
  vital_.reset();
  for (const Task* task : tasks) {
    Deletion deletion;
    deletion.task = task;
    deletion.result = BeginResult(task->intent, work_.boot_id);
    bool simple = true;
    for (const v1::Operation& operation : task->intent.operations()) {
      const absl::Time begin = absl::Now();
      simple = Look(operation.delete_namespace(), deletion);
      if (!simple) break;
      deletion.took.push_back(absl::Now() - begin);
    }
    if (!simple) {
      others.push_back(task);
      continue;
    }
    guarded.insert(guarded.end(), deletion.guarded.begin(), deletion.guarded.end());
    guards.resize(guarded.size(), deletions.size());
    deletions.push_back(std::move(deletion));
  }
  std::vector<bool> in_use(deletions.size());
  for (const kernel::Holder& holder : kernel::FindInhabitants(places_.worker(), guarded).found) {
    in_use[guards[holder.which]] = true;
  }
  std::vector<journal::Opening> openings;
  std::vector<Deletion> going;
  for (size_t i = 0; i < deletions.size(); ++i) {
    Deletion& deletion = deletions[i];
    if (in_use[i]) {
      others.push_back(deletion.task);
      continue;
    }
    journal::Opening opening{deletion.result.sequence(), deletion.result.SerializeAsString(), {}, deletion.ownership};
    for (const Step& step : deletion.steps) opening.steps.push_back(step.SerializeAsString());
    openings.push_back(std::move(opening));
    going.push_back(std::move(deletion));
  }
  // Our own descriptors would keep them alive.
  places_.CloseAll();
  // What cannot be written is said by the one that fails with it.
  const bool written = openings.empty() || work_.book->Begin(openings).ok();
  for (Deletion& deletion : going) {
    if (!written) {
      others.push_back(deletion.task);
      continue;
    }
    for (const absl::Duration took : deletion.took) work_.listener->OnOperation("delete_namespace", took, "");
    outcome.committed.push_back(
        {std::move(deletion.result), std::move(deletion.touched), {{}, std::move(deletion.drops), nullptr}});
  }
  return others;
}

}  // namespace warren::executor
