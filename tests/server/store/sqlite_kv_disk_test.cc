// The store on a real file system that fills up, or may not be written.

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <memory>
#include <set>
#include <string>
#include <utility>

#include "absl/strings/str_cat.h"
#include "proto/common/status_payload.h"
#include "server/store/sqlite_kv.h"
#include "tests/server/store/health_log.h"
#include "tests/support/small_disk.h"

namespace warren::store {
namespace {

using ::testing::HasSubstr;

class SqliteKvDiskTest : public ::testing::Test {
 protected:
  absl::Status Open() {
    SqliteKv::Options options;
    options.path = disk_.File("kv.db");
    options.observers = {&health_};
    auto kv = SqliteKv::Open(options);
    if (kv.ok()) kv_ = *std::move(kv);
    return kv.status();
  }
  // One key after another, until one is refused; remembers what was acknowledged.
  absl::Status PutUntilRefused() {
    for (;;) {
      const std::string key = absl::StrCat("k", ++serial_);
      if (const auto status = Put(key); !status.ok()) return status;
    }
  }
  absl::Status Put(const std::string& key) {
    const auto result = kv_->CommitAndWait({{Compare::Missing(key)}, {Mutation::Put(key, std::string(2000, 'v'))}});
    if (result.ok()) acknowledged_.insert(key);
    return result.status();
  }
  std::set<std::string> Keys() {
    std::set<std::string> keys;
    const auto range = kv_->Range(RangeRequest::Prefix(""));
    EXPECT_TRUE(range.ok()) << range.status();
    if (range.ok()) {
      for (const KeyValue& kv : range->kvs) keys.insert(kv.key);
    }
    return keys;
  }

  SmallDisk disk_{16};
  HealthLog health_;
  std::unique_ptr<SqliteKv> kv_;
  int serial_ = 0;
  std::set<std::string> acknowledged_;
};

TEST_F(SqliteKvDiskTest, AFullDiskRefusesForgetsNothingAndWorksAgainWhenThereIsSpace) {
  ASSERT_TRUE(Open().ok());
  ASSERT_TRUE(Put("first").ok());
  size_t told = 0;
  for (int round = 0; round < 3; ++round) {
    SCOPED_TRACE(round);
    ASSERT_NO_FATAL_FAILURE(disk_.Fill());
    const absl::Status refused = PutUntilRefused();
    EXPECT_EQ(refused.code(), absl::StatusCode::kResourceExhausted) << refused;
    EXPECT_EQ(ReasonOf(refused), "STORE_FULL");
    EXPECT_FALSE(health_.Wait(told++).ok());
    EXPECT_EQ(Keys(), acknowledged_);
    EXPECT_EQ(Put("more").code(), absl::StatusCode::kResourceExhausted);
    ASSERT_NO_FATAL_FAILURE(disk_.Empty());
    EXPECT_TRUE(health_.Wait(told++).ok()) << "without a commit, and without a restart";
    ASSERT_TRUE(Put(absl::StrCat("again", round)).ok());
    EXPECT_EQ(Keys(), acknowledged_);
  }
  kv_.reset();
  ASSERT_TRUE(Open().ok());
  EXPECT_EQ(Keys(), acknowledged_);
}

TEST_F(SqliteKvDiskTest, AStoreThatWasClosedOnAFullDiskIsWholeAfterwards) {
  ASSERT_TRUE(Open().ok());
  ASSERT_TRUE(Put("first").ok());
  ASSERT_NO_FATAL_FAILURE(disk_.Fill());
  EXPECT_EQ(PutUntilRefused().code(), absl::StatusCode::kResourceExhausted);
  kv_.reset();
  ASSERT_NO_FATAL_FAILURE(disk_.Empty());
  ASSERT_TRUE(Open().ok());
  EXPECT_EQ(Keys(), acknowledged_);
  EXPECT_TRUE(Put("again").ok());
}

TEST_F(SqliteKvDiskTest, AReadOnlyDiskIsRefusedByNameAndWritableAgainOpens) {
  ASSERT_TRUE(Open().ok());
  ASSERT_TRUE(Put("first").ok());
  kv_.reset();
  ASSERT_NO_FATAL_FAILURE(disk_.SetReadOnly(true));
  const absl::Status refused = Open();
  EXPECT_EQ(refused.code(), absl::StatusCode::kFailedPrecondition) << refused;
  EXPECT_THAT(std::string(refused.message()), HasSubstr(disk_.File("kv.db")));
  EXPECT_THAT(std::string(refused.message()), HasSubstr("ead-only"));
  ASSERT_NO_FATAL_FAILURE(disk_.SetReadOnly(false));
  ASSERT_TRUE(Open().ok());
  EXPECT_EQ(Keys(), acknowledged_);
  EXPECT_TRUE(Put("again").ok());
}

}  // namespace
}  // namespace warren::store
