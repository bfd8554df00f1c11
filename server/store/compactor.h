#ifndef WARREN_SERVER_STORE_COMPACTOR_H_
#define WARREN_SERVER_STORE_COMPACTOR_H_

// Forgets a store's history by itself, so that it does not grow for ever: what is older than a duration or more than so
// many revisions ago. What is current is never forgotten. A compaction that fails is tried again at the next tick.
//
// Threading: Tick is called by one thread at a time, the one of Start if that was called. Cost: a tick is one small
// commit when there is something to forget, and nothing otherwise; the rows are removed by the store in the background.
// Metrics: `done` is told of every compaction.

#include <cstdint>
#include <deque>
#include <functional>
#include <thread>

#include "absl/status/status.h"
#include "absl/time/time.h"
#include "proto/common/mutex.h"
#include "server/store/kv.h"

namespace warren::store {

class Compactor {
 public:
  struct Options {
    absl::Duration retain_duration = absl::Minutes(10);  // a watch that was away no longer can resume
    int64_t retain_revisions = 200'000;                  // unless there were more than this many changes
    // Told on the compacting thread; a compaction that failed says why.
    std::function<void(absl::Duration took, const absl::Status&)> done = [](absl::Duration, const absl::Status&) {};
  };

  // The store outlives this.
  Compactor(Kv& kv, Options options) : kv_(kv), options_(std::move(options)) {}
  ~Compactor() { Stop(); }
  Compactor(const Compactor&) = delete;
  Compactor& operator=(const Compactor&) = delete;

  // Ticks on a thread of its own, ten times in a retain_duration, at most once a second and at least once a minute.
  void Start();
  // Ends that; waits for a compaction under way. May be called again.
  void Stop();

  // Notes how far the store is, and forgets what is due at this moment of a clock that never goes back nor ahead
  // (SteadyTime). Not from a callback of the store.
  void Tick(absl::Time now);

 private:
  struct Sample {
    absl::Time time;
    int64_t revision = 0;
  };

  void Run();

  Kv& kv_;
  const Options options_;
  std::deque<Sample> samples_;  // in order of time; the first is the newest that is older than retain_duration

  Mutex mutex_;
  CondVar changed_;
  bool stopping_ ABSL_GUARDED_BY(mutex_) = false;
  std::jthread thread_;  // last: it uses the rest
};

}  // namespace warren::store

#endif  // WARREN_SERVER_STORE_COMPACTOR_H_
