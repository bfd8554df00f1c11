#ifndef WARREN_SERVER_STORE_SQLITE_SCHEMA_H_
#define WARREN_SERVER_STORE_SQLITE_SCHEMA_H_

// The database file of SqliteKv: how it is recognised and laid out.
//
//   log(id, key, create_revision, value)   every put and delete, in revision order; value NULL: deleted
//   log_by_key(key, id)                    a covering index: what is current, or was at a revision, without the rows
//   meta(name, value)                      compacted: history before this revision is gone (promised)
//                                          swept: ... and its rows have been removed up to this id
//                                          probe: written to find out whether writing works again
//
// id is the revision shifted left by kIdBits, plus the position in the transaction. A new row goes to the end of the
// log: one row a change, full pages, and a watch that resumes reads it from any revision on.

#include <cstdint>
#include <string>

#include "absl/status/statusor.h"
#include "proto/common/sqlite.h"

namespace warren::store {

inline constexpr int kIdBits = 20;
inline constexpr int64_t kMaxChangesPerTransaction = int64_t{1} << kIdBits;
inline constexpr int64_t FirstId(int64_t revision) { return revision << kIdBits; }
inline constexpr int64_t RevisionOfId(int64_t id) { return id >> kIdBits; }

// An exclusive upper bound for SQL: where there is no end, what sorts after every key.
std::string KeyBound(std::string end);

inline constexpr int64_t kSchemaVersion = 1;

// Opens the store for writing, or makes it. FAILED_PRECONDITION, and the file is left as it was, when it is a database
// of something else or of a newer schema, or cannot be written; DATA_LOSS when it is no database or a damaged one.
absl::StatusOr<Database> OpenForWriting(const std::string& path);

// Opens a store that may be anything, for reading only: FAILED_PRECONDITION when it is not there or is none of this
// version; DATA_LOSS as above.
absl::StatusOr<Database> OpenForLooking(const std::string& path);

// Writes what the log holds into the database's file and empties it. UNAVAILABLE when somebody reads what is in it.
absl::Status EmptyLog(Database& db);

// Opens a store that OpenForWriting has opened or made.
absl::StatusOr<Database> OpenForReading(const std::string& path);

}  // namespace warren::store

#endif  // WARREN_SERVER_STORE_SQLITE_SCHEMA_H_
