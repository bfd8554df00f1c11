#ifndef WARREN_PROTO_COMMON_STEADY_TIME_H_
#define WARREN_PROTO_COMMON_STEADY_TIME_H_

#include <chrono>

#include "absl/time/time.h"

namespace warren {

// A moment on the clock that nobody sets (CLOCK_MONOTONIC). For how long ago something was, and for nothing else: the
// date that it has says nothing.
inline absl::Time SteadyTime() {
  return absl::UnixEpoch() + absl::FromChrono(std::chrono::steady_clock::now().time_since_epoch());
}

}  // namespace warren

#endif  // WARREN_PROTO_COMMON_STEADY_TIME_H_
