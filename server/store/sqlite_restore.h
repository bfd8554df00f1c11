#ifndef WARREN_SERVER_STORE_SQLITE_RESTORE_H_
#define WARREN_SERVER_STORE_SQLITE_RESTORE_H_

// Makes a backup the store. All or nothing, whatever ends it and wherever: the new store is written beside the old one,
// as PATH.restoring, and renamed PATH.restored when it is whole. From that rename on the restore is decided, and is
// finished by whoever opens the store next: the old one's log is removed, and PATH.restored takes its name. A log must
// be gone before, or SQLite plays it over the new file. For one thread.

#include <cstdint>
#include <string>

#include "absl/status/status.h"
#include "absl/status/statusor.h"

namespace warren::store {

struct RestoreResult {
  int64_t revision = 0;
  std::string kept;  // where the store is now that was there before; empty: there was none
};

// What the revision counter jumps by at a restore. What came after the backup is forgotten, but its revisions were
// seen: by watches, which would miss changes if they were used again, and by agents, which know intents by them.
// Watches from before are told OUT_OF_RANGE and read again.
inline constexpr int64_t kRestoreRevisionGap = 1'000'000'000;

// Makes `file` the store: checks it, copies it beside the store, keeps what was there as PATH.before-restore (replacing
// an older one; with its log, if the store could not be opened to empty it) and takes its place. FAILED_PRECONDITION
// when a server has the store open (names its pid), or `file` is not there or no store; DATA_LOSS when `file` is
// damaged; other errors as the disk fails. On an error the store is as it was; but ABORTED, when the restore is decided
// and could not be finished: it will be when a server is started or one restores again.
absl::StatusOr<RestoreResult> RestoreSqliteStore(const std::string& file, const std::string& path);

// Finishes a restore that was decided, and removes what one left that was not. Whoever calls has the store's lock.
absl::Status FinishRestore(const std::string& path);
// FAILED_PRECONDITION, reason STORE_RESTORING, while one is decided and not finished: what is named PATH is the old
// store, maybe without its log. For those who only look.
absl::Status CheckRestored(const std::string& path);

}  // namespace warren::store

#endif  // WARREN_SERVER_STORE_SQLITE_RESTORE_H_
