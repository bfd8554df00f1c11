#ifndef WARREN_SERVER_FEED_FEED_H_
#define WARREN_SERVER_FEED_FEED_H_

// The recent events of one kind of resource, kept once for all who watch: a ring bounded in bytes, and a cursor for
// each watch. A watch costs its cursor, however far behind it is; one that has fallen off the ring is told so and ends.
// An event is encoded once, whoever watches.
//
// Waking: a watch of one host sleeps through what happens to others, and no watch is woken because the revision moves
// on. It need only not sleep so long that its last revision is no longer kept: a watch that was last told something in
// the older half of a full ring is woken to be told a newer revision, once for each half of the ring that is replaced.
//
// Threading: any thread; Append, Advance, Skip and Close from one at a time. `wake` is called by whoever appends, under
// no lock; it must not block, and may call Take. It may still be called once when its cursor is being destroyed on
// another thread or is gone already: it has to own what it touches. A cursor's methods are for one thread at a time,
// but for status; it may be destroyed on any thread, also in its own wake, and must be before the feed is.
// Cost: an append is one lock, and one call for each watch that waits for one of the events. A Take is one lock and one
// pointer copied for each event of the watch's host; it passes over other hosts' events at some 20 ns each.

#include <cstddef>
#include <cstdint>
#include <deque>
#include <functional>
#include <map>
#include <memory>
#include <set>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "absl/time/time.h"
#include "proto/common/mutex.h"
#include "proto/common/steady_time.h"
#include "server/filter/filter.h"

namespace warren::feed {

// What is encoded only when a watch is told it: where that is dear, and few ask for it. Thread-safe.
class LateEncoding {
 public:
  virtual ~LateEncoding() = default;
  // A serialized *Event message, with this revision, of the resource as it is by now.
  virtual std::string Encode(int64_t revision) const = 0;
};

// One change of one resource.
struct Event {
  int64_t revision = 0;  // 0: best effort; it is not told again to a watch that goes on after a revision
  std::string host;      // of the resource
  // Serialized *Event messages of the API, for whoever the resource as it is now is shown to (BASIC view, or the only
  // one), the same in a FULL view where there are two, and for whoever it is no longer shown to.
  std::string changed;
  std::string changed_full;
  std::string deleted;
  // Instead of changed_full; the same one for every event of the resource. Of several in one batch a watch need be told
  // the last only.
  std::shared_ptr<const LateEncoding> late_full;
  // What a filter sees: null `now`: it was deleted. Null `before`: not known, so that it may have been shown. An event
  // whose `deleted` is empty is of something new: it was shown to nobody.
  std::shared_ptr<const filter::Subject> now;
  std::shared_ptr<const filter::Subject> before;
  // What it may have been as well, when a best-effort event came in between or did not; null: nothing.
  std::shared_ptr<const filter::Subject> or_before;
  size_t subject_bytes = 0;  // what those two keep in memory, about

  size_t Bytes() const {
    return sizeof(*this) + host.size() + changed.size() + changed_full.size() + deleted.size() + subject_bytes;
  }
};
using EventPtr = std::shared_ptr<const Event>;

struct Options {
  size_t max_bytes = size_t{64} << 20;  // of the ring; what was appended last is kept whatever it takes
  size_t max_watches = 10000;           // cursors open at once
  // After the last watch is gone, events are kept for this long for one that comes back (see Skip).
  absl::Duration keep_unwatched = absl::Minutes(5);
  std::function<absl::Time()> clock = SteadyTime;
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

  // Adds all events of one revision (or, with revision 0, best-effort ones) and moves on to it. Revisions ascend.
  void Append(int64_t revision, std::vector<EventPtr> events);
  // Nothing of this kind happened up to there. Wakes nobody.
  void Advance(int64_t revision);
  // Something happened up to there that need not be appended, nor encoded: nobody watches, nor did of late. No watch
  // can go on after an earlier revision any more. False: somebody does; nothing was done, the events are to be
  // appended.
  bool Skip(int64_t revision);
  // Every cursor gets `why` once it has taken what there is; none is opened any more. Wakes all.
  void Close(absl::Status why);

  // A watch of one host ("-": of all) that goes on after a revision; negative: after the newest. `wake` is called once
  // after each Take that came back empty, when there is something again; and once, whatever the watch is at, when it
  // has fallen off the ring and when the feed is closed.
  //
  // OUT_OF_RANGE: the revision is no longer kept (reason REVISION_COMPACTED), or is of the future (REVISION_UNKNOWN).
  // RESOURCE_EXHAUSTED with google.rpc.RetryInfo: max_watches (TOO_MANY_WATCHES). What the feed was closed with.
  absl::StatusOr<std::unique_ptr<Cursor>> Open(const std::string& host, int64_t after_revision,
                                               std::function<void()> wake);

  int64_t revision() const;
  Stats stats() const;

 private:
  friend class Cursor;
  using Wake = std::shared_ptr<const std::function<void()>>;
  struct Slot {
    EventPtr event;
    int64_t through = 0;  // everything up to here is told with this event; the revision before while more of it follow
    size_t bytes = 0;

    // Not told again after this revision.
    int64_t key() const { return event->revision != 0 ? event->revision : through; }
  };
  // The watches of one host.
  struct Group {
    size_t cursors = 0;
    std::vector<Cursor*> waiting;
  };
  using Order = std::set<std::pair<int64_t, Cursor*>>;

  uint64_t end() const ABSL_EXCLUSIVE_LOCKS_REQUIRED(mutex_) { return first_ + ring_.size(); }
  const Slot& At(uint64_t position) const ABSL_EXCLUSIVE_LOCKS_REQUIRED(mutex_) { return ring_[position - first_]; }
  // Told less than this, a watch is soon to be told a newer revision.
  int64_t StaleBelow() const ABSL_EXCLUSIVE_LOCKS_REQUIRED(mutex_);
  // Drops the oldest until the rest fits, but for the last `keep`. `dropped` is for freeing under no lock.
  void Evict(size_t keep, std::vector<Slot>& dropped, std::vector<Wake>& wakes) ABSL_EXCLUSIVE_LOCKS_REQUIRED(mutex_);
  // The ring no longer holds where this one stands.
  void LeaveBehind(Cursor* cursor, std::vector<Wake>& wakes) ABSL_EXCLUSIVE_LOCKS_REQUIRED(mutex_);
  // From reading to waiting and back; no node is allocated.
  void Wait(Cursor* cursor) ABSL_EXCLUSIVE_LOCKS_REQUIRED(mutex_);
  void Resume(Cursor* cursor, uint64_t position) ABSL_EXCLUSIVE_LOCKS_REQUIRED(mutex_);
  // Those of one host that wait; something comes for them after revision `before`.
  void ResumeAll(const std::string& host, int64_t before, std::vector<Wake>& wakes)
      ABSL_EXCLUSIVE_LOCKS_REQUIRED(mutex_);
  void Remove(Cursor* cursor);

  const Options options_;
  mutable Mutex mutex_;
  std::deque<Slot> ring_ ABSL_GUARDED_BY(mutex_);
  uint64_t first_ ABSL_GUARDED_BY(mutex_) = 0;  // position of the ring's first slot, counted from the beginning
  size_t bytes_ ABSL_GUARDED_BY(mutex_) = 0;
  int64_t revision_ ABSL_GUARDED_BY(mutex_);
  int64_t first_revision_ ABSL_GUARDED_BY(mutex_);
  uint64_t cut_ ABSL_GUARDED_BY(mutex_) = 0;
  absl::Status closed_ ABSL_GUARDED_BY(mutex_);
  size_t cursors_ ABSL_GUARDED_BY(mutex_) = 0;
  absl::Time unwatched_since_ ABSL_GUARDED_BY(mutex_) = absl::InfinitePast();
  std::map<std::string, Group> groups_ ABSL_GUARDED_BY(mutex_);
  // Every cursor that was not cut is in one of them.
  Order reading_ ABSL_GUARDED_BY(mutex_);  // by position
  Order waiting_ ABSL_GUARDED_BY(mutex_);  // by the revision last told
};

class Cursor {
 public:
  struct Batch {
    std::vector<EventPtr> events;
    // Everything up to here has been told, with these.
    int64_t revision = 0;

    bool empty() const { return events.empty() && revision == 0; }
  };

  ~Cursor();

  // What comes next, at most so much of it (but at least one event). No events: the revision has moved on so far that
  // it is worth telling. Empty: there is nothing, and `wake` will be called. RESOURCE_EXHAUSTED: it fell off the ring
  // (reason SLOW_WATCH). What the feed was closed with.
  absl::StatusOr<Batch> Take(size_t max_events, size_t max_bytes);

  // What the last Take brought was not passed on, since nothing of it is shown: whoever watches still stands where it
  // was before, and will be told a newer revision when it is time.
  void NotTold() { told_ = told_before_; }

  // OK, or what has ended it: it fell off the ring, or the feed was closed (Take may have something left). Any thread.
  absl::Status status() const;

  // Where it began, until the first Take.
  int64_t revision() const { return told_; }

 private:
  friend class Feed;
  enum class State { kReading, kWaiting, kCut };

  Cursor(Feed& feed, std::string host, int64_t told, std::function<void()> wake)
      : feed_(feed),
        host_(std::move(host)),
        wake_(std::make_shared<const std::function<void()>>(std::move(wake))),
        told_(told),
        told_before_(told),
        passed_(told) {}
  bool Sees(const Event& event) const { return all_ || event.host == host_; }

  Feed& feed_;
  const std::string host_;
  const bool all_ = host_ == "-";
  const Feed::Wake wake_;
  int64_t told_;  // the last revision it was told of; for its own thread
  int64_t told_before_;
  // Guarded by the feed's lock.
  int64_t passed_;  // the last revision with nothing left for it, told or not
  State state_ = State::kReading;
  Feed::Group* group_ = nullptr;
  size_t index_ = 0;  // in the group, while it waits
  Feed::Order::iterator at_;
};

}  // namespace warren::feed

#endif  // WARREN_SERVER_FEED_FEED_H_
