// One host's lane, step by step.

#include "server/intents/lane.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <string>
#include <vector>

#include "absl/strings/str_cat.h"

namespace warren::intents {
namespace {

using testing::ElementsAre;
using testing::IsEmpty;

class LaneTest : public testing::Test {
 protected:
  // Accepted while its host was away.
  void Append(int64_t sequence) {
    Entry entry;
    entry.sequence = sequence;
    entry.id = Uuid{0, static_cast<uint64_t>(sequence)};
    entry.body = std::make_shared<const std::string>();
    lane_.EndAccept(1, lane_.BeginAccept(1));
    lane_.Append(std::move(entry));
  }
  // The commit that was asked for succeeds.
  void MoveCursor(int64_t position) {
    lane_.CursorCommitted(position);
    lane_.CursorSettled();
  }
  static std::vector<int64_t> Delivered(const Lane::Output& output) {
    std::vector<int64_t> sequences;
    for (const Lane::HandOut& delivery : output.deliveries) sequences.push_back(delivery.sequence);
    return sequences;
  }

  Lane lane_{3};
};

TEST_F(LaneTest, WithoutASessionThereIsNothingToDo) {
  Append(10);
  const Lane::Output output = lane_.Take();
  EXPECT_EQ(output.cursor, 0);
  EXPECT_THAT(output.deliveries, IsEmpty());
}

TEST_F(LaneTest, TheCursorMovesFirstAndOnlyAsFarAsTheWindow) {
  for (const int64_t sequence : {10, 20, 30, 40}) Append(sequence);
  ASSERT_TRUE(lane_.Connect(1));
  Lane::Output output = lane_.Take();
  EXPECT_EQ(output.session, 1u);
  EXPECT_EQ(output.cursor, 30);
  EXPECT_THAT(output.deliveries, IsEmpty()) << "the cursor is not durable";
  EXPECT_EQ(lane_.Take().cursor, 0) << "one move at a time";
  EXPECT_TRUE(lane_.BeyondCursor(30));
  MoveCursor(30);
  EXPECT_FALSE(lane_.BeyondCursor(30));
  output = lane_.Take();
  EXPECT_THAT(Delivered(output), ElementsAre(10, 20, 30));
  EXPECT_EQ(output.deliveries[0].id.ToString(), "00000000-0000-0000-0000-00000000000a");
  EXPECT_EQ(output.cursor, 0) << "the window is full";
  EXPECT_THAT(lane_.Take().deliveries, IsEmpty()) << "handed out once a session";
}

TEST_F(LaneTest, WhatIsFinishedMakesRoom) {
  for (const int64_t sequence : {10, 20, 30, 40, 50}) Append(sequence);
  lane_.Connect(1);
  lane_.Take();
  MoveCursor(30);
  lane_.Take();
  lane_.Remove(20);
  lane_.Find(10)->finishing = true;  // its result is known: that is room as well
  EXPECT_EQ(lane_.Take().cursor, 50);
  MoveCursor(50);
  EXPECT_THAT(Delivered(lane_.Take()), ElementsAre(40, 50));
}

TEST_F(LaneTest, AMoveThatFailedIsAskedForAgain) {
  Append(10);
  lane_.Connect(1);
  EXPECT_EQ(lane_.Take().cursor, 10);
  lane_.CursorSettled();
  EXPECT_EQ(lane_.Take().cursor, 10);
}

TEST_F(LaneTest, TheCursorNeverGoesBack) {
  lane_.CursorCommitted(30);
  lane_.CursorCommitted(20);
  EXPECT_FALSE(lane_.BeyondCursor(30));
  EXPECT_TRUE(lane_.BeyondCursor(31));
}

TEST_F(LaneTest, ANewSessionGetsEverythingAgain) {
  for (const int64_t sequence : {10, 20}) Append(sequence);
  lane_.Connect(1);
  lane_.Take();
  MoveCursor(20);
  lane_.Take();
  lane_.Acknowledge(5);
  ASSERT_TRUE(lane_.Disconnect(1));
  EXPECT_FALSE(lane_.connected());
  EXPECT_THAT(lane_.Take().deliveries, IsEmpty());
  lane_.Acknowledge(6);  // there is nobody to tell
  ASSERT_TRUE(lane_.Connect(2));
  const Lane::Output output = lane_.Take();
  EXPECT_EQ(output.session, 2u);
  EXPECT_THAT(Delivered(output), ElementsAre(10, 20));
  EXPECT_THAT(output.acknowledgements, IsEmpty()) << "of another session";
}

TEST_F(LaneTest, SessionsAscend) {
  EXPECT_TRUE(lane_.Connect(5));
  EXPECT_FALSE(lane_.Connect(5));
  EXPECT_FALSE(lane_.Connect(4));
  EXPECT_FALSE(lane_.Disconnect(4));
  EXPECT_TRUE(lane_.connected());
  EXPECT_TRUE(lane_.Disconnect(5));
  EXPECT_FALSE(lane_.Disconnect(5));
  EXPECT_FALSE(lane_.Connect(5));
  EXPECT_TRUE(lane_.Connect(6));
}

TEST_F(LaneTest, AResultOnItsWayToDiskIsNotHandedOut) {
  for (const int64_t sequence : {10, 20}) Append(sequence);
  lane_.CursorCommitted(20);
  lane_.Find(10)->finishing = true;
  lane_.Connect(1);
  EXPECT_THAT(Delivered(lane_.Take()), ElementsAre(20));
}

TEST_F(LaneTest, AnAcceptMovesTheCursorItselfOnlyWhereNothingElseWouldBeDraggedAlong) {
  EXPECT_FALSE(lane_.BeginAccept(1)) << "the host is away";
  lane_.Connect(1);
  EXPECT_FALSE(lane_.BeginAccept(1)) << "one that does not is on its way";
  EXPECT_EQ(lane_.accepting(), 2u);
  lane_.EndAccept(1, false);
  lane_.EndAccept(1, false);
  EXPECT_TRUE(lane_.BeginAccept(1));
  EXPECT_TRUE(lane_.BeginAccept(1));
  EXPECT_TRUE(lane_.BeginAccept(1));
  EXPECT_FALSE(lane_.BeginAccept(1)) << "the window is full";
  EXPECT_EQ(lane_.accepting(), 4u);
  for (int i = 0; i < 3; ++i) lane_.EndAccept(1, true);
  lane_.EndAccept(1, false);
  EXPECT_EQ(lane_.accepting(), 0u);
}

TEST_F(LaneTest, AnAcceptLeavesTheCursorWhileSomethingWaitsBeyondIt) {
  Append(10);
  lane_.Connect(1);
  EXPECT_FALSE(lane_.BeginAccept(1));
  lane_.EndAccept(1, false);
  EXPECT_EQ(lane_.Take().cursor, 10);
  EXPECT_FALSE(lane_.BeginAccept(1)) << "the cursor is on its way";
  lane_.EndAccept(1, false);
  MoveCursor(10);
  EXPECT_TRUE(lane_.BeginAccept(1));
}

TEST_F(LaneTest, CancelsAreAskedOnceASessionAfterWhatIsHandedOut) {
  Append(10);
  lane_.CursorCommitted(10);
  lane_.Connect(1);
  lane_.AskCancel(*lane_.Find(10));
  lane_.AskCancel(*lane_.Find(10));
  const Lane::Output output = lane_.Take();
  EXPECT_THAT(Delivered(output), ElementsAre(10));
  EXPECT_THAT(output.cancels, ElementsAre(10));
  EXPECT_THAT(lane_.Take().cancels, IsEmpty());
}

TEST_F(LaneTest, WhatWasAskedOfAnEndedSessionIsTakenUnlessItsResultIsKnown) {
  for (const int64_t sequence : {10, 20, 30}) Append(sequence);
  lane_.CursorCommitted(30);
  lane_.Connect(1);
  for (const int64_t sequence : {10, 20}) {
    lane_.Find(sequence)->cancels.push_back([](const absl::StatusOr<v1::Intent>&) {});
    lane_.AskCancel(*lane_.Find(sequence));
  }
  lane_.Find(20)->finishing = true;
  lane_.Disconnect(1);
  EXPECT_EQ(lane_.TakeAsked().size(), 1u);
  EXPECT_EQ(lane_.TakeAsked().size(), 0u);
  EXPECT_EQ(lane_.Find(20)->cancels.size(), 1u);
  lane_.Connect(2);
  lane_.AskCancel(*lane_.Find(10));
  EXPECT_THAT(lane_.Take().cancels, ElementsAre(10)) << "asked anew";
}

TEST_F(LaneTest, AcknowledgementsAreTakenOnce) {
  lane_.Connect(1);
  lane_.Acknowledge(3);
  lane_.Acknowledge(4);
  EXPECT_THAT(lane_.Take().acknowledgements, ElementsAre(3, 4));
  EXPECT_THAT(lane_.Take().acknowledgements, IsEmpty());
}

}  // namespace
}  // namespace warren::intents
