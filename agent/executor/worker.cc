#include "agent/executor/worker.h"

#include <utility>

#include "agent/executor/plan.h"

namespace warren::executor {

Outcome Worker::Run(const std::vector<Task>& batch) {
  Outcome outcome;
  std::vector<Creator::Job> creations;
  std::vector<const Task*> deletions, others;
  for (const Task& task : batch) {
    if (OnlyDeletesNamespaces(task.intent)) {
      deletions.push_back(&task);
    } else if (auto plan = PlanOf(task.intent)) {
      creations.push_back({&task, *std::move(plan)});
    } else {
      others.push_back(&task);
    }
  }
  const auto add = [&](const std::vector<const Task*>& more) { others.insert(others.end(), more.begin(), more.end()); };
  if (!deletions.empty()) add(deleter_.Run(deletions, outcome));
  if (!creations.empty()) add(creator_.Run(std::move(creations), outcome));
  for (const Task* task : others) applier_.Apply(*task, outcome);
  return outcome;
}

}  // namespace warren::executor
