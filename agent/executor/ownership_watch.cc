#include "agent/executor/ownership_watch.h"

#include <algorithm>
#include <utility>

#include "agent/kernel/nsid.h"

namespace warren::executor {
namespace {

// Of namespaces that nobody looks into; beyond it the journal is compared with what there is.
constexpr size_t kMostUnknown = 1 << 16;

constexpr int kOwn = kernel::EventSocket::kOwnNamespace;

}  // namespace

OwnershipWatch::OwnershipWatch(const kernel::SharedEvents& events, journal::Journal& journal, uint64_t host_cookie,
                               std::function<void()> changed)
    : journal_(journal), host_cookie_(host_cookie), changed_(std::move(changed)), departures_(events, *this) {}

void OwnershipWatch::CatchUp() { departures_.Read(); }

void OwnershipWatch::CatchUp(Places& places, Place& place) {
  CatchUp();
  if (place.is_host()) return;
  {
    MutexLock lock(&mutex_);
    if (unknown_.empty()) return;
  }
  auto host = places.Host();
  if (!host.ok()) return;
  const auto nsid = kernel::GetNsid((*host)->netlink, place.netns);
  if (nsid.ok()) Learn(place.cookie(), *nsid);
}

void OwnershipWatch::Learn(uint64_t cookie, int nsid) {
  if (nsid < 0) return;
  journal::Ownership lost;
  {
    MutexLock lock(&mutex_);
    cookies_[nsid] = cookie;
    const auto went = unknown_.find(nsid);
    if (went == unknown_.end()) return;
    unknown_links_ -= went->second.size();
    for (const int ifindex : went->second) lost.lost_links.emplace(cookie, ifindex);
    unknown_.erase(went);
  }
  Lose(lost);
}

OwnershipWatch::Compare OwnershipWatch::TakeWanted() {
  MutexLock lock(&mutex_);
  const Compare wanted = std::exchange(wanted_, Compare::kNothing);
  if (wanted != Compare::kNamespaces) return wanted;
  // Those that are learned are told by their ids.
  std::set<uint64_t> told;
  for (const auto& [nsid, cookie] : cookies_) told.insert(cookie);
  const std::set<uint64_t> owned = journal_.OwnedNetns();
  return std::includes(told.begin(), told.end(), owned.begin(), owned.end()) ? Compare::kNothing : wanted;
}

void OwnershipWatch::BeginComparison() {
  MutexLock lock(&mutex_);
  parked_.emplace();
}

std::set<uint64_t> OwnershipWatch::EndComparison() {
  MutexLock lock(&mutex_);
  return *std::exchange(parked_, std::nullopt);
}

void OwnershipWatch::Parks(uint64_t cookie) {
  MutexLock lock(&mutex_);
  if (parked_) parked_->insert(cookie);
}

void OwnershipWatch::OnDeparturesLost() {
  {
    MutexLock lock(&mutex_);
    // Ids may have been given out again.
    cookies_.clear();
    unknown_.clear();
    unknown_links_ = 0;
    wanted_ = Compare::kLinks;
  }
  changed_();
}

void OwnershipWatch::OnLinkWent(int origin, int ifindex) {
  journal::Ownership lost;
  if (origin == kOwn) {
    lost.lost_links.emplace(host_cookie_, ifindex);
  } else {
    MutexLock lock(&mutex_);
    if (const auto known = cookies_.find(origin); known != cookies_.end()) {
      lost.lost_links.emplace(known->second, ifindex);
    } else {
      if (unknown_[origin].insert(ifindex).second) ++unknown_links_;
      if (unknown_links_ <= kMostUnknown) return;
      unknown_.clear();
      unknown_links_ = 0;
      wanted_ = Compare::kLinks;
    }
  }
  Lose(lost);
}

void OwnershipWatch::OnNetnsWent(int nsid) {
  bool ask = false;
  {
    MutexLock lock(&mutex_);
    if (const auto known = cookies_.find(nsid); known != cookies_.end()) {
      // The kernel tells that an id is free after it may have given it out again (unhash_nsid): it may have been
      // another namespace that went, so that this one is looked for before it is given up.
      ask = journal_.OwnsNetns(known->second);
      cookies_.erase(known);
      if (ask && wanted_ == Compare::kNothing) wanted_ = Compare::kNamespaces;
    } else {
      if (wanted_ == Compare::kNothing) wanted_ = Compare::kNamespaces;
      ask = true;
    }
    if (const auto went = unknown_.find(nsid); went != unknown_.end()) {
      unknown_links_ -= went->second.size();
      unknown_.erase(went);
    }
  }
  if (ask) changed_();
}

void OwnershipWatch::Lose(const journal::Ownership& lost) {
  if (journal_.Lose(lost)) changed_();
}

}  // namespace warren::executor
