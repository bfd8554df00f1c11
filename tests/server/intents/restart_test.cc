// A server that starts again over the same store: nothing lost, nothing doubled, nothing in another order.

#include "server/intents/stored.h"
#include "tests/server/intents/queue_test.h"

namespace warren::intents {
namespace {

using testing::ElementsAre;
using testing::HasSubstr;

class RestartTest : public QueueTest {
 protected:
  void PutRow(const std::string& key, const std::string& value) {
    ASSERT_TRUE(store_->kv().CommitAndWait({{}, {store::Mutation::Put(key, value)}}).ok());
  }
  absl::Status OpenStatus() { return Intents::Open(store_->kv(), dispatcher_, directory_, options_).status(); }
};
INSTANTIATE_TEST_SUITE_P(Stores, RestartTest, Stores(), StoreName);

TEST_P(RestartTest, EveryStateComesBackAsItWas) {
  queue().HostConnected("h1", 1);
  std::vector<v1::Intent> intents;
  for (const char* name : {"queued", "running", "succeeded", "failed", "cancelled"}) {
    intents.push_back(MustAccept("h1", name));
  }
  dispatcher_.WaitForDelivered(5);
  queue().Started("h1", {intents[1].sequence()});
  Finish(intents[2]);
  Finish(intents[3], v1::Intent::FAILED);
  Finish(intents[4], v1::Intent::CANCELLED);
  for (const int i : {2, 3, 4}) WaitFor(intents[i]);
  std::vector<v1::Intent> before;
  for (const v1::Intent& intent : intents) before.push_back(Get(intent));
  before[1].set_state(v1::Intent::QUEUED);  // RUNNING is not stored
  Restart();
  for (size_t i = 0; i < intents.size(); ++i) {
    EXPECT_EQ(Get(intents[i]).SerializeAsString(), before[i].SerializeAsString());
  }
  EXPECT_EQ(queue().QueuedCount("h1"), 2u);
  queue().HostConnected("h1", 1);
  EXPECT_THAT(dispatcher_.WaitForLine(Deliver(intents[1], 1)),
              ElementsAre(Deliver(intents[0], 1), Deliver(intents[1], 1)));
}

TEST_P(RestartTest, WhatWasHandedOutComesFirstThenTheRestInOrder) {
  options_.window = 2;
  queue().HostConnected("h1", 1);
  std::vector<v1::Intent> intents;
  std::vector<std::string> expected;
  for (int i = 0; i < 6; ++i) {
    intents.push_back(MustAccept("h1", absl::StrCat("n", i)));
    expected.push_back(Deliver(intents.back(), 1));
  }
  dispatcher_.WaitForDelivered(2);
  Settle();
  EXPECT_EQ(StoredCursor("h1"), intents[1].sequence());
  options_.window = 64;
  Restart();
  queue().HostConnected("h1", 1);
  EXPECT_EQ(dispatcher_.WaitForLine(expected.back()), expected);
}

TEST_P(RestartTest, TheCursorIsStillHonestAboutCancels) {
  options_.window = 1;
  queue().HostConnected("h1", 1);
  const v1::Intent handed_out = MustAccept("h1", "a");
  const v1::Intent beyond = MustAccept("h1", "b");
  dispatcher_.WaitForLine(Deliver(handed_out, 1));
  Restart();
  EXPECT_THAT(SendCancel(handed_out).Await(), Fails(absl::StatusCode::kUnavailable, "host h1 is away"));
  EXPECT_EQ(SendCancel(beyond).Await()->state(), v1::Intent::CANCELLED);
}

TEST_P(RestartTest, AResultThatWasDurableButNotAcknowledgedIsAcknowledgedNow) {
  queue().HostConnected("h1", 1);
  const v1::Intent intent = MustAccept("h1", "red");
  Finish(intent);
  const v1::Intent finished = WaitFor(intent);
  Restart();
  queue().HostConnected("h1", 1);
  Finish(intent);
  dispatcher_.WaitForLine(Acknowledge(intent, 1));
  EXPECT_EQ(Get(intent).SerializeAsString(), finished.SerializeAsString());
}

TEST_P(RestartTest, AResultOfBeforeTheRestartFinishesItAfter) {
  queue().HostConnected("h1", 1);
  const v1::Intent intent = MustAccept("h1", "red");
  dispatcher_.WaitForLine(Deliver(intent, 1));
  Restart();
  queue().HostConnected("h1", 1);
  Finish(intent);
  dispatcher_.WaitForLine(Acknowledge(intent, 1));
  EXPECT_EQ(StateOf(intent), v1::Intent::SUCCEEDED);
}

TEST_P(RestartTest, WhatIsAcceptedAfterwardsComesAfterwards) {
  const v1::Intent before = MustAccept("h1", "a");
  Restart();
  const v1::Intent after = MustAccept("h1", "b");
  EXPECT_GT(after.sequence(), before.sequence());
  Restart();
  queue().HostConnected("h1", 1);
  EXPECT_THAT(dispatcher_.WaitForLine(Deliver(after, 1)), ElementsAre(Deliver(before, 1), Deliver(after, 1)));
}

TEST_P(RestartTest, ManyHostsAndMoreRowsThanAreReadAtOnceComeBack) {
  options_.max_queued_per_host = 2000;
  for (int i = 0; i < 1200; ++i) Send(Request(i % 3 == 0 ? "h2" : "h1", absl::StrCat("n", i)));
  Settle();
  ASSERT_EQ(queue().QueuedCount("h1") + queue().QueuedCount("h2"), 1200u);
  Restart();
  EXPECT_EQ(queue().QueuedCount("h1"), 800u);
  EXPECT_EQ(queue().QueuedCount("h2"), 400u);
  ListRequest request;
  request.host = "-";
  request.page_size = 1000;
  const auto page = queue().List(request);
  for (int i = 0; i < 1000; ++i) {
    ASSERT_EQ(page->intents[i].operations(0).create_namespace().namespace_(), absl::StrCat("n", i));
  }
}

TEST_P(RestartTest, ARowThatCannotBeUnderstoodIsNamed) {
  const std::string key = "i/h1/123e4567-e89b-42d3-a456-426614174000";
  PutRow(key, "\xff\xff\xff");
  EXPECT_THAT(OpenStatus(), Fails(absl::StatusCode::kDataLoss, key));
}

TEST_P(RestartTest, AnIntentInNoStoredStateIsNamed) {
  v1::Intent running;
  running.set_state(v1::Intent::RUNNING);
  PutRow("i/h1/123e4567-e89b-42d3-a456-426614174000", running.SerializeAsString());
  EXPECT_THAT(OpenStatus(), Fails(absl::StatusCode::kDataLoss, "state 2"));
}

TEST_P(RestartTest, ACursorThatIsNoneIsNamed) {
  PutRow("c/h1", "soon");
  EXPECT_THAT(OpenStatus(), Fails(absl::StatusCode::kDataLoss, "c/h1"));
}

}  // namespace
}  // namespace warren::intents
