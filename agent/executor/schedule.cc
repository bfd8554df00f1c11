#include "agent/executor/schedule.h"

#include <algorithm>
#include <utility>

#include "agent/executor/locks.h"

namespace warren::executor {
namespace {

// Enough to share a write of the journal; few enough that the first result of a batch does not wait for long.
constexpr size_t kBatch = 16;
// Deletions share a pass over all processes, and wait for grace periods of the kernel, which any number of them share;
// what is still to be looked at when the kernel begins to free the first has to wait for its locks.
constexpr size_t kDeletions = 1024;

}  // namespace

Schedule::State Schedule::StateOf(int64_t sequence) const {
  if (running_.contains(sequence)) return State::kRunning;
  return queued_.contains(sequence) ? State::kQueued : State::kUnknown;
}

void Schedule::Add(v1::IntentDelivery intent, Time begin_by, Time asked) {
  const int64_t sequence = intent.sequence();
  if (StateOf(sequence) != State::kUnknown) return;
  const std::vector<Lock> locks = LocksOf(intent, name_of_);
  if (locks_.Add(sequence, locks)) ready_.insert(sequence);
  if (FreesLinks(locks)) freeing_.insert(sequence);
  queued_.emplace(sequence, Item{std::move(intent), begin_by, asked, false});
}

std::vector<Schedule::Item> Schedule::Take(size_t workers) {
  std::vector<Item> items;
  if (ready_.empty()) return items;
  const size_t most = freeing_.contains(*ready_.begin()) ? kDeletions : kBatch;
  const size_t count = std::min(most, (ready_.size() + workers - 1) / workers);
  while (items.size() < count) {
    const auto first = ready_.begin();
    const int64_t sequence = *first;
    ready_.erase(first);
    running_.insert(sequence);
    auto item = queued_.extract(sequence);
    item.mapped().early = EarlierFrees(sequence);
    items.push_back(std::move(item.mapped()));
  }
  return items;
}

void Schedule::Release(int64_t sequence) {
  freeing_.erase(sequence);
  for (const int64_t next : locks_.Remove(sequence)) {
    if (queued_.contains(next)) ready_.insert(next);
  }
  while (!again_.empty() && !EarlierFrees(*again_.begin())) {
    ready_.insert(*again_.begin());
    again_.erase(again_.begin());
  }
}

void Schedule::Finish(int64_t sequence) {
  running_.erase(sequence);
  Release(sequence);
}

void Schedule::Again(Item item) {
  const int64_t sequence = item.intent.sequence();
  running_.erase(sequence);
  item.begin_by = Time::max();  // it had begun
  queued_.emplace(sequence, std::move(item));
  (EarlierFrees(sequence) ? again_ : ready_).insert(sequence);
}

std::optional<v1::IntentDelivery> Schedule::Remove(int64_t sequence) {
  auto item = queued_.extract(sequence);
  if (item.empty()) return std::nullopt;
  ready_.erase(sequence);
  again_.erase(sequence);
  Release(sequence);
  return std::move(item.mapped().intent);
}

void Schedule::DropQueued() {
  const std::map<int64_t, Item> dropped = std::exchange(queued_, {});
  ready_.clear();
  again_.clear();
  for (const auto& [sequence, item] : dropped) Release(sequence);
}

}  // namespace warren::executor
