#include "agent/session/backoff.h"

#include <gtest/gtest.h>

namespace warren::session {
namespace {

TEST(Backoff, DoublesToTheLongestAndBeginsAgainWhenReset) {
  Backoff backoff([] { return 1.0; });
  EXPECT_EQ(backoff.Next(), absl::Milliseconds(100));
  EXPECT_EQ(backoff.Next(), absl::Milliseconds(200));
  for (int i = 0; i < 10; ++i) backoff.Next();
  EXPECT_EQ(backoff.Next(), absl::Seconds(10));
  EXPECT_EQ(backoff.Next(), absl::Seconds(10));
  backoff.Reset();
  EXPECT_EQ(backoff.Next(), absl::Milliseconds(100));
}

TEST(Backoff, APauseIsBetweenHalfAndTheWholeOfItsStep) {
  Backoff shortest([] { return 0.0; });
  EXPECT_EQ(shortest.Next(), absl::Milliseconds(50));
  EXPECT_EQ(shortest.Next(), absl::Milliseconds(100));
  Backoff random;
  bool differ = false;
  absl::Duration first;
  for (int i = 0; i < 100; ++i) {
    random.Reset();
    const absl::Duration pause = random.Next();
    EXPECT_GE(pause, absl::Milliseconds(50));
    EXPECT_LE(pause, absl::Milliseconds(100));
    if (i == 0) first = pause;
    differ |= pause != first;
  }
  EXPECT_TRUE(differ) << "agents would come back in step";
}

}  // namespace
}  // namespace warren::session
