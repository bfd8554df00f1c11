#ifndef WARREN_SERVER_STORE_SQLITE_BACKUP_H_
#define WARREN_SERVER_STORE_SQLITE_BACKUP_H_

// Copies a store's file out while a server may be writing it. For one thread.

#include <cstdint>
#include <string>

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
// is not there or no store, `file` is there and is not to be overwritten, or a log lies beside `file`, which whoever
// opens the backup would take for its own; RESOURCE_EXHAUSTED, UNAVAILABLE, DATA_LOSS and INTERNAL as either disk
// fails: FILE is then as it was before.
absl::StatusOr<BackupResult> BackUpSqliteStore(const std::string& path, const std::string& file,
                                               const BackupOptions& options);

}  // namespace warren::store

#endif  // WARREN_SERVER_STORE_SQLITE_BACKUP_H_
