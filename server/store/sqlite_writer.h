#ifndef WARREN_SERVER_STORE_SQLITE_WRITER_H_
#define WARREN_SERVER_STORE_SQLITE_WRITER_H_

// Puts transactions into the log, a group to one SQLite transaction. For one thread. Errors are those of proto/common/
// sqlite.h; after one, Rollback and begin again.

#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "proto/common/sqlite.h"
#include "server/store/kv.h"

namespace warren::store {

class SqliteWriter {
 public:
  using Events = std::vector<std::shared_ptr<const Event>>;
  struct Outcome {
    // OK, or why this transaction was refused: the group goes on without it.
    absl::Status refused;
    int64_t revision = 0;
    Events events;  // empty: nothing changed
  };

  static absl::StatusOr<SqliteWriter> Open(const std::string& path);

  absl::Status Begin();
  // Returns the storage's errors only. Takes the strings of the transaction.
  absl::Status Apply(Transaction& transaction, Outcome& outcome);
  // A compaction as an entry of a group: reads before `revision` are refused from then on.
  absl::Status Compact(int64_t revision, Outcome& outcome);
  // Durable when OK.
  absl::Status Commit();
  void Rollback();

  // Whether a compaction has left rows that are of no use any more; Sweep removes some of them, in a group of its own.
  bool NeedsSweep() const;
  absl::Status Sweep();
  // Finds out whether writing works.
  absl::Status Probe();

  // Of the last group committed.
  int64_t revision() const { return durable_revision_; }
  int64_t compacted() const { return durable_compacted_; }

 private:
  struct Statements {
    Statement begin, commit, rollback, find, insert, keys_with_prefix, set_meta, sweep_next, sweep_older;
  };
  // What is current of a key; mod_revision 0: nothing.
  struct Found {
    int64_t mod_revision = 0;
    int64_t create_revision = 0;
  };

  SqliteWriter(Database db, Statements statements) : db_(std::move(db)), sql_(std::move(statements)) {}

  absl::StatusOr<Found> Find(std::string_view key);
  absl::Status FindWithPrefix(std::string_view prefix, std::vector<std::string>& keys);
  // No value: a delete.
  absl::Status Write(std::string key, std::optional<std::string> value, int64_t create_revision, Outcome& outcome);
  absl::Status SetMeta(std::string_view name, int64_t value);
  absl::Status SweepRows(int64_t& swept);

  Database db_;
  Statements sql_;  // after db_: finalized before it is closed
  int64_t revision_ = 0, durable_revision_ = 0;
  int64_t compacted_ = 0, durable_compacted_ = 0;
  int64_t swept_id_ = 0;
};

}  // namespace warren::store

#endif  // WARREN_SERVER_STORE_SQLITE_WRITER_H_
