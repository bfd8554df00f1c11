#ifndef WARREN_AGENT_EXECUTOR_RESULT_H_
#define WARREN_AGENT_EXECUTOR_RESULT_H_

// Results of intents. Pure but for the clock and the log.

#include <string>

#include "proto/common/logging.h"
#include "warren/v1/agents.pb.h"

namespace warren::executor {

// Of an intent that begins now.
v1::IntentResult BeginResult(const v1::IntentDelivery& intent, const std::string& boot_id);

// Of one that ends in this state without having begun.
v1::IntentResult NeverBegan(const v1::IntentDelivery& intent, const std::string& boot_id, v1::Intent::State state);

// Each sets the state and the time it took. An empty release_pending is left out.
void Succeed(v1::IntentResult& result);
void Fail(v1::IntentResult& result, v1::OperationError error);

// A line for the intent, and one for each thing that was not undone.
void LogResult(const Logger& logger, const char* what, const v1::IntentResult& result);

}  // namespace warren::executor

#endif  // WARREN_AGENT_EXECUTOR_RESULT_H_
