// expire_time: at the server while it decides, at the agent once it may have been handed out.

#include "tests/server/intents/queue_test.h"

namespace warren::intents {
namespace {

using absl::StatusCode;

constexpr char kId[] = "123e4567-e89b-42d3-a456-426614174000";

class ExpireTest : public QueueTest {
 protected:
  AcceptRequest Expiring(const std::string& netns, absl::Duration in, std::string id = "") {
    AcceptRequest request = Request("h1", netns, std::move(id));
    request.expire_time = clock_.Now() + in;
    return request;
  }
};
INSTANTIATE_TEST_SUITE_P(Stores, ExpireTest, Stores(), StoreName);

TEST_P(ExpireTest, WhatHasNotBegunByThenIsExpired) {
  const v1::Intent intent = MustAccept(Expiring("a", absl::Seconds(10)));
  const v1::Intent other = MustAccept("h1", "b");
  EXPECT_EQ(intent.expire_time().seconds(), absl::ToUnixSeconds(clock_.Now()) + 10);
  clock_.Advance(absl::Seconds(9));
  queue().ExpireDue();
  Settle();
  EXPECT_EQ(StateOf(intent), v1::Intent::QUEUED);
  clock_.Advance(absl::Seconds(1));
  queue().ExpireDue();
  const v1::Intent expired = WaitFor(intent);
  EXPECT_EQ(expired.state(), v1::Intent::EXPIRED);
  EXPECT_EQ(expired.finish_time().seconds(), absl::ToUnixSeconds(clock_.Now()));
  EXPECT_FALSE(expired.has_start_time());
  EXPECT_EQ(StateOf(other), v1::Intent::QUEUED);
  Restart();
  EXPECT_EQ(StateOf(intent), v1::Intent::EXPIRED);
}

TEST_P(ExpireTest, ATimerOfItsOwnSeesToIt) {
  options_.clock = absl::Now;
  AcceptRequest request = Request("h1", "a");
  request.expire_time = absl::Now() + absl::Milliseconds(20);
  const v1::Intent intent = MustAccept(std::move(request));
  EXPECT_EQ(WaitFor(intent).state(), v1::Intent::EXPIRED);
}

TEST_P(ExpireTest, WhatExpiredWhileTheServerWasAwayIsExpiredWhenItIsBack) {
  const v1::Intent intent = MustAccept(Expiring("a", absl::Seconds(10)));
  clock_.Advance(absl::Minutes(1));
  Restart();
  EXPECT_EQ(WaitFor(intent).state(), v1::Intent::EXPIRED);
}

TEST_P(ExpireTest, WhatIsExpiredIsNotHandedOut) {
  const v1::Intent intent = MustAccept(Expiring("a", absl::Seconds(10)));
  const v1::Intent other = MustAccept("h1", "b");
  clock_.Advance(absl::Seconds(10));
  queue().ExpireDue();
  WaitFor(intent);
  queue().HostConnected("h1", 1);
  const auto delivered = dispatcher_.WaitForDelivered(1);
  EXPECT_EQ(delivered[0].delivery.sequence, other.sequence());
}

TEST_P(ExpireTest, WhatWasHandedOutIsTheAgentsToDecide) {
  queue().HostConnected("h1", 1);
  const v1::Intent intent = MustAccept(Expiring("a", absl::Seconds(10)));
  const auto delivered = dispatcher_.WaitForDelivered(1);
  EXPECT_EQ(delivered[0].delivery.expire_time, clock_.Now() + absl::Seconds(10));
  clock_.Advance(absl::Seconds(11));
  queue().ExpireDue();
  Settle();
  EXPECT_EQ(StateOf(intent), v1::Intent::QUEUED);
  Finish(intent, v1::Intent::EXPIRED);
  EXPECT_EQ(WaitFor(intent).state(), v1::Intent::EXPIRED);
}

TEST_P(ExpireTest, WhatHasNoneIsHandedOutWithoutOne) {
  queue().HostConnected("h1", 1);
  MustAccept("h1", "a");
  EXPECT_EQ(dispatcher_.WaitForDelivered(1)[0].delivery.expire_time, absl::InfiniteFuture());
}

TEST_P(ExpireTest, ATimeThatIsOverIsRefusedButARepeatIsAnswered) {
  EXPECT_THAT(Accept(Expiring("a", absl::ZeroDuration())), Fails(StatusCode::kFailedPrecondition, "is over"));
  const AcceptRequest request = Expiring("a", absl::Seconds(1), kId);
  const v1::Intent intent = MustAccept(request);
  clock_.Advance(absl::Seconds(2));
  queue().ExpireDue();
  WaitFor(intent);
  EXPECT_EQ(MustAccept(request).state(), v1::Intent::EXPIRED);
}

TEST_P(ExpireTest, AnotherTimeUnderTheSameIdIsAnotherIntent) {
  MustAccept(Expiring("a", absl::Seconds(10), kId));
  EXPECT_THAT(Accept(Expiring("a", absl::Seconds(20), kId)), Fails(StatusCode::kAlreadyExists, "expire_time"));
}

TEST_P(ExpireTest, ACancelledOneIsLeftAlone) {
  const v1::Intent intent = MustAccept(Expiring("a", absl::Seconds(10)));
  EXPECT_TRUE(SendCancel(intent).Await().ok());
  clock_.Advance(absl::Seconds(10));
  queue().ExpireDue();
  Settle();
  EXPECT_EQ(StateOf(intent), v1::Intent::CANCELLED);
}

TEST_P(ExpireTest, ACommitThatFailsIsTriedAgain) {
  const v1::Intent intent = MustAccept(Expiring("a", absl::Seconds(10)));
  gate_.FailWith(absl::UnavailableError("no"));
  clock_.Advance(absl::Seconds(10));
  queue().ExpireDue();
  gate_.WaitForFailures(2);
  gate_.FailWith(absl::OkStatus());
  EXPECT_EQ(WaitFor(intent).state(), v1::Intent::EXPIRED);
}

}  // namespace
}  // namespace warren::intents
