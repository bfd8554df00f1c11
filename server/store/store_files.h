#ifndef WARREN_SERVER_STORE_STORE_FILES_H_
#define WARREN_SERVER_STORE_STORE_FILES_H_

// The files of a store on its disk: the database itself and what SQLite puts beside it. A log (PATH-wal, PATH-journal)
// holds what was committed and is not in the database's file yet; SQLite takes whatever has that name for the log of
// whatever is named PATH (sqlite.org/howtocorrupt.html, "Unlinking or renaming a database file"). For one thread.

#include <string>
#include <vector>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "server/store/sqlite_check.h"

namespace warren::store {

// PATH-wal and PATH-journal.
std::vector<std::string> LogsOf(const std::string& path);
// Those of them that hold something.
std::vector<std::string> FilledLogsOf(const std::string& path);

// FAILED_PRECONDITION, reason STORE_LOG_ALONE, when a log is there and the file is not (or is empty): SQLite would
// throw the log away, and with it what was acknowledged.
absl::Status CheckHasItsFile(const std::string& path);

// These are durable when OK; their errors are errno's (absl::ErrnoToStatus), with the path.
absl::Status SyncFile(const std::string& path);
absl::Status SyncDirectoryOf(const std::string& path);
absl::Status RenameFile(const std::string& from, const std::string& to);
// OK as well when there is none. Durable only after SyncDirectoryOf.
absl::Status RemoveFile(const std::string& path);

// A database's file that is removed, with what SQLite put beside it, unless it is renamed.
class TemporaryStore {
 public:
  explicit TemporaryStore(std::string path) : path_(std::move(path)) { Remove(); }
  ~TemporaryStore() { Remove(); }
  TemporaryStore(const TemporaryStore&) = delete;
  TemporaryStore& operator=(const TemporaryStore&) = delete;
  const std::string& path() const { return path_; }

 private:
  void Remove() const;
  const std::string path_;
};

// What is committed in the store at `from` at this moment, written to `to`, for the owner only, checked and synced.
// DATA_LOSS when it is damaged; FAILED_PRECONDITION when there is none; otherwise as either disk fails.
absl::StatusOr<CheckResult> CopyStore(const std::string& from, const TemporaryStore& to);

}  // namespace warren::store

#endif  // WARREN_SERVER_STORE_STORE_FILES_H_
