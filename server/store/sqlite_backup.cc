#include "server/store/sqlite_backup.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <sys/stat.h>
#include <unistd.h>

#include <filesystem>
#include <utility>

#include "absl/strings/str_cat.h"
#include "absl/strings/str_join.h"
#include "proto/common/file_lock.h"
#include "proto/common/unique_fd.h"
#include "server/store/sqlite_check.h"
#include "server/store/sqlite_schema.h"

namespace warren::store {
namespace {

namespace fs = std::filesystem;

absl::Status Errno(const std::string& what) { return absl::ErrnoToStatus(errno, what); }

absl::Status Sync(const std::string& path, int flags) {
  const UniqueFd fd(open(path.c_str(), flags | O_CLOEXEC));
  if (!fd.valid()) return Errno(absl::StrCat("opening ", path));
  if (fsync(fd.get()) != 0) return Errno(absl::StrCat("syncing ", path));
  return absl::OkStatus();
}

absl::Status SyncDirectoryOf(const std::string& path) {
  const std::string directory = fs::path(path).parent_path().string();
  return Sync(directory.empty() ? "." : directory, O_RDONLY | O_DIRECTORY);
}

// Durable when OK.
absl::Status Rename(const std::string& from, const std::string& to) {
  if (rename(from.c_str(), to.c_str()) != 0) return Errno(absl::StrCat("renaming ", from, " to ", to));
  return SyncDirectoryOf(to);
}

// A file that is removed unless it is renamed.
class Temporary {
 public:
  explicit Temporary(std::string path) : path_(std::move(path)) { Remove(); }
  ~Temporary() { Remove(); }
  Temporary(const Temporary&) = delete;
  Temporary& operator=(const Temporary&) = delete;
  const std::string& path() const { return path_; }

 private:
  void Remove() {
    for (const char* suffix : {"", "-wal", "-shm", "-journal"}) unlink(absl::StrCat(path_, suffix).c_str());
  }
  const std::string path_;
};

// A copy of the store at `from`, checked and synced.
absl::StatusOr<CheckResult> Copy(const std::string& from, const Temporary& to) {
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
  if (absl::Status status = Sync(to.path(), O_RDONLY); !status.ok()) return status;
  return checked;
}

// Makes revisions up to the gap's end history that was compacted away.
absl::Status JumpAhead(const std::string& path, int64_t revision) {
  auto db = OpenForWriting(path);
  if (!db.ok()) return db.status();
  return db->Execute(absl::StrCat("UPDATE meta SET value=", revision + kRestoreRevisionGap, " WHERE name='compacted'"));
}

// Keeps the store under another name too, and takes its write-ahead log away, which must not meet another file.
absl::Status SetAside(const std::string& path, std::string& kept) {
  std::error_code error;
  if (!fs::exists(path, error)) return absl::OkStatus();
  // Opening and closing empties the log into the file; a damaged store keeps its log as it is.
  if (auto db = OpenForLooking(path); db.ok()) (void)OpenForWriting(path);
  kept = absl::StrCat(path, ".before-restore");
  for (const char* suffix : {"-wal", "-shm"}) {
    const std::string from = absl::StrCat(path, suffix), to = absl::StrCat(kept, suffix);
    if (fs::exists(from, error)) {
      if (absl::Status status = Rename(from, to); !status.ok()) return status;
    } else {
      unlink(to.c_str());
    }
  }
  unlink(kept.c_str());
  // Two names until the new store takes the first one: at no instant is there none.
  if (link(path.c_str(), kept.c_str()) != 0) return Errno(absl::StrCat("keeping ", path, " as ", kept));
  return absl::OkStatus();
}

}  // namespace

absl::StatusOr<BackupResult> BackUpSqliteStore(const std::string& path, const std::string& file,
                                               const BackupOptions& options) {
  std::error_code error;
  if (!options.overwrite && fs::exists(file, error)) {
    return absl::FailedPreconditionError(
        absl::StrCat(file, " is there already and was left as it is; name another file, or add --force"));
  }
  const Temporary temporary(absl::StrCat(file, ".tmp"));
  auto copied = Copy(path, temporary);
  if (!copied.ok()) return copied.status();
  BackupResult result;
  result.revision = copied->revision;
  result.bytes = static_cast<int64_t>(fs::file_size(temporary.path(), error));
  if (absl::Status status = Rename(temporary.path(), file); !status.ok()) return status;
  return result;
}

absl::StatusOr<RestoreResult> RestoreSqliteStore(const std::string& file, const std::string& path) {
  auto lock = FileLock::Acquire(absl::StrCat(path, ".lock"));
  if (!lock.ok()) {
    return absl::FailedPreconditionError(
        absl::StrCat("the server has to be stopped first: ", std::string(lock.status().message())));
  }
  RestoreResult result;
  const Temporary temporary(absl::StrCat(path, ".restoring"));
  auto copied = Copy(file, temporary);
  if (!copied.ok()) return copied.status();
  result.revision = copied->revision;
  if (absl::Status status = JumpAhead(temporary.path(), result.revision); !status.ok()) return status;
  if (absl::Status status = Sync(temporary.path(), O_RDONLY); !status.ok()) return status;
  if (absl::Status status = SetAside(path, result.kept); !status.ok()) return status;
  if (absl::Status status = Rename(temporary.path(), path); !status.ok()) return status;
  return result;
}

}  // namespace warren::store
