#ifndef WARREN_AGENT_EXECUTOR_LOCK_TABLE_H_
#define WARREN_AGENT_EXECUTOR_LOCK_TABLE_H_

// Which intents may run now: those whose locks no earlier intent, waiting or running, stands in the way of. Locks are
// granted in the order of the ids, so that what runs in parallel has the effect of the order accepted, and nothing
// starves. Pure; one thread at a time.
//
// Cost: O(log n) a lock for Add and Remove, and for each id that Remove sets free.

#include <cstddef>
#include <cstdint>
#include <map>
#include <string>
#include <vector>

#include "absl/container/flat_hash_map.h"

namespace warren::executor {

struct Lock {
  // Locks of one key go together when both have the same number above 0.
  static constexpr int kExclusive = 0;

  std::string key;
  int mode = kExclusive;

  friend bool operator==(const Lock&, const Lock&) = default;
};

class LockTable {
 public:
  // Each id once at a time; one that comes again may be lower than those that run already. Two locks of one key in one
  // call count as an exclusive one unless they are equal. True: it may run at once.
  bool Add(int64_t id, const std::vector<Lock>& locks);
  // It is over, or does not want to run any more. Returns those that may run now and might not before. One that is not
  // there is passed over.
  std::vector<int64_t> Remove(int64_t id);

  bool Contains(int64_t id) const { return waits_.contains(id); }
  size_t size() const { return waits_.size(); }

 private:
  struct Key {
    std::map<int64_t, int> waiting;  // modes by id
    size_t granted = 0;              // to so many others,
    int mode = Lock::kExclusive;     // all in this one
  };
  struct Wait {
    std::vector<std::string> keys;
    size_t missing = 0;  // locks not granted
  };
  // Grants to those that follow, and adds the ids that have all their locks now.
  void Extend(Key& key, std::vector<int64_t>& free);

  absl::flat_hash_map<std::string, Key> keys_;
  absl::flat_hash_map<int64_t, Wait> waits_;
};

}  // namespace warren::executor

#endif  // WARREN_AGENT_EXECUTOR_LOCK_TABLE_H_
