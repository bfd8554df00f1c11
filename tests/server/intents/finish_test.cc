// Contract 5, the server's half: an intent is finished exactly once, and a result is acknowledged when it is durable,
// as often as it is said.

#include "tests/server/intents/queue_test.h"

namespace warren::intents {
namespace {

using testing::Contains;
using testing::ElementsAre;
using testing::IsEmpty;
using testing::Not;

class FinishTest : public QueueTest {
 protected:
  v1::Intent Delivered(const std::string& netns) {
    queue().HostConnected("h1", ++session_);
    const v1::Intent intent = MustAccept("h1", netns);
    dispatcher_.WaitForLine(Deliver(intent, session_));
    return intent;
  }
  uint64_t session_ = 0;
};
INSTANTIATE_TEST_SUITE_P(Stores, FinishTest, Stores(), StoreName);

TEST_P(FinishTest, AResultIsStoredShownAndAcknowledged) {
  const v1::Intent intent = Delivered("red");
  clock_.Advance(absl::Seconds(2));
  v1::IntentResult result = Result(intent, v1::Intent::FAILED);
  result.mutable_error()->set_operation_index(0);
  result.mutable_error()->set_message("red exists");
  result.mutable_error()->set_errno_name("EEXIST");
  result.mutable_start_time()->set_seconds(1'700'000'001);
  result.mutable_apply_duration()->set_nanos(5000);
  result.mutable_release_pending()->add_objects("red");
  result.set_boot_id("boot");
  queue().Finished("h1", {result});
  dispatcher_.WaitForLine(Acknowledge(intent, 1));
  const v1::Intent now = Get(intent);
  EXPECT_EQ(now.state(), v1::Intent::FAILED);
  EXPECT_EQ(now.error().errno_name(), "EEXIST");
  EXPECT_EQ(now.error().message(), "red exists");
  EXPECT_EQ(now.create_time().seconds(), 1'700'000'000);
  EXPECT_EQ(now.start_time().seconds(), 1'700'000'001);
  EXPECT_EQ(now.finish_time().seconds(), 1'700'000'002);
  EXPECT_EQ(now.apply_duration().nanos(), 5000);
  EXPECT_THAT(now.release_pending().objects(), ElementsAre("red"));
  EXPECT_EQ(now.boot_id(), "boot");
  EXPECT_EQ(now.sequence(), intent.sequence());
  EXPECT_EQ(now.operations_size(), 1);
  EXPECT_EQ(queue().QueuedCount("h1"), 0u);
  Restart();
  EXPECT_EQ(Get(intent).SerializeAsString(), now.SerializeAsString());
}

TEST_P(FinishTest, NothingIsAcknowledgedOrShownBeforeItIsDurable) {
  const v1::Intent intent = Delivered("red");
  const Reply wait = SendWait(intent);
  gate_.Hold();
  Finish(intent);
  gate_.WaitForHeld(1);
  Settle();
  EXPECT_THAT(dispatcher_.lines(), Not(Contains(Acknowledge(intent, 1))));
  EXPECT_FALSE(wait.answered());
  EXPECT_EQ(StateOf(intent), v1::Intent::QUEUED);
  EXPECT_EQ(queue().QueuedCount("h1"), 1u);
  gate_.Release();
  dispatcher_.WaitForLine(Acknowledge(intent, 1));
  EXPECT_EQ(wait.Await()->state(), v1::Intent::SUCCEEDED);
}

TEST_P(FinishTest, ARepeatedResultIsAcknowledgedAgainAndChangesNothing) {
  const v1::Intent intent = Delivered("red");
  Finish(intent);
  dispatcher_.WaitForLine(Acknowledge(intent, 1));
  const v1::Intent finished = Get(intent);
  const int64_t revision = store_->kv().Revision();
  queue().HostConnected("h1", 2);
  clock_.Advance(absl::Seconds(9));
  Finish(intent, v1::Intent::FAILED);
  dispatcher_.WaitForLine(Acknowledge(intent, 2));
  EXPECT_EQ(Get(intent).SerializeAsString(), finished.SerializeAsString());
  EXPECT_EQ(store_->kv().Revision(), revision);
}

TEST_P(FinishTest, AResultSaidTwiceWhileItIsOnItsWayToDiskIsStoredOnce) {
  const v1::Intent intent = Delivered("red");
  gate_.Hold();
  Finish(intent);
  Finish(intent, v1::Intent::FAILED);
  gate_.WaitForHeld(1);
  const size_t before = gate_.commits();
  gate_.Release();
  EXPECT_EQ(WaitFor(intent).state(), v1::Intent::SUCCEEDED);
  EXPECT_EQ(gate_.commits() - before, 1u);
}

TEST_P(FinishTest, ResultsOfWhatIsNotThereAreAcknowledged) {
  const v1::Intent intent = Delivered("red");
  v1::IntentResult unknown = Result(intent);
  unknown.set_sequence(4711);
  v1::IntentResult other = Result(intent);  // as after the server's state was lost: the number again, of another intent
  other.set_intent_id("00000000-0000-4000-8000-000000000000");
  v1::IntentResult nameless = Result(intent);
  nameless.set_intent_id("");
  queue().Finished("h1", {unknown, other, nameless});
  dispatcher_.WaitForLine("acknowledge h1#1 4711");
  dispatcher_.WaitForLine(Acknowledge(intent, 1));
  Settle();
  EXPECT_EQ(StateOf(intent), v1::Intent::QUEUED) << "another intent's result finished it";
  queue().Finished("nowhere", {unknown});
}

TEST_P(FinishTest, AStateThatIsNoResultEndsTheIntentAsFailed) {
  const v1::Intent intent = Delivered("red");
  Finish(intent, v1::Intent::RUNNING);
  const v1::Intent now = WaitFor(intent);
  EXPECT_EQ(now.state(), v1::Intent::FAILED);
  EXPECT_EQ(now.error().operation_index(), -1);
  EXPECT_THAT(now.error().message(), testing::HasSubstr("host h1: its agent reported state 2"));
}

TEST_P(FinishTest, AResultThatCannotBeStoredIsTriedAgainUntilItIs) {
  const v1::Intent intent = Delivered("red");
  gate_.FailWith(absl::UnavailableError("disk on fire"));
  Finish(intent);
  gate_.WaitForFailures(3);
  gate_.RefuseWith(absl::ResourceExhaustedError("queue full"));
  gate_.WaitForFailures(gate_.failures() + 3);
  EXPECT_THAT(dispatcher_.lines(), ElementsAre(Deliver(intent, 1)));
  EXPECT_EQ(StateOf(intent), v1::Intent::QUEUED);
  gate_.RefuseWith(absl::OkStatus());
  gate_.FailWith(absl::OkStatus());
  dispatcher_.WaitForLine(Acknowledge(intent, 1));
  EXPECT_EQ(StateOf(intent), v1::Intent::SUCCEEDED);
}

TEST_P(FinishTest, StoppingGivesUpWhatCannotBeStored) {
  const v1::Intent intent = Delivered("red");
  const Reply wait = SendWait(intent);
  gate_.FailWith(absl::UnavailableError("disk on fire"));
  Finish(intent);
  gate_.WaitForFailures(2);
  queue().Stop();
  EXPECT_THAT(wait.Await(), Fails(absl::StatusCode::kUnavailable, "stopping"));
  gate_.FailWith(absl::OkStatus());
  Restart();
  EXPECT_EQ(StateOf(intent), v1::Intent::QUEUED);
  queue().HostConnected("h1", 1);
  dispatcher_.WaitForLine(Deliver(intent, 1));
}

TEST_P(FinishTest, TheAcknowledgementGoesToTheSessionThatIsThere) {
  const v1::Intent intent = Delivered("red");
  gate_.Hold();
  Finish(intent);
  gate_.WaitForHeld(1);
  queue().HostConnected("h1", 2);
  gate_.Release();
  EXPECT_THAT(dispatcher_.WaitForLine(Acknowledge(intent, 2)), Not(Contains(Acknowledge(intent, 1))));
}

TEST_P(FinishTest, ResultsMayComeInAnyOrder) {
  queue().HostConnected("h1", 1);
  const v1::Intent one = MustAccept("h1", "a");
  const v1::Intent two = MustAccept("h1", "b");
  Finish(two);
  EXPECT_EQ(WaitFor(two).state(), v1::Intent::SUCCEEDED);
  EXPECT_EQ(StateOf(one), v1::Intent::QUEUED);
  Finish(one, v1::Intent::CANCELLED);
  EXPECT_EQ(WaitFor(one).state(), v1::Intent::CANCELLED);
}

TEST_P(FinishTest, TheObserverIsToldEachTransitionOnceAndTheDepth) {
  RecordingObserver observer;
  options_.observer = &observer;
  const v1::Intent intent = Delivered("red");
  const v1::Intent failing = MustAccept("h1", "blue");
  clock_.Advance(absl::Seconds(1));
  queue().Started("h1", {intent.sequence()});
  queue().Started("h1", {intent.sequence()});
  Settle();
  clock_.Advance(absl::Seconds(1));
  Finish(intent);
  Finish(intent);
  WaitFor(intent);
  Finish(failing, v1::Intent::FAILED);
  WaitFor(failing);
  Settle();
  EXPECT_THAT(observer.lines(), ElementsAre("STATE_UNSPECIFIED>QUEUED 0 1", "STATE_UNSPECIFIED>QUEUED 0 1",
                                            "QUEUED>RUNNING 1s 1", "RUNNING>SUCCEEDED 2s 1", "QUEUED>FAILED 2s 1"));
  EXPECT_THAT(observer.depths(), ElementsAre(0, 1, 2, 1, 0));
  MustAccept("h1", "green");
  Restart();
  Settle();
  EXPECT_EQ(observer.depths().back(), 1u);
  queue().Stop();
}

}  // namespace
}  // namespace warren::intents
