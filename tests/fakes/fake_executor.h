#ifndef WARREN_TESTS_FAKES_FAKE_EXECUTOR_H_
#define WARREN_TESTS_FAKES_FAKE_EXECUTOR_H_

// An executor whose kernel work is done by the test: it decides when an intent begins and how it ends. Keeps results
// until they are acknowledged, as the real one does. Thread-safe.

#include <algorithm>
#include <map>
#include <optional>
#include <set>
#include <string>
#include <utility>
#include <vector>

#include "agent/executor/executor.h"
#include "proto/common/mutex.h"

namespace warren::executor {

class FakeExecutor : public Executor {
 public:
  explicit FakeExecutor(Listener& listener) : listener_(listener) {}

  // The test's side.
  void Begin(int64_t sequence) {
    {
      MutexLock lock(&mutex_);
      std::erase(queued_, sequence);
      running_.insert(sequence);
    }
    listener_.OnStarted(sequence);
  }
  void Finish(int64_t sequence, std::set<std::string> touched, std::string text = "") {
    v1::IntentResult result;
    result.set_sequence(sequence);
    result.set_state(text.empty() ? v1::Intent::SUCCEEDED : v1::Intent::FAILED);
    if (!text.empty()) result.mutable_error()->set_message(std::move(text));
    End(std::move(result), std::move(touched));
  }
  // Waits until that many intents were submitted since it was made; all of them, in order.
  std::vector<int64_t> WaitForSubmitted(size_t count) {
    MutexLock lock(&mutex_);
    while (submitted_.size() < count) changed_.Wait(&mutex_);
    return submitted_;
  }
  void WaitForAcknowledged(int64_t sequence) {
    MutexLock lock(&mutex_);
    while (!acknowledged_.contains(sequence)) changed_.Wait(&mutex_);
  }
  // Waits until sessions have ended that many times.
  void WaitForDrops(int count) {
    MutexLock lock(&mutex_);
    while (drops_ < count) changed_.Wait(&mutex_);
  }
  std::string server_address() const {
    MutexLock lock(&mutex_);
    return server_address_.ToString();
  }

  void Submit(std::vector<v1::IntentDelivery> intents) override {
    std::vector<v1::IntentResult> again;
    {
      MutexLock lock(&mutex_);
      for (const v1::IntentDelivery& intent : intents) {
        submitted_.push_back(intent.sequence());
        if (const auto kept = results_.find(intent.sequence()); kept != results_.end()) {
          again.push_back(kept->second);
        } else if (!running_.contains(intent.sequence())) {
          queued_.push_back(intent.sequence());
        }
      }
      changed_.SignalAll();
    }
    for (v1::IntentResult& result : again) listener_.OnFinished({std::move(result), {}, true});
  }
  CancelOutcome Cancel(int64_t sequence) override {
    {
      MutexLock lock(&mutex_);
      if (running_.contains(sequence)) return {false, "running"};
      if (results_.contains(sequence)) return {false, "finished"};
      if (std::erase(queued_, sequence) == 0) return {false, "unknown"};
    }
    v1::IntentResult result;
    result.set_sequence(sequence);
    result.set_state(v1::Intent::CANCELLED);
    End(std::move(result), {});
    return {true, ""};
  }
  std::vector<v1::IntentResult> UnacknowledgedResults() override {
    MutexLock lock(&mutex_);
    std::vector<v1::IntentResult> results;
    for (const auto& [sequence, result] : results_) results.push_back(result);
    return results;
  }
  void Acknowledge(const std::vector<int64_t>& sequences) override {
    MutexLock lock(&mutex_);
    for (const int64_t sequence : sequences) {
      results_.erase(sequence);
      acknowledged_.insert(sequence);
    }
    changed_.SignalAll();
  }
  void DropQueued() override {
    MutexLock lock(&mutex_);
    queued_.clear();
    ++drops_;
    changed_.SignalAll();
  }
  absl::Status Health() override { return absl::OkStatus(); }
  Stats stats() override {
    MutexLock lock(&mutex_);
    return {queued_.size(), results_.size(), 0, 0};
  }
  bool OwnsNetns(uint64_t) const override { return false; }
  bool OwnsName(uint64_t, const std::string&) const override { return false; }
  bool OwnsLink(uint64_t, int) const override { return false; }
  bool OwnsLink(uint64_t, const kernel::Link&, int) override { return false; }
  void SetServerAddress(const kernel::Ip& address) override {
    MutexLock lock(&mutex_);
    server_address_ = address;
  }
  void Stop() override {}

 private:
  void End(v1::IntentResult result, std::set<std::string> touched) {
    {
      MutexLock lock(&mutex_);
      running_.erase(result.sequence());
      results_[result.sequence()] = result;
    }
    listener_.OnFinished({std::move(result), std::move(touched), false});
  }

  Listener& listener_;
  mutable Mutex mutex_;
  CondVar changed_;
  std::vector<int64_t> submitted_ ABSL_GUARDED_BY(mutex_);
  std::vector<int64_t> queued_ ABSL_GUARDED_BY(mutex_);
  std::set<int64_t> running_ ABSL_GUARDED_BY(mutex_);
  std::map<int64_t, v1::IntentResult> results_ ABSL_GUARDED_BY(mutex_);
  std::set<int64_t> acknowledged_ ABSL_GUARDED_BY(mutex_);
  int drops_ ABSL_GUARDED_BY(mutex_) = 0;
  kernel::Ip server_address_ ABSL_GUARDED_BY(mutex_);
};

}  // namespace warren::executor

#endif  // WARREN_TESTS_FAKES_FAKE_EXECUTOR_H_
