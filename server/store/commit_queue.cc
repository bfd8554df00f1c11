#include "server/store/commit_queue.h"

#include <utility>

#include "absl/strings/str_cat.h"
#include "absl/time/time.h"
#include "proto/common/status_payload.h"
#include "server/store/kv_rules.h"
#include "server/store/storage_error.h"

namespace warren::store {
namespace {

// One group commit: enough to make the fsync cheap, not so much that the first of the group waits long.
constexpr size_t kMaxGroupTransactions = 4096;
constexpr size_t kMaxGroupBytes = size_t{8} << 20;

size_t SizeOf(const Transaction& transaction) {
  size_t bytes = sizeof(CommitQueue::Entry);
  for (const Compare& compare : transaction.compares) bytes += sizeof(compare) + compare.key.size();
  for (const Mutation& mutation : transaction.mutations) {
    bytes += sizeof(mutation) + mutation.key.size() + mutation.value.size();
  }
  return bytes;
}

}  // namespace

absl::Status CommitQueue::Push(Transaction transaction, CommitDone done) {
  if (absl::Status valid = ValidateTransaction(transaction); !valid.ok()) return valid;
  Entry entry;
  entry.bytes = SizeOf(transaction);
  entry.transaction = std::move(transaction);
  entry.done = std::move(done);
  return PushEntry(std::move(entry));
}

absl::Status CommitQueue::PushCompaction(int64_t revision, CommitDone done) {
  Entry entry;
  entry.compact_to = revision;
  entry.done = std::move(done);
  return PushEntry(std::move(entry));
}

absl::Status CommitQueue::PushEntry(Entry entry) {
  MutexLock lock(&mutex_);
  if (closed_) return WithReason(absl::UnavailableError("the store is closing"), "STORE_CLOSING");
  if (entry.compact_to == 0) {
    // A transaction larger than the limit can still go through alone.
    if (entries_.size() >= limits_.transactions || (!entries_.empty() && bytes_ + entry.bytes > limits_.bytes)) {
      return WithReason(ExhaustedError(absl::StrCat("the store's commit queue is full (", entries_.size(), " of ",
                                                    limits_.transactions, " transactions, ", bytes_, " of ",
                                                    limits_.bytes, " bytes)"),
                                       kRetryAfter),
                        "STORE_QUEUE_FULL");
    }
  }
  bytes_ += entry.bytes;
  entries_.push_back(std::move(entry));
  if (entries_.size() == 1) changed_.Signal();
  return absl::OkStatus();
}

std::vector<CommitQueue::Entry> CommitQueue::Pop(std::optional<std::chrono::milliseconds> timeout) {
  std::vector<Entry> group;
  MutexLock lock(&mutex_);
  const auto deadline = std::chrono::steady_clock::now() + timeout.value_or(std::chrono::milliseconds(0));
  while (entries_.empty() && !closed_ && !nudged_) {
    if (!timeout.has_value()) {
      changed_.Wait(&mutex_);
    } else if (!changed_.WaitUntil(&mutex_, deadline)) {
      break;
    }
  }
  nudged_ = false;
  size_t bytes = 0;
  while (!entries_.empty() && group.size() < kMaxGroupTransactions && bytes < kMaxGroupBytes) {
    bytes += entries_.front().bytes;
    group.push_back(std::move(entries_.front()));
    entries_.pop_front();
  }
  bytes_ -= bytes;
  return group;
}

void CommitQueue::Nudge() {
  MutexLock lock(&mutex_);
  nudged_ = true;
  changed_.Signal();
}

void CommitQueue::Close() {
  MutexLock lock(&mutex_);
  closed_ = true;
  changed_.SignalAll();
}

bool CommitQueue::Drained() const {
  MutexLock lock(&mutex_);
  return closed_ && entries_.empty();
}

size_t CommitQueue::transactions() const {
  MutexLock lock(&mutex_);
  return entries_.size();
}

size_t CommitQueue::bytes() const {
  MutexLock lock(&mutex_);
  return bytes_;
}

}  // namespace warren::store
