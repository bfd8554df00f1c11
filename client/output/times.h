#ifndef WARREN_CLIENT_OUTPUT_TIMES_H_
#define WARREN_CLIENT_OUTPUT_TIMES_H_

// Times and spans as people read them. Pure; thread-safe.

#include <algorithm>
#include <string>

#include "absl/strings/str_cat.h"
#include "absl/time/time.h"
#include "google/protobuf/duration.pb.h"
#include "google/protobuf/timestamp.pb.h"

namespace warren::cli {

inline absl::Time ToTime(const google::protobuf::Timestamp& t) {
  return absl::FromUnixSeconds(t.seconds()) + absl::Nanoseconds(t.nanos());
}

inline absl::Duration ToDuration(const google::protobuf::Duration& d) {
  return absl::Seconds(d.seconds()) + absl::Nanoseconds(d.nanos());
}

// "2026-11-24T23:48:23.123Z"
inline std::string TimeText(const google::protobuf::Timestamp& t) {
  return absl::FormatTime("%Y-%m-%d%ET%H:%M:%E3SZ", ToTime(t), absl::UTCTimeZone());
}

// How long ago, in its largest unit: "5s", "3m", "2h", "12d". Clocks differ: the future is "0s".
inline std::string AgeText(const google::protobuf::Timestamp& t, absl::Time now) {
  const absl::Duration age = std::max(now - ToTime(t), absl::ZeroDuration());
  if (age < absl::Minutes(2)) return absl::StrCat(absl::ToInt64Seconds(age), "s");
  if (age < absl::Hours(2)) return absl::StrCat(absl::ToInt64Minutes(age), "m");
  if (age < absl::Hours(48)) return absl::StrCat(absl::ToInt64Hours(age), "h");
  return absl::StrCat(absl::ToInt64Hours(age) / 24, "d");
}

// "1.23ms", three digits of it at most.
inline std::string SpanText(const google::protobuf::Duration& d) {
  const absl::Duration span = ToDuration(d);
  const absl::Duration unit = span >= absl::Seconds(1)        ? absl::Milliseconds(10)
                              : span >= absl::Milliseconds(1) ? absl::Microseconds(10)
                                                              : absl::Microseconds(1);
  return absl::FormatDuration(absl::Trunc(span, unit));
}

}  // namespace warren::cli

#endif  // WARREN_CLIENT_OUTPUT_TIMES_H_
