#ifndef WARREN_SERVER_STORE_COMMIT_QUEUE_H_
#define WARREN_SERVER_STORE_COMMIT_QUEUE_H_

// The bounded queue between those who commit and the one thread that writes. Thread-safe; Pop is for that one thread.

#include <chrono>
#include <cstddef>
#include <cstdint>
#include <deque>
#include <optional>
#include <vector>

#include "absl/status/status.h"
#include "proto/common/mutex.h"
#include "server/store/kv.h"

namespace warren::store {

class CommitQueue {
 public:
  struct Limits {
    size_t transactions = 20'000;
    size_t bytes = size_t{64} << 20;  // keys, values and bookkeeping
  };
  struct Entry {
    Transaction transaction;
    int64_t compact_to = 0;  // not 0: a compaction, and no transaction
    CommitDone done;
    size_t bytes = 0;
  };

  explicit CommitQueue(Limits limits) : limits_(limits) {}

  // INVALID_ARGUMENT, RESOURCE_EXHAUSTED, UNAVAILABLE as Kv::Commit.
  absl::Status Push(Transaction transaction, CommitDone done);
  // Not bounded: there is one caller. UNAVAILABLE when closed.
  absl::Status PushCompaction(int64_t revision, CommitDone done);

  // Waits until something is queued, the queue is closed or the time is over, and takes what is there, a group's worth
  // at most. Empty: nothing came in time, somebody nudged, or the queue is closed and drained.
  std::vector<Entry> Pop(std::optional<std::chrono::milliseconds> timeout);

  // Makes the Pop that waits, or the next one, return.
  void Nudge();

  // Refuses what comes from now on; what is queued is still handed out.
  void Close();
  bool Drained() const;

  size_t transactions() const;
  size_t bytes() const;

 private:
  absl::Status PushEntry(Entry entry);

  const Limits limits_;
  mutable Mutex mutex_;
  CondVar changed_;
  bool closed_ ABSL_GUARDED_BY(mutex_) = false;
  bool nudged_ ABSL_GUARDED_BY(mutex_) = false;
  std::deque<Entry> entries_ ABSL_GUARDED_BY(mutex_);
  size_t bytes_ ABSL_GUARDED_BY(mutex_) = 0;
};

}  // namespace warren::store

#endif  // WARREN_SERVER_STORE_COMMIT_QUEUE_H_
