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
  if (after == 0 || rows_[after - 1].sequence != sequence || rows_[after - 1].removed()) return nullptr;
  return &rows_[after - 1];
}

void History::Finish(int64_t sequence, v1::Intent::State state, int64_t finish_time, int64_t finish_revision) {
  Row& row = rows_[After(sequence) - 1];
  row.state = state;
  row.finish_time = finish_time;
  row.finish_revision = finish_revision;
}

void History::Remove(int64_t sequence) {
  Row& row = rows_[After(sequence) - 1];
  sequences_.erase(row.id);
  row.state = v1::Intent::STATE_UNSPECIFIED;
  while (first_ < rows_.size() && rows_[first_].removed()) ++first_;
  if (sequences_.size() * 2 > rows_.size()) return;
  std::erase_if(rows_, [](const Row& each) { return each.removed(); });
  rows_.shrink_to_fit();
  first_ = 0;
}

size_t History::After(int64_t sequence) const {
  const auto it = std::upper_bound(rows_.begin(), rows_.end(), sequence,
                                   [](int64_t s, const Row& row) { return s < row.sequence; });
  return static_cast<size_t>(it - rows_.begin());
}

}  // namespace warren::intents
