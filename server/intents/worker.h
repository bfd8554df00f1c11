#ifndef WARREN_SERVER_INTENTS_WORKER_H_
#define WARREN_SERVER_INTENTS_WORKER_H_

// One thread that runs tasks in the order posted, and others when their time has come. Thread-safe.

#include <chrono>
#include <cstdint>
#include <functional>
#include <map>
#include <thread>
#include <utility>
#include <vector>

#include "absl/base/thread_annotations.h"
#include "absl/time/time.h"
#include "proto/common/mutex.h"

namespace warren::intents {

class Worker {
 public:
  using Task = std::function<void()>;
  // Of a timer; 0: of none.
  using TimerId = uint64_t;

  Worker();
  // Stops.
  ~Worker();

  // False: stopped, and the task is still the caller's.
  [[nodiscard]] bool Post(Task&& task);
  // Runs `task` once, not before `delay` is over. Dropped when the worker stops first.
  TimerId After(absl::Duration delay, Task task);
  // It may be running already, or be over.
  void Cancel(TimerId timer);

  // Runs what is posted, drops the timers, joins the thread. Not from a task.
  void Stop();

 private:
  using Clock = std::chrono::steady_clock;
  using Due = std::pair<Clock::time_point, TimerId>;

  void Run();

  Mutex mutex_;
  CondVar changed_;
  bool stopping_ ABSL_GUARDED_BY(mutex_) = false;
  std::vector<Task> tasks_ ABSL_GUARDED_BY(mutex_);
  std::map<Due, Task> timers_ ABSL_GUARDED_BY(mutex_);
  std::map<TimerId, Clock::time_point> due_ ABSL_GUARDED_BY(mutex_);
  TimerId last_timer_ ABSL_GUARDED_BY(mutex_) = 0;
  std::jthread thread_;
};

}  // namespace warren::intents

#endif  // WARREN_SERVER_INTENTS_WORKER_H_
