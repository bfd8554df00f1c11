// What Reporter's thread does when its turn has come: looks, and tells.

#include <set>
#include <utility>

#include "agent/session/reporter.h"
#include "proto/common/thread_time.h"

namespace warren::session {
namespace {

// Results told together: enough to share the look at a namespace that all touch, few enough that none waits for long.
constexpr size_t kMaxResults = 256;
constexpr size_t kMaxResultBytes = 1 << 20;
// How long a pass may go on among many intents before it has to wait.
constexpr std::chrono::milliseconds kTurn{2};

v1::AgentMessage ToMessage(v1::Report report) {
  v1::AgentMessage message;
  *message.mutable_report() = std::move(report);
  return message;
}

v1::AgentMessage ToMessage(v1::InventoryUpdate update) {
  v1::AgentMessage message;
  *message.mutable_report()->mutable_inventory() = std::move(update);
  return message;
}

}  // namespace

void Reporter::TellNow(std::vector<v1::InventoryUpdate> updates) {
  if (telling_ == nullptr) return;
  // One that is closed says so to the task at work.
  for (v1::InventoryUpdate& update : updates) (void)telling_->Put(ToMessage(std::move(update)));
}

bool Reporter::Introduce(Outbox& outbox) {
  {
    MutexLock lock(&mutex_);
    finished_.clear();
    started_.assign(running_.begin(), running_.end());
    started_since_ = Clock::now();
    pass_active_ = pass_wanted_ = false;
  }
  // Before the pass, which then shows what all of these have left. One that finishes from here on is told after it,
  // with what it touched looked at again.
  std::vector<v1::IntentResult> results = executor_->UnacknowledgedResults();
  std::set<int64_t> told;
  for (const v1::IntentResult& result : results) told.insert(result.sequence());

  const auto begin = Clock::now();
  inventory_->BeginPass(true);
  const auto over = [&] {
    MutexLock lock(&mutex_);
    return stopping_ || fresh_ || outbox_.get() != &outbox;
  };
  while (true) {
    if (!outbox.WaitForRoom()) return false;
    inventory::Inventory::Slice slice = inventory_->Continue(over);
    for (v1::InventoryUpdate& update : slice.updates) {
      if (!outbox.Put(ToMessage(std::move(update)))) return false;
    }
    if (slice.done) break;
    if (over()) return false;
  }
  const auto end = Clock::now();
  observer_.OnInventory(absl::FromChrono(end - begin), inventory_->counts());
  {
    MutexLock lock(&mutex_);
    pass_ended_ = end;
    pass_took_ = end - begin;
    std::erase_if(finished_, [&](const executor::Finished& one) { return told.contains(one.result.sequence()); });
  }
  v1::Report first;
  for (const int64_t sequence : TakeStarted()) first.add_started(sequence);
  return SendResults(outbox, std::move(results), std::move(first));
}

bool Reporter::ReportResults(Outbox& outbox) {
  std::vector<v1::IntentResult> results;
  std::set<std::string> touched;
  {
    MutexLock lock(&mutex_);
    while (!finished_.empty() && results.size() < kMaxResults) {
      touched.merge(finished_.front().touched);
      results.push_back(std::move(finished_.front().result));
      finished_.pop_front();
    }
    if (!hears_) WantPass();
    pass_turn_ = true;
  }
  v1::Report last;
  if (!touched.empty()) {
    std::vector<v1::InventoryUpdate> updates = inventory_->Refresh(touched);
    for (size_t i = 0; i < updates.size(); ++i) {
      if (i + 1 == updates.size()) {
        *last.mutable_inventory() = std::move(updates[i]);
      } else if (!outbox.Put(ToMessage(std::move(updates[i])))) {
        return false;
      }
    }
  }
  for (const int64_t sequence : TakeStarted()) last.add_started(sequence);
  return SendResults(outbox, std::move(results), std::move(last));
}

bool Reporter::SendResults(Outbox& outbox, std::vector<v1::IntentResult> results, v1::Report report) {
  size_t size = report.ByteSizeLong();
  for (v1::IntentResult& result : results) {
    const size_t more = result.ByteSizeLong();
    if (size > 0 && size + more > kMaxResultBytes) {
      if (!outbox.Put(ToMessage(std::exchange(report, {})))) return false;
      size = 0;
    }
    *report.add_results() = std::move(result);
    size += more;
  }
  return size == 0 || outbox.Put(ToMessage(std::move(report)));
}

std::vector<int64_t> Reporter::TakeStarted() {
  MutexLock lock(&mutex_);
  return std::exchange(started_, {});
}

bool Reporter::ReportStarted(Outbox& outbox) {
  v1::Report report;
  for (const int64_t sequence : TakeStarted()) report.add_started(sequence);
  return report.started().empty() || outbox.Put(ToMessage(std::move(report)));
}

bool Reporter::LookElsewhere(Outbox& outbox) {
  if (!outbox.WaitForRoom()) return false;
  // Its share is of a processor: while it waits for the kernel it takes nothing from anybody.
  const auto begin = ThreadTime();
  std::vector<v1::InventoryUpdate> updates = inventory_->LookElsewhere();
  {
    MutexLock lock(&mutex_);
    elsewhere_.Done(ThreadTime() - begin, Clock::now());
  }
  for (v1::InventoryUpdate& update : updates) {
    if (!outbox.Put(ToMessage(std::move(update)))) return false;
  }
  return true;
}

bool Reporter::Check(Outbox& outbox) {
  if (!outbox.WaitForRoom()) return false;
  const auto begin = Clock::now();
  inventory::Inventory::Checked checked = inventory_->Check();
  {
    MutexLock lock(&mutex_);
    const auto end = Clock::now();
    check_.Done(end - begin, end);
  }
  if (checked.unheard > 0) observer_.OnUnheard(checked.unheard);
  for (v1::InventoryUpdate& update : checked.updates) {
    if (!outbox.Put(ToMessage(std::move(update)))) return false;
  }
  return true;
}

bool Reporter::ContinuePass(Outbox& outbox) {
  if (!outbox.WaitForRoom()) return false;
  const auto begin = Clock::now();
  bool begins = false;
  {
    MutexLock lock(&mutex_);
    begins = !pass_active_;
    turn_ends_ = begin + kTurn;
    if (begins) pass_took_ = {};
    pass_active_ = true;
    if (begins) pass_wanted_ = false;
  }
  if (begins) inventory_->BeginPass(false);
  inventory::Inventory::Slice slice = inventory_->Continue([this] { return PassMustWait(); });
  const auto end = Clock::now();
  absl::Duration took;
  {
    MutexLock lock(&mutex_);
    pass_took_ += end - begin;
    pass_turn_ = false;
    if (hears_) wanted_since_ = end;
    took = absl::FromChrono(pass_took_);
    if (slice.done) {
      pass_active_ = false;
      pass_ended_ = wanted_since_ = end;
    }
  }
  if (slice.done) observer_.OnInventory(took, inventory_->counts());
  for (v1::InventoryUpdate& update : slice.updates) {
    if (!outbox.Put(ToMessage(std::move(update)))) return false;
  }
  return true;
}

}  // namespace warren::session
