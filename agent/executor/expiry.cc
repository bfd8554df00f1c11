#include "agent/executor/expiry.h"

namespace warren::executor {
namespace {

using Steady = std::chrono::steady_clock::time_point;

// Far longer than a machine is up; what is longer is no limit.
constexpr int64_t kLongestSeconds = int64_t{100} * 365 * 24 * 3600;

}  // namespace

Steady BeginBy(Steady now, const v1::IntentDelivery& intent) {
  if (!intent.has_expires_in() || intent.expires_in().seconds() > kLongestSeconds) return Steady::max();
  if (intent.expires_in().seconds() < 0) return now;
  return now + std::chrono::seconds(intent.expires_in().seconds()) +
         std::chrono::nanoseconds(intent.expires_in().nanos());
}

}  // namespace warren::executor
