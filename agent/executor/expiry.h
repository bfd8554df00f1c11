#ifndef WARREN_AGENT_EXECUTOR_EXPIRY_H_
#define WARREN_AGENT_EXECUTOR_EXPIRY_H_

// When an intent begins at the latest (IntentDelivery.expires_in). Pure; thread-safe.

#include <chrono>

#include "warren/v1/agents.pb.h"

namespace warren::executor {

// The end of time for one that does not expire.
std::chrono::steady_clock::time_point BeginBy(std::chrono::steady_clock::time_point now,
                                              const v1::IntentDelivery& intent);

}  // namespace warren::executor

#endif  // WARREN_AGENT_EXECUTOR_EXPIRY_H_
