#include "server/store/sqlite_schema.h"

#include <errno.h>
#include <string.h>
#include <sys/stat.h>

#include "absl/strings/str_cat.h"
#include "proto/common/status_payload.h"
#include "server/store/kv.h"
#include "server/store/store_files.h"

namespace warren::store {
namespace {

constexpr int64_t kApplicationId = 0x5752524e;  // "WRRN"; file(1) and sqlite3's .dbinfo show it

// Checkpoints at a write-ahead log of 64 MB: ids are random, so each put dirties a page of the index, and the longer
// the log the more often it is the same one. At 16 MB a flood of batches was a fifth slower.
constexpr char kWriterPragmas[] =
    "PRAGMA wal_autocheckpoint=16000; PRAGMA journal_size_limit=134217728; PRAGMA cache_size=-65536;"
    "PRAGMA foreign_keys=OFF; PRAGMA temp_store=MEMORY";
constexpr char kReaderPragmas[] = "PRAGMA query_only=ON; PRAGMA cache_size=-8192; PRAGMA temp_store=MEMORY";

constexpr char kCreate[] =
    "CREATE TABLE log(id INTEGER PRIMARY KEY, key BLOB NOT NULL, create_revision INTEGER NOT NULL, value BLOB);"
    "CREATE INDEX log_by_key ON log(key, id);"
    "CREATE TABLE meta(name TEXT PRIMARY KEY, value INTEGER NOT NULL) WITHOUT ROWID;"
    "INSERT INTO meta VALUES('compacted', 0), ('swept', 0), ('probe', 0);";

enum class Kind { kNew, kOurs };

absl::StatusOr<Kind> Recognise(Database& db, const std::string& path) {
  auto application = db.QueryInt("PRAGMA application_id");
  if (!application.ok()) return application.status();
  auto version = db.QueryInt("PRAGMA user_version");
  if (!version.ok()) return version.status();
  if (*application == kApplicationId) {
    if (*version == kSchemaVersion) return Kind::kOurs;
    return WithReason(
        absl::FailedPreconditionError(absl::StrCat(
            path, " has schema version ", *version, ", this server knows ", kSchemaVersion, ": it was written by ",
            *version > kSchemaVersion ? "a newer" : "another", " version; run that one, or name another store")),
        "STORE_VERSION");
  }
  auto tables = db.QueryInt("SELECT count(*) FROM sqlite_schema");
  if (!tables.ok()) return tables.status();
  // The header page alone: made by a process that died before it could go on.
  if (*application == 0 && *tables == 0) return Kind::kNew;
  return WithReason(
      absl::FailedPreconditionError(absl::StrCat(path, " is a database of another program (application id ",
                                                 *application, "); it was left as it is; name another store")),
      "STORE_FOREIGN");
}

}  // namespace

std::string KeyBound(std::string end) {
  if (end.empty()) end.assign(Kv::kMaxKeyBytes + 1, '\xff');
  return end;
}

absl::StatusOr<Database> OpenForWriting(const std::string& path) {
  // Looked at before it is opened for writing: that alone would change the journal mode of somebody else's database.
  struct stat st = {};
  if (stat(path.c_str(), &st) == 0 && st.st_size > 0) {
    auto looked = Database::Open(path, {.read_only = true});
    if (!looked.ok()) return looked.status();
    if (auto kind = Recognise(*looked, path); !kind.ok()) return kind.status();
  }
  auto db = Database::Open(path, {});
  if (!db.ok()) return db.status();
  if (auto s = db->Execute(kWriterPragmas); !s.ok()) return s;
  auto kind = Recognise(*db, path);
  if (!kind.ok()) return kind.status();
  if (*kind == Kind::kNew) {
    if (auto s = db->Execute(absl::StrCat("BEGIN IMMEDIATE; ", kCreate, "PRAGMA application_id=", kApplicationId,
                                          "; PRAGMA user_version=", kSchemaVersion, "; COMMIT"));
        !s.ok()) {
      return s;
    }
  }
  return db;
}

absl::StatusOr<Database> OpenForLooking(const std::string& path) {
  if (absl::Status status = CheckHasItsFile(path); !status.ok()) return status;
  struct stat st = {};
  if (stat(path.c_str(), &st) != 0) {
    return absl::FailedPreconditionError(absl::StrCat("there is no store ", path, ": ", strerror(errno)));
  }
  auto db = OpenForReading(path);
  if (!db.ok()) return db.status();
  auto kind = Recognise(*db, path);
  if (!kind.ok()) return kind.status();
  if (*kind == Kind::kNew) return absl::FailedPreconditionError(absl::StrCat(path, " is empty: no store"));
  return db;
}

absl::Status EmptyLog(Database& db) {
  auto busy = db.QueryInt("PRAGMA wal_checkpoint(TRUNCATE)");
  if (!busy.ok()) return busy.status();
  return *busy == 0 ? absl::OkStatus() : absl::UnavailableError("the store's log is being read and cannot be emptied");
}

absl::StatusOr<Database> OpenForReading(const std::string& path) {
  auto db = Database::Open(path, {.read_only = true});
  if (!db.ok()) return db.status();
  if (auto s = db->Execute(kReaderPragmas); !s.ok()) return s;
  return db;
}

}  // namespace warren::store
