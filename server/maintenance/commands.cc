#include "server/maintenance/commands.h"

#include <cstdio>
#include <string>
#include <string_view>
#include <vector>

#include "absl/status/status.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/strip.h"
#include "proto/common/flags.h"
#include "server/maintenance/check_row.h"
#include "server/store/sqlite_backup.h"
#include "server/store/sqlite_check.h"
#include "server/store/sqlite_restore.h"

namespace warren::maintenance {
namespace {

constexpr char kBackupExamples[] = R"(Examples:
  warren-server backup /var/backups/warren.db
      Writes all that is committed now; the server may be running, and is not held up.
  warren-server backup --force --state-dir ./state latest.db
      Replaces an older one, once the new one is whole.

Exit codes: 0 the backup is there and was checked; 1 it could not be made, and what was there before is as it was; 2 usage)";

constexpr char kRestoreExamples[] = R"(Examples:
  systemctl stop warren-server && warren-server restore /var/backups/warren.db && systemctl start warren-server
      The store that was there is kept beside it, as warren.db.before-restore.

Intents accepted after the backup was made are forgotten; what agents did for them stays done. Intents that had not
finished at the time of the backup are handed out again. Watches begin anew.

Exit codes: 0 restored; 1 not restored, and the store is as it was unless the message says that the restore is finished
when the server starts; 2 usage)";

constexpr char kCheckExamples[] = R"(Examples:
  warren-server check
      Looks the store of the running (or stopped) server over; reads only.
  warren-server check --store sqlite:/var/backups/warren.db
      The same for a backup.

Exit codes: 0 sound; 1 damaged, with a list of what is wrong, or it could not be looked at; 2 usage)";

struct Place {
  std::string state_dir = "/var/lib/warren/server";
  std::string store;
};

void AddPlace(CLI::App& app, Place& place) {
  app.add_option("--state-dir", place.state_dir, "The server's state directory")
      ->type_name("DIR")
      ->capture_default_str();
  app.add_option("--store", place.store, "The store: sqlite:PATH [sqlite:STATE_DIR/warren.db]")->type_name("STORE");
}

absl::StatusOr<std::string> PathOf(const Place& place) {
  if (place.store.empty()) return absl::StrCat(place.state_dir, "/warren.db");
  absl::string_view path = place.store;
  if (!absl::ConsumePrefix(&path, "sqlite:") || path.empty()) {
    return absl::InvalidArgumentError(absl::StrCat("--store ", place.store, ": the stores there are: sqlite:PATH"));
  }
  return std::string(path);
}

int Fail(const char* command, const absl::Status& status) {
  fprintf(stderr, "warren-server %s: %s\n", command, std::string(status.message()).c_str());
  return absl::IsInvalidArgument(status) ? kExitUsage : kExitFailed;
}

int Backup(int argc, const char* const* argv) {
  CLI::App app("Copies the server's store to a file, while the server runs or not", "warren-server backup");
  SetUpFlags(app, kBackupExamples);
  Place place;
  std::string file;
  store::BackupOptions options;
  app.add_option("FILE", file, "Where to write the backup")->required();
  app.add_flag("--force", options.overwrite, "Replace FILE if it is there");
  AddPlace(app, place);
  AddEnvironment(app);
  if (const int code = ParseFlags(app, argc, argv); code >= 0) return code;
  const auto path = PathOf(place);
  if (!path.ok()) return Fail("backup", path.status());
  const auto done = store::BackUpSqliteStore(*path, file, options);
  if (!done.ok()) return Fail("backup", done.status());
  printf("%s: revision %lld of %s, %lld bytes, checked\n", file.c_str(), static_cast<long long>(done->revision),
         path->c_str(), static_cast<long long>(done->bytes));
  return kExitOk;
}

int Restore(int argc, const char* const* argv) {
  CLI::App app("Makes a backup the server's store again; the server must be stopped", "warren-server restore");
  SetUpFlags(app, kRestoreExamples);
  Place place;
  std::string file;
  app.add_option("FILE", file, "The backup")->required();
  AddPlace(app, place);
  AddEnvironment(app);
  if (const int code = ParseFlags(app, argc, argv); code >= 0) return code;
  const auto path = PathOf(place);
  if (!path.ok()) return Fail("restore", path.status());
  const auto done = store::RestoreSqliteStore(file, *path);
  if (!done.ok()) return Fail("restore", done.status());
  printf("%s: restored to revision %lld of %s\n", path->c_str(), static_cast<long long>(done->revision), file.c_str());
  if (!done->kept.empty()) printf("%s: what was there before\n", done->kept.c_str());
  return kExitOk;
}

int Check(int argc, const char* const* argv) {
  CLI::App app("Looks the server's store over, without changing it, while the server runs or not",
               "warren-server check");
  SetUpFlags(app, kCheckExamples);
  Place place;
  AddPlace(app, place);
  AddEnvironment(app);
  if (const int code = ParseFlags(app, argc, argv); code >= 0) return code;
  const auto path = PathOf(place);
  if (!path.ok()) return Fail("check", path.status());
  if (const absl::Status status = store::CheckRestored(*path); !status.ok()) return Fail("check", status);
  const auto checked = store::CheckSqliteStore(*path, CheckRow);
  if (!checked.ok()) return Fail("check", checked.status());
  for (const std::string& problem : checked->problems) printf("%s: %s\n", path->c_str(), problem.c_str());
  if (!checked->problems.empty()) {
    fprintf(stderr,
            "warren-server check: %s is damaged (%zu problems listed); put a backup back with `warren-server restore "
            "FILE`\n",
            path->c_str(), checked->problems.size());
    return kExitFailed;
  }
  printf("%s: sound, %lld rows at revision %lld\n", path->c_str(), static_cast<long long>(checked->rows),
         static_cast<long long>(checked->revision));
  return kExitOk;
}

}  // namespace

std::optional<int> RunCommand(int argc, const char* const* argv) {
  if (argc < 2) return std::nullopt;
  const std::string_view name = argv[1];
  if (name == "backup") return Backup(argc - 1, argv + 1);
  if (name == "restore") return Restore(argc - 1, argv + 1);
  if (name == "check") return Check(argc - 1, argv + 1);
  return std::nullopt;
}

}  // namespace warren::maintenance
