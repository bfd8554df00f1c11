#include "server/store/watch_hub.h"

#include <algorithm>
#include <utility>

namespace warren::store {
namespace {

// So that one call back to a watch, and the time others wait for it, stay small.
constexpr size_t kMaxChunkEvents = 1024;

}  // namespace

class WatchHub::Handle : public WatchHandle {
 public:
  Handle(WatchHub* hub, std::shared_ptr<Watcher> watcher) : hub_(hub), watcher_(std::move(watcher)) {}
  ~Handle() override { hub_->Remove(watcher_); }

 private:
  WatchHub* hub_;
  std::shared_ptr<Watcher> watcher_;
};

WatchHub::WatchHub(int64_t revision, size_t window_bytes, ReadLog read_log)
    : window_bytes_(window_bytes),
      read_log_(std::move(read_log)),
      revision_(revision),
      window_start_(revision),
      thread_([this] { Run(); }) {}

WatchHub::~WatchHub() {
  {
    MutexLock lock(&mutex_);
    stopping_ = true;
    changed_.SignalAll();
  }
  thread_.join();
}

void WatchHub::Publish(int64_t revision, Events events) {
  size_t bytes = sizeof(Revision);
  for (const auto& event : events) bytes += sizeof(Event) + event->kv.key.size() + event->kv.value.size();
  std::deque<Revision> evicted;  // freed outside the lock
  MutexLock lock(&mutex_);
  revision_ = revision;
  window_.push_back({revision, std::move(events), bytes});
  window_size_ += bytes;
  while (window_size_ > window_bytes_) {
    window_start_ = window_.front().revision;
    window_size_ -= window_.front().bytes;
    evicted.push_back(std::move(window_.front()));
    window_.pop_front();
  }
  if (!watchers_.empty()) changed_.SignalAll();
}

std::unique_ptr<WatchHandle> WatchHub::Add(std::string_view prefix, int64_t from_revision, WatchCallback callback) {
  auto watcher = std::make_shared<Watcher>();
  watcher->prefix = std::string(prefix);
  watcher->callback = std::move(callback);
  MutexLock lock(&mutex_);
  watcher->next = from_revision == 0 ? revision_ + 1 : from_revision;
  watchers_.push_back(watcher);
  changed_.SignalAll();
  return std::make_unique<Handle>(this, std::move(watcher));
}

size_t WatchHub::watches() const {
  MutexLock lock(&mutex_);
  return watchers_.size();
}

void WatchHub::Remove(const std::shared_ptr<Watcher>& watcher) {
  MutexLock lock(&mutex_);
  watcher->ended = true;
  std::erase(watchers_, watcher);
  if (std::this_thread::get_id() == thread_.get_id()) return;
  while (calling_ == watcher.get()) changed_.Wait(&mutex_);
}

std::shared_ptr<WatchHub::Watcher> WatchHub::Laggard() {
  std::shared_ptr<Watcher> laggard;
  for (const auto& watcher : watchers_) {
    if (!watcher->ended && watcher->next <= revision_ && (!laggard || watcher->next < laggard->next)) laggard = watcher;
  }
  return laggard;
}

WatchHub::LogChunk WatchHub::FromWindow(int64_t from) {
  LogChunk chunk;
  chunk.through = from;
  auto at = std::lower_bound(window_.begin(), window_.end(), from,
                             [](const Revision& r, int64_t revision) { return r.revision < revision; });
  for (; at != window_.end() && chunk.events.size() < kMaxChunkEvents; ++at) {
    chunk.events.insert(chunk.events.end(), at->events.begin(), at->events.end());
    chunk.through = at->revision;
  }
  return chunk;
}

void WatchHub::ClipToPublished(LogChunk& chunk) const {
  MutexLock lock(&mutex_);
  if (chunk.through <= revision_) return;
  chunk.through = revision_;
  std::erase_if(chunk.events, [&](const auto& event) { return event->kv.mod_revision > chunk.through; });
}

void WatchHub::Run() {
  for (;;) {
    std::shared_ptr<Watcher> laggard;
    LogChunk chunk;
    bool in_window = false;
    int64_t from = 0;
    {
      MutexLock lock(&mutex_);
      while (!stopping_ && (laggard = Laggard()) == nullptr) changed_.Wait(&mutex_);
      if (stopping_) return;
      from = laggard->next;
      in_window = from > window_start_;
      if (in_window) chunk = FromWindow(from);
    }
    if (!in_window) {
      auto read = read_log_(from);
      if (!read.ok()) {
        Call(laggard, read.status());
        continue;
      }
      chunk = *std::move(read);
      ClipToPublished(chunk);
    }
    Deliver(from, chunk);
  }
}

void WatchHub::Deliver(int64_t from, const LogChunk& chunk) {
  std::vector<std::pair<std::shared_ptr<Watcher>, int64_t>> due;
  {
    MutexLock lock(&mutex_);
    for (const auto& watcher : watchers_) {
      if (watcher->ended || watcher->next < from || watcher->next > chunk.through) continue;
      due.emplace_back(watcher, watcher->next);
      watcher->next = chunk.through + 1;
    }
  }
  for (const auto& [watcher, next] : due) {
    WatchEvents seen;
    for (const auto& event : chunk.events) {
      if (event->kv.mod_revision >= next && event->kv.key.starts_with(watcher->prefix)) seen.events.push_back(event);
    }
    seen.revision = chunk.through;
    if (!seen.events.empty()) Call(watcher, std::move(seen));
  }
}

void WatchHub::Call(const std::shared_ptr<Watcher>& watcher, absl::StatusOr<WatchEvents> events) {
  {
    MutexLock lock(&mutex_);
    if (watcher->ended || stopping_) return;
    if (!events.ok()) {
      watcher->ended = true;
      std::erase(watchers_, watcher);
    }
    calling_ = watcher.get();
  }
  watcher->callback(std::move(events));
  MutexLock lock(&mutex_);
  calling_ = nullptr;
  changed_.SignalAll();
}

}  // namespace warren::store
