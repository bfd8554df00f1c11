#ifndef WARREN_SERVER_API_WAKE_THREAD_H_
#define WARREN_SERVER_API_WAKE_THREAD_H_

// A thread that runs those who are woken, so that whoever wakes a thousand of them need not. It takes all there are at
// once: to wake one is an uncontended lock and a pointer. Thread-safe.

#include <memory>
#include <thread>
#include <vector>

#include "proto/common/mutex.h"

namespace warren::api {

class WakeThread {
 public:
  class Sleeper {
   public:
    virtual ~Sleeper() = default;
    // On the thread; must not block.
    virtual void Awake() = 0;
  };

  WakeThread();
  // Runs those woken before, and joins the thread.
  ~WakeThread();
  WakeThread(const WakeThread&) = delete;
  WakeThread& operator=(const WakeThread&) = delete;

  void Wake(std::shared_ptr<Sleeper> sleeper);

 private:
  void Run();

  Mutex mutex_;
  CondVar changed_;
  bool stopping_ ABSL_GUARDED_BY(mutex_) = false;
  std::vector<std::shared_ptr<Sleeper>> woken_ ABSL_GUARDED_BY(mutex_);
  std::jthread thread_;  // last: it uses the rest
};

}  // namespace warren::api

#endif  // WARREN_SERVER_API_WAKE_THREAD_H_
