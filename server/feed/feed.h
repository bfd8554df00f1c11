#ifndef WARREN_SERVER_FEED_FEED_H_
#define WARREN_SERVER_FEED_FEED_H_

// The recent events of one kind of resource, kept once for all who watch: a ring bounded in bytes, and a cursor for each
// watch. A watch costs its cursor, however far behind it is; one that has fallen off the ring is told so and ends. An
// event is encoded once, whoever watches.
//
// Threading: any thread; Append, Advance and Close from one at a time. `wake` is called by whoever appends, under no
// lock; it must not block, and may call Take. A cursor's methods are for one thread at a time; it may be destroyed on
// any thread, also in its own wake, and must be before the feed is.
// Cost: an append is one lock, and one call for each watch that waits.

#include <cstddef>
#include <cstdint>
#include <deque>
#include <functional>
#include <map>
#include <memory>
#include <string>
#include <vector>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "proto/common/mutex.h"
#include "server/filter/filter.h"

namespace warren::feed {

// One change of one resource.
struct Event {
  int64_t revision = 0;  // 0: best effort; it is not told again to a watch that goes on after a revision
  std::string host;      // of the resource
  // Serialized *Event messages of the API, for whoever the resource as it is now is shown to (BASIC view, or the only
  // one), the same in a FULL view where there are two, and for whoever it is no longer shown to.
  std::string changed;
  std::string changed_full;
  std::string deleted;
  // What a filter sees: null `now`: it was deleted. Null `before`: not known, so that it may have been shown.
  std::shared_ptr<const filter::Subject> now;
  std::shared_ptr<const filter::Subject> before;

  size_t Bytes() const {
    return sizeof(*this) + host.size() + changed.size() + changed_full.size() + deleted.size();
  }
};
using EventPtr = std::shared_ptr<const Event>;

struct Options {
  size_t max_bytes = size_t{64} << 20;  // of the ring; the newest revision is kept whatever it takes
  size_t max_watches = 10000;           // cursors open at once
};

struct Stats {
  size_t watches = 0;
  size_t events = 0;  // in the ring
  size_t bytes = 0;
  int64_t revision = 0;
  int64_t first_revision = 0;  // a watch may go on after any from here on
  uint64_t cut = 0;            // watches that fell off the ring
};

class Cursor;

class Feed {
 public:
  // Everything up to `revision` is history that this feed never had.
  Feed(Options options, int64_t revision);
  ~Feed();
  Feed(const Feed&) = delete;
  Feed& operator=(const Feed&) = delete;

  // Adds all events of one revision (or, with revision 0, best-effort ones) and moves on to it.
  void Append(int64_t revision, std::vector<EventPtr> events);
  // Nothing of this kind happened up to there.
  void Advance(int64_t revision);
  // Every cursor gets `why` once it has taken what there is; none is opened any more.
  void Close(absl::Status why);

  // A watch that goes on after a revision; negative: after the newest. `wake` is called once after each Take that came
  // back empty, when there is something again. OUT_OF_RANGE: it is no longer kept, or is of the future.
  // RESOURCE_EXHAUSTED with google.rpc.RetryInfo: max_watches. What the feed was closed with.
  absl::StatusOr<std::unique_ptr<Cursor>> Open(int64_t after_revision, std::function<void()> wake);

  int64_t revision() const;
  Stats stats() const;

 private:
  friend class Cursor;
  struct Slot {
    EventPtr event;
    int64_t through = 0;  // everything up to here is told with this event; the revision before while more of it follow
  };

  void Push(Slot slot) ABSL_EXCLUSIVE_LOCKS_REQUIRED(mutex_);
  std::vector<std::function<void()>> TakeWakes() ABSL_EXCLUSIVE_LOCKS_REQUIRED(mutex_);

  const Options options_;
  mutable Mutex mutex_;
  std::deque<Slot> ring_ ABSL_GUARDED_BY(mutex_);
  uint64_t first_ ABSL_GUARDED_BY(mutex_) = 0;  // position of the ring's first slot, counted from the beginning
  size_t bytes_ ABSL_GUARDED_BY(mutex_) = 0;
  int64_t revision_ ABSL_GUARDED_BY(mutex_);
  int64_t first_revision_ ABSL_GUARDED_BY(mutex_);
  uint64_t cut_ ABSL_GUARDED_BY(mutex_) = 0;
  absl::Status closed_ ABSL_GUARDED_BY(mutex_);
  std::map<Cursor*, std::function<void()>> waiting_ ABSL_GUARDED_BY(mutex_);  // those to be woken
  size_t cursors_ ABSL_GUARDED_BY(mutex_) = 0;
};

class Cursor {
 public:
  struct Batch {
    std::vector<EventPtr> events;
    // Everything up to here has been told, with these; 0: it is not complete yet.
    int64_t revision = 0;
  };

  ~Cursor();

  // What comes next, at most so much of it (but at least one event). No events and no progress: `wake` will be called.
  // RESOURCE_EXHAUSTED: it fell off the ring (reason SLOW_WATCH). What the feed was closed with.
  absl::StatusOr<Batch> Take(size_t max_events, size_t max_bytes);

 private:
  friend class Feed;
  Cursor(Feed& feed, uint64_t position, int64_t told, std::function<void()> wake)
      : feed_(feed), position_(position), told_(told), wake_(std::move(wake)) {}

  Feed& feed_;
  uint64_t position_;
  int64_t told_;  // the last revision it was told of
  const std::function<void()> wake_;
};

}  // namespace warren::feed

#endif  // WARREN_SERVER_FEED_FEED_H_
