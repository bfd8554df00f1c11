// The fake that other rooms' tests rely on keeps the promises of the real thing.

#include "tests/fakes/memory_kv.h"

#include <gtest/gtest.h>

#include "tests/server/store/kv_conformance.h"

namespace warren::store {
namespace {

class MemoryUnderTest : public KvUnderTest {
 public:
  Kv& kv() override { return kv_; }

 private:
  MemoryKv kv_{MemoryKv::Options{.queue = {}, .watch_window_bytes = 16 << 10}};
};
std::unique_ptr<KvUnderTest> MakeMemory() { return std::make_unique<MemoryUnderTest>(); }
INSTANTIATE_TEST_SUITE_P(MemoryKv, KvConformance, testing::Values(MakeMemory));

TEST(MemoryKvTest, HeldCommitsAreAnsweredWhenReleased) {
  MemoryKv kv;
  kv.Hold();
  std::atomic<bool> answered = false;
  ASSERT_TRUE(kv.Commit({{}, {Mutation::Put("a", "1")}}, [&](absl::StatusOr<CommitResult>) { answered = true; }).ok());
  EXPECT_EQ(kv.Revision(), 0);
  EXPECT_FALSE(answered);
  kv.Release();
  EXPECT_EQ(kv.CommitAndWait({{}, {Mutation::Put("b", "1")}})->revision, 2);
  EXPECT_TRUE(answered);
}

TEST(MemoryKvTest, FailuresAreHandedOutUntilTakenBack) {
  MemoryKv kv;
  kv.FailWith(absl::ResourceExhaustedError("disk full"));
  EXPECT_EQ(kv.CommitAndWait({{}, {Mutation::Put("a", "1")}}).status().message(), "disk full");
  EXPECT_FALSE(kv.Health().ok());
  EXPECT_EQ(kv.Revision(), 0);
  kv.FailWith(absl::OkStatus());
  EXPECT_TRUE(kv.CommitAndWait({{}, {Mutation::Put("a", "1")}}).ok());
  EXPECT_TRUE(kv.Health().ok());
}

}  // namespace
}  // namespace warren::store
