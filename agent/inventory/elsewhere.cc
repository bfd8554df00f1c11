// How KernelInventory sees what others change: promptly while many intents run, and what no event told, in the end.

#include <errno.h>
#include <fcntl.h>
#include <sys/epoll.h>
#include <sys/stat.h>

#include <algorithm>
#include <utility>

#include "agent/inventory/kernel_inventory.h"
#include "agent/kernel/error.h"
#include "proto/common/names.h"

namespace warren::inventory {
namespace {

// So many are heard while many intents run: 32 ids are 0.6 µs for each event of an intent, some 2 % of a router.
constexpr size_t kMostChosen = 32;
// A name that has just come or gone is most likely an intent's, which says so by then.
constexpr std::chrono::milliseconds kNamedBy{20};
// Between two times that the chosen ones are chosen anew, since a namespace is made and freed for that; before there is
// any hurry they are chosen, too, so that they are kept in parts when it comes.
constexpr std::chrono::seconds kChooseEvery{1};
constexpr std::chrono::seconds kChooseInTime{10};
// For one call.
constexpr std::chrono::milliseconds kTurn{2};
// Names are listed again after mounts at most for this share of the time.
constexpr int kListRest = 100;

}  // namespace

bool KernelInventory::IsSettled(const Told& told, Clock::time_point now) const {
  return now - told.touched >= Others::kSettled;
}

void KernelInventory::NoteOthers(const std::string& name, Clock::time_point by) {
  const auto [noted, added] = elsewhere_.try_emplace(name, by);
  if (!added) noted->second = std::min(noted->second, by);
}

void KernelInventory::NoteName(const std::string& name, Clock::time_point now) {
  const auto told = told_.find(name);
  if (told == told_.end() || IsSettled(told->second, now)) NoteOthers(name, now + kNamedBy);
}

void KernelInventory::HearChosen(Clock::time_point now) {
  if (!hurries_ || !chosen_) return;
  kernel::ChosenEvents::News news = chosen_->Read();
  if (news.lost) {
    for (const auto& [name, told] : told_) {
      const uint64_t cookie = topology_.CookieOf(name);
      if (chosen_->Has(cookie)) news.events.emplace_back(cookie, kernel::Event{});
    }
  }
  for (const auto& [cookie, event] : news.events) {
    for (const std::string& name : topology_.NamesOf(cookie)) {
      Note(name, event);
      const auto told = told_.find(name);
      if (told == told_.end() || !IsSettled(told->second, now)) continue;
      others_.Changed(cookie, now);
      NoteOthers(name, now);
    }
  }
}

void KernelInventory::HearBy(kernel::ChosenEvents events) {
  chosen_.emplace(std::move(events));
  epoll_event event{};
  event.events = EPOLLIN;
  (void)epoll_ctl(chosen_epoll_.get(), EPOLL_CTL_ADD, chosen_->fd(), &event);
}

void KernelInventory::ChooseOthers() {
  choose_again_ = false;
  if (!worker_) return;
  std::vector<uint64_t> missing = others_.Choose(kMostChosen);
  const std::vector<uint64_t> wanted = missing;
  std::erase_if(missing, [&](uint64_t cookie) { return chosen_ && chosen_->Has(cookie); });
  chosen_at_ = Clock::now();
  if (missing.empty()) return;
  if (!chosen_ || chosen_->size() + missing.size() > kMostChosen) {
    Reader::Wanted events;
    events.events = true;
    auto opened = std::move(ReadAside({std::move(events)}).front().events);
    if (!opened.ok()) {
      options_.logger.Warn("what others change is not heard while many intents run",
                           {{"error", std::string(opened.status().message())}});
      return;
    }
    HearBy(*std::move(opened));
    missing = wanted;
  }
  if (auto status = chosen_->Listen(hurries_); !status.ok()) {
    options_.logger.Warn("events cannot be chosen", {{"error", std::string(status.message())}});
  }
  for (const uint64_t cookie : missing) {
    const std::string name = topology_.NameOf(cookie);
    const auto netns = Open(name);
    if (!netns.ok() || !chosen_->Choose(*netns, cookie).ok()) continue;
    if (const auto nsid = nsids_.find(cookie); nsid != nsids_.end()) monitor_->TellWhole(nsid->second);
    // Unheard until now, and not kept in parts.
    stale_[name].all = true;
    NoteOthers(name, {});
  }
}

bool KernelInventory::IsOfAnIntent(const std::string& name) {
  if (!hurries_ || told_.contains(name)) return false;
  const auto netns = Open(name);
  if (!netns.ok()) return false;
  const auto cookie = worker_->CookieOf(*netns);
  return cookie.ok() && options_.ownership.owns_netns(*cookie, UnescapeName(name).value_or(name));
}

std::vector<v1::InventoryUpdate> KernelInventory::LookElsewhere() {
  Hear();
  if (hurries_ && choose_again_ && Clock::now() - chosen_at_ >= kChooseEvery) ChooseOthers();
  const auto begin = Clock::now();
  std::vector<std::pair<Clock::time_point, std::string>> due;
  for (const auto& [name, by] : elsewhere_) {
    if (by <= begin) due.emplace_back(by, name);
  }
  std::sort(due.begin(), due.end());
  for (auto next = due.begin(); next != due.end();) {
    std::vector<std::string> names;
    for (; next != due.end() && names.size() < kReadAtOnce; ++next) {
      if (stale_.contains(next->second) && !IsOfAnIntent(next->second)) {
        names.push_back(next->second);
      } else {
        elsewhere_.erase(next->second);
      }
    }
    ReadNext(names);
    for (const std::string& name : names) Look(name);
    ahead_.clear();
    if (Clock::now() - begin >= kTurn) break;
  }
  // Who sees them may have to be asked for.
  if (meanwhile_) TellSoFar();
  LookAtConcerned();
  return builder_.Take();
}

std::optional<KernelInventory::Clock::time_point> KernelInventory::ElsewhereBy() const {
  std::optional<Clock::time_point> first;
  for (const auto& [name, by] : elsewhere_) {
    if (!first || by < *first) first = by;
  }
  return first;
}

Inventory::Checked KernelInventory::Check() {
  Checked checked;
  if (!monitor_) return checked;  // every pass looks at everything
  Hear();
  const auto begin = Clock::now();
  if (!hurries_) CheckNames(begin);
  if (!hurries_ && choose_again_ && begin - chosen_at_ >= kChooseInTime) ChooseOthers();
  round_.Pass(begin, topology_.size());
  while (Clock::now() - begin < kTurn) {
    const auto name = round_.Next([this] { return topology_.Names(); });
    if (!name) break;
    const auto told = told_.find(*name);
    // What is known to have changed is looked at anyway.
    if (told == told_.end() || stale_.contains(*name) || failed_.contains(*name)) continue;
    // The host's own is heard, and may be large; of what an intent touched it tells itself.
    if (hurries_ && (*name == Host() || !IsSettled(told->second, begin))) continue;
    const bool was_settled = told->second.looked - told->second.touched >= Others::kSettled;
    const uint64_t cookie = topology_.CookieOf(*name);
    const size_t before = told_count_;
    stale_[*name].all = true;
    Look(*name);
    if (told_count_ == before) continue;
    if (hurries_) {
      // Nothing was heard of it; but somebody works there.
      if (was_settled) ChangedByOthers(cookie, begin);
      continue;
    }
    // It may have changed in this instant, which is told now.
    Hear();
    if (!stale_.contains(*name)) ++checked.unheard;
  }
  LookAtConcerned();
  checked.updates = builder_.Take();
  return checked;
}

void KernelInventory::ChangedByOthers(uint64_t cookie, Clock::time_point now) {
  others_.Changed(cookie, now);
  choose_again_ |= !(chosen_ && chosen_->Has(cookie));
}

void KernelInventory::CheckNames(Clock::time_point now) {
  if (!worker_) return;
  mounted_ |= mounts_.Changed();
  if (!mounted_ || now < list_again_) return;
  mounted_ = false;
  const auto names = dir_.List();
  if (!names.ok()) return;
  std::set<std::string> there;
  for (const std::string& raw : *names) {
    std::string name = EscapeName(raw);
    const auto told = told_.find(name);
    struct stat st {};
    // Another one under a name that was there.
    const bool same =
        told != told_.end() && stat(dir_.PathOf(raw).c_str(), &st) == 0 && st.st_ino == told->second.inode;
    if (!same && !failed_.contains(name)) stale_[name].all = true;
    there.insert(std::move(name));
  }
  for (const std::string& name : topology_.Names()) {
    if (name != Host() && !there.contains(name)) stale_[name].all = true;
  }
  list_again_ = Clock::now() + kListRest * (Clock::now() - now);
}

}  // namespace warren::inventory
