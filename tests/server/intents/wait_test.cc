// Wait: until it is finished, until the deadline, until it is given up.

#include "tests/server/intents/queue_test.h"

namespace warren::intents {
namespace {

using absl::StatusCode;

class WaitTest : public QueueTest {};
INSTANTIATE_TEST_SUITE_P(Stores, WaitTest, Stores(), StoreName);

TEST_P(WaitTest, AllWhoWaitAreAnsweredWhenItIsFinished) {
  queue().HostConnected("h1", 1);
  const v1::Intent intent = MustAccept("h1", "red");
  const v1::Intent other = MustAccept("h1", "blue");
  std::vector<Reply> waits;
  for (int i = 0; i < 5; ++i) waits.push_back(SendWait(intent));
  const Reply unrelated = SendWait(other);
  Settle();
  for (const Reply& wait : waits) EXPECT_FALSE(wait.answered());
  Finish(intent);
  for (const Reply& wait : waits) {
    EXPECT_EQ(wait.Await()->state(), v1::Intent::SUCCEEDED);
    EXPECT_EQ(wait.Await()->name(), intent.name());
  }
  Settle();
  EXPECT_FALSE(unrelated.answered());
  Finish(other);
  EXPECT_TRUE(unrelated.Await().ok());
}

TEST_P(WaitTest, OneThatIsFinishedIsAnsweredAtOnce) {
  queue().HostConnected("h1", 1);
  const v1::Intent intent = MustAccept("h1", "red");
  Finish(intent);
  WaitFor(intent);
  EXPECT_EQ(SendWait(intent, absl::InfiniteDuration()).Await()->state(), v1::Intent::SUCCEEDED);
  EXPECT_EQ(SendWait(intent, absl::ZeroDuration()).Await()->state(), v1::Intent::SUCCEEDED);
}

TEST_P(WaitTest, APastDeadlineAnswersAtOnceWithTheIntentAsItIs) {
  const v1::Intent intent = MustAccept("h1", "red");
  EXPECT_EQ(SendWait(intent, absl::ZeroDuration()).Await()->state(), v1::Intent::QUEUED);
  EXPECT_EQ(SendWait(intent, absl::Seconds(-5)).Await()->state(), v1::Intent::QUEUED);
}

TEST_P(WaitTest, TheDeadlineAnswersWithTheIntentAsItThenIs) {
  queue().HostConnected("h1", 1);
  const v1::Intent intent = MustAccept("h1", "red");
  queue().Started("h1", {intent.sequence()});
  const auto then = SendWait(intent, absl::Milliseconds(1)).Await();
  ASSERT_TRUE(then.ok()) << then.status();
  EXPECT_EQ(then->state(), v1::Intent::RUNNING);
  EXPECT_EQ(then->name(), intent.name());
  // It is still to be waited for.
  const Reply again = SendWait(intent);
  Finish(intent);
  EXPECT_EQ(again.Await()->state(), v1::Intent::SUCCEEDED);
}

TEST_P(WaitTest, WhatIsNotThereIsNotFound) {
  Reply reply;
  queue().Wait("h1", "123e4567-e89b-42d3-a456-426614174000", absl::InfiniteDuration(), reply.Done());
  EXPECT_THAT(reply.Await(), Fails(StatusCode::kNotFound, "host h1"));
  Reply nonsense;
  queue().Wait("h1", "nonsense", absl::InfiniteDuration(), nonsense.Done());
  EXPECT_THAT(nonsense.Await(), Fails(StatusCode::kNotFound, "nonsense"));
}

TEST_P(WaitTest, OneThatIsGivenUpIsAnsweredCancelledAndTheOthersWaitOn) {
  queue().HostConnected("h1", 1);
  const v1::Intent intent = MustAccept("h1", "red");
  Reply given_up;
  const WaitId id = queue().Wait("h1", IdOf(intent), absl::InfiniteDuration(), given_up.Done());
  EXPECT_NE(id, 0u);
  const Reply other = SendWait(intent);
  queue().StopWaiting(id);
  EXPECT_THAT(given_up.Await(), Fails(StatusCode::kCancelled, ""));
  queue().StopWaiting(id);
  queue().StopWaiting(0);
  Finish(intent);
  EXPECT_EQ(other.Await()->state(), v1::Intent::SUCCEEDED);
  queue().StopWaiting(id);
  Settle();
}

TEST_P(WaitTest, ACallbackMayCallTheQueue) {
  queue().HostConnected("h1", 1);
  const v1::Intent intent = MustAccept("h1", "red");
  Reply second, third;
  queue().Wait("h1", IdOf(intent), absl::InfiniteDuration(), [&](absl::StatusOr<v1::Intent>) {
    queue().Wait("h1", IdOf(intent), absl::InfiniteDuration(), second.Done());
    queue().Accept(Request("h1", "blue"), third.Done());
    EXPECT_FALSE(second.answered()) << "answered from within the call";
  });
  Finish(intent);
  EXPECT_TRUE(second.Await().ok());
  EXPECT_TRUE(third.Await().ok());
}

TEST_P(WaitTest, OpenWaitsAreBounded) {
  options_.max_waiters = 2;
  options_.retry_after = absl::Seconds(2);
  const v1::Intent intent = MustAccept("h1", "red");
  Reply one;
  const WaitId first = queue().Wait("h1", IdOf(intent), absl::InfiniteDuration(), one.Done());
  const Reply two = SendWait(intent);
  const auto refused = SendWait(intent).Await();
  EXPECT_THAT(refused, Fails(StatusCode::kResourceExhausted, "limit"));
  EXPECT_EQ(RetryDelay(refused.status()), 2);
  EXPECT_TRUE(SendWait(intent, absl::ZeroDuration()).Await().ok()) << "this one does not wait";
  queue().StopWaiting(first);
  EXPECT_TRUE(SendWait(intent, absl::Milliseconds(1)).Await().ok());
  EXPECT_TRUE(SendWait(intent, absl::Milliseconds(1)).Await().ok()) << "a deadline frees its place";
  const Reply three = SendWait(intent);
  SendCancel(MustAccept("h1", "blue"));
  queue().HostConnected("h1", 1);
  Finish(intent);
  EXPECT_TRUE(two.Await().ok());
  EXPECT_TRUE(three.Await().ok());
}

TEST_P(WaitTest, StoppingAnswersAllWhoWait) {
  const v1::Intent intent = MustAccept("h1", "red");
  const Reply one = SendWait(intent);
  const Reply two = SendWait(intent, absl::Hours(1));
  queue().Stop();
  EXPECT_THAT(one.Await(), Fails(StatusCode::kUnavailable, "stopping"));
  EXPECT_THAT(two.Await(), Fails(StatusCode::kUnavailable, "stopping"));
  EXPECT_THAT(SendWait(intent).Await(), Fails(StatusCode::kUnavailable, "stopping"));
  queue().Stop();
}

}  // namespace
}  // namespace warren::intents
