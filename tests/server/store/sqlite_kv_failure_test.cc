// What the store makes of a disk that fails, and of a database that is damaged.

#include <fcntl.h>
#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <sys/stat.h>
#include <unistd.h>

#include <fstream>
#include <memory>
#include <string>
#include <utility>
#include <vector>

#include "absl/strings/str_cat.h"
#include "proto/common/status_payload.h"
#include "proto/common/unique_fd.h"
#include "server/store/sqlite_kv.h"
#include "tests/fakes/faulty_vfs.h"
#include "tests/server/store/health_log.h"
#include "tests/server/store/scratch_dir.h"

namespace warren::store {
namespace {

using ::testing::HasSubstr;

class SqliteKvFailureTest : public ::testing::Test {
 protected:
  absl::Status Open() {
    SqliteKv::Options options;
    options.path = path_;
    options.watch_window_bytes = 0;
    options.observers = {&health_};
    auto kv = SqliteKv::Open(options);
    if (kv.ok()) kv_ = *std::move(kv);
    return kv.status();
  }
  absl::Status Put(const std::string& key, const std::string& value = "value") {
    return kv_->CommitAndWait({{}, {Mutation::Put(key, value)}}).status();
  }
  std::vector<std::string> Keys() {
    std::vector<std::string> keys;
    auto range = kv_->Range(RangeRequest::Prefix("k"));
    EXPECT_TRUE(range.ok()) << range.status();
    if (range.ok()) {
      for (const KeyValue& kv : range->kvs) keys.push_back(kv.key);
    }
    return keys;
  }
  // A database of many pages, closed, with nothing left in the write-ahead log.
  void Make() {
    ASSERT_TRUE(Open().ok());
    for (int i = 0; i < 40; ++i) ASSERT_TRUE(Put(absl::StrCat("k", 100 + i), std::string(3000, 'v')).ok());
    kv_.reset();
    ASSERT_FALSE(std::ifstream(path_ + "-wal").good());
  }
  void Overwrite(const std::string& file, off_t at, const std::string& bytes) {
    const UniqueFd fd(open(file.c_str(), O_WRONLY | O_CREAT | O_CLOEXEC, 0600));
    ASSERT_EQ(pwrite(fd.get(), bytes.data(), bytes.size(), at), static_cast<ssize_t>(bytes.size()));
  }
  off_t Size() {
    struct stat info {};
    EXPECT_EQ(stat(path_.c_str(), &info), 0);
    return info.st_size;
  }
  void ExpectDamaged(const absl::Status& status) {
    EXPECT_EQ(status.code(), absl::StatusCode::kDataLoss) << status;
    EXPECT_EQ(ReasonOf(status), "STORE_DAMAGED");
    EXPECT_THAT(std::string(status.message()), HasSubstr(path_));
    EXPECT_THAT(std::string(status.message()), HasSubstr("warren-server check"));
    EXPECT_THAT(std::string(status.message()), HasSubstr("warren-server restore FILE"));
  }

  HealthLog health_;
  FaultyVfs disk_;
  ScratchDir dir_;
  const std::string path_ = dir_.File("kv.db");
  std::unique_ptr<SqliteKv> kv_;
};

struct Failure {
  int code;
  absl::StatusCode status;
  const char* reason;
};

class SqliteKvDiskFailureTest : public SqliteKvFailureTest, public ::testing::WithParamInterface<Failure> {};

TEST_P(SqliteKvDiskFailureTest, WhatCannotBeWrittenIsRefusedAndItGoesOnByItself) {
  ASSERT_TRUE(Open().ok());
  ASSERT_TRUE(Put("k1").ok());
  disk_.FailWrites(GetParam().code);
  const absl::Status refused = Put("k2");
  EXPECT_EQ(refused.code(), GetParam().status) << refused;
  EXPECT_EQ(ReasonOf(refused), GetParam().reason);
  EXPECT_THAT(std::string(refused.message()), HasSubstr(path_));
  EXPECT_EQ(health_.Wait(0).code(), GetParam().status);
  EXPECT_EQ(kv_->Health().code(), GetParam().status);
  EXPECT_THAT(Keys(), ::testing::ElementsAre("k1")) << "reading goes on, and shows what was acknowledged";
  EXPECT_EQ(kv_->Revision(), 1);

  disk_.FailWrites(SQLITE_OK);
  EXPECT_TRUE(health_.Wait(1).ok()) << "nobody has to commit for it";
  EXPECT_TRUE(kv_->Health().ok());
  EXPECT_TRUE(Put("k3").ok());
  EXPECT_THAT(Keys(), ::testing::ElementsAre("k1", "k3"));
  kv_.reset();
  ASSERT_TRUE(Open().ok());
  EXPECT_THAT(Keys(), ::testing::ElementsAre("k1", "k3"));
}

INSTANTIATE_TEST_SUITE_P(
    All, SqliteKvDiskFailureTest,
    ::testing::Values(Failure{SQLITE_FULL, absl::StatusCode::kResourceExhausted, "STORE_FULL"},
                      Failure{SQLITE_READONLY, absl::StatusCode::kFailedPrecondition, "STORE_READ_ONLY"},
                      Failure{SQLITE_IOERR_WRITE, absl::StatusCode::kUnavailable, "STORE_FAILED"}));

TEST_F(SqliteKvFailureTest, WhatWasNotSyncedIsNotAcknowledged) {
  ASSERT_TRUE(Open().ok());
  ASSERT_TRUE(Put("k1").ok());
  disk_.FailSyncs(SQLITE_IOERR_FSYNC);
  const absl::Status refused = Put("k2");
  EXPECT_EQ(refused.code(), absl::StatusCode::kUnavailable) << refused;
  EXPECT_THAT(Keys(), ::testing::ElementsAre("k1"));
  disk_.FailSyncs(SQLITE_OK);
  EXPECT_FALSE(health_.Wait(0).ok());
  EXPECT_TRUE(health_.Wait(1).ok());
  ASSERT_TRUE(Put("k3").ok());
  kv_.reset();
  ASSERT_TRUE(Open().ok());
  EXPECT_THAT(Keys(), ::testing::ElementsAre("k1", "k3"));
}

TEST_F(SqliteKvFailureTest, HealthIsToldOncePerChange) {
  ASSERT_TRUE(Open().ok());
  disk_.FailWrites(SQLITE_FULL);
  for (int i = 0; i < 5; ++i) EXPECT_FALSE(Put("k").ok());
  disk_.FailWrites(SQLITE_OK);
  EXPECT_TRUE(health_.Wait(1).ok());
  for (int i = 0; i < 5; ++i) EXPECT_TRUE(Put("k").ok());
  EXPECT_EQ(health_.size(), 2u);
}

TEST_F(SqliteKvFailureTest, AFileOfGarbageIsNoStore) {
  Overwrite(path_, 0, std::string(20'000, 'g'));
  ExpectDamaged(Open());
  EXPECT_EQ(Size(), 20'000) << "left as it was";
}

TEST_F(SqliteKvFailureTest, ATruncatedDatabaseIsRefused) {
  Make();
  ASSERT_EQ(truncate(path_.c_str(), Size() / 2), 0);
  ExpectDamaged(Open());
}

TEST_F(SqliteKvFailureTest, AnOverwrittenHeaderIsRefused) {
  Make();
  Overwrite(path_, 0, std::string(100, '\xff'));
  ExpectDamaged(Open());
}

TEST_F(SqliteKvFailureTest, DamageFoundByAReadStopsTheWritingForGood) {
  Make();
  // All but the first pages and the last: the schema is there and the newest rows, the others are not.
  Overwrite(path_, 5 * 4096, std::string(static_cast<size_t>(Size()) - 10 * 4096, '\x5a'));
  ASSERT_TRUE(Open().ok());
  const int64_t revision = kv_->Revision();
  const absl::Status refused = kv_->Range(RangeRequest::Prefix("k")).status();
  ASSERT_FALSE(refused.ok());
  ExpectDamaged(refused);
  ExpectDamaged(health_.Wait(0));
  ExpectDamaged(Put("k999"));
  ExpectDamaged(kv_->Health());
  EXPECT_EQ(kv_->Revision(), revision);
}

TEST_F(SqliteKvFailureTest, DamageFoundByAWriteStopsTheWritingForGood) {
  Make();
  ASSERT_TRUE(Open().ok());
  // The third page is the root of the index, where it looks for the key; it has not read it yet.
  Overwrite(path_, 2 * 4096, std::string(4096, '\x5a'));
  const absl::Status refused = Put("k100");
  ASSERT_FALSE(refused.ok());
  ExpectDamaged(refused);
  ExpectDamaged(health_.Wait(0));
  ExpectDamaged(Put("zzz"));
  EXPECT_EQ(health_.size(), 1u);
}

}  // namespace
}  // namespace warren::store
