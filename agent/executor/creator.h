#ifndef WARREN_AGENT_EXECUTOR_CREATOR_H_
#define WARREN_AGENT_EXECUTOR_CREATOR_H_

// Carries out the plans of several intents at once (plan.h): one write of the journal before, one after, and as few
// messages to the kernel as it takes. One that fails is undone and left to the Applier, which says what is wrong.
// Belongs to a worker's thread.
//
// Cost: a router (namespace, veth, address, both ends up) some 0.05 ms more than the kernel's own work.

#include <string>
#include <vector>

#include "absl/status/status.h"
#include "absl/time/time.h"
#include "agent/executor/outcome.h"
#include "agent/executor/places.h"
#include "agent/executor/plan.h"
#include "agent/executor/work.h"

namespace warren::executor {

bool MakesNamespaces(const v1::IntentDelivery& intent);

class Creator {
 public:
  Creator(const Work& work, Places& places) : work_(work), places_(places) {}

  struct Job {
    const Task* task = nullptr;
    Plan plan;
  };
  // The plans' locks are disjoint. Returns the tasks that are to be applied otherwise; nothing is left of them.
  std::vector<const Task*> Run(std::vector<Job> jobs, Outcome& outcome);

 private:
  struct Making;  // one job under way

  // Opens and makes what needs no undo: namespaces without names.
  absl::Status Prepare(Making& run);
  absl::Status FindBridges(Making& run);
  // Changes the kernel.
  absl::Status Make(Making& run);
  absl::Status Create(Making& run, const Plan::Creation& creation);
  absl::Status FindIndices(Making& run);
  absl::Status Change(Making& run);
  absl::StatusOr<int> FirstFree(Place& place);
  // Whether the warm namespaces that it took are as new ones would be.
  bool Confirm(const Making& run);
  // Finishes one that is committed.
  void Settle(Making& run, v1::IntentResult done, Outcome& outcome);
  // False: something is left, and it has failed.
  bool Undo(Making& run, Outcome& outcome);
  void CatchUp(const Making& run);
  void Report(const Making& run);

  const Work& work_;
  Places& places_;
  // The first index that is free in a new namespace: beyond lo and what the kernel puts into each. 0: not known.
  int first_free_ = 0;
};

}  // namespace warren::executor

#endif  // WARREN_AGENT_EXECUTOR_CREATOR_H_
