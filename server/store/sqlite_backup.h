#ifndef WARREN_SERVER_STORE_SQLITE_BACKUP_H_
#define WARREN_SERVER_STORE_SQLITE_BACKUP_H_

// Copies a store's file out while a server may be writing it, and puts a copy back. For one thread.

#include <cstdint>
#include <string>

#include "absl/status/status.h"
#include "absl/status/statusor.h"

namespace warren::store {

struct BackupOptions {
  bool overwrite = false;
};
struct BackupResult {
  int64_t revision = 0;  // what the backup holds: everything up to it
  int64_t bytes = 0;
};

// Writes what is committed at this moment to `file`: first to FILE.tmp, synced, checked, and then renamed, so that FILE
// is never a part of a backup. The store needs not to be stopped and is not held up. FAILED_PRECONDITION when the store
// is not there or no store, or `file` is there and is not to be overwritten; RESOURCE_EXHAUSTED, UNAVAILABLE, DATA_LOSS
// and INTERNAL as either disk fails: FILE is then as it was before.
absl::StatusOr<BackupResult> BackUpSqliteStore(const std::string& path, const std::string& file,
                                               const BackupOptions& options);

struct RestoreResult {
  int64_t revision = 0;
  std::string kept;  // where the store is now that was there before; empty: there was none
};

// What the revision counter jumps by at a restore. What came after the backup is forgotten, but its revisions were
// seen: by watches, which would miss changes if they were used again, and by agents, which know intents by them.
// Watches from before are told OUT_OF_RANGE and read again.
inline constexpr int64_t kRestoreRevisionGap = 1'000'000'000;

// Makes `file` the store: checks it, copies it beside the store, keeps what was there as PATH.before-restore (replacing
// an older one) and renames. FAILED_PRECONDITION when a server has the store open (names its pid), or `file` is not
// there or no store; DATA_LOSS when `file` is damaged; other errors as the disk fails. On an error the store is as it
// was.
absl::StatusOr<RestoreResult> RestoreSqliteStore(const std::string& file, const std::string& path);

}  // namespace warren::store

#endif  // WARREN_SERVER_STORE_SQLITE_BACKUP_H_
