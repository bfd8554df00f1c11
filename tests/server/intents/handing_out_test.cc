// Contracts 3 and 9, the server's half: strictly in the order accepted, never past the durable send cursor, again to
// each new session.

#include "tests/server/intents/queue_test.h"

namespace warren::intents {
namespace {

using testing::ElementsAre;
using testing::IsEmpty;

class HandingOutTest : public QueueTest {
 protected:
  std::vector<v1::Intent> AcceptMany(const std::string& host, int count) {
    std::vector<v1::Intent> intents;
    for (int i = 0; i < count; ++i) intents.push_back(MustAccept(host, absl::StrCat("n", i)));
    return intents;
  }
};
INSTANTIATE_TEST_SUITE_P(Stores, HandingOutTest, Stores(), StoreName);

TEST_P(HandingOutTest, AHostThatIsAwayGetsNothingAndItsCursorStays) {
  const v1::Intent intent = MustAccept("h1", "red");
  Settle();
  EXPECT_THAT(dispatcher_.lines(), IsEmpty());
  EXPECT_EQ(StoredCursor("h1"), 0);
  queue().HostConnected("h1", 1);
  dispatcher_.WaitForLine(Deliver(intent, 1));
  EXPECT_EQ(StoredCursor("h1"), intent.sequence());
}

TEST_P(HandingOutTest, WhatIsHandedOutIsWhatWasAccepted) {
  queue().HostConnected("h1", 7);
  const v1::Intent intent = MustAccept("h1", "red");
  const auto delivered = dispatcher_.WaitForDelivered(1);
  EXPECT_EQ(delivered[0].host, "h1");
  EXPECT_EQ(delivered[0].session, 7u);
  EXPECT_EQ(delivered[0].delivery.sequence, intent.sequence());
  EXPECT_EQ(delivered[0].delivery.intent_id, IdOf(intent));
  EXPECT_EQ(delivered[0].delivery.intent->operations(0).create_namespace().namespace_(), "red");
}

TEST_P(HandingOutTest, AnIdleHostCostsOneCommitForAcceptedAndCursor) {
  queue().HostConnected("h1", 1);
  for (int i = 0; i < 3; ++i) {
    const size_t before = gate_.commits();
    const v1::Intent intent = MustAccept("h1", absl::StrCat("n", i));
    dispatcher_.WaitForLine(Deliver(intent, 1));
    EXPECT_EQ(StoredCursor("h1"), intent.sequence());
    EXPECT_EQ(gate_.commits() - before, 1u);
  }
}

TEST_P(HandingOutTest, TheBacklogIsHandedOutInTheOrderAcceptedWithOneCursorMove) {
  const auto intents = AcceptMany("h1", 20);
  const size_t before = gate_.commits();
  queue().HostConnected("h1", 1);
  const auto delivered = dispatcher_.WaitForDelivered(20);
  for (int i = 0; i < 20; ++i) EXPECT_EQ(delivered[i].delivery.sequence, intents[i].sequence());
  EXPECT_EQ(gate_.commits() - before, 1u);
  EXPECT_EQ(StoredCursor("h1"), intents.back().sequence());
}

TEST_P(HandingOutTest, HostsDoNotSeeEachOthersIntents) {
  queue().HostConnected("h1", 1);
  queue().HostConnected("h2", 1);
  const v1::Intent one = MustAccept("h1", "red");
  const v1::Intent two = MustAccept("h2", "red");
  dispatcher_.WaitForLine(Deliver(one, 1));
  dispatcher_.WaitForLine(Deliver(two, 1));
  Settle();
  EXPECT_THAT(dispatcher_.lines(), ElementsAre(Deliver(one, 1), Deliver(two, 1)));
}

TEST_P(HandingOutTest, NothingIsHandedOutBeforeTheCursorIsDurable) {
  const v1::Intent intent = MustAccept("h1", "red");
  gate_.Hold();
  queue().HostConnected("h1", 1);
  gate_.WaitForHeld(1);
  Settle();
  EXPECT_THAT(dispatcher_.lines(), IsEmpty());
  gate_.Release();
  dispatcher_.WaitForLine(Deliver(intent, 1));
}

TEST_P(HandingOutTest, ACursorThatCannotBeStoredIsTriedAgain) {
  const v1::Intent intent = MustAccept("h1", "red");
  gate_.FailWith(absl::UnavailableError("disk on fire"));
  queue().HostConnected("h1", 1);
  gate_.WaitForFailures(4);
  EXPECT_THAT(dispatcher_.lines(), IsEmpty());
  gate_.FailWith(absl::OkStatus());
  dispatcher_.WaitForLine(Deliver(intent, 1));
}

TEST_P(HandingOutTest, NoMoreThanTheWindowIsHandedOutAndUnfinished) {
  options_.window = 3;
  const auto intents = AcceptMany("h1", 5);
  queue().HostConnected("h1", 1);
  dispatcher_.WaitForDelivered(3);
  Settle();
  EXPECT_EQ(dispatcher_.lines().size(), 3u);
  EXPECT_EQ(StoredCursor("h1"), intents[2].sequence());
  // Whichever is finished makes room for the next.
  Finish(intents[1]);
  dispatcher_.WaitForLine(Deliver(intents[3], 1));
  Settle();
  EXPECT_EQ(StoredCursor("h1"), intents[3].sequence());
  Finish(intents[0]);
  dispatcher_.WaitForLine(Deliver(intents[4], 1));
}

TEST_P(HandingOutTest, WhatIsAcceptedWhileTheWindowIsFullWaits) {
  options_.window = 2;
  queue().HostConnected("h1", 1);
  const auto intents = AcceptMany("h1", 4);
  dispatcher_.WaitForDelivered(2);
  Settle();
  EXPECT_EQ(dispatcher_.lines().size(), 2u);
  EXPECT_EQ(StoredCursor("h1"), intents[1].sequence());
  Finish(intents[0]);
  Finish(intents[1]);
  dispatcher_.WaitForLine(Deliver(intents[3], 1));
}

TEST_P(HandingOutTest, ANewSessionGetsAllThatIsUnfinishedAgainInOrder) {
  queue().HostConnected("h1", 1);
  const auto intents = AcceptMany("h1", 4);
  dispatcher_.WaitForDelivered(4);
  Finish(intents[1]);
  WaitFor(intents[1]);
  queue().HostDisconnected("h1", 1);
  const v1::Intent late = MustAccept("h1", "late");
  Settle();
  dispatcher_.Clear();
  queue().HostConnected("h1", 2);
  EXPECT_THAT(dispatcher_.WaitForLine(Deliver(late, 2)),
              ElementsAre(Deliver(intents[0], 2), Deliver(intents[2], 2), Deliver(intents[3], 2), Deliver(late, 2)));
}

TEST_P(HandingOutTest, TheNewerSessionWins) {
  queue().HostConnected("h1", 1);
  const v1::Intent first = MustAccept("h1", "a");
  dispatcher_.WaitForLine(Deliver(first, 1));
  queue().HostConnected("h1", 3);
  dispatcher_.WaitForLine(Deliver(first, 3));
  // The older one's end, and a still older one's beginning, come late.
  queue().HostDisconnected("h1", 1);
  queue().HostConnected("h1", 2);
  const v1::Intent second = MustAccept("h1", "b");
  EXPECT_THAT(dispatcher_.WaitForLine(Deliver(second, 3)),
              ElementsAre(Deliver(first, 1), Deliver(first, 3), Deliver(second, 3)));
}

TEST_P(HandingOutTest, AResultOnItsWayToDiskIsNotHandedOutAgain) {
  queue().HostConnected("h1", 1);
  const v1::Intent one = MustAccept("h1", "a");
  const v1::Intent two = MustAccept("h1", "b");
  dispatcher_.WaitForDelivered(2);
  gate_.Hold();
  Finish(one);
  gate_.WaitForHeld(1);
  queue().HostConnected("h1", 2);
  dispatcher_.WaitForLine(Deliver(two, 2));
  gate_.Release();
  const auto lines = dispatcher_.WaitForLine(Acknowledge(one, 2));
  EXPECT_THAT(lines, testing::Not(testing::Contains(Deliver(one, 2))));
}

TEST_P(HandingOutTest, TheDispatcherMayCallBack) {
  dispatcher_.OnDeliver([this](const std::string& host, uint64_t, const std::vector<Delivery>& deliveries) {
    for (const Delivery& delivery : deliveries) {
      queue().Started(host, {delivery.sequence});
      v1::IntentResult result;
      result.set_sequence(delivery.sequence);
      result.set_intent_id(delivery.intent_id);
      result.set_state(v1::Intent::SUCCEEDED);
      queue().Finished(host, {result});
    }
  });
  queue().HostConnected("h1", 1);
  const v1::Intent intent = MustAccept("h1", "red");
  EXPECT_EQ(WaitFor(intent).state(), v1::Intent::SUCCEEDED);
}

TEST_P(HandingOutTest, BeingBegunIsShownAndNotStored) {
  queue().HostConnected("h1", 1);
  const v1::Intent intent = MustAccept("h1", "red");
  dispatcher_.WaitForLine(Deliver(intent, 1));
  const int64_t revision = store_->kv().Revision();
  queue().Started("h1", {intent.sequence(), 4711});
  queue().Started("nowhere", {intent.sequence()});
  EXPECT_EQ(StateOf(intent), v1::Intent::RUNNING);
  EXPECT_EQ(store_->kv().Revision(), revision);
  Restart();
  EXPECT_EQ(StateOf(intent), v1::Intent::QUEUED);
}

TEST_P(HandingOutTest, AStoppedQueueHandsNothingOut) {
  const v1::Intent intent = MustAccept("h1", "red");
  queue().Stop();
  queue().HostConnected("h1", 1);
  queue().Finished("h1", {Result(intent)});
  EXPECT_THAT(dispatcher_.lines(), IsEmpty());
  Restart();
  EXPECT_EQ(StateOf(intent), v1::Intent::QUEUED);
}

}  // namespace
}  // namespace warren::intents
