#ifndef WARREN_AGENT_EXECUTOR_FORWARD_H_
#define WARREN_AGENT_EXECUTOR_FORWARD_H_

// What is left to do once an intent is committed: deleting what was set aside, letting go of what was parked, and
// waiting until the kernel has freed it. Only forward: safe to run again after a crash. Belongs to the executor's
// thread.

#include <optional>
#include <string>
#include <vector>

#include "absl/time/time.h"
#include "agent/executor/places.h"
#include "agent/executor/step.pb.h"
#include "warren/v1/intents.pb.h"

namespace warren::executor {

// Whether these steps delete anything: an intent that does not is finished when it is committed.
bool Deletes(const std::vector<Step>& steps);

// Takes away the bindings that namespaces were built under.
void KeepBuilt(const std::vector<Step>& steps);

// Deletes, lets go and waits, at most `timeout`. Returns what is still there and who holds it; empty: nothing. Nothing
// at all when the descriptor `stop` became readable meanwhile (-1: none): to be run again.
std::optional<v1::ReleasePending> Release(Places& places, const std::vector<Step>& steps, absl::Duration timeout,
                                          int stop);

}  // namespace warren::executor

#endif  // WARREN_AGENT_EXECUTOR_FORWARD_H_
