#ifndef WARREN_AGENT_EXECUTOR_NEW_NETNS_H_
#define WARREN_AGENT_EXECUTOR_NEW_NETNS_H_

// Where a new namespace comes from. Belongs to a worker's thread.

#include "absl/status/statusor.h"
#include "agent/executor/warm_pool.h"
#include "agent/kernel/netns.h"

namespace warren::executor {

// A warm one where there is one, otherwise a fresh one: they cannot be told apart. `warm` may be null.
absl::StatusOr<kernel::NetnsWorker::Made> TakeNetns(WarmPool* warm, kernel::NetnsWorker& worker);

}  // namespace warren::executor

#endif  // WARREN_AGENT_EXECUTOR_NEW_NETNS_H_
