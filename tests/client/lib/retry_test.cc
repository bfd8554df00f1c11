#include "client/lib/retry.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <vector>

#include "client/lib/status.h"

namespace warren::client {
namespace {

using testing::ElementsAre;

// A clock that only sleeping moves.
class Retry : public testing::Test {
 protected:
  RetryOptions Options() {
    RetryOptions options;
    options.first_pause = absl::Milliseconds(100);
    options.longest_pause = absl::Milliseconds(400);
    options.now = [this] { return now_; };
    options.sleep = [this](absl::Duration pause) {
      pauses_.push_back(pause);
      now_ += pause;
    };
    options.on_retry = [this](const absl::Status& status) { told_.push_back(status.message().data()); };
    return options;
  }

  absl::Time now_ = absl::UnixEpoch();
  std::vector<absl::Duration> pauses_;
  std::vector<std::string> told_;
};

TEST_F(Retry, WhatSucceedsIsDoneOnce) {
  int attempts = 0;
  EXPECT_TRUE(WithRetries(Options(), now_ + absl::Seconds(1), [&] {
                ++attempts;
                return absl::OkStatus();
              }).ok());
  EXPECT_EQ(attempts, 1);
  EXPECT_TRUE(pauses_.empty());
}

TEST_F(Retry, WhatIsRefusedIsNotTriedAgain) {
  int attempts = 0;
  for (const auto& refusal : {absl::NotFoundError("x"), absl::ResourceExhaustedError("x"), absl::InternalError("x"),
                              absl::DeadlineExceededError("x")}) {
    EXPECT_EQ(WithRetries(Options(), now_ + absl::Seconds(1),
                          [&] {
                            ++attempts;
                            return refusal;
                          }),
              refusal);
  }
  EXPECT_EQ(attempts, 4);
  EXPECT_TRUE(pauses_.empty());
}

TEST_F(Retry, UnavailableIsTriedAgainUntilItIsNot) {
  int attempts = 0;
  EXPECT_TRUE(WithRetries(Options(), now_ + absl::Minutes(1), [&] {
                return ++attempts < 4 ? absl::UnavailableError("away") : absl::OkStatus();
              }).ok());
  EXPECT_EQ(attempts, 4);
  EXPECT_EQ(pauses_.size(), 3u);
  EXPECT_THAT(told_, ElementsAre("away", "away", "away"));
}

TEST_F(Retry, AHostThatIsAwayIsNotWaitedFor) {
  int attempts = 0;
  const absl::Status away = WithReason(absl::UnavailableError("host h1 is away"), kHostAway);
  EXPECT_EQ(WithRetries(Options(), now_ + absl::Minutes(1),
                        [&] {
                          ++attempts;
                          return away;
                        }),
            away);
  EXPECT_EQ(attempts, 1);
}

TEST_F(Retry, PausesAreAtLeastWhatTheServerAsksFor) {
  int attempts = 0;
  EXPECT_TRUE(WithRetries(Options(), now_ + absl::Minutes(1), [&] {
                return ++attempts < 2 ? WithRetry(absl::UnavailableError("busy"), absl::Seconds(7)) : absl::OkStatus();
              }).ok());
  EXPECT_THAT(pauses_, ElementsAre(absl::Seconds(7)));
}

TEST_F(Retry, WhatIsFullIsTriedAgainOnlyWhenAskedToAndTheServerSaysWhen) {
  RetryOptions options = Options();
  int attempts = 0;
  const auto full_once = [&] {
    return ++attempts == 1 ? ExhaustedError("the queue is full", absl::Seconds(2)) : absl::OkStatus();
  };
  EXPECT_TRUE(absl::IsResourceExhausted(WithRetries(options, now_ + absl::Minutes(1), full_once)));
  options.retry_exhausted = true;
  attempts = 0;
  EXPECT_TRUE(WithRetries(options, now_ + absl::Minutes(1), full_once).ok());
  EXPECT_THAT(pauses_, ElementsAre(absl::Seconds(2)));
  EXPECT_FALSE(IsWorthRetrying(options, absl::ResourceExhaustedError("too large a message")));
}

TEST_F(Retry, PausesDoubleUpToTheLongestAndAreJittered) {
  Backoff backoff(Options());
  for (const int milliseconds : {100, 200, 400, 400, 400}) {
    const absl::Duration pause = backoff.Next();
    EXPECT_GE(pause, absl::Milliseconds(milliseconds) / 2);
    EXPECT_LE(pause, absl::Milliseconds(milliseconds));
  }
}

TEST_F(Retry, TheDeadlineEndsItWithTheLastUnavailable) {
  const absl::Time deadline = now_ + absl::Seconds(1);
  int attempts = 0;
  EXPECT_EQ(WithRetries(Options(), deadline,
                        [&] {
                          ++attempts;
                          return absl::UnavailableError("away");
                        }),
            absl::UnavailableError("away"));
  EXPECT_GE(attempts, 3);
  EXPECT_EQ(now_, deadline);  // slept up to it, not beyond
}

TEST_F(Retry, ADeadlineAfterAnUnavailableDoesNotHideIt) {
  int attempts = 0;
  EXPECT_EQ(WithRetries(Options(), now_ + absl::Seconds(1),
                        [&]() -> absl::Status {
                          if (++attempts == 1) return absl::UnavailableError("connection refused");
                          return absl::DeadlineExceededError("Deadline Exceeded");
                        }),
            absl::UnavailableError("connection refused"));
}

TEST_F(Retry, NothingIsTriedTwiceOnceTheTimeIsOver) {
  int attempts = 0;
  EXPECT_EQ(WithRetries(Options(), now_,
                        [&] {
                          ++attempts;
                          return absl::UnavailableError("away");
                        }),
            absl::UnavailableError("away"));
  EXPECT_EQ(attempts, 1);
  EXPECT_TRUE(pauses_.empty());
}

}  // namespace
}  // namespace warren::client
