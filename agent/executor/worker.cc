#include "agent/executor/worker.h"

#include <utility>

#include "agent/executor/plan.h"

namespace warren::executor {

void Worker::Run(const std::vector<Task>& batch, const std::function<void(Outcome)>& settle) {
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
  const auto run = [&](const auto& work) {
    Outcome outcome;
    const std::vector<const Task*> refused = work(outcome);
    others.insert(others.end(), refused.begin(), refused.end());
    settle(std::move(outcome));
  };
  if (!deletions.empty()) run([&](Outcome& outcome) { return deleter_.Run(deletions, outcome); });
  if (!creations.empty()) run([&](Outcome& outcome) { return creator_.Run(std::move(creations), outcome); });
  for (const Task* task : others) {
    Outcome outcome;
    applier_.Apply(*task, outcome);
    settle(std::move(outcome));
  }
}

}  // namespace warren::executor
