#ifndef WARREN_TESTS_FAKES_FAKE_DISPATCHER_H_
#define WARREN_TESTS_FAKES_FAKE_DISPATCHER_H_

// A Dispatcher that writes down what it is told, and lets a test wait for it.

#include <cstdint>
#include <functional>
#include <string>
#include <utility>
#include <vector>

#include "absl/strings/str_cat.h"
#include "absl/strings/str_join.h"
#include "proto/common/mutex.h"
#include "server/intents/dispatcher.h"

namespace warren::intents {

class FakeDispatcher : public Dispatcher {
 public:
  // One intent handed out.
  struct Delivered {
    std::string host;
    uint64_t session = 0;
    Delivery delivery;
  };

  // Called with each call to Deliver, on the queue's thread; set it while nothing is under way.
  void OnDeliver(std::function<void(const std::string&, uint64_t, const std::vector<Delivery>&)> hook) {
    hook_ = std::move(hook);
  }

  void Deliver(const std::string& host, uint64_t session, std::vector<Delivery> deliveries) override {
    if (hook_) hook_(host, session, deliveries);
    MutexLock lock(&mutex_);
    for (Delivery& delivery : deliveries) {
      lines_.push_back(absl::StrCat("deliver ", host, "#", session, " ", delivery.sequence));
      delivered_.push_back({host, session, std::move(delivery)});
    }
    changed_.SignalAll();
  }
  void AskCancel(const std::string& host, uint64_t session, int64_t sequence) override {
    MutexLock lock(&mutex_);
    lines_.push_back(absl::StrCat("cancel ", host, "#", session, " ", sequence));
    changed_.SignalAll();
  }
  void AcknowledgeResults(const std::string& host, uint64_t session, std::vector<int64_t> sequences) override {
    MutexLock lock(&mutex_);
    for (const int64_t sequence : sequences) {
      lines_.push_back(absl::StrCat("acknowledge ", host, "#", session, " ", sequence));
    }
    changed_.SignalAll();
  }

  // All that was delivered so far, at least `count`.
  std::vector<Delivered> WaitForDelivered(size_t count) {
    MutexLock lock(&mutex_);
    while (delivered_.size() < count) changed_.Wait(&mutex_);
    return delivered_;
  }
  // "deliver h1#1 7", "cancel h1#1 7", "acknowledge h1#1 7": in order, one line an intent.
  std::vector<std::string> WaitForLine(const std::string& line) {
    MutexLock lock(&mutex_);
    for (;;) {
      for (const std::string& told : lines_) {
        if (told == line) return lines_;
      }
      changed_.Wait(&mutex_);
    }
  }
  std::vector<std::string> lines() const {
    MutexLock lock(&mutex_);
    return lines_;
  }
  void Clear() {
    MutexLock lock(&mutex_);
    lines_.clear();
    delivered_.clear();
  }

 private:
  std::function<void(const std::string&, uint64_t, const std::vector<Delivery>&)> hook_;
  mutable Mutex mutex_;
  CondVar changed_;
  std::vector<std::string> lines_ ABSL_GUARDED_BY(mutex_);
  std::vector<Delivered> delivered_ ABSL_GUARDED_BY(mutex_);
};

}  // namespace warren::intents

#endif  // WARREN_TESTS_FAKES_FAKE_DISPATCHER_H_
