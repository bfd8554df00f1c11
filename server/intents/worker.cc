#include "server/intents/worker.h"

#include <algorithm>

namespace warren::intents {
namespace {

// Longer waits would overflow the clock; whoever asks for them does not care.
constexpr absl::Duration kLongest = absl::Hours(24 * 365);

}  // namespace

Worker::Worker() : thread_([this] { Run(); }) {}

Worker::~Worker() { Stop(); }

bool Worker::Post(Task&& task) {
  MutexLock lock(&mutex_);
  if (stopping_) return false;
  tasks_.push_back(std::move(task));
  if (tasks_.size() == 1) changed_.Signal();
  return true;
}

Worker::TimerId Worker::After(absl::Duration delay, Task task) {
  const auto at = Clock::now() + absl::ToChronoNanoseconds(std::clamp(delay, absl::ZeroDuration(), kLongest));
  MutexLock lock(&mutex_);
  const TimerId id = ++last_timer_;
  const auto it = timers_.emplace(Due{at, id}, std::move(task)).first;
  due_.emplace(id, at);
  if (it == timers_.begin()) changed_.Signal();
  return id;
}

void Worker::Cancel(TimerId timer) {
  Task dropped;  // destroyed without the lock
  MutexLock lock(&mutex_);
  const auto due = due_.find(timer);
  if (due == due_.end()) return;
  const auto it = timers_.find(Due{due->second, timer});
  dropped = std::move(it->second);
  timers_.erase(it);
  due_.erase(due);
}

void Worker::Stop() {
  {
    MutexLock lock(&mutex_);
    stopping_ = true;
    changed_.Signal();
  }
  if (thread_.joinable()) thread_.join();
  MutexLock lock(&mutex_);
  timers_.clear();
  due_.clear();
}

void Worker::Run() {
  std::vector<Task> tasks;
  for (;;) {
    {
      MutexLock lock(&mutex_);
      while (tasks_.empty() && !stopping_) {
        if (timers_.empty()) {
          changed_.Wait(&mutex_);
        } else if (const auto first = timers_.begin()->first.first; first > Clock::now()) {
          changed_.WaitUntil(&mutex_, first);
        } else {
          break;
        }
      }
      if (tasks_.empty() && stopping_) return;
      tasks.swap(tasks_);
      const auto now = Clock::now();
      while (!stopping_ && !timers_.empty() && timers_.begin()->first.first <= now) {
        auto node = timers_.extract(timers_.begin());
        due_.erase(node.key().second);
        tasks.push_back(std::move(node.mapped()));
      }
    }
    for (Task& task : tasks) {
      task();
      task = nullptr;  // what it holds goes now, not with the last one's
    }
    tasks.clear();
  }
}

}  // namespace warren::intents
