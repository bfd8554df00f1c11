#ifndef WARREN_AGENT_INVENTORY_EXPIRY_H_
#define WARREN_AGENT_INVENTORY_EXPIRY_H_

// When routes expire, to tell whether that is another time than before: the kernel tells only what is left, to 1/100 s
// of when it was asked. Pure; thread-safe.

#include <algorithm>
#include <vector>

#include "absl/time/time.h"
#include "agent/kernel/route.h"

namespace warren::inventory {

// InfiniteFuture: never.
inline absl::Time ExpiryOf(const kernel::Route& route, absl::Time now) {
  return route.expires ? now + *route.expires : absl::InfiniteFuture();
}

// What is left of both at one time is shown alike, but for the time it takes to ask.
inline bool SameExpiry(absl::Time a, absl::Time b) {
  if (a == absl::InfiniteFuture() || b == absl::InfiniteFuture()) return a == b;
  return absl::AbsDuration(a - b) <= absl::Seconds(2);
}

inline bool SameExpiries(const std::vector<absl::Time>& a, const std::vector<absl::Time>& b) {
  return std::equal(a.begin(), a.end(), b.begin(), b.end(), SameExpiry);
}

}  // namespace warren::inventory

#endif  // WARREN_AGENT_INVENTORY_EXPIRY_H_
