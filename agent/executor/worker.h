#ifndef WARREN_AGENT_EXECUTOR_WORKER_H_
#define WARREN_AGENT_EXECUTOR_WORKER_H_

// Applies a batch of intents whose locks are disjoint, in whatever way is fastest for each: fused with others
// (creator.h, deleter.h) or its operations one by one (apply.h). Belongs to one thread, made for namespace work.

#include <functional>
#include <vector>

#include "agent/executor/apply.h"
#include "agent/executor/creator.h"
#include "agent/executor/deleter.h"
#include "agent/executor/outcome.h"
#include "agent/executor/places.h"
#include "agent/executor/work.h"
#include "agent/kernel/netns.h"

namespace warren::executor {

class Worker {
 public:
  Worker(const Work& work, kernel::NetnsWorker worker, const kernel::NetnsDir& dir)
      : netns_(std::move(worker)),
        places_(netns_, dir),
        applier_(work, places_),
        creator_(work, places_),
        deleter_(work, places_) {}
  Worker(const Worker&) = delete;
  Worker& operator=(const Worker&) = delete;

  // Hands over what became of some as soon as it is known: those that are fused do not wait for the others.
  void Run(const std::vector<Task>& batch, const std::function<void(Outcome)>& settle);

 private:
  kernel::NetnsWorker netns_;
  Places places_;
  Applier applier_;
  Creator creator_;
  Deleter deleter_;
};

}  // namespace warren::executor

#endif  // WARREN_AGENT_EXECUTOR_WORKER_H_
