#ifndef WARREN_AGENT_EXECUTOR_UNDO_H_
#define WARREN_AGENT_EXECUTOR_UNDO_H_

// Takes steps back. Safe when a step's change was made, was not made, or was made in part (step.proto). Belongs to the
// executor's thread.

#include <functional>
#include <string>
#include <vector>

#include "agent/executor/places.h"
#include "agent/executor/step.pb.h"

namespace warren::executor {

// Takes back all steps, the last first. Returns what could not be taken back, one line each. `undone` is called after
// each step as long as nothing of any is left: whoever keeps the steps forgets the last one he has.
std::vector<std::string> UndoSteps(Places& places, const std::vector<Step>& steps, const std::function<void()>& undone);

}  // namespace warren::executor

#endif  // WARREN_AGENT_EXECUTOR_UNDO_H_
