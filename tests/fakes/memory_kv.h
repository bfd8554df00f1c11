#ifndef WARREN_TESTS_FAKES_MEMORY_KV_H_
#define WARREN_TESTS_FAKES_MEMORY_KV_H_

// Kv in memory, for the tests of what is written over Kv: the threads, order and errors of the real one, and commits
// that can be held back or made to fail.

#include <cstddef>
#include <cstdint>
#include <map>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <thread>
#include <vector>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "proto/common/mutex.h"
#include "server/store/commit_queue.h"
#include "server/store/kv.h"
#include "server/store/watch_hub.h"

namespace warren::store {

class MemoryKv : public Kv {
 public:
  struct Options {
    CommitQueue::Limits queue;
    size_t watch_window_bytes = size_t{1} << 20;
  };

  MemoryKv() : MemoryKv(Options()) {}
  explicit MemoryKv(const Options& options);
  // Releases what is held, commits what is queued.
  ~MemoryKv() override;

  // Between the two, commits are queued and not answered.
  void Hold();
  void Release();
  // Commits made from now on are refused with this, and Health() says so; OK: no more.
  void FailWith(absl::Status status);

  absl::Status Commit(Transaction transaction, CommitDone done) override;
  absl::StatusOr<RangeResult> Range(const RangeRequest& request) override;
  absl::StatusOr<int64_t> Replay(std::string_view prefix,
                                 absl::FunctionRef<absl::Status(Event& change)> change) override;
  absl::StatusOr<std::unique_ptr<WatchHandle>> Watch(std::string_view prefix, int64_t from_revision,
                                                     WatchCallback callback) override;
  absl::Status Compact(int64_t revision) override;
  int64_t Revision() const override;
  absl::Status Health() const override;
  KvStats Stats() const override;

 private:
  struct Version {
    int64_t mod_revision = 0;
    int64_t create_revision = 0;
    std::optional<std::string> value;  // none: deleted
  };

  void Run();
  void Answer(CommitQueue::Entry entry);
  absl::StatusOr<CommitResult> Apply(CommitQueue::Entry& entry, WatchHub::Events& events)
      ABSL_EXCLUSIVE_LOCKS_REQUIRED(mutex_);
  absl::StatusOr<CommitResult> ApplyCompaction(int64_t revision) ABSL_EXCLUSIVE_LOCKS_REQUIRED(mutex_);
  void Write(const std::string& key, std::optional<std::string> value, int64_t revision, WatchHub::Events& events)
      ABSL_EXCLUSIVE_LOCKS_REQUIRED(mutex_);
  // Null: the key does not exist at the revision.
  const Version* Find(const std::string& key, int64_t at_revision) const ABSL_EXCLUSIVE_LOCKS_REQUIRED(mutex_);
  absl::StatusOr<WatchHub::LogChunk> ReadLog(int64_t from_revision);

  mutable Mutex mutex_;
  CondVar changed_;
  bool held_ ABSL_GUARDED_BY(mutex_) = false;
  absl::Status failure_ ABSL_GUARDED_BY(mutex_);
  int64_t revision_ ABSL_GUARDED_BY(mutex_) = 0;
  int64_t compacted_ ABSL_GUARDED_BY(mutex_) = 0;
  std::map<std::string, std::vector<Version>> keys_ ABSL_GUARDED_BY(mutex_);
  std::map<int64_t, WatchHub::Events> log_ ABSL_GUARDED_BY(mutex_);
  CommitQueue queue_;
  WatchHub hub_;
  std::jthread thread_;  // last: it uses the rest
};

}  // namespace warren::store

#endif  // WARREN_TESTS_FAKES_MEMORY_KV_H_
