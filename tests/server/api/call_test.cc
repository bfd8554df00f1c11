#include "server/api/call.h"

#include <gtest/gtest.h>

#include <chrono>
#include <optional>

namespace warren::api {
namespace {

constexpr auto kNoDeadline = std::chrono::system_clock::time_point::max();
const absl::Time kNow = absl::FromUnixSeconds(1'000'000);

std::chrono::system_clock::time_point In(absl::Duration duration) { return absl::ToChronoTime(kNow + duration); }

TEST(WaitTimeTest, IsWhatWasAskedForUpToAnHour) {
  EXPECT_EQ(WaitTime(kNoDeadline, kNow, absl::Seconds(7)), absl::Seconds(7));
  EXPECT_EQ(WaitTime(kNoDeadline, kNow, absl::ZeroDuration()), absl::ZeroDuration());
  EXPECT_EQ(WaitTime(kNoDeadline, kNow, absl::Hours(2)), absl::Hours(1));
  EXPECT_EQ(WaitTime(kNoDeadline, kNow, std::nullopt), absl::Hours(1));
}

TEST(WaitTimeTest, LeavesTheAnswerTimeToArriveBeforeTheDeadline) {
  EXPECT_EQ(WaitTime(In(absl::Seconds(100)), kNow, std::nullopt), absl::Seconds(100) - absl::Milliseconds(250));
  EXPECT_EQ(WaitTime(In(absl::Seconds(1)), kNow, std::nullopt), absl::Milliseconds(900));
  EXPECT_EQ(WaitTime(In(absl::Seconds(1)), kNow, absl::Hours(1)), absl::Milliseconds(900));
  EXPECT_EQ(WaitTime(In(absl::Seconds(100)), kNow, absl::Seconds(7)), absl::Seconds(7));
}

TEST(WaitTimeTest, IsNotPositiveWhenTheDeadlineHasPassed) {
  EXPECT_LE(WaitTime(In(absl::Seconds(-1)), kNow, std::nullopt), absl::ZeroDuration());
}

}  // namespace
}  // namespace warren::api
