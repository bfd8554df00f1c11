#include "agent/executor/lock_table.h"

#include <utility>

namespace warren::executor {

bool LockTable::Add(int64_t id, const std::vector<Lock>& locks) {
  std::map<std::string, int> wanted;
  for (const Lock& lock : locks) {
    const auto [at, added] = wanted.emplace(lock.key, lock.mode);
    if (!added && at->second != lock.mode) at->second = Lock::kExclusive;
  }
  Wait& wait = waits_[id];
  wait.missing = wanted.size();
  std::vector<int64_t> free;
  for (const auto& [name, mode] : wanted) {
    wait.keys.push_back(name);
    Key& key = keys_[name];
    key.waiting.emplace(id, mode);
    Extend(key, free);
  }
  return wait.missing == 0;
}

void LockTable::Extend(Key& key, std::vector<int64_t>& free) {
  while (!key.waiting.empty()) {
    const auto [id, mode] = *key.waiting.begin();
    if (key.granted > 0 && (key.mode == Lock::kExclusive || key.mode != mode)) return;
    ++key.granted;
    key.mode = mode;
    key.waiting.erase(key.waiting.begin());
    if (--waits_[id].missing == 0) free.push_back(id);
  }
}

std::vector<int64_t> LockTable::Remove(int64_t id) {
  std::vector<int64_t> free;
  const auto wait = waits_.find(id);
  if (wait == waits_.end()) return free;
  const std::vector<std::string> names = std::move(wait->second.keys);
  waits_.erase(wait);
  for (const std::string& name : names) {
    const auto found = keys_.find(name);
    Key& key = found->second;
    if (key.waiting.erase(id) == 0) --key.granted;
    Extend(key, free);
    if (key.granted == 0) keys_.erase(found);
  }
  return free;
}

}  // namespace warren::executor
