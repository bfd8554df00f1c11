#ifndef WARREN_PROTO_COMMON_SQLITE_H_
#define WARREN_PROTO_COMMON_SQLITE_H_

// SQLite as RAII and absl::Status. A Database and its Statements belong to one thread at a time.
//
// Errors: SQLITE_FULL is RESOURCE_EXHAUSTED, SQLITE_READONLY, SQLITE_CANTOPEN and SQLITE_PERM FAILED_PRECONDITION,
// SQLITE_CORRUPT and SQLITE_NOTADB DATA_LOSS, SQLITE_BUSY and SQLITE_IOERR UNAVAILABLE, anything else INTERNAL; the
// message has SQLite's own.

#include <sqlite3.h>

#include <cstdint>
#include <memory>
#include <string>
#include <string_view>

#include "absl/status/status.h"
#include "absl/status/statusor.h"

namespace warren {

class Statement;

class Database {
 public:
  struct Options {
    bool read_only = false;
    // PRAGMA synchronous: FULL survives power loss, OFF only the death of the process.
    bool synchronous = true;
  };

  // Opens or creates a database in WAL mode.
  static absl::StatusOr<Database> Open(const std::string& path, const Options& options);

  // Runs statements without parameters or results.
  absl::Status Execute(const std::string& sql);
  absl::StatusOr<Statement> Prepare(const std::string& sql);
  // The first column of the first row, or 0.
  absl::StatusOr<int64_t> QueryInt(const std::string& sql);

  // The database as it is at this moment, written to a file that must not exist (VACUUM INTO); others go on writing.
  // Not yet synced. Errors may leave part of the file.
  absl::Status CopyTo(const std::string& path);

  bool InTransaction() const { return sqlite3_get_autocommit(db_.get()) == 0; }

 private:
  struct Closer {
    void operator()(sqlite3* db) const { sqlite3_close_v2(db); }
  };
  explicit Database(sqlite3* db, std::string path) : db_(db), path_(std::move(path)) {}

  std::unique_ptr<sqlite3, Closer> db_;
  std::string path_;
};

// A prepared statement. Bind from 1, read columns from 0, as SQLite counts.
class Statement {
 public:
  // The text must outlive the next Step or Reset.
  Statement& Bind(int index, std::string_view blob);
  Statement& Bind(int index, int64_t value);

  // True: a row is there. False: done, and the statement is reset. Errors reset it too.
  absl::StatusOr<bool> Step();
  // Steps a statement that returns no rows.
  absl::Status Run();
  void Reset();

  int64_t Int(int column) const;
  // Valid until the next Step or Reset.
  std::string_view Blob(int column) const;
  bool IsNull(int column) const;

 private:
  friend class Database;
  struct Finalizer {
    void operator()(sqlite3_stmt* statement) const { sqlite3_finalize(statement); }
  };
  explicit Statement(sqlite3_stmt* statement) : statement_(statement) {}

  std::unique_ptr<sqlite3_stmt, Finalizer> statement_;
};

}  // namespace warren

#endif  // WARREN_PROTO_COMMON_SQLITE_H_
