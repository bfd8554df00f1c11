#include "proto/common/sqlite.h"

#include "absl/strings/str_cat.h"
#include "proto/common/private_dir.h"

namespace warren {
namespace {

absl::Status ToStatus(sqlite3* db, int code, absl::string_view what) {
  const std::string message =
      absl::StrCat(what, ": ", db != nullptr ? sqlite3_errmsg(db) : sqlite3_errstr(code), " (SQLite ", code, ")");
  switch (code & 0xff) {
    case SQLITE_FULL:
      return absl::ResourceExhaustedError(message);
    case SQLITE_READONLY:
    case SQLITE_CANTOPEN:
    case SQLITE_PERM:
      return absl::FailedPreconditionError(message);
    case SQLITE_CORRUPT:
    case SQLITE_NOTADB:
      return absl::DataLossError(message);
    case SQLITE_BUSY:
    case SQLITE_LOCKED:
    case SQLITE_IOERR:
      return absl::UnavailableError(message);
    default:
      return absl::InternalError(message);
  }
}

}  // namespace

absl::StatusOr<Database> Database::Open(const std::string& path, const Options& options) {
  // SQLite would make it as the umask says, and gives the log beside it the same mode.
  if (!options.read_only) {
    if (auto s = MakePrivateFile(path); absl::IsNotFound(s) || absl::IsPermissionDenied(s)) {
      return absl::FailedPreconditionError(s.message());
    } else if (!s.ok()) {
      return s;
    }
  }
  sqlite3* raw = nullptr;
  const int flags = (options.read_only ? SQLITE_OPEN_READONLY : SQLITE_OPEN_READWRITE | SQLITE_OPEN_CREATE) |
                    SQLITE_OPEN_NOMUTEX | SQLITE_OPEN_EXRESCODE;
  const int code = sqlite3_open_v2(path.c_str(), &raw, flags, nullptr);
  Database db(raw, path);
  if (code != SQLITE_OK) return ToStatus(raw, code, absl::StrCat("opening ", path));
  sqlite3_busy_timeout(raw, 5000);
  if (!options.read_only) {
    if (auto s = db.Execute("PRAGMA journal_mode=WAL"); !s.ok()) return s;
    if (auto s = db.Execute(options.synchronous ? "PRAGMA synchronous=FULL" : "PRAGMA synchronous=OFF"); !s.ok()) {
      return s;
    }
  }
  return db;
}

absl::Status Database::Execute(const std::string& sql) {
  const int code = sqlite3_exec(db_.get(), sql.c_str(), nullptr, nullptr, nullptr);
  if (code != SQLITE_OK) return ToStatus(db_.get(), code, path_);
  return absl::OkStatus();
}

absl::StatusOr<Statement> Database::Prepare(const std::string& sql) {
  sqlite3_stmt* raw = nullptr;
  const int code = sqlite3_prepare_v3(db_.get(), sql.c_str(), static_cast<int>(sql.size()), SQLITE_PREPARE_PERSISTENT,
                                      &raw, nullptr);
  if (code != SQLITE_OK) return ToStatus(db_.get(), code, path_);
  return Statement(raw);
}

absl::Status Database::CopyTo(const std::string& path) {
  auto copy = Prepare("VACUUM INTO CAST(?1 AS TEXT)");
  if (!copy.ok()) return copy.status();
  return copy->Bind(1, std::string_view(path)).Run();
}

absl::StatusOr<int64_t> Database::QueryInt(const std::string& sql) {
  auto statement = Prepare(sql);
  if (!statement.ok()) return statement.status();
  auto row = statement->Step();
  if (!row.ok()) return row.status();
  return *row ? statement->Int(0) : 0;
}

Statement& Statement::Bind(int index, std::string_view blob) {
  // An empty view may hold a null pointer, which SQLite would bind as NULL.
  sqlite3_bind_blob64(statement_.get(), index, blob.data() != nullptr ? blob.data() : "", blob.size(), SQLITE_STATIC);
  return *this;
}

Statement& Statement::Bind(int index, int64_t value) {
  sqlite3_bind_int64(statement_.get(), index, value);
  return *this;
}

absl::StatusOr<bool> Statement::Step() {
  const int code = sqlite3_step(statement_.get());
  if (code == SQLITE_ROW) return true;
  sqlite3* db = sqlite3_db_handle(statement_.get());
  absl::Status status = code == SQLITE_DONE ? absl::OkStatus() : ToStatus(db, code, sqlite3_db_filename(db, "main"));
  Reset();
  if (!status.ok()) return status;
  return false;
}

absl::Status Statement::Run() {
  auto row = Step();
  if (!row.ok()) return row.status();
  if (*row) Reset();
  return absl::OkStatus();
}

void Statement::Reset() {
  sqlite3_reset(statement_.get());
  sqlite3_clear_bindings(statement_.get());
}

int64_t Statement::Int(int column) const { return sqlite3_column_int64(statement_.get(), column); }

std::string_view Statement::Blob(int column) const {
  const void* data = sqlite3_column_blob(statement_.get(), column);
  const int size = sqlite3_column_bytes(statement_.get(), column);
  return {static_cast<const char*>(data), static_cast<size_t>(size)};
}

bool Statement::IsNull(int column) const { return sqlite3_column_type(statement_.get(), column) == SQLITE_NULL; }

}  // namespace warren
