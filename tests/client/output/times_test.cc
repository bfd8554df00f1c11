#include "client/output/times.h"

#include <gtest/gtest.h>

#include "tests/client/output/messages.h"

namespace warren::cli {
namespace {

using google::protobuf::Duration;
using google::protobuf::Timestamp;

TEST(Times, AreInUtcToTheMillisecond) {
  EXPECT_EQ(TimeText(From<Timestamp>("seconds: 1795564103 nanos: 123456789")), "2026-11-24T23:48:23.123Z");
}

TEST(Times, AgesAreInOneUnit) {
  const Timestamp then = From<Timestamp>("seconds: 1000000");
  const absl::Time start = absl::FromUnixSeconds(1000000);
  EXPECT_EQ(AgeText(then, start - absl::Hours(1)), "0s");
  EXPECT_EQ(AgeText(then, start + absl::Seconds(119)), "119s");
  EXPECT_EQ(AgeText(then, start + absl::Minutes(2)), "2m");
  EXPECT_EQ(AgeText(then, start + absl::Minutes(119)), "119m");
  EXPECT_EQ(AgeText(then, start + absl::Hours(47)), "47h");
  EXPECT_EQ(AgeText(then, start + absl::Hours(49)), "2d");
}

TEST(Times, SpansKeepWhatMatters) {
  EXPECT_EQ(SpanText(From<Duration>("nanos: 412345")), "412us");
  EXPECT_EQ(SpanText(From<Duration>("nanos: 1234567")), "1.23ms");
  EXPECT_EQ(SpanText(From<Duration>("seconds: 2 nanos: 345678901")), "2.34s");
  EXPECT_EQ(SpanText(Duration()), "0");
}

}  // namespace
}  // namespace warren::cli
