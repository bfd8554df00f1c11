#ifndef WARREN_SERVER_STORE_SQLITE_READER_H_
#define WARREN_SERVER_STORE_SQLITE_READER_H_

// Reads the log through a connection of its own, on a snapshot: never waits for the writer or holds it up. SqliteReader
// is for one thread at a time; ReaderPool shares some out. Errors are those of proto/common/sqlite.h.
//
// Cost: a key by name some 10 µs; a range 2 µs a key, plus the index entries of its history that was not compacted.

#include <cstdint>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include "absl/functional/function_ref.h"
#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "proto/common/mutex.h"
#include "proto/common/sqlite.h"
#include "server/store/kv.h"
#include "server/store/watch_hub.h"

namespace warren::store {

class SqliteReader {
 public:
  static absl::StatusOr<std::unique_ptr<SqliteReader>> Open(const std::string& path);

  // As Kv::Range.
  absl::StatusOr<RangeResult> Range(const RangeRequest& request);

  // As WatchHub::ReadLog.
  absl::StatusOr<WatchHub::LogChunk> ReadLog(int64_t from_revision);

  // As Kv::Replay. Some 1 µs a row of the log.
  using Change = absl::FunctionRef<absl::Status(Event& change)>;
  absl::StatusOr<int64_t> Replay(std::string_view prefix, Change change);

 private:
  struct Statements {
    Statement begin, commit, last_id, compacted, ascending, descending, log;
  };
  struct Snapshot {
    int64_t revision = 0;
    int64_t compacted = 0;
  };

  SqliteReader(Database db, Statements statements) : db_(std::move(db)), sql_(std::move(statements)) {}

  absl::StatusOr<Snapshot> BeginSnapshot();
  absl::StatusOr<RangeResult> RangeAt(const RangeRequest& request, const Snapshot& snapshot);
  absl::StatusOr<WatchHub::LogChunk> ReadLogAt(int64_t from_revision, const Snapshot& snapshot);
  absl::Status ReplayTo(int64_t revision, std::string_view prefix, Change change);

  Database db_;
  Statements sql_;
};

class ReaderPool {
 public:
  static absl::StatusOr<std::unique_ptr<ReaderPool>> Open(const std::string& path, size_t readers);

  // Each waits while all are lent.
  absl::StatusOr<RangeResult> Range(const RangeRequest& request);
  absl::StatusOr<int64_t> Replay(std::string_view prefix, SqliteReader::Change change);

 private:
  std::unique_ptr<SqliteReader> Borrow();
  void Return(std::unique_ptr<SqliteReader> reader);

  explicit ReaderPool(std::vector<std::unique_ptr<SqliteReader>> readers) : idle_(std::move(readers)) {}

  Mutex mutex_;
  CondVar returned_;
  std::vector<std::unique_ptr<SqliteReader>> idle_ ABSL_GUARDED_BY(mutex_);
};

}  // namespace warren::store

#endif  // WARREN_SERVER_STORE_SQLITE_READER_H_
