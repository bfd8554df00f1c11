// Contract 9: beyond the send cursor a cancel is local and certain; at or before it the agent is asked, and what it
// says is the answer.

#include "tests/server/intents/queue_test.h"

namespace warren::intents {
namespace {

using absl::StatusCode;
using testing::Contains;
using testing::ElementsAre;
using testing::IsEmpty;
using testing::Not;

class CancelTest : public QueueTest {
 protected:
  v1::Intent Delivered() {
    queue().HostConnected("h1", 1);
    const v1::Intent intent = MustAccept("h1", "red");
    dispatcher_.WaitForLine(Deliver(intent, 1));
    return intent;
  }
};
INSTANTIATE_TEST_SUITE_P(Stores, CancelTest, Stores(), StoreName);

TEST_P(CancelTest, BeyondTheCursorItIsDecidedHereAndDurable) {
  const v1::Intent intent = MustAccept("h1", "red");
  clock_.Advance(absl::Seconds(3));
  const auto cancelled = SendCancel(intent).Await();
  ASSERT_TRUE(cancelled.ok()) << cancelled.status();
  EXPECT_EQ(cancelled->state(), v1::Intent::CANCELLED);
  EXPECT_EQ(cancelled->name(), intent.name());
  EXPECT_EQ(cancelled->finish_time().seconds() - cancelled->create_time().seconds(), 3);
  EXPECT_EQ(queue().QueuedCount("h1"), 0u);
  Restart();
  EXPECT_EQ(StateOf(intent), v1::Intent::CANCELLED);
  queue().HostConnected("h1", 1);
  const v1::Intent next = MustAccept("h1", "blue");
  EXPECT_THAT(dispatcher_.WaitForLine(Deliver(next, 1)), ElementsAre(Deliver(next, 1)));
}

TEST_P(CancelTest, BeyondTheCursorOfAConnectedHostItIsLocalToo) {
  options_.window = 1;
  const v1::Intent first = Delivered();
  const v1::Intent second = MustAccept("h1", "b");
  const v1::Intent third = MustAccept("h1", "c");
  EXPECT_EQ(SendCancel(second).Await()->state(), v1::Intent::CANCELLED);
  Finish(first);
  EXPECT_THAT(dispatcher_.WaitForLine(Deliver(third, 1)), Not(Contains(Deliver(second, 1))));
}

TEST_P(CancelTest, NothingIsAnsweredBeforeItIsDurable) {
  const v1::Intent intent = MustAccept("h1", "red");
  gate_.Hold();
  const Reply reply = SendCancel(intent);
  gate_.WaitForHeld(1);
  Settle();
  EXPECT_FALSE(reply.answered());
  EXPECT_EQ(StateOf(intent), v1::Intent::QUEUED);
  gate_.Release();
  EXPECT_EQ(reply.Await()->state(), v1::Intent::CANCELLED);
}

TEST_P(CancelTest, WhileItIsOnItsWayToDiskNothingIsHandedOut) {
  const v1::Intent intent = MustAccept("h1", "red");
  const v1::Intent next = MustAccept("h1", "blue");
  gate_.Hold();
  const Reply reply = SendCancel(intent);
  gate_.WaitForHeld(1);
  queue().HostConnected("h1", 1);
  gate_.WaitForHeld(2);
  gate_.Release();
  EXPECT_EQ(reply.Await()->state(), v1::Intent::CANCELLED);
  EXPECT_THAT(dispatcher_.WaitForLine(Deliver(next, 1)), ElementsAre(Deliver(next, 1)));
}

TEST_P(CancelTest, WhileTheCursorIsOnItsWayPastItACancelStillWins) {
  const v1::Intent intent = MustAccept("h1", "red");
  gate_.Hold();
  queue().HostConnected("h1", 1);
  gate_.WaitForHeld(1);
  const Reply reply = SendCancel(intent);
  gate_.WaitForHeld(2);
  gate_.Release();
  EXPECT_EQ(reply.Await()->state(), v1::Intent::CANCELLED);
  Settle();
  EXPECT_THAT(dispatcher_.lines(), IsEmpty());
}

TEST_P(CancelTest, ACancelThatCannotBeStoredIsTriedAgainUntilItIs) {
  const v1::Intent intent = MustAccept("h1", "red");
  gate_.FailWith(absl::UnavailableError("disk on fire"));
  const Reply reply = SendCancel(intent);
  gate_.WaitForFailures(3);
  EXPECT_FALSE(reply.answered());
  gate_.FailWith(absl::OkStatus());
  EXPECT_EQ(reply.Await()->state(), v1::Intent::CANCELLED);
}

TEST_P(CancelTest, TwoCancelsAtOnceAreBothAnswered) {
  const v1::Intent intent = MustAccept("h1", "red");
  gate_.Hold();
  const Reply one = SendCancel(intent);
  const Reply two = SendCancel(intent);
  const size_t before = gate_.commits();
  gate_.Release();
  EXPECT_EQ(one.Await()->state(), v1::Intent::CANCELLED);
  EXPECT_EQ(two.Await()->state(), v1::Intent::CANCELLED);
  EXPECT_EQ(gate_.commits() - before, 1u);
}

TEST_P(CancelTest, OneThatIsCancelledIsAnsweredWithItself) {
  const v1::Intent intent = MustAccept("h1", "red");
  const auto first = SendCancel(intent).Await();
  clock_.Advance(absl::Seconds(1));
  EXPECT_EQ(SendCancel(intent).Await()->SerializeAsString(), first->SerializeAsString());
}

TEST_P(CancelTest, WhatIsNotThereIsNotFound) {
  Reply reply;
  queue().Cancel("h1", "123e4567-e89b-42d3-a456-426614174000", reply.Done());
  EXPECT_THAT(reply.Await(), Fails(StatusCode::kNotFound, "host h1"));
  Reply nonsense;
  queue().Cancel("h1", "nonsense", nonsense.Done());
  EXPECT_THAT(nonsense.Await(), Fails(StatusCode::kNotFound, "nonsense"));
}

TEST_P(CancelTest, WhatIsFinishedIsRefused) {
  const v1::Intent intent = Delivered();
  Finish(intent);
  WaitFor(intent);
  EXPECT_THAT(SendCancel(intent).Await(), Fails(StatusCode::kFailedPrecondition, "is SUCCEEDED"));
}

TEST_P(CancelTest, AtTheCursorTheAgentIsAskedAndItsResultIsTheAnswer) {
  const v1::Intent intent = Delivered();
  const Reply reply = SendCancel(intent);
  dispatcher_.WaitForLine(Ask(intent, 1));
  queue().CancelAnswered("h1", intent.sequence(), true, "");
  Settle();
  EXPECT_FALSE(reply.answered()) << "it is not durable yet";
  Finish(intent, v1::Intent::CANCELLED);
  EXPECT_EQ(reply.Await()->state(), v1::Intent::CANCELLED);
  Restart();
  EXPECT_EQ(StateOf(intent), v1::Intent::CANCELLED);
}

TEST_P(CancelTest, TheAgentsNoIsTheAnswer) {
  const v1::Intent intent = Delivered();
  const Reply one = SendCancel(intent);
  const Reply two = SendCancel(intent);
  EXPECT_THAT(dispatcher_.WaitForLine(Ask(intent, 1)), ElementsAre(Deliver(intent, 1), Ask(intent, 1)));
  queue().CancelAnswered("h1", intent.sequence(), false, "running");
  EXPECT_THAT(one.Await(), Fails(StatusCode::kFailedPrecondition, "host h1 says it is running"));
  EXPECT_THAT(two.Await(), Fails(StatusCode::kFailedPrecondition, intent.name()));
  // Asked again, it is asked again.
  dispatcher_.Clear();
  const Reply three = SendCancel(intent);
  dispatcher_.WaitForLine(Ask(intent, 1));
  queue().CancelAnswered("h1", intent.sequence(), false, "running");
  EXPECT_FALSE(three.Await().ok());
  EXPECT_EQ(StateOf(intent), v1::Intent::QUEUED);
}

TEST_P(CancelTest, AnIntentThatRunsIsTheAgentsToRefuse) {
  const v1::Intent intent = Delivered();
  queue().Started("h1", {intent.sequence()});
  const Reply reply = SendCancel(intent);
  dispatcher_.WaitForLine(Ask(intent, 1));
  queue().CancelAnswered("h1", intent.sequence(), false, "running");
  EXPECT_THAT(reply.Await(), Fails(StatusCode::kFailedPrecondition, "running"));
}

TEST_P(CancelTest, AResultThatComesFirstIsTheAnswer) {
  const v1::Intent intent = Delivered();
  const Reply reply = SendCancel(intent);
  dispatcher_.WaitForLine(Ask(intent, 1));
  gate_.Hold();
  Finish(intent);
  queue().CancelAnswered("h1", intent.sequence(), false, "finished");
  const Reply late = SendCancel(intent);
  gate_.WaitForHeld(1);
  Settle();
  EXPECT_FALSE(reply.answered());
  EXPECT_FALSE(late.answered());
  gate_.Release();
  EXPECT_THAT(reply.Await(), Fails(StatusCode::kFailedPrecondition, "is SUCCEEDED"));
  EXPECT_THAT(late.Await(), Fails(StatusCode::kFailedPrecondition, "is SUCCEEDED"));
}

TEST_P(CancelTest, AtTheCursorOfAHostThatIsAwayNobodyCanSay) {
  const v1::Intent intent = Delivered();
  queue().HostDisconnected("h1", 1);
  EXPECT_THAT(SendCancel(intent).Await(), Fails(StatusCode::kUnavailable, "host h1 is away"));
  Restart();
  EXPECT_THAT(SendCancel(intent).Await(), Fails(StatusCode::kUnavailable, "host h1 is away"));
  EXPECT_EQ(StateOf(intent), v1::Intent::QUEUED);
}

TEST_P(CancelTest, AHostThatGoesAwayBeforeItAnswersLeavesItUnknown) {
  const v1::Intent intent = Delivered();
  const Reply reply = SendCancel(intent);
  dispatcher_.WaitForLine(Ask(intent, 1));
  queue().HostDisconnected("h1", 1);
  EXPECT_THAT(reply.Await(), Fails(StatusCode::kUnavailable, "host h1"));
  // The next session is asked anew.
  queue().HostConnected("h1", 2);
  const Reply again = SendCancel(intent);
  dispatcher_.WaitForLine(Ask(intent, 2));
  queue().CancelAnswered("h1", intent.sequence(), true, "");
  Finish(intent, v1::Intent::CANCELLED);
  EXPECT_EQ(again.Await()->state(), v1::Intent::CANCELLED);
}

TEST_P(CancelTest, ANewerSessionLeavesItUnknownToo) {
  const v1::Intent intent = Delivered();
  const Reply reply = SendCancel(intent);
  dispatcher_.WaitForLine(Ask(intent, 1));
  queue().HostConnected("h1", 2);
  EXPECT_THAT(reply.Await(), Fails(StatusCode::kUnavailable, "host h1"));
}

TEST_P(CancelTest, AnswersToNothingAreIgnored) {
  const v1::Intent intent = Delivered();
  queue().CancelAnswered("h1", intent.sequence(), false, "running");
  queue().CancelAnswered("h1", 4711, true, "");
  queue().CancelAnswered("nowhere", intent.sequence(), true, "");
  Settle();
  EXPECT_EQ(StateOf(intent), v1::Intent::QUEUED);
}

TEST_P(CancelTest, StoppingAnswersWhatIsOpen) {
  const v1::Intent intent = Delivered();
  const Reply reply = SendCancel(intent);
  dispatcher_.WaitForLine(Ask(intent, 1));
  queue().Stop();
  EXPECT_THAT(reply.Await(), Fails(StatusCode::kUnavailable, "stopping"));
  EXPECT_THAT(SendCancel(intent).Await(), Fails(StatusCode::kUnavailable, "stopping"));
}

TEST_P(CancelTest, OpenCancelsAreBounded) {
  options_.max_waiters = 1;
  const v1::Intent intent = Delivered();
  const Reply open = SendCancel(intent);
  const auto refused = SendCancel(intent).Await();
  EXPECT_THAT(refused, Fails(StatusCode::kResourceExhausted, "limit"));
  EXPECT_EQ(RetryDelay(refused.status()), 1);
  queue().CancelAnswered("h1", intent.sequence(), false, "running");
  EXPECT_THAT(open.Await(), Fails(StatusCode::kFailedPrecondition, "running"));
  const Reply again = SendCancel(intent);
  Finish(intent);
  EXPECT_THAT(again.Await(), Fails(StatusCode::kFailedPrecondition, "SUCCEEDED"));
}

}  // namespace
}  // namespace warren::intents
