#include "server/feed/feed.h"

#include <algorithm>
#include <limits>

#include "absl/strings/str_cat.h"
#include "proto/common/status_payload.h"

namespace warren::feed {
namespace {

constexpr absl::Duration kRetryAfter = absl::Seconds(5);
// Passed over in one go under the lock.
constexpr uint64_t kMaxPassed = 1024;

absl::Status SlowWatch(size_t max_bytes) {
  return WithReason(absl::ResourceExhaustedError(
                        absl::StrCat("this watch was too slow: ", max_bytes >> 20,
                                     " MiB of newer events came while it took none; read faster or watch less (one "
                                     "host, a filter), and watch again without after_revision")),
                    "SLOW_WATCH");
}

}  // namespace

Feed::Feed(Options options, int64_t revision)
    : options_(std::move(options)), revision_(revision), first_revision_(revision) {}

Feed::~Feed() = default;

void Feed::Append(int64_t revision, std::vector<EventPtr> events) {
  std::vector<Slot> dropped;
  std::vector<Wake> wakes;
  {
    MutexLock lock(&mutex_);
    const int64_t before = revision_;
    if (revision != 0) revision_ = std::max(revision_, revision);
    const size_t count = events.size();
    for (size_t i = 0; i < count; ++i) {
      Slot slot;
      slot.through = i + 1 < count ? before : revision_;
      slot.bytes = events[i]->Bytes();
      slot.event = std::move(events[i]);
      if (!waiting_.empty()) {
        ResumeAll(slot.event->host, before, wakes);
        ResumeAll("-", before, wakes);
      }
      bytes_ += slot.bytes;
      ring_.push_back(std::move(slot));
    }
    Evict(count, dropped, wakes);
  }
  for (const Wake& wake : wakes) (*wake)();
}

void Feed::Advance(int64_t revision) {
  MutexLock lock(&mutex_);
  revision_ = std::max(revision_, revision);
}

bool Feed::Skip(int64_t revision) {
  std::deque<Slot> dropped;
  MutexLock lock(&mutex_);
  if (cursors_ > 0 || options_.clock() - unwatched_since_ < options_.keep_unwatched) return false;
  first_ += ring_.size();
  ring_.swap(dropped);
  bytes_ = 0;
  revision_ = std::max(revision_, revision);
  first_revision_ = revision_;
  return true;
}

void Feed::Close(absl::Status why) {
  std::vector<Wake> wakes;
  {
    MutexLock lock(&mutex_);
    if (!closed_.ok()) return;
    closed_ = std::move(why);
    while (!waiting_.empty()) {
      // Its place is taken at once, so that the next is another one.
      Resume(waiting_.begin()->second, end());
    }
    for (const auto& [position, cursor] : reading_) wakes.push_back(cursor->wake_);
  }
  for (const Wake& wake : wakes) (*wake)();
}

absl::StatusOr<std::unique_ptr<Cursor>> Feed::Open(const std::string& host, int64_t after_revision,
                                                   std::function<void()> wake) {
  MutexLock lock(&mutex_);
  if (!closed_.ok()) return closed_;
  if (cursors_ >= options_.max_watches) {
    return WithReason(ExhaustedError(absl::StrCat("too many watches are open (", cursors_,
                                                  "): end one that is no "
                                                  "longer needed, or raise the server's limit"),
                                     kRetryAfter),
                      "TOO_MANY_WATCHES");
  }
  if (after_revision < 0) after_revision = revision_;
  if (after_revision > revision_) {
    return WithReason(
        absl::OutOfRangeError(absl::StrCat("revision ", after_revision, " is not of this server: its newest is ",
                                           revision_, "; watch again without after_revision")),
        "REVISION_UNKNOWN");
  }
  if (after_revision < first_revision_) {
    return WithReason(absl::OutOfRangeError(absl::StrCat("what came after revision ", after_revision,
                                                         " is no longer kept: the oldest to "
                                                         "go on after is ",
                                                         first_revision_, "; watch again without after_revision")),
                      "REVISION_COMPACTED");
  }
  std::unique_ptr<Cursor> cursor(new Cursor(*this, host, after_revision, std::move(wake)));
  const auto next = std::upper_bound(ring_.begin(), ring_.end(), after_revision,
                                     [](int64_t revision, const Slot& slot) { return revision < slot.key(); });
  const auto position = static_cast<int64_t>(first_ + (next - ring_.begin()));
  cursor->at_ = reading_.emplace(position, cursor.get()).first;
  cursor->group_ = &groups_[host];
  ++cursor->group_->cursors;
  ++cursors_;
  return cursor;
}

int64_t Feed::revision() const {
  MutexLock lock(&mutex_);
  return revision_;
}

Stats Feed::stats() const {
  MutexLock lock(&mutex_);
  Stats stats;
  stats.watches = cursors_;
  stats.events = ring_.size();
  stats.bytes = bytes_;
  stats.revision = revision_;
  stats.first_revision = first_revision_;
  stats.cut = cut_;
  return stats;
}

int64_t Feed::StaleBelow() const {
  // Before the ring is full nothing is dropped from it.
  if (bytes_ <= options_.max_bytes / 2 || ring_.empty()) return std::numeric_limits<int64_t>::min();
  return ring_[ring_.size() / 2].through;
}

void Feed::Evict(size_t keep, std::vector<Slot>& dropped, std::vector<Wake>& wakes) {
  if (bytes_ <= options_.max_bytes) return;
  while (bytes_ > options_.max_bytes && ring_.size() > keep) {
    while (!reading_.empty() && reading_.begin()->first == static_cast<int64_t>(first_)) {
      LeaveBehind(reading_.begin()->second, wakes);
    }
    Slot& oldest = ring_.front();
    first_revision_ = std::max(first_revision_, oldest.event->revision);
    bytes_ -= oldest.bytes;
    dropped.push_back(std::move(oldest));
    ring_.pop_front();
    ++first_;
  }
  const int64_t stale_below = StaleBelow();
  while (!waiting_.empty() && waiting_.begin()->first < stale_below) {
    Cursor* cursor = waiting_.begin()->second;
    Resume(cursor, end());
    cursor->passed_ = revision_;
    wakes.push_back(cursor->wake_);
  }
}

void Feed::LeaveBehind(Cursor* cursor, std::vector<Wake>& wakes) {
  auto node = reading_.extract(cursor->at_);
  if (cursor->Sees(*ring_.front().event)) {
    cursor->state_ = Cursor::State::kCut;
    ++cut_;
    wakes.push_back(cursor->wake_);
    return;
  }
  uint64_t position = first_;
  const uint64_t limit = std::min(end(), first_ + kMaxPassed);
  while (position < limit && !cursor->Sees(*At(position).event)) {
    cursor->passed_ = std::max(cursor->passed_, At(position).through);
    ++position;
  }
  node.value().first = static_cast<int64_t>(position);
  cursor->at_ = reading_.insert(std::move(node)).position;
}

void Feed::Wait(Cursor* cursor) {
  auto node = reading_.extract(cursor->at_);
  node.value().first = cursor->told_;
  cursor->at_ = waiting_.insert(std::move(node)).position;
  cursor->state_ = Cursor::State::kWaiting;
  cursor->index_ = cursor->group_->waiting.size();
  cursor->group_->waiting.push_back(cursor);
}

void Feed::Resume(Cursor* cursor, uint64_t position) {
  auto node = waiting_.extract(cursor->at_);
  node.value().first = static_cast<int64_t>(position);
  cursor->at_ = reading_.insert(std::move(node)).position;
  cursor->state_ = Cursor::State::kReading;
  std::vector<Cursor*>& waiting = cursor->group_->waiting;
  waiting[cursor->index_] = waiting.back();
  waiting[cursor->index_]->index_ = cursor->index_;
  waiting.pop_back();
}

void Feed::ResumeAll(const std::string& host, int64_t before, std::vector<Wake>& wakes) {
  const auto group = groups_.find(host);
  if (group == groups_.end()) return;
  while (!group->second.waiting.empty()) {
    Cursor* cursor = group->second.waiting.back();
    Resume(cursor, end());
    cursor->passed_ = before;  // while it waited, nothing came for it
    wakes.push_back(cursor->wake_);
  }
}

void Feed::Remove(Cursor* cursor) {
  MutexLock lock(&mutex_);
  if (cursor->state_ == Cursor::State::kWaiting) Resume(cursor, end());
  if (cursor->state_ == Cursor::State::kReading) reading_.erase(cursor->at_);
  if (--cursor->group_->cursors == 0) groups_.erase(cursor->host_);
  if (--cursors_ == 0) unwatched_since_ = options_.clock();
}

Cursor::~Cursor() { feed_.Remove(this); }

absl::StatusOr<Cursor::Batch> Cursor::Take(size_t max_events, size_t max_bytes) {
  Batch batch;
  size_t bytes = 0;
  for (;;) {
    MutexLock lock(&feed_.mutex_);
    if (state_ == State::kCut) return SlowWatch(feed_.options_.max_bytes);
    if (state_ == State::kWaiting) return batch;
    uint64_t position = static_cast<uint64_t>(at_->first);
    const uint64_t limit = std::min(feed_.end(), position + kMaxPassed);
    bool full = false;
    while (position < limit) {
      const Feed::Slot& slot = feed_.At(position);
      if (Sees(*slot.event)) {
        full = !batch.events.empty() && (batch.events.size() >= max_events || bytes + slot.bytes > max_bytes);
        if (full) break;
        batch.events.push_back(slot.event);
        bytes += slot.bytes;
      }
      passed_ = std::max(passed_, slot.through);
      ++position;
    }
    auto node = feed_.reading_.extract(at_);
    node.value().first = static_cast<int64_t>(position);
    at_ = feed_.reading_.insert(std::move(node)).position;
    const bool at_end = position == feed_.end();
    if (at_end) passed_ = feed_.revision_;
    if (!full && !at_end) continue;  // others have a turn in between
    if (!batch.events.empty() || (passed_ > told_ && told_ < feed_.StaleBelow())) {
      told_before_ = told_;
      told_ = batch.revision = passed_;
      return batch;
    }
    if (!feed_.closed_.ok()) return feed_.closed_;
    feed_.Wait(this);
    return batch;
  }
}

absl::Status Cursor::status() const {
  MutexLock lock(&feed_.mutex_);
  return state_ == State::kCut ? SlowWatch(feed_.options_.max_bytes) : feed_.closed_;
}

}  // namespace warren::feed
