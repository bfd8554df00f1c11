#ifndef WARREN_AGENT_EXECUTOR_SCHEDULE_H_
#define WARREN_AGENT_EXECUTOR_SCHEDULE_H_

// The intents that an agent holds: which wait for their turn, which run, and what is to run next, as their locks allow
// (locks.h). Pure but for what it is given; one thread at a time.

#include <chrono>
#include <cstddef>
#include <cstdint>
#include <map>
#include <optional>
#include <set>
#include <string>
#include <utility>
#include <vector>

#include "agent/executor/lock_table.h"
#include "agent/executor/locks.h"
#include "warren/v1/agents.pb.h"

namespace warren::executor {

class Schedule {
 public:
  using Time = std::chrono::steady_clock::time_point;

  // Asked as intents come.
  explicit Schedule(NameOfLink name_of = [](const std::string& any) { return any; }) : name_of_(std::move(name_of)) {}

  struct Item {
    v1::IntentDelivery intent;
    Time begin_by = Time::max();  // until when it may begin
    Time asked;                   // when it came
    // An earlier one is not over that may take links away: a failure may be due to that (Again).
    bool early = false;
  };

  enum class State { kUnknown, kQueued, kRunning };
  State StateOf(int64_t sequence) const;

  // Sequences ascend. Nothing happens when it is held already.
  void Add(v1::IntentDelivery intent, Time begin_by, Time asked);

  // The next to run, in order; from then on they are running. As many as let `workers` share what is ready evenly, and
  // no more than gain by being run together.
  std::vector<Item> Take(size_t workers);
  // It is over.
  void Finish(int64_t sequence);
  // It is to be run again, once the earlier ones that may take links away are over. Its locks are kept meanwhile.
  void Again(Item item);
  // Takes one out that is queued; nothing when it is not.
  std::optional<v1::IntentDelivery> Remove(int64_t sequence);
  // Takes out all that are queued.
  void DropQueued();

  bool ready() const { return !ready_.empty(); }
  size_t queued() const { return queued_.size(); }
  size_t running() const { return running_.size(); }

 private:
  bool EarlierFrees(int64_t sequence) const { return !freeing_.empty() && *freeing_.begin() < sequence; }
  void Release(int64_t sequence);

  const NameOfLink name_of_;
  std::map<int64_t, Item> queued_;
  std::set<int64_t> ready_;  // of the queued ones: have their locks
  std::set<int64_t> again_;  // of the queued ones: have their locks and wait for earlier ones
  std::set<int64_t> running_;
  std::set<int64_t> freeing_;  // queued or running, and may take links away
  LockTable locks_;
};

}  // namespace warren::executor

#endif  // WARREN_AGENT_EXECUTOR_SCHEDULE_H_
