// The gate that other rooms' tests put in front of a store keeps the promises of the store.

#include "tests/fakes/gated_kv.h"

#include <gtest/gtest.h>

#include "tests/fakes/memory_kv.h"
#include "tests/server/store/kv_conformance.h"

namespace warren::store {
namespace {

class GatedUnderTest : public KvUnderTest {
 public:
  Kv& kv() override { return gate_; }

 private:
  MemoryKv kv_{MemoryKv::Options{.queue = {}, .watch_window_bytes = 16 << 10}};
  GatedKv gate_{kv_};
};
std::unique_ptr<KvUnderTest> MakeGated() { return std::make_unique<GatedUnderTest>(); }
INSTANTIATE_TEST_SUITE_P(GatedKv, KvConformance, testing::Values(MakeGated));

TEST(GatedKvTest, HeldCommitsGoThroughInOrderWhenReleased) {
  MemoryKv kv;
  GatedKv gate(kv);
  gate.Hold();
  std::vector<int64_t> revisions;
  for (const char* key : {"a", "b"}) {
    ASSERT_TRUE(gate.Commit({{}, {Mutation::Put(key, "1")}},
                            [&](absl::StatusOr<CommitResult> result) { revisions.push_back(result->revision); })
                    .ok());
  }
  gate.WaitForHeld(2);
  EXPECT_EQ(kv.CommitAndWait({})->revision, 0);
  gate.Release();
  EXPECT_EQ(gate.CommitAndWait({{}, {Mutation::Put("c", "1")}})->revision, 3);
  EXPECT_THAT(revisions, testing::ElementsAre(1, 2));
  EXPECT_EQ(gate.commits(), 3u);
}

TEST(GatedKvTest, FailuresAndRefusalsLastUntilTakenBack) {
  MemoryKv kv;
  GatedKv gate(kv);
  gate.FailWith(absl::DataLossError("torn"));
  EXPECT_EQ(gate.CommitAndWait({{}, {Mutation::Put("a", "1")}}).status().message(), "torn");
  gate.RefuseWith(absl::UnavailableError("closed"));
  EXPECT_EQ(gate.Commit({}, [](absl::StatusOr<CommitResult>) { FAIL(); }).message(), "closed");
  EXPECT_EQ(gate.failures(), 2u);
  gate.WaitForFailures(2);
  gate.RefuseWith(absl::OkStatus());
  gate.FailWith(absl::OkStatus());
  EXPECT_EQ(gate.CommitAndWait({{}, {Mutation::Put("a", "1")}})->revision, 1);
}

}  // namespace
}  // namespace warren::store
