// AcceptBatch: many intents of many hosts, all or none.

#include "tests/server/intents/queue_test.h"

namespace warren::intents {
namespace {

using absl::StatusCode;
using testing::ElementsAre;
using testing::IsEmpty;
using testing::SizeIs;

constexpr char kId[] = "123e4567-e89b-42d3-a456-426614174000";
constexpr char kOtherId[] = "123e4567-e89b-42d3-a456-426614174001";

class BatchTest : public QueueTest {
 protected:
  absl::StatusOr<std::vector<v1::Intent>> Batch(std::vector<AcceptRequest> requests, bool validate_only = false) {
    struct State {
      Mutex mutex;
      CondVar changed;
      std::optional<absl::StatusOr<std::vector<v1::Intent>>> result ABSL_GUARDED_BY(mutex);
    };
    auto state = std::make_shared<State>();
    queue().AcceptBatch(std::move(requests), validate_only, [state](absl::StatusOr<std::vector<v1::Intent>> result) {
      MutexLock lock(&state->mutex);
      EXPECT_FALSE(state->result.has_value()) << "answered twice";
      if (result.ok()) {
        state->result = *std::move(result);
      } else {
        state->result = Unshared(result.status());
      }
      state->changed.SignalAll();
    });
    MutexLock lock(&state->mutex);
    while (!state->result) state->changed.Wait(&state->mutex);
    return *std::move(state->result);
  }
  static std::vector<std::string> Names(const std::vector<v1::Intent>& intents) {
    std::vector<std::string> names;
    for (const v1::Intent& intent : intents) names.push_back(intent.operations(0).create_namespace().namespace_());
    return names;
  }
  std::vector<v1::Intent> Listed() {
    ListRequest request;
    request.host = "-";
    return queue().List(request)->intents;
  }
};
INSTANTIATE_TEST_SUITE_P(Stores, BatchTest, Stores(), StoreName);

TEST_P(BatchTest, IntentsOfManyHostsAreAcceptedInOneCommit) {
  const int64_t before = store_->kv().Revision();
  const auto batch = Batch({Request("h1", "a"), Request("h2", "b"), Request("h1", "c")});
  ASSERT_TRUE(batch.ok()) << batch.status();
  EXPECT_EQ(store_->kv().Revision(), before + 1);
  EXPECT_THAT(Names(*batch), ElementsAre("a", "b", "c"));
  EXPECT_LT((*batch)[0].sequence(), (*batch)[1].sequence());
  EXPECT_LT((*batch)[1].sequence(), (*batch)[2].sequence());
  EXPECT_EQ((*batch)[2].state(), v1::Intent::QUEUED);
  EXPECT_THAT(Names(Listed()), ElementsAre("a", "b", "c"));
  Restart();
  EXPECT_THAT(Names(Listed()), ElementsAre("a", "b", "c"));
  EXPECT_EQ(Get((*batch)[2]).sequence(), (*batch)[2].sequence()) << "the same order after a restart";
}

TEST_P(BatchTest, WhatFitsTheWindowIsHandedOutWithoutASecondCommit) {
  queue().HostConnected("h1", 1);
  const int64_t before = store_->kv().Revision();
  const auto batch = Batch({Request("h1", "a"), Request("h1", "b")});
  ASSERT_TRUE(batch.ok()) << batch.status();
  const auto delivered = dispatcher_.WaitForDelivered(2);
  EXPECT_EQ(delivered[0].delivery.sequence, (*batch)[0].sequence());
  EXPECT_EQ(delivered[1].delivery.sequence, (*batch)[1].sequence());
  EXPECT_EQ(StoredCursor("h1"), (*batch)[1].sequence());
  EXPECT_EQ(store_->kv().Revision(), before + 1);
  for (const v1::Intent& intent : *batch) Finish(intent);
  for (const v1::Intent& intent : *batch) EXPECT_EQ(WaitFor(intent).state(), v1::Intent::SUCCEEDED);
}

TEST_P(BatchTest, WhatDoesNotFitTheWindowFollowsInOrder) {
  options_.window = 2;
  queue().HostConnected("h1", 1);
  const auto batch = Batch({Request("h1", "a"), Request("h1", "b"), Request("h1", "c")});
  ASSERT_TRUE(batch.ok()) << batch.status();
  auto delivered = dispatcher_.WaitForDelivered(2);
  EXPECT_EQ(StoredCursor("h1"), (*batch)[1].sequence());
  Finish((*batch)[0]);
  delivered = dispatcher_.WaitForDelivered(3);
  for (int i = 0; i < 3; ++i) EXPECT_EQ(delivered[i].delivery.sequence, (*batch)[i].sequence());
}

TEST_P(BatchTest, OneBadItemRefusesAllAndIsNamed) {
  AcceptRequest bad = Request("h1", "in/valid");
  const auto batch = Batch({Request("h1", "a"), bad, Request("-h", "c", "nonsense")});
  EXPECT_EQ(batch.status().code(), StatusCode::kInvalidArgument);
  EXPECT_THAT(BadFields(batch.status()), ElementsAre("requests[2].parent", "requests[2].request_id",
                                                     "requests[1].intent.operations[0].create_namespace.namespace"));
  EXPECT_THAT(Listed(), IsEmpty());
}

TEST_P(BatchTest, AnUnknownHostRefusesAll) {
  EXPECT_THAT(Batch({Request("h1", "a"), Request("h7", "b")}), Fails(StatusCode::kNotFound, "requests[1]: host h7"));
  EXPECT_THAT(Listed(), IsEmpty());
}

TEST_P(BatchTest, AnEmptyOneAndOneTooLargeAreRefused) {
  options_.max_batch = 2;
  EXPECT_THAT(BadFields(Batch({}).status()), ElementsAre("requests"));
  EXPECT_THAT(BadFields(Batch({Request("h1", "a"), Request("h1", "b"), Request("h1", "c")}).status()),
              ElementsAre("requests"));
}

TEST_P(BatchTest, OneIdTwiceForAHostIsRefused) {
  EXPECT_THAT(BadFields(Batch({Request("h1", "a", kId), Request("h2", "b", kId), Request("h1", "c", kId)}).status()),
              ElementsAre("requests[2].request_id"));
}

TEST_P(BatchTest, SentAgainItIsTheSameIntents) {
  const auto first = Batch({Request("h1", "a", kId), Request("h2", "b", kId)});
  ASSERT_TRUE(first.ok()) << first.status();
  const auto second = Batch({Request("h1", "a", kId), Request("h2", "b", kId)});
  ASSERT_TRUE(second.ok()) << second.status();
  for (int i = 0; i < 2; ++i) EXPECT_EQ((*second)[i].sequence(), (*first)[i].sequence());
  EXPECT_THAT(Listed(), SizeIs(2));
}

TEST_P(BatchTest, WhatWasSeenBeforeStandsBesideWhatIsNew) {
  const v1::Intent seen = MustAccept(Request("h1", "a", kId));
  const auto batch = Batch({Request("h1", "a", kId), Request("h1", "b", kOtherId)});
  ASSERT_TRUE(batch.ok()) << batch.status();
  EXPECT_EQ((*batch)[0].sequence(), seen.sequence());
  EXPECT_GT((*batch)[1].sequence(), seen.sequence());
  EXPECT_THAT(Names(Listed()), ElementsAre("a", "b"));
}

TEST_P(BatchTest, AnIdOfAnotherBodyRefusesAll) {
  MustAccept(Request("h1", "a", kId));
  const auto batch = Batch({Request("h1", "b", kOtherId), Request("h1", "z", kId)});
  EXPECT_THAT(batch, Fails(StatusCode::kAlreadyExists, "requests[1]: "));
  EXPECT_EQ(ReasonOf(batch.status()), "REQUEST_ID_REUSED");
  EXPECT_THAT(Names(Listed()), ElementsAre("a"));
}

TEST_P(BatchTest, AQueueThatCannotTakeAllTakesNone) {
  options_.max_queued_per_host = 2;
  const auto batch = Batch({Request("h1", "a"), Request("h1", "b"), Request("h2", "c"), Request("h1", "d")});
  EXPECT_THAT(batch, Fails(StatusCode::kResourceExhausted, "host h1: its queue is full"));
  EXPECT_EQ(ReasonOf(batch.status()), "HOST_QUEUE_FULL");
  EXPECT_EQ(RetryDelay(batch.status()), 1);
  EXPECT_TRUE(Batch({Request("h1", "a"), Request("h1", "b"), Request("h2", "c")}).ok());
}

TEST_P(BatchTest, OnlyCheckingStoresNothing) {
  const auto batch = Batch({Request("h1", "a"), Request("h2", "b")}, /*validate_only=*/true);
  ASSERT_TRUE(batch.ok()) << batch.status();
  EXPECT_THAT(Names(*batch), ElementsAre("a", "b"));
  EXPECT_EQ((*batch)[0].name(), "");
  EXPECT_THAT(Listed(), IsEmpty());
  AcceptRequest item = Request("h1", "a");
  item.validate_only = true;
  EXPECT_THAT(BadFields(Batch({item}).status()), ElementsAre("requests[0].validate_only"));
}

TEST_P(BatchTest, AFailedCommitLeavesNothing) {
  queue();
  gate_.FailWith(absl::ResourceExhaustedError("the disk is full"));
  const auto batch = Batch({Request("h1", "a", kId), Request("h2", "b", kId)});
  EXPECT_THAT(batch, Fails(StatusCode::kResourceExhausted, "the disk is full"));
  EXPECT_EQ(RetryDelay(batch.status()), 1);
  EXPECT_THAT(Listed(), IsEmpty());
  gate_.FailWith(absl::OkStatus());
  EXPECT_TRUE(Batch({Request("h1", "a", kId), Request("h2", "b", kId)}).ok()) << "the same ids, again";
}

}  // namespace
}  // namespace warren::intents
