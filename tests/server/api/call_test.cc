#include "server/api/call.h"

#include <gtest/gtest.h>

#include <chrono>
#include <optional>

#include "proto/common/status_payload.h"

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

TEST(NotTakenTest, TellsAFullPoolFromAStoppedOne) {
  WorkerPool pool(1, 1);
  const absl::Status full = NotTaken(pool);
  EXPECT_EQ(full.code(), absl::StatusCode::kResourceExhausted);
  EXPECT_EQ(ReasonOf(full), "SERVER_BUSY");
  EXPECT_TRUE(full.GetPayload(kRetryInfoUrl).has_value());
  pool.Stop();
  const absl::Status stopped = NotTaken(pool);
  EXPECT_EQ(stopped.code(), absl::StatusCode::kUnavailable);
  EXPECT_EQ(ReasonOf(stopped), "SERVER_STOPPING");
  EXPECT_TRUE(stopped.GetPayload(kRetryInfoUrl).has_value());
}

}  // namespace
}  // namespace warren::api
