#ifndef WARREN_SERVER_INTENTS_HISTORY_H_
#define WARREN_SERVER_INTENTS_HISTORY_H_

// Which intents a host has had, in the order accepted: id, sequence and state, nothing else. Bodies are in the store.
// Some 80 bytes an intent. Not thread-safe.

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
    v1::Intent::State state = v1::Intent::QUEUED;  // QUEUED stands for RUNNING too

    bool finished() const { return state != v1::Intent::QUEUED; }
  };

  // `row.sequence` is greater than any before.
  void Append(const Row& row);
  // Null: there is none. Valid until the next Append.
  const Row* Find(const Uuid& id) const;
  const Row* Find(int64_t sequence) const;
  // The row exists.
  void Finish(int64_t sequence, v1::Intent::State state);

  // Rows with a greater sequence begin at this index.
  size_t After(int64_t sequence) const;
  const std::vector<Row>& rows() const { return rows_; }

 private:
  std::vector<Row> rows_;  // by sequence
  absl::flat_hash_map<Uuid, int64_t> sequences_;
};

}  // namespace warren::intents

#endif  // WARREN_SERVER_INTENTS_HISTORY_H_
