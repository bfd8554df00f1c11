#ifndef WARREN_SERVER_INTENTS_HISTORY_H_
#define WARREN_SERVER_INTENTS_HISTORY_H_

// Which intents a host has had, in the order accepted: what lists, filters and retention look at; bodies are in the
// store. Some 110 bytes an intent. Not thread-safe.

#include <cstddef>
#include <cstdint>
#include <vector>

#include "absl/container/flat_hash_map.h"
#include "server/intents/uuid.h"
#include "warren/v1/intents.pb.h"

namespace warren::intents {

class History {
 public:
  struct Row {
    Uuid id;
    int64_t sequence = 0;
    int64_t create_time = 0;      // microseconds since the epoch
    int64_t finish_time = 0;      // likewise, once finished
    int64_t finish_revision = 0;  // of the commit that finished it, once finished
    // QUEUED stands for RUNNING too; STATE_UNSPECIFIED: it was removed, and its row is about to go.
    v1::Intent::State state = v1::Intent::QUEUED;

    bool finished() const { return state > v1::Intent::RUNNING; }
    bool removed() const { return state == v1::Intent::STATE_UNSPECIFIED; }
  };

  // `row.sequence` is greater than any before.
  void Append(const Row& row);
  // Null: there is none. Valid until the next Append or Remove.
  const Row* Find(const Uuid& id) const;
  const Row* Find(int64_t sequence) const;
  // The row exists.
  void Finish(int64_t sequence, v1::Intent::State state, int64_t finish_time, int64_t finish_revision);
  // The row exists. Rows are freed when half of them are removed ones.
  void Remove(int64_t sequence);

  // Index of the first row that is not removed, if any.
  size_t First() const { return first_; }
  // Rows with a greater sequence begin at this index.
  size_t After(int64_t sequence) const;
  // Removed ones among them.
  const std::vector<Row>& rows() const { return rows_; }
  size_t size() const { return sequences_.size(); }
  bool empty() const { return sequences_.empty(); }

 private:
  std::vector<Row> rows_;  // by sequence
  size_t first_ = 0;
  absl::flat_hash_map<Uuid, int64_t> sequences_;
};

}  // namespace warren::intents

#endif  // WARREN_SERVER_INTENTS_HISTORY_H_
