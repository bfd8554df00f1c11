#ifndef WARREN_SERVER_STORE_WATCH_HUB_H_
#define WARREN_SERVER_STORE_WATCH_HUB_H_

// Delivers committed changes to watches. It keeps a window of recent events shared by all, and a cursor for each watch:
// one that lags behind the window is caught up from the log, so that memory is bounded by the window whatever the
// number of watches and however slow they are.
//
// Threading: any thread may Add; Publish is called by one thread. Callbacks run on the hub's own thread, not under its
// lock.
// Cost: a published event is compared with the prefix of each watch; watches that are behind share one read of the log.

#include <cstddef>
#include <cstdint>
#include <deque>
#include <functional>
#include <memory>
#include <string>
#include <string_view>
#include <thread>
#include <vector>

#include "absl/status/statusor.h"
#include "proto/common/mutex.h"
#include "server/store/kv.h"

namespace warren::store {

class WatchHub {
 public:
  using Events = std::vector<std::shared_ptr<const Event>>;
  struct LogChunk {
    Events events;        // in revision order, whole revisions
    int64_t through = 0;  // the last revision covered; at least the first asked for
  };
  // Reads the log from a revision on, as far as it likes; OUT_OF_RANGE when it was compacted away.
  using ReadLog = std::function<absl::StatusOr<LogChunk>(int64_t from_revision)>;

  // `revision`: the last one before the hub's time.
  WatchHub(int64_t revision, size_t window_bytes, ReadLog read_log);
  // Calls nobody back any more.
  ~WatchHub();
  WatchHub(const WatchHub&) = delete;
  WatchHub& operator=(const WatchHub&) = delete;

  // Revisions ascend; `events` may be empty only for a revision nobody can have seen.
  void Publish(int64_t revision, Events events);

  // from_revision 0: after the last one published. The handle must not outlive the hub.
  std::unique_ptr<WatchHandle> Add(std::string_view prefix, int64_t from_revision, WatchCallback callback);

  size_t watches() const;

 private:
  struct Watcher {
    std::string prefix;
    int64_t next = 0;  // the revision it is to see next
    bool ended = false;
    WatchCallback callback;
  };
  class Handle;
  struct Revision {
    int64_t revision = 0;
    Events events;
    size_t bytes = 0;
  };

  void Run();
  void Remove(const std::shared_ptr<Watcher>& watcher);
  // The watch that is furthest behind; null when none is.
  std::shared_ptr<Watcher> Laggard() ABSL_EXCLUSIVE_LOCKS_REQUIRED(mutex_);
  LogChunk FromWindow(int64_t from) ABSL_EXCLUSIVE_LOCKS_REQUIRED(mutex_);
  // The log may be ahead of what was published.
  void ClipToPublished(LogChunk& chunk) const;
  // Tells every watch that stands between `from` and the end of the chunk.
  void Deliver(int64_t from, const LogChunk& chunk);
  void Call(const std::shared_ptr<Watcher>& watcher, absl::StatusOr<WatchEvents> events);

  const size_t window_bytes_;
  const ReadLog read_log_;

  mutable Mutex mutex_;
  CondVar changed_;
  bool stopping_ ABSL_GUARDED_BY(mutex_) = false;
  int64_t revision_ ABSL_GUARDED_BY(mutex_);
  // Everything in (window_start_, revision_].
  std::deque<Revision> window_ ABSL_GUARDED_BY(mutex_);
  int64_t window_start_ ABSL_GUARDED_BY(mutex_);
  size_t window_size_ ABSL_GUARDED_BY(mutex_) = 0;
  std::vector<std::shared_ptr<Watcher>> watchers_ ABSL_GUARDED_BY(mutex_);
  const Watcher* calling_ ABSL_GUARDED_BY(mutex_) = nullptr;

  std::jthread thread_;  // last: it uses the rest
};

}  // namespace warren::store

#endif  // WARREN_SERVER_STORE_WATCH_HUB_H_
