#ifndef WARREN_SERVER_API_WORKER_POOL_H_
#define WARREN_SERVER_API_WORKER_POOL_H_

// A few threads for calls that may read the store, which must not hold up gRPC's own threads. First come, first served;
// bounded. Thread-safe.

#include <cstddef>
#include <deque>
#include <functional>
#include <thread>
#include <vector>

#include "proto/common/mutex.h"

namespace warren::api {

class WorkerPool {
 public:
  using Task = std::function<void()>;

  WorkerPool(size_t threads, size_t max_queued);
  // Stops.
  ~WorkerPool();
  WorkerPool(const WorkerPool&) = delete;
  WorkerPool& operator=(const WorkerPool&) = delete;

  // False: too many are waiting, or it was stopped; the task was not taken.
  [[nodiscard]] bool Post(Task task);

  // Takes nothing any more.
  bool stopped() const;

  // Runs what is queued and joins the threads. Idempotent; from one thread, not from a task.
  void Stop();

 private:
  void Run();

  const size_t max_queued_;
  mutable Mutex mutex_;
  CondVar changed_;
  bool stopping_ ABSL_GUARDED_BY(mutex_) = false;
  std::deque<Task> tasks_ ABSL_GUARDED_BY(mutex_);
  std::vector<std::jthread> threads_;
};

}  // namespace warren::api

#endif  // WARREN_SERVER_API_WORKER_POOL_H_
