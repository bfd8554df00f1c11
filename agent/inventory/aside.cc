// How KernelInventory reads what may have to wait for the kernel's lock of all links (RTNL): on the reader's thread,
// while it looks at what others change where that needs no such lock.

#include <algorithm>
#include <utility>

#include "agent/inventory/kernel_inventory.h"
#include "proto/common/names.h"
#include "proto/common/thread_time.h"

namespace warren::inventory {
namespace {

// What is looked at while the reader waits rests so many times as long as it took, and is tried again so often.
constexpr int kMeanwhileRest = 4;
constexpr std::chrono::milliseconds kMeanwhilePause{3};
constexpr std::chrono::milliseconds kForEver{-1};
// What was looked at before waits no longer than this for what is being read.
constexpr std::chrono::milliseconds kTellAfter{10};

}  // namespace

bool KernelInventory::ReadsAside() const {
  if (!reader_ || within_meanwhile_ || (pass_ && pass_->whole)) return false;
  return hurries_ || pass_ || Clock::now() < calm_at_;
}

bool KernelInventory::NeedsAll(const std::string& name) const {
  const auto told = told_.find(name);
  if (told == told_.end() || told->second.parts == nullptr || failed_.contains(name)) return true;
  const auto stale = stale_.find(name);
  return stale != stale_.end() && stale->second.all;
}

KernelInventory::Known KernelInventory::KnownLinks(uint64_t cookie, const Stale& stale, const ToldParts& parts) const {
  std::set<int> wanted = stale.links;
  for (const int ifindex : parts.foreign()) {
    if (options_.ownership.owns_link(cookie, ifindex)) wanted.insert(ifindex);
  }
  std::map<int, kernel::Link> seen;
  std::set<int> with_both_ends;  // of veths within this namespace, that of which the other end has told
  for (const auto& [ifindex, body] : stale.seen) {
    const kernel::Link& link = seen.emplace(ifindex, kernel::LinkFromBody(body)).first->second;
    if (link.peer != 0 && link.peer_nsid < 0) with_both_ends.insert(link.peer);
  }
  Known known;
  // Where nothing is read aside, its other end is asked for when it is shown.
  const bool aside = ReadsAside();
  const auto put = [&](kernel::Link link) {
    if (aside && HasUnknownEnd(cookie, link)) {
      known.asked.insert(link.ifindex);
      known.far.insert(link.ifindex);
    } else {
      known.links.emplace(link.ifindex, std::move(link));
    }
  };
  for (const int ifindex : wanted) {
    if (ifindex <= 0) continue;
    if (stale.gone.contains(ifindex)) {
      known.gone.push_back(ifindex);
    } else if (const auto told = seen.find(ifindex); told != seen.end()) {
      if (auto link = AsTold(cookie, std::move(told->second))) {
        put(*std::move(link));
      } else if (hurries_ && refreshing_ && !with_both_ends.contains(ifindex) && !shown_of_host_.contains(ifindex)) {
        // One end of what an intent is making, which will be among those that it has touched. Looking there now would
        // make the kernel settle the other end's carrier first, with a grace period of RCU under RTNL
        // (linkwatch_sync_dev).
        known.later.insert(ifindex);
      } else {
        known.asked.insert(ifindex);
      }
    } else if (const kernel::Link* kept = parts.Kept(ifindex);
               hurries_ && kept != nullptr && !stale.unseen.contains(ifindex)) {
      put(*kept);
    } else {
      known.asked.insert(ifindex);
    }
  }
  return known;
}

bool KernelInventory::MayLookMeanwhile(const std::string& name) const {
  if (name == looking_ || NeedsAll(name)) return false;
  const auto stale = stale_.find(name);
  if (stale == stale_.end()) return false;
  return KnownLinks(topology_.CookieOf(name), stale->second, *told_.at(name).parts).asked.empty();
}

void KernelInventory::LookMeanwhile() {
  if (!meanwhile_) return;
  const auto begin = Clock::now();
  if (hurries_) {
    HearChosen(begin);
  } else {
    Hear();
  }
  if (elsewhere_.empty() || begin < meanwhile_rested_) return;
  const auto worked = ThreadTime();
  std::vector<std::string> names;
  for (const auto& [name, by] : elsewhere_) {
    if (by <= begin && MayLookMeanwhile(name)) names.push_back(name);
  }
  if (names.empty()) return;
  within_meanwhile_ = true;
  const bool refreshing = std::exchange(refreshing_, false);
  const size_t told_count = told_count_;  // of what is looked at otherwise
  for (const std::string& name : names) {
    ahead_.erase(name);  // or what was read before would be told after this
    Look(name);
  }
  told_count_ = told_count;
  refreshing_ = refreshing;
  within_meanwhile_ = false;
  TellSoFar();
  meanwhile_rested_ = Clock::now() + kMeanwhileRest * (ThreadTime() - worked);
}

void KernelInventory::TellSoFar() {
  if (auto updates = builder_.Take(); !updates.empty()) meanwhile_(std::move(updates));
}

std::vector<Reader::Read> KernelInventory::ReadAside(std::vector<Reader::Wanted> wanted) {
  const bool looks = meanwhile_ != nullptr;
  const auto begin = Clock::now();
  reader_->Start(std::move(wanted));
  const int heard = !looks ? -1 : hurries_ ? chosen_epoll_.get() : epoll_.get();
  // Of what intents touched it is told together with their results.
  bool tells = looks && !refreshing_ && !builder_.empty();
  const auto timeout = [&] {
    const bool waits = looks && std::any_of(elsewhere_.begin(), elsewhere_.end(),
                                            [&](const auto& each) { return MayLookMeanwhile(each.first); });
    return waits ? kMeanwhilePause : tells ? kTellAfter : kForEver;
  };
  while (!reader_->Wait(heard, timeout())) {
    if (tells && Clock::now() - begin >= kTellAfter) {
      tells = false;
      TellSoFar();
    }
    LookMeanwhile();
  }
  return reader_->Take();
}

void KernelInventory::ReadAhead(const std::vector<std::string>& names) {
  std::vector<std::string> shown;
  std::vector<Reader::Wanted> wanted;
  for (const std::string& name : names) {
    auto raw = RawNamespace(name);
    if (!raw.ok()) continue;
    shown.push_back(name);
    ahead_[name] = {};
    wanted.emplace_back().name = *std::move(raw);
  }
  if (wanted.empty()) return;
  std::vector<Reader::Read> read = ReadAside(std::move(wanted));
  for (size_t i = 0; i < read.size(); ++i) {
    // Not where something was heard meanwhile (Note): that may be missing in what was read.
    if (const auto wanted_still = ahead_.find(shown[i]); wanted_still != ahead_.end()) {
      wanted_still->second = std::move(read[i]);
    }
  }
}

void KernelInventory::ReadNext(const std::vector<std::string>& names) {
  if (!ReadsAside()) return;
  std::vector<std::string> wanted;
  for (const std::string& name : names) {
    if (NeedsAll(name) && !ahead_.contains(name)) wanted.push_back(name);
  }
  ReadAhead(wanted);
}

bool KernelInventory::HasUnknownEnd(uint64_t cookie, const kernel::Link& link) const {
  return link.peer != 0 && link.peer_nsid >= 0 && !peers_.Knows(cookie, link);
}

std::map<int, Reader::OneLink> KernelInventory::ReadLinks(const std::string& name, uint64_t cookie, std::set<int> asked,
                                                          std::set<int> far) {
  auto raw = RawNamespace(name);
  if (asked.empty() || !raw.ok() || !ReadsAside()) return {};
  Reader::Wanted wanted;
  wanted.name = *std::move(raw);
  wanted.links = std::move(asked);
  wanted.far = std::move(far);
  auto read = std::move(ReadAside({wanted}).front().links);
  // Most are known, and each takes the kernel's lock.
  std::set<int> more;
  for (const auto& [ifindex, one] : read) {
    if (one.link.ok() && !one.far && !wanted.far.contains(ifindex) && HasUnknownEnd(cookie, *one.link)) {
      more.insert(ifindex);
    }
  }
  if (more.empty()) return read;
  wanted.links = wanted.far = std::move(more);
  auto again = std::move(ReadAside({std::move(wanted)}).front().links);
  again.merge(read);
  return again;
}

}  // namespace warren::inventory
