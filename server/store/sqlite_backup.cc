#include "server/store/sqlite_backup.h"

#include <filesystem>

#include "absl/strings/str_cat.h"
#include "absl/strings/str_join.h"
#include "server/store/sqlite_restore.h"
#include "server/store/store_files.h"

namespace warren::store {

absl::StatusOr<BackupResult> BackUpSqliteStore(const std::string& path, const std::string& file,
                                               const BackupOptions& options) {
  if (absl::Status status = CheckRestored(path); !status.ok()) return status;
  std::error_code error;
  if (!options.overwrite && std::filesystem::exists(file, error)) {
    return absl::FailedPreconditionError(
        absl::StrCat(file, " is there already and was left as it is; name another file, or add --force"));
  }
  if (const auto logs = FilledLogsOf(file); !logs.empty()) {
    return absl::FailedPreconditionError(
        absl::StrCat(absl::StrJoin(logs, " and "), " would be taken for the log of ", file,
                     ", which was left as it is: somebody has it open, or it was a store; name another file"));
  }
  const TemporaryStore temporary(absl::StrCat(file, ".tmp"));
  auto copied = CopyStore(path, temporary);
  if (!copied.ok()) return copied.status();
  BackupResult result;
  result.revision = copied->revision;
  result.bytes = static_cast<int64_t>(std::filesystem::file_size(temporary.path(), error));
  if (absl::Status status = RenameFile(temporary.path(), file); !status.ok()) return status;
  return result;
}

}  // namespace warren::store
