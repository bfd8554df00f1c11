#ifndef WARREN_AGENT_EXECUTOR_ASIDE_H_
#define WARREN_AGENT_EXECUTOR_ASIDE_H_

// Setting a link aside: down and out of its name, as if it were deleted, but still there for undo until the intent is
// committed. Belongs to the executor's thread.

#include <string>
#include <vector>

#include "absl/status/status.h"
#include "agent/executor/transaction.h"

namespace warren::executor {

struct Aside {
  Place* place = nullptr;
  kernel::Link link;
  std::string name;  // while set aside
};

// Adds to the step what brings the link back, with those that stand on it, and chooses its name.
absl::StatusOr<Aside> PlanAside(Place& place, const kernel::Link& link, Step& step);
// Carries it out; the step has been written. Warren ceases to own it.
absl::Status SetAside(Transaction& tx, const Aside& aside);

}  // namespace warren::executor

#endif  // WARREN_AGENT_EXECUTOR_ASIDE_H_
