#include "server/intents/history.h"

#include <algorithm>

namespace warren::intents {

void History::Append(const Row& row) {
  rows_.push_back(row);
  sequences_[row.id] = row.sequence;
}

const History::Row* History::Find(const Uuid& id) const {
  const auto it = sequences_.find(id);
  return it == sequences_.end() ? nullptr : Find(it->second);
}

const History::Row* History::Find(int64_t sequence) const {
  const size_t after = After(sequence);
  return after > 0 && rows_[after - 1].sequence == sequence ? &rows_[after - 1] : nullptr;
}

void History::Finish(int64_t sequence, v1::Intent::State state) { rows_[After(sequence) - 1].state = state; }

size_t History::After(int64_t sequence) const {
  const auto it = std::upper_bound(rows_.begin(), rows_.end(), sequence,
                                   [](int64_t s, const Row& row) { return s < row.sequence; });
  return static_cast<size_t>(it - rows_.begin());
}

}  // namespace warren::intents
