#ifndef WARREN_TESTS_FAKES_GATED_KV_H_
#define WARREN_TESTS_FAKES_GATED_KV_H_

// A gate in front of any Kv: commits can be held back, made to fail, or looked at. What is let through keeps its order.

#include <memory>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "proto/common/mutex.h"
#include "server/store/kv.h"

namespace warren::store {

class GatedKv : public Kv {
 public:
  explicit GatedKv(Kv& kv) : kv_(&kv) {}

  // Another one behind the gate, while nothing is under way.
  void Set(Kv& kv) { kv_ = &kv; }

  // Between the two, commits are taken and go no further.
  void Hold() {
    MutexLock lock(&mutex_);
    held_ = true;
  }
  void Release() {
    std::vector<std::pair<Transaction, CommitDone>> waiting;
    MutexLock lock(&mutex_);
    held_ = false;
    waiting.swap(waiting_);
    for (auto& [transaction, done] : waiting) (void)Forward(std::move(transaction), std::move(done));
  }
  void WaitForHeld(size_t count) {
    MutexLock lock(&mutex_);
    while (waiting_.size() < count) changed_.Wait(&mutex_);
  }

  // Commits made from now on end with this (code and message); OK: no more.
  void FailWith(absl::Status status) {
    MutexLock lock(&mutex_);
    failure_ = std::move(status);
  }
  // Commits made from now on are not even queued; OK: no more.
  void RefuseWith(absl::Status status) {
    MutexLock lock(&mutex_);
    refusal_ = std::move(status);
  }
  // How many were failed or refused so far.
  void WaitForFailures(size_t count) {
    MutexLock lock(&mutex_);
    while (failures_ < count) changed_.Wait(&mutex_);
  }
  size_t failures() const {
    MutexLock lock(&mutex_);
    return failures_;
  }
  // Transactions that were let through.
  size_t commits() const {
    MutexLock lock(&mutex_);
    return commits_;
  }

  absl::Status Commit(Transaction transaction, CommitDone done) override {
    MutexLock lock(&mutex_);
    if (!refusal_.ok()) {
      ++failures_;
      changed_.SignalAll();
      return absl::Status(refusal_.code(), refusal_.message());
    }
    if (held_) {
      waiting_.emplace_back(std::move(transaction), std::move(done));
      changed_.SignalAll();
      return absl::OkStatus();
    }
    return Forward(std::move(transaction), std::move(done));
  }
  absl::StatusOr<RangeResult> Range(const RangeRequest& request) override { return kv_->Range(request); }
  absl::StatusOr<int64_t> Replay(std::string_view prefix,
                                 absl::FunctionRef<absl::Status(Event& change)> change) override {
    return kv_->Replay(prefix, change);
  }
  absl::StatusOr<std::unique_ptr<WatchHandle>> Watch(std::string_view prefix, int64_t from_revision,
                                                     WatchCallback callback) override {
    return kv_->Watch(prefix, from_revision, std::move(callback));
  }
  absl::Status Compact(int64_t revision) override { return kv_->Compact(revision); }
  int64_t Revision() const override { return kv_->Revision(); }
  absl::Status Health() const override { return kv_->Health(); }
  KvStats Stats() const override { return kv_->Stats(); }

 private:
  absl::Status Forward(Transaction transaction, CommitDone done) ABSL_EXCLUSIVE_LOCKS_REQUIRED(mutex_) {
    if (failure_.ok()) {
      ++commits_;
      return kv_->Commit(std::move(transaction), std::move(done));
    }
    ++failures_;
    changed_.SignalAll();
    // In its place in the order, and on the thread, that a real failure has.
    return kv_->Commit({}, [done = std::move(done), code = failure_.code(), message = std::string(failure_.message())](
                               absl::StatusOr<CommitResult>) { done(absl::Status(code, message)); });
  }

  Kv* kv_;
  mutable Mutex mutex_;
  CondVar changed_;
  bool held_ ABSL_GUARDED_BY(mutex_) = false;
  std::vector<std::pair<Transaction, CommitDone>> waiting_ ABSL_GUARDED_BY(mutex_);
  absl::Status failure_ ABSL_GUARDED_BY(mutex_);
  absl::Status refusal_ ABSL_GUARDED_BY(mutex_);
  size_t failures_ ABSL_GUARDED_BY(mutex_) = 0;
  size_t commits_ ABSL_GUARDED_BY(mutex_) = 0;
};

}  // namespace warren::store

#endif  // WARREN_TESTS_FAKES_GATED_KV_H_
