#ifndef WARREN_AGENT_EXECUTOR_OUTCOME_H_
#define WARREN_AGENT_EXECUTOR_OUTCOME_H_

// What a worker is given, and what becomes of it.

#include <chrono>
#include <cstdint>
#include <optional>
#include <set>
#include <string>
#include <vector>

#include "agent/executor/listener.h"
#include "agent/executor/release_queue.h"
#include "agent/executor/step.pb.h"
#include "agent/kernel/ip.h"
#include "warren/v1/agents.pb.h"

namespace warren::executor {

struct Task {
  v1::IntentDelivery intent;
  kernel::Ip server;                            // family 0: none
  std::chrono::steady_clock::time_point asked;  // when it came
  // An earlier intent is not over that may take links away yet: a failure may be due to that, and is none.
  bool early = false;
};

// Committed, and to be finished when the kernel has let go.
struct Committed {
  v1::IntentResult result;  // as it was begun
  std::set<std::string> touched;
  ReleaseQueue::Work release;  // without `done`
};

struct Outcome {
  std::vector<Finished> finished;
  std::vector<Committed> committed;
  std::vector<Task> again;  // early, and failed: nothing is left of them, and they are to be run later
};

}  // namespace warren::executor

#endif  // WARREN_AGENT_EXECUTOR_OUTCOME_H_
