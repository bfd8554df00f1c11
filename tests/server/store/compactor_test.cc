#include "server/store/compactor.h"

#include <gtest/gtest.h>

#include <vector>

#include "absl/strings/str_cat.h"
#include "tests/fakes/memory_kv.h"

namespace warren::store {
namespace {

class CompactorTest : public ::testing::Test {
 protected:
  CompactorTest() {
    options_.retain_duration = absl::Minutes(10);
    options_.retain_revisions = 100;
    options_.done = [this](absl::Duration, const absl::Status& status) {
      MutexLock lock(&mutex_);
      done_.push_back(status);
      changed_.SignalAll();
    };
  }
  void Put(int count) {
    for (int i = 0; i < count; ++i) {
      ASSERT_TRUE(kv_.CommitAndWait({{}, {Mutation::Put("k", absl::StrCat(i))}}).ok());
    }
  }
  int64_t compacted() { return kv_.Stats().compacted_revision; }
  size_t compactions() {
    MutexLock lock(&mutex_);
    return done_.size();
  }

  MemoryKv kv_;
  Compactor::Options options_;
  Mutex mutex_;
  CondVar changed_;
  std::vector<absl::Status> done_ ABSL_GUARDED_BY(mutex_);
  const absl::Time start_ = absl::UnixEpoch();
};

TEST_F(CompactorTest, ForgetsWhatIsOlderThanTheDuration) {
  Compactor compactor(kv_, options_);
  Put(10);
  compactor.Tick(start_);
  Put(10);
  compactor.Tick(start_ + absl::Minutes(5));
  Put(10);
  compactor.Tick(start_ + absl::Minutes(9));
  EXPECT_EQ(compacted(), 0) << "all of it is younger than ten minutes";
  compactor.Tick(start_ + absl::Minutes(10));
  EXPECT_EQ(compacted(), 10);
  compactor.Tick(start_ + absl::Minutes(14));
  EXPECT_EQ(compacted(), 10) << "the second ten are nine minutes old";
  compactor.Tick(start_ + absl::Minutes(30));
  EXPECT_EQ(compacted(), 30);
  EXPECT_EQ(kv_.Get("k")->value, "9") << "what is current stays";
}

TEST_F(CompactorTest, ForgetsSoonerWhenThereIsTooMuchOfIt) {
  Compactor compactor(kv_, options_);
  Put(150);
  compactor.Tick(start_);
  EXPECT_EQ(compacted(), 50);
}

TEST_F(CompactorTest, DoesNothingWhereNothingHappens) {
  Compactor compactor(kv_, options_);
  for (int i = 0; i < 100; ++i) compactor.Tick(start_ + i * absl::Minutes(1));
  EXPECT_EQ(compactions(), 0u);
  Put(1);
  for (int i = 100; i < 200; ++i) compactor.Tick(start_ + i * absl::Minutes(1));
  EXPECT_EQ(compactions(), 1u);
}

TEST_F(CompactorTest, TriesAgainWhatFailed) {
  Compactor compactor(kv_, options_);
  Put(150);
  kv_.FailWith(absl::ResourceExhaustedError("disk full"));
  compactor.Tick(start_);
  ASSERT_EQ(compactions(), 1u);
  EXPECT_EQ(compacted(), 0);
  kv_.FailWith(absl::OkStatus());
  compactor.Tick(start_ + absl::Minutes(1));
  EXPECT_EQ(compacted(), 50);
  MutexLock lock(&mutex_);
  EXPECT_EQ(done_[0].code(), absl::StatusCode::kResourceExhausted);
  EXPECT_TRUE(done_[1].ok());
}

TEST_F(CompactorTest, TicksByItselfOnceStarted) {
  Put(150);
  Compactor compactor(kv_, options_);
  compactor.Start();
  {
    MutexLock lock(&mutex_);
    while (done_.empty()) changed_.Wait(&mutex_);
  }
  compactor.Stop();
  EXPECT_EQ(compacted(), 50);
  compactor.Stop();
}

}  // namespace
}  // namespace warren::store
