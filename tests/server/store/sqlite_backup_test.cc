// Backups made while the store is written, put back, and what a look at a store finds.

#include "server/store/sqlite_backup.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <sys/stat.h>
#include <unistd.h>

#include <atomic>
#include <cstdint>
#include <filesystem>
#include <fstream>
#include <memory>
#include <string>
#include <thread>
#include <utility>
#include <vector>

#include "absl/strings/str_cat.h"
#include "server/store/sqlite_check.h"
#include "server/store/sqlite_kv.h"
#include "server/store/sqlite_restore.h"
#include "tests/server/store/scratch_dir.h"

namespace warren::store {
namespace {

using ::testing::Contains;
using ::testing::HasSubstr;
using ::testing::IsEmpty;
using ::testing::Not;

absl::Status AnyRow(const KeyValue&) { return absl::OkStatus(); }

class SqliteBackupTest : public ::testing::Test {
 protected:
  static std::unique_ptr<SqliteKv> Open(const std::string& path) {
    SqliteKv::Options options;
    options.path = path;
    auto kv = SqliteKv::Open(options);
    EXPECT_TRUE(kv.ok()) << kv.status();
    return kv.ok() ? *std::move(kv) : nullptr;
  }
  static absl::StatusOr<CommitResult> Put(Kv& kv, const std::string& key, const std::string& value = "value") {
    return kv.CommitAndWait({{}, {Mutation::Put(key, value)}});
  }
  void Fill(int count) {
    const auto kv = Open(store_);
    for (int i = 0; i < count; ++i) ASSERT_TRUE(Put(*kv, absl::StrCat("k", i), std::string(500, 'v')).ok());
  }
  std::vector<std::string> Files() {
    std::vector<std::string> files;
    for (const auto& entry : std::filesystem::directory_iterator(dir_.path())) {
      files.push_back(entry.path().filename().string());
    }
    return files;
  }
  std::vector<std::string> Problems(const std::string& path) {
    const auto checked = CheckSqliteStore(path, AnyRow);
    EXPECT_TRUE(checked.ok()) << checked.status();
    return checked.ok() ? checked->problems : std::vector<std::string>{};
  }

  // Commits so many more, and leaves the files as a server does that is killed: the last ones are in the log only.
  void FillAndDie(int count) {
    const std::string open = dir_.File("open.db");
    if (std::filesystem::exists(store_)) std::filesystem::copy_file(store_, open);
    const auto kv = Open(open);
    for (int i = 0; i < count; ++i) ASSERT_TRUE(Put(*kv, absl::StrCat("late", i)).ok());
    for (const char* part : {"", "-wal"}) {
      std::filesystem::copy_file(open + part, store_ + part, std::filesystem::copy_options::overwrite_existing);
    }
  }
  // How many keys there are, for a server that opens the store.
  size_t Keys(const std::string& path) {
    const auto kv = Open(path);
    if (kv == nullptr) return 0;
    const auto all = kv->Range({});
    EXPECT_TRUE(all.ok()) << all.status();
    return all.ok() ? all->kvs.size() : 0;
  }

  ScratchDir dir_;
  const std::string store_ = dir_.File("kv.db");
  const std::string backup_ = dir_.File("backup.db");
};

TEST_F(SqliteBackupTest, HoldsAllThatWasAcknowledgedBeforeWhileOthersWrite) {
  const auto kv = Open(store_);
  std::atomic<int64_t> acknowledged = 0;
  std::jthread writer([&](const std::stop_token& stop) {
    for (int64_t i = 1; !stop.stop_requested(); ++i) {
      if (!Put(*kv, absl::StrCat("k", i)).ok()) return;
      acknowledged = i;
      acknowledged.notify_all();
    }
  });
  for (int round = 0; round < 5; ++round) {
    for (int64_t seen = acknowledged; seen < (round + 1) * 50; seen = acknowledged) acknowledged.wait(seen);
    const int64_t before = acknowledged;
    const auto backed_up = BackUpSqliteStore(store_, backup_, {.overwrite = round > 0});
    ASSERT_TRUE(backed_up.ok()) << backed_up.status();
    EXPECT_GE(backed_up->revision, before);
    EXPECT_EQ(backed_up->bytes, static_cast<int64_t>(std::filesystem::file_size(backup_)));
  }
  writer.request_stop();
  writer.join();
  const auto restored = RestoreSqliteStore(backup_, dir_.File("other.db"));
  ASSERT_TRUE(restored.ok()) << restored.status();
  const auto other = Open(dir_.File("other.db"));
  const auto rows = other->Range(RangeRequest::Prefix("k"));
  ASSERT_TRUE(rows.ok());
  EXPECT_EQ(static_cast<int64_t>(rows->kvs.size()), restored->revision)
      << "one key a revision: a prefix of the history";
  for (int64_t i = 1; i <= restored->revision; ++i) ASSERT_TRUE(other->Get(absl::StrCat("k", i)).ok()) << i;
}

TEST_F(SqliteBackupTest, IsForTheOwnerOnlyAndLeavesNothingElseBehind) {
  Fill(10);
  ASSERT_TRUE(BackUpSqliteStore(store_, backup_, {}).ok());
  struct stat info {};
  ASSERT_EQ(stat(backup_.c_str(), &info), 0);
  EXPECT_EQ(info.st_mode & 0777, 0600u);
  EXPECT_THAT(Files(), Not(Contains(::testing::StartsWith("backup.db."))));
}

TEST_F(SqliteBackupTest, DoesNotOverwriteUnlessAsked) {
  Fill(1);
  std::ofstream(backup_) << "mine";
  const auto refused = BackUpSqliteStore(store_, backup_, {});
  EXPECT_EQ(refused.status().code(), absl::StatusCode::kFailedPrecondition);
  EXPECT_THAT(std::string(refused.status().message()), HasSubstr("--force"));
  EXPECT_EQ(std::filesystem::file_size(backup_), 4u);
  EXPECT_TRUE(BackUpSqliteStore(store_, backup_, {.overwrite = true}).ok());
}

TEST_F(SqliteBackupTest, OfWhatIsNoStoreFailsAndKeepsTheOldOne) {
  std::ofstream(backup_) << "mine";
  EXPECT_EQ(BackUpSqliteStore(store_, backup_, {.overwrite = true}).status().code(),
            absl::StatusCode::kFailedPrecondition);
  std::ofstream(store_) << std::string(10'000, 'g');
  EXPECT_EQ(BackUpSqliteStore(store_, backup_, {.overwrite = true}).status().code(), absl::StatusCode::kDataLoss);
  EXPECT_EQ(std::filesystem::file_size(backup_), 4u);
  EXPECT_THAT(Files(), Not(Contains("backup.db.tmp")));
}

TEST_F(SqliteBackupTest, ARestoreKeepsWhatWasThereAndNeverUsesARevisionTwice) {
  Fill(10);
  ASSERT_TRUE(BackUpSqliteStore(store_, backup_, {}).ok());
  int64_t last = 0;
  {
    const auto kv = Open(store_);
    last = Put(*kv, "later")->revision;
  }
  const auto restored = RestoreSqliteStore(backup_, store_);
  ASSERT_TRUE(restored.ok()) << restored.status();
  EXPECT_EQ(restored->revision, 10);
  EXPECT_EQ(restored->kept, store_ + ".before-restore");
  {
    const auto kv = Open(store_);
    EXPECT_TRUE(kv->Get("k9").ok());
    EXPECT_EQ(kv->Get("later").status().code(), absl::StatusCode::kNotFound);
    EXPECT_GT(Put(*kv, "new")->revision, last);
    EXPECT_EQ(kv->Watch("", last, [](absl::StatusOr<WatchEvents>) {}).status().code(), absl::StatusCode::kOutOfRange)
        << "whoever watched before begins anew";
  }
  EXPECT_TRUE(Open(restored->kept)->Get("later").ok());
  EXPECT_THAT(Problems(store_), IsEmpty());
}

TEST_F(SqliteBackupTest, ARestoreUnderARunningServerIsRefusedWithItsPid) {
  Fill(1);
  ASSERT_TRUE(BackUpSqliteStore(store_, backup_, {}).ok());
  const auto kv = Open(store_);
  const auto refused = RestoreSqliteStore(backup_, store_);
  EXPECT_EQ(refused.status().code(), absl::StatusCode::kFailedPrecondition);
  EXPECT_THAT(std::string(refused.status().message()), HasSubstr(absl::StrCat("pid ", getpid())));
  EXPECT_TRUE(Put(*kv, "goes on").ok());
}

TEST_F(SqliteBackupTest, ADamagedBackupIsNotRestored) {
  Fill(100);
  ASSERT_TRUE(BackUpSqliteStore(store_, backup_, {}).ok());
  {
    std::fstream file(backup_, std::ios::in | std::ios::out | std::ios::binary);
    file.seekp(8 * 4096);
    file << std::string(4096 * 4, '\x5a');
  }
  EXPECT_THAT(Problems(backup_), Not(IsEmpty()));
  EXPECT_EQ(RestoreSqliteStore(backup_, store_).status().code(), absl::StatusCode::kDataLoss);
  EXPECT_THAT(Files(), Not(Contains(HasSubstr("restor"))));
  EXPECT_TRUE(Open(store_)->Get("k99").ok()) << "the store is as it was";
}

TEST_F(SqliteBackupTest, ADamagedStoreIsReplacedAndKept) {
  Fill(10);
  ASSERT_TRUE(BackUpSqliteStore(store_, backup_, {}).ok());
  std::ofstream(store_) << std::string(10'000, 'g');
  const auto restored = RestoreSqliteStore(backup_, store_);
  ASSERT_TRUE(restored.ok()) << restored.status();
  EXPECT_EQ(std::filesystem::file_size(restored->kept), 10'000u);
  EXPECT_TRUE(Open(store_)->Get("k9").ok());
}

TEST_F(SqliteBackupTest, ALogWhoseStoreWasMovedAwayIsKeptAndNotPlayedOverWhatIsRestored) {
  Fill(5);
  ASSERT_TRUE(BackUpSqliteStore(store_, backup_, {}).ok());
  FillAndDie(50);
  std::filesystem::rename(store_, dir_.File("away.db"));
  const auto restored = RestoreSqliteStore(backup_, store_);
  ASSERT_TRUE(restored.ok()) << restored.status();
  EXPECT_EQ(restored->kept, store_ + ".before-restore-wal");
  EXPECT_EQ(Keys(store_), 5u);
  EXPECT_THAT(Problems(store_), IsEmpty());
  // Put back to what it is the log of, it has all that was acknowledged.
  std::filesystem::rename(restored->kept, dir_.File("away.db-wal"));
  EXPECT_EQ(Keys(dir_.File("away.db")), 55u);
}

TEST_F(SqliteBackupTest, AServerIsNotStartedBesideALogWhoseStoreWasMovedAway) {
  FillAndDie(50);
  std::filesystem::rename(store_, dir_.File("away.db"));
  SqliteKv::Options options;
  options.path = store_;
  const absl::Status refused = SqliteKv::Open(options).status();
  EXPECT_EQ(refused.code(), absl::StatusCode::kFailedPrecondition);
  EXPECT_THAT(std::string(refused.message()), HasSubstr("kv.db-wal is there"));
  EXPECT_EQ(CheckSqliteStore(store_, AnyRow).status().message(), refused.message());
  std::filesystem::rename(dir_.File("away.db"), store_);
  EXPECT_EQ(Keys(store_), 50u) << "and nothing is lost";
}

TEST_F(SqliteBackupTest, WhatIsInTheLogOfAStoreIsKeptWithIt) {
  Fill(5);
  ASSERT_TRUE(BackUpSqliteStore(store_, backup_, {}).ok());
  FillAndDie(200);
  const auto restored = RestoreSqliteStore(backup_, store_);
  ASSERT_TRUE(restored.ok()) << restored.status();
  EXPECT_EQ(Keys(store_), 5u);
  EXPECT_EQ(Keys(restored->kept), 205u);
}

TEST_F(SqliteBackupTest, ARestoreThatWasDecidedIsFinishedByTheServer) {
  Fill(5);
  ASSERT_TRUE(BackUpSqliteStore(store_, backup_, {}).ok());
  FillAndDie(200);
  std::filesystem::copy_file(backup_, store_ + ".restored");
  EXPECT_THAT(std::string(BackUpSqliteStore(store_, dir_.File("other.db"), {}).status().message()),
              HasSubstr("was interrupted"))
      << "what is there is neither the one nor the other";
  EXPECT_EQ(Keys(store_), 5u);
  EXPECT_THAT(Files(), Not(Contains(HasSubstr(".restored"))));
}

TEST_F(SqliteBackupTest, WhatARestoreLeftThatWasNotDecidedIsRemoved) {
  Fill(5);
  std::filesystem::copy_file(store_, store_ + ".restoring");
  std::filesystem::create_hard_link(store_, store_ + ".before-restore");
  EXPECT_EQ(Keys(store_), 5u);
  EXPECT_THAT(Files(), ::testing::UnorderedElementsAre("kv.db", "kv.db.lock"));
}

TEST_F(SqliteBackupTest, ABackupIsNotPutWhereAnothersLogLies) {
  Fill(5);
  std::ofstream(backup_ + "-wal") << "of something else";
  const absl::Status refused = BackUpSqliteStore(store_, backup_, {.overwrite = true}).status();
  EXPECT_EQ(refused.code(), absl::StatusCode::kFailedPrecondition);
  EXPECT_THAT(std::string(refused.message()), HasSubstr("backup.db-wal"));
  EXPECT_FALSE(std::filesystem::exists(backup_));
}

TEST_F(SqliteBackupTest, ACheckFindsNothingInASoundStoreWhileItIsOpen) {
  const auto kv = Open(store_);
  Transaction many;
  for (int i = 0; i < 1500; ++i) many.mutations.push_back(Mutation::Put(absl::StrCat("k", i), "value"));
  ASSERT_TRUE(kv->CommitAndWait(std::move(many)).ok());
  ASSERT_TRUE(Put(*kv, "another").ok());
  const auto checked = CheckSqliteStore(store_, AnyRow);
  ASSERT_TRUE(checked.ok()) << checked.status();
  EXPECT_THAT(checked->problems, IsEmpty());
  EXPECT_EQ(checked->rows, 1501);
  EXPECT_EQ(checked->revision, 2);
}

TEST_F(SqliteBackupTest, ACheckNamesTheKeysThatNobodyUnderstands) {
  Fill(3);
  const auto checked = CheckSqliteStore(
      store_, [](const KeyValue& row) { return row.key == "k1" ? absl::DataLossError("odd") : absl::OkStatus(); });
  ASSERT_TRUE(checked.ok());
  EXPECT_THAT(checked->problems, ::testing::ElementsAre("key \"k1\": odd"));
}

TEST_F(SqliteBackupTest, ACheckOfGarbageIsAListAndOfNothingAnError) {
  EXPECT_EQ(CheckSqliteStore(store_, AnyRow).status().code(), absl::StatusCode::kFailedPrecondition);
  std::ofstream(store_) << std::string(10'000, 'g');
  EXPECT_THAT(Problems(store_), Not(IsEmpty()));
}

}  // namespace
}  // namespace warren::store
