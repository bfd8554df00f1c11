#include "server/store/sqlite_restore.h"

#include <errno.h>
#include <sys/stat.h>
#include <unistd.h>

#include <filesystem>

#include "absl/strings/str_cat.h"
#include "proto/common/file_lock.h"
#include "proto/common/status_payload.h"
#include "server/store/sqlite_schema.h"
#include "server/store/store_files.h"

namespace warren::store {
namespace {

std::string Restoring(const std::string& path) { return absl::StrCat(path, ".restoring"); }
std::string Restored(const std::string& path) { return absl::StrCat(path, ".restored"); }
std::string Kept(const std::string& path) { return absl::StrCat(path, ".before-restore"); }

bool Exists(const std::string& path) {
  struct stat st = {};
  return stat(path.c_str(), &st) == 0;
}

bool SameFile(const std::string& one, const std::string& other) {
  std::error_code error;
  return std::filesystem::equivalent(one, other, error);
}

// Makes revisions up to the gap's end history that was compacted away.
absl::Status JumpAhead(const std::string& path, int64_t revision) {
  {
    auto db = OpenForWriting(path);
    if (!db.ok()) return db.status();
    const absl::Status status =
        db->Execute(absl::StrCat("UPDATE meta SET value=", revision + kRestoreRevisionGap, " WHERE name='compacted'"));
    if (!status.ok()) return status;
    if (absl::Status emptied = EmptyLog(*db); !emptied.ok()) return emptied;
  }
  return SyncFile(path);
}

// Puts what the old store's log holds into its file, so that this is whole without it at every instant. A store that
// cannot be opened stays as it is, and is kept with its log.
void EmptyLogOf(const std::string& path) {
  if (!OpenForLooking(path).ok()) return;
  if (auto db = OpenForWriting(path); db.ok()) (void)EmptyLog(*db);
}

constexpr const char* kParts[] = {"", "-wal", "-journal"};

// Gives the old store another name, too, as long as it has its own.
absl::Status Keep(const std::string& path, std::string& kept) {
  EmptyLogOf(path);
  // The file before its log, which is of no use alone.
  for (const char* part : {"", "-wal", "-journal", "-shm"}) {
    if (absl::Status status = RemoveFile(absl::StrCat(Kept(path), part)); !status.ok()) return status;
  }
  for (const char* part : kParts) {
    const std::string from = absl::StrCat(path, part), to = absl::StrCat(Kept(path), part);
    if (!Exists(from)) continue;
    if (link(from.c_str(), to.c_str()) != 0) {
      return absl::ErrnoToStatus(errno, absl::StrCat("keeping ", from, " as ", to));
    }
    if (kept.empty()) kept = to;
  }
  return SyncDirectoryOf(path);
}

absl::Status Unfinished(const std::string& path, const absl::Status& reason) {
  return absl::AbortedError(
      absl::StrCat(reason.message(),
                   Exists(Restored(path))
                       ? "; the restore is decided, and is finished when the server is started or one restores again"
                       : "; the restore is done, but a power cut now may undo it"));
}

// Durable when OK; undone when not, unless ABORTED.
absl::Status Decide(const std::string& path) {
  absl::Status status = RenameFile(Restoring(path), Restored(path));
  if (status.ok()) return status;
  if (absl::Status undone = RemoveFile(Restored(path)); !undone.ok()) {
    return Unfinished(path, absl::UnavailableError(absl::StrCat(status.message(), "; ", undone.message())));
  }
  return status;
}

// What was linked for a restore that was not decided is the store itself, under a name that has another log.
absl::Status Forget(const std::string& path) {
  if (Exists(Restoring(path))) const TemporaryStore left(Restoring(path));
  for (const char* part : kParts) {
    const std::string kept = absl::StrCat(Kept(path), part);
    if (!SameFile(absl::StrCat(path, part), kept)) continue;
    if (absl::Status status = RemoveFile(kept); !status.ok()) return status;
  }
  return absl::OkStatus();
}

}  // namespace

absl::Status FinishRestore(const std::string& path) {
  if (!Exists(Restored(path))) return Forget(path);
  for (const char* suffix : {"-wal", "-journal", "-shm"}) {
    if (absl::Status status = RemoveFile(absl::StrCat(path, suffix)); !status.ok()) return status;
  }
  // Gone on the disk, too, before the new file has the name.
  if (absl::Status status = SyncDirectoryOf(path); !status.ok()) return status;
  return RenameFile(Restored(path), path);
}

absl::Status CheckRestored(const std::string& path) {
  if (!Exists(Restored(path))) return absl::OkStatus();
  return WithReason(
      absl::FailedPreconditionError(absl::StrCat("a restore of ", path,
                                                 " was interrupted after it had been decided; start the server, or "
                                                 "restore again, and it is finished")),
      "STORE_RESTORING");
}

absl::StatusOr<RestoreResult> RestoreSqliteStore(const std::string& file, const std::string& path) {
  auto lock = FileLock::Acquire(absl::StrCat(path, ".lock"));
  if (!lock.ok()) {
    return absl::FailedPreconditionError(
        absl::StrCat("the server has to be stopped first: ", std::string(lock.status().message())));
  }
  if (absl::Status status = FinishRestore(path); !status.ok()) return status;
  RestoreResult result;
  const TemporaryStore fresh(Restoring(path));
  auto copied = CopyStore(file, fresh);
  if (!copied.ok()) return copied.status();
  result.revision = copied->revision;
  if (absl::Status status = JumpAhead(fresh.path(), result.revision); !status.ok()) return status;
  absl::Status status = Keep(path, result.kept);
  if (status.ok()) status = Decide(path);
  if (!status.ok()) {
    if (!absl::IsAborted(status)) (void)Forget(path);
    return status;
  }
  if (status = FinishRestore(path); !status.ok()) return Unfinished(path, status);
  return result;
}

}  // namespace warren::store
