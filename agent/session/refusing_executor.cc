#include "agent/session/refusing_executor.h"

#include <utility>

#include "absl/status/status.h"
#include "absl/time/clock.h"

namespace warren::session {

void RefusingExecutor::Submit(std::vector<v1::IntentDelivery> intents) {
  for (const v1::IntentDelivery& intent : intents) {
    v1::IntentResult result;
    result.set_sequence(intent.sequence());
    result.set_intent_id(intent.intent_id());
    result.set_state(v1::Intent::FAILED);
    v1::OperationError* error = result.mutable_error();
    error->set_operation_index(-1);
    error->set_code(static_cast<int>(absl::StatusCode::kFailedPrecondition));
    error->set_message(reason_);
    result.mutable_start_time()->set_seconds(absl::ToUnixSeconds(absl::Now()));
    result.mutable_apply_duration();
    result.set_boot_id(boot_id_);
    bool added;
    {
      MutexLock lock(&mutex_);
      added = results_.emplace(intent.sequence(), result).second;
    }
    listener_.OnFinished({std::move(result), {}, !added});
  }
}

executor::Executor::CancelOutcome RefusingExecutor::Cancel(int64_t sequence) {
  MutexLock lock(&mutex_);
  return {false, results_.contains(sequence) ? "finished" : "unknown"};
}

std::vector<v1::IntentResult> RefusingExecutor::UnacknowledgedResults() {
  MutexLock lock(&mutex_);
  std::vector<v1::IntentResult> results;
  for (const auto& [sequence, result] : results_) results.push_back(result);
  return results;
}

void RefusingExecutor::Acknowledge(const std::vector<int64_t>& sequences) {
  MutexLock lock(&mutex_);
  for (const int64_t sequence : sequences) results_.erase(sequence);
}

}  // namespace warren::session
