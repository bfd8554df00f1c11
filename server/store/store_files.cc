#include "server/store/store_files.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <sys/stat.h>
#include <unistd.h>

#include <filesystem>

#include "absl/strings/str_cat.h"
#include "absl/strings/str_join.h"
#include "proto/common/status_payload.h"
#include "proto/common/unique_fd.h"
#include "server/store/sqlite_schema.h"

namespace warren::store {
namespace {

absl::Status Errno(const std::string& what) { return absl::ErrnoToStatus(errno, what); }

bool HoldsSomething(const std::string& path) {
  struct stat st = {};
  return stat(path.c_str(), &st) == 0 && st.st_size > 0;
}

absl::Status Sync(const std::string& path, int flags) {
  const UniqueFd fd(open(path.c_str(), flags | O_CLOEXEC));
  if (!fd.valid()) return Errno(absl::StrCat("opening ", path));
  if (fsync(fd.get()) != 0) return Errno(absl::StrCat("syncing ", path));
  return absl::OkStatus();
}

}  // namespace

std::vector<std::string> LogsOf(const std::string& path) {
  return {absl::StrCat(path, "-wal"), absl::StrCat(path, "-journal")};
}

std::vector<std::string> FilledLogsOf(const std::string& path) {
  std::vector<std::string> filled;
  for (std::string& log : LogsOf(path)) {
    if (HoldsSomething(log)) filled.push_back(std::move(log));
  }
  return filled;
}

absl::Status CheckHasItsFile(const std::string& path) {
  // A rollback journal holds only what was there before what it is the journal of.
  const std::string log = absl::StrCat(path, "-wal");
  if (HoldsSomething(path) || !HoldsSomething(log)) return absl::OkStatus();
  return WithReason(absl::FailedPreconditionError(
                        absl::StrCat("the log ", log, " is there and the store ", path,
                                     " is not: was it moved away? The log holds "
                                     "what was accepted last; put the file back, or move the log away, too")),
                    "STORE_LOG_ALONE");
}

absl::Status SyncFile(const std::string& path) { return Sync(path, O_RDONLY); }

absl::Status SyncDirectoryOf(const std::string& path) {
  const std::string directory = std::filesystem::path(path).parent_path().string();
  return Sync(directory.empty() ? "." : directory, O_RDONLY | O_DIRECTORY);
}

absl::Status RenameFile(const std::string& from, const std::string& to) {
  if (rename(from.c_str(), to.c_str()) != 0) return Errno(absl::StrCat("renaming ", from, " to ", to));
  return SyncDirectoryOf(to);
}

absl::Status RemoveFile(const std::string& path) {
  if (unlink(path.c_str()) != 0 && errno != ENOENT) return Errno(absl::StrCat("removing ", path));
  return absl::OkStatus();
}

void TemporaryStore::Remove() const {
  for (const char* suffix : {"", "-wal", "-shm", "-journal"}) unlink(absl::StrCat(path_, suffix).c_str());
}

absl::StatusOr<CheckResult> CopyStore(const std::string& from, const TemporaryStore& to) {
  {
    // For the owner only from the beginning: it holds what the state directory hides.
    const UniqueFd fd(open(to.path().c_str(), O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, 0600));
    if (!fd.valid()) return Errno(absl::StrCat("making ", to.path()));
  }
  auto db = OpenForLooking(from);
  if (!db.ok()) return db.status();
  // It would count the copy as a change; the file itself is open for reading only.
  if (absl::Status status = db->Execute("PRAGMA query_only=OFF"); !status.ok()) return status;
  if (absl::Status status = db->CopyTo(to.path()); !status.ok()) return status;
  auto checked = CheckSqliteStore(to.path(), [](const KeyValue&) { return absl::OkStatus(); });
  if (!checked.ok()) return checked.status();
  if (!checked->problems.empty()) {
    return absl::DataLossError(absl::StrCat("a copy of ", from, " is damaged: ", absl::StrJoin(checked->problems, "; "),
                                            "; `warren-server check` tells more about it"));
  }
  if (absl::Status status = SyncFile(to.path()); !status.ok()) return status;
  return checked;
}

}  // namespace warren::store
