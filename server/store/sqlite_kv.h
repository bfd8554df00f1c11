#ifndef WARREN_SERVER_STORE_SQLITE_KV_H_
#define WARREN_SERVER_STORE_SQLITE_KV_H_

// Kv in one SQLite file: what a single server uses. Write-ahead log with synchronous=FULL, so that what was
// acknowledged survives a power cut; one writer thread makes a group of all that is queued when it gets to it.
//
// Threading: as kv.h. One writer thread, one notifier thread; reads run on the caller's, at most `readers` at once.
// Failures: a full disk, a read-only or failing one refuses the commits it meets and nothing else; while nothing is
// committed the writer probes once a second, so that Health() comes back by itself. A database found to be damaged is
// not written any more.

#include <atomic>
#include <cstddef>
#include <cstdint>
#include <memory>
#include <string>
#include <string_view>
#include <thread>
#include <vector>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "proto/common/file_lock.h"
#include "proto/common/mutex.h"
#include "server/store/commit_queue.h"
#include "server/store/kv.h"
#include "server/store/sqlite_reader.h"
#include "server/store/sqlite_writer.h"
#include "server/store/watch_hub.h"

namespace warren::store {

class SqliteKv : public Kv {
 public:
  struct Options {
    std::string path;  // beside it: PATH-wal, PATH-shm, PATH.lock
    CommitQueue::Limits queue;
    size_t readers = 4;                            // connections, some 8 MiB of cache each at most
    size_t watch_window_bytes = size_t{16} << 20;  // recent events kept in memory for watches
    std::vector<KvObserver*> observers;            // must outlive the store
  };

  // Opens the database, or makes it. FAILED_PRECONDITION when another process has it open, when it is a database of
  // something else or of a newer version, or when it cannot be written; DATA_LOSS when it is damaged;
  // RESOURCE_EXHAUSTED, UNAVAILABLE or INTERNAL as the storage fails.
  static absl::StatusOr<std::unique_ptr<SqliteKv>> Open(const Options& options);

  // Commits what is queued, calls back, and closes. Watches must be gone.
  ~SqliteKv() override;

  absl::Status Commit(Transaction transaction, CommitDone done) override;
  absl::StatusOr<RangeResult> Range(const RangeRequest& request) override;
  absl::StatusOr<int64_t> Replay(std::string_view prefix,
                                 absl::FunctionRef<absl::Status(Event& change)> change) override;
  absl::StatusOr<std::unique_ptr<WatchHandle>> Watch(std::string_view prefix, int64_t from_revision,
                                                     WatchCallback callback) override;
  absl::Status Compact(int64_t revision) override;
  int64_t Revision() const override { return revision_.load(std::memory_order_acquire); }
  absl::Status Health() const override;
  KvStats Stats() const override;

 private:
  SqliteKv(const Options& options, FileLock lock, SqliteWriter writer, std::unique_ptr<ReaderPool> readers,
           std::unique_ptr<SqliteReader> log_reader);

  void Run();
  void WriteGroup(std::vector<CommitQueue::Entry> group);
  // One entry within a group. Returns the storage's errors only.
  absl::Status Apply(CommitQueue::Entry& entry, SqliteWriter::Outcome& outcome);
  // Damage stays.
  void SetHealth(const absl::Status& health);
  // For the writer thread: tells the observers what they have not been told.
  void TellHealth();
  // What a read met; damage becomes the store's health.
  absl::Status ReadError(const absl::Status& status);

  const Options options_;
  FileLock lock_;
  SqliteWriter writer_;  // the writer thread's; closed after those that only read, so that it can empty the log
  std::unique_ptr<ReaderPool> readers_;
  std::unique_ptr<SqliteReader> log_reader_;  // the notifier thread's
  CommitQueue queue_;
  std::atomic<int64_t> revision_;
  std::atomic<int64_t> compacted_;
  std::atomic<bool> sweeping_;
  mutable Mutex health_mutex_;
  absl::Status health_ ABSL_GUARDED_BY(health_mutex_);
  absl::StatusCode told_ = absl::StatusCode::kOk;  // the writer thread's
  WatchHub hub_;
  std::jthread thread_;  // last: it uses the rest
};

}  // namespace warren::store

#endif  // WARREN_SERVER_STORE_SQLITE_KV_H_
