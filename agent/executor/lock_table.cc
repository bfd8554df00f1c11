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
    key.modes.emplace(id, mode);
    Extend(key, free);
  }
  return wait.missing == 0;
}

void LockTable::Extend(Key& key, std::vector<int64_t>& free) {
  auto next = key.any ? key.modes.upper_bound(key.granted_to) : key.modes.begin();
  while (next != key.modes.end()) {
    const int first = key.modes.begin()->second;
    if (key.any && (first == Lock::kExclusive || next->second != first)) return;
    key.any = true;
    key.granted_to = next->first;
    if (--waits_[next->first].missing == 0) free.push_back(next->first);
    ++next;
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
    key.modes.erase(id);
    if (key.modes.empty()) {
      keys_.erase(found);
      continue;
    }
    if (key.modes.begin()->first > key.granted_to) key.any = false;
    Extend(key, free);
  }
  return free;
}

}  // namespace warren::executor
