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
// Between two times that the chosen ones are chosen anew, since a namespace is made and freed for that.
constexpr std::chrono::seconds kChooseEvery{1};
// For one call.
constexpr std::chrono::milliseconds kTurn{2};
// What is looked at while the reader waits rests so many times as long as it took, and is tried again so often.
constexpr int kMeanwhileRest = 4;
constexpr std::chrono::milliseconds kMeanwhilePause{3};
constexpr std::chrono::milliseconds kForEver{-1};
// Names are listed again after mounts at most for this share of the time.
constexpr int kListRest = 100;

}  // namespace

bool KernelInventory::IsSettled(const Told& told, Clock::time_point now) const {
  return now - told.touched >= Others::kSettled;
}

void KernelInventory::NoteOthers(const std::string& name, Clock::time_point by) { elsewhere_.try_emplace(name, by); }

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

bool KernelInventory::MayLookMeanwhile(const std::string& name) const {
  const auto told = told_.find(name);
  const auto stale = stale_.find(name);
  return told != told_.end() && told->second.parts != nullptr && stale != stale_.end() && !stale->second.all &&
         !failed_.contains(name);
}

void KernelInventory::LookMeanwhile() {
  if (!hurries_ || !meanwhile_ || (pass_ && pass_->whole)) return;
  const auto begin = Clock::now();
  HearChosen(begin);
  if (elsewhere_.empty() || begin < meanwhile_rested_) return;
  std::vector<std::string> names;
  for (const auto& [name, by] : elsewhere_) {
    if (by <= begin && MayLookMeanwhile(name)) names.push_back(name);
  }
  if (names.empty()) return;
  const bool refreshing = std::exchange(refreshing_, false);
  for (const std::string& name : names) {
    ahead_.erase(name);  // or what was read before would be told after this
    Look(name);
  }
  refreshing_ = refreshing;
  if (auto updates = builder_.Take(); !updates.empty()) meanwhile_(std::move(updates));
  meanwhile_rested_ = Clock::now() + kMeanwhileRest * (Clock::now() - begin);
}

void KernelInventory::ReadAhead(const std::vector<std::string>& names) {
  if (!reader_) return;
  std::vector<std::string> shown, raw;
  for (const std::string& name : names) {
    auto unescaped = UnescapeName(name);
    if (name == std::string(kHostNamespace) || !unescaped.ok()) continue;
    shown.push_back(name);
    ahead_[name] = {};
    raw.push_back(*std::move(unescaped));
  }
  if (raw.empty()) return;
  reader_->Start(std::move(raw));
  const bool meanwhile = meanwhile_ && chosen_ && !(pass_ && pass_->whole);
  auto timeout = kForEver;
  while (!reader_->Wait(meanwhile ? chosen_epoll_.get() : -1, timeout)) {
    LookMeanwhile();
    const bool waits = std::any_of(elsewhere_.begin(), elsewhere_.end(),
                                   [&](const auto& each) { return MayLookMeanwhile(each.first); });
    timeout = waits ? kMeanwhilePause : kForEver;
  }
  std::vector<Reader::Read> read = reader_->Take();
  for (size_t i = 0; i < read.size(); ++i) {
    // Not where something was heard meanwhile (Note): that may be missing in what was read.
    if (const auto wanted = ahead_.find(shown[i]); wanted != ahead_.end()) wanted->second = std::move(read[i]);
  }
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
    auto opened = kernel::ChosenEvents::Open(*worker_);
    if (!opened.ok()) {
      options_.logger.Warn("what others change is not heard while many intents run",
                           {{"error", std::string(opened.status().message())}});
      return;
    }
    chosen_.emplace(*std::move(opened));
    epoll_event event{};
    event.events = EPOLLIN;
    (void)epoll_ctl(chosen_epoll_.get(), EPOLL_CTL_ADD, chosen_->fd(), &event);
    missing = wanted;
  }
  if (auto status = chosen_->Listen(true); !status.ok()) {
    options_.logger.Warn("events cannot be chosen", {{"error", std::string(status.message())}});
  }
  for (const uint64_t cookie : missing) {
    const std::string name = topology_.NameOf(cookie);
    const auto netns = Open(name);
    if (!netns.ok() || !chosen_->Choose(*netns, cookie).ok()) continue;
    // Unheard until now, and not kept in parts.
    stale_[name].all = true;
    NoteOthers(name, chosen_at_);
  }
}

std::vector<v1::InventoryUpdate> KernelInventory::LookElsewhere() {
  Hear();
  const auto begin = Clock::now();
  if (hurries_ && choose_again_ && begin - chosen_at_ >= kChooseEvery) ChooseOthers();
  std::vector<std::pair<Clock::time_point, std::string>> due;
  for (const auto& [name, by] : elsewhere_) {
    if (by <= begin) due.emplace_back(by, name);
  }
  std::sort(due.begin(), due.end());
  for (const auto& [by, name] : due) {
    if (stale_.contains(name)) {
      Look(name);
    } else {
      elsewhere_.erase(name);
    }
    if (Clock::now() - begin >= kTurn) break;
  }
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
  round_.Pass(begin, topology_.size());
  while (Clock::now() - begin < kTurn) {
    const auto name = round_.Next([this] { return topology_.Names(); });
    if (!name) break;
    const auto told = told_.find(*name);
    // What is known to have changed is looked at anyway.
    if (told == told_.end() || stale_.contains(*name) || failed_.contains(*name)) continue;
    // The host's own is heard, and may be large; of what an intent touched it tells itself.
    if (hurries_ && (*name == std::string(kHostNamespace) || !IsSettled(told->second, begin))) continue;
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
  choose_again_ |= hurries_ && !(chosen_ && chosen_->Has(cookie));
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
    if (name != std::string(kHostNamespace) && !there.contains(name)) stale_[name].all = true;
  }
  list_again_ = Clock::now() + kListRest * (Clock::now() - now);
}

}  // namespace warren::inventory
