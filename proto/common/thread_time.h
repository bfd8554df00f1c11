#ifndef WARREN_PROTO_COMMON_THREAD_TIME_H_
#define WARREN_PROTO_COMMON_THREAD_TIME_H_

// How long the calling thread has had a processor (clock_gettime(2), CLOCK_THREAD_CPUTIME_ID): what it has done,
// however long it waited. Cost: 0.2 µs.

#include <time.h>

#include <chrono>

namespace warren {

inline std::chrono::nanoseconds ThreadTime() {
  timespec time{};
  clock_gettime(CLOCK_THREAD_CPUTIME_ID, &time);
  return std::chrono::seconds(time.tv_sec) + std::chrono::nanoseconds(time.tv_nsec);
}

}  // namespace warren

#endif  // WARREN_PROTO_COMMON_THREAD_TIME_H_
