#include "agent/session/refusing_executor.h"

#include <utility>

#include "absl/status/status.h"
#include "absl/time/clock.h"

namespace warren::session {
namespace {

// Nothing is queued here: an intent has its turn when it comes.
bool HasExpired(const v1::IntentDelivery& intent) {
  return intent.has_expires_in() && intent.expires_in().seconds() <= 0 && intent.expires_in().nanos() <= 0;
}

}  // namespace

void RefusingExecutor::Submit(std::vector<v1::IntentDelivery> intents) {
  for (const v1::IntentDelivery& intent : intents) {
    v1::IntentResult result;
    result.set_sequence(intent.sequence());
    result.set_intent_id(intent.intent_id());
    result.set_boot_id(boot_id_);
    if (HasExpired(intent)) {
      result.set_state(v1::Intent::EXPIRED);
    } else {
      result.set_state(v1::Intent::FAILED);
      v1::OperationError* error = result.mutable_error();
      error->set_operation_index(-1);
      error->set_code(static_cast<int>(absl::StatusCode::kFailedPrecondition));
      error->set_message(reason_);
      result.mutable_start_time()->set_seconds(absl::ToUnixSeconds(absl::Now()));
      result.mutable_apply_duration();
    }
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

executor::Stats RefusingExecutor::stats() {
  MutexLock lock(&mutex_);
  executor::Stats stats;
  stats.unacknowledged = results_.size();
  return stats;
}

}  // namespace warren::session
