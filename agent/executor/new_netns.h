#ifndef WARREN_AGENT_EXECUTOR_NEW_NETNS_H_
#define WARREN_AGENT_EXECUTOR_NEW_NETNS_H_

// Where a new namespace comes from. Belongs to a worker's thread.

#include <cstdint>
#include <optional>

#include "absl/status/statusor.h"
#include "agent/executor/warm_pool.h"
#include "agent/kernel/netns.h"

namespace warren::executor {

struct TakenNetns {
  kernel::NetnsWorker::Made made;
  std::optional<uint64_t> lot;  // it was warm, and is still to be confirmed (warm_pool.h)
};

// A warm one where there is one, otherwise a fresh one. `warm` may be null.
absl::StatusOr<TakenNetns> TakeNetns(WarmPool* warm, kernel::NetnsWorker& worker);
// The same, confirmed: they cannot be told apart.
absl::StatusOr<kernel::NetnsWorker::Made> TakeConfirmedNetns(WarmPool* warm, kernel::NetnsWorker& worker);

}  // namespace warren::executor

#endif  // WARREN_AGENT_EXECUTOR_NEW_NETNS_H_
