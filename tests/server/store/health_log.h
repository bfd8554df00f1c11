#ifndef WARREN_TESTS_SERVER_STORE_HEALTH_LOG_H_
#define WARREN_TESTS_SERVER_STORE_HEALTH_LOG_H_

#include <vector>

#include "absl/status/status.h"
#include "proto/common/mutex.h"
#include "server/store/kv.h"

namespace warren::store {

// What a store told of its health, and how to wait for it.
class HealthLog : public KvObserver {
 public:
  void OnBatch(const Batch&) override {}
  void OnHealth(const absl::Status& health) override {
    MutexLock lock(&mutex_);
    told_.push_back(health);
    changed_.SignalAll();
  }

  // The count-th that was told, from 0.
  absl::Status Wait(size_t index) {
    MutexLock lock(&mutex_);
    while (told_.size() <= index) changed_.Wait(&mutex_);
    return told_[index];
  }
  size_t size() {
    MutexLock lock(&mutex_);
    return told_.size();
  }

 private:
  Mutex mutex_;
  CondVar changed_;
  std::vector<absl::Status> told_ ABSL_GUARDED_BY(mutex_);
};

}  // namespace warren::store

#endif  // WARREN_TESTS_SERVER_STORE_HEALTH_LOG_H_
