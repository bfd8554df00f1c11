#include "agent/executor/result.h"

#include <algorithm>
#include <utility>

#include "absl/strings/str_cat.h"
#include "absl/time/clock.h"
#include "absl/time/time.h"

namespace warren::executor {
namespace {

constexpr int64_t kNanos = 1000000000;

void SetDuration(v1::IntentResult& result) {
  const int64_t begun = result.start_time().seconds() * kNanos + result.start_time().nanos();
  const int64_t took = std::max<int64_t>(absl::GetCurrentTimeNanos() - begun, 0);
  result.mutable_apply_duration()->set_seconds(took / kNanos);
  result.mutable_apply_duration()->set_nanos(static_cast<int32_t>(took % kNanos));
}

}  // namespace

v1::IntentResult BeginResult(const v1::IntentDelivery& intent, const std::string& boot_id) {
  v1::IntentResult result;
  result.set_sequence(intent.sequence());
  result.set_intent_id(intent.intent_id());
  result.set_boot_id(boot_id);
  const int64_t now = absl::GetCurrentTimeNanos();
  result.mutable_start_time()->set_seconds(now / kNanos);
  result.mutable_start_time()->set_nanos(static_cast<int32_t>(now % kNanos));
  return result;
}

v1::IntentResult NeverBegan(const v1::IntentDelivery& intent, const std::string& boot_id, v1::Intent::State state) {
  v1::IntentResult result;
  result.set_sequence(intent.sequence());
  result.set_intent_id(intent.intent_id());
  result.set_boot_id(boot_id);
  result.set_state(state);
  return result;
}

void Succeed(v1::IntentResult& result) {
  result.set_state(v1::Intent::SUCCEEDED);
  if (result.release_pending().objects().empty() && result.release_pending().holders().empty()) {
    result.clear_release_pending();
  }
  SetDuration(result);
}

void Fail(v1::IntentResult& result, v1::OperationError error) {
  result.set_state(v1::Intent::FAILED);
  *result.mutable_error() = std::move(error);
  SetDuration(result);
}

void LogResult(const Logger& logger, const char* what, const v1::IntentResult& result) {
  logger.Info(what, {{"intent", result.intent_id()},
                     {"sequence", absl::StrCat(result.sequence())},
                     {"state", v1::Intent::State_Name(result.state())},
                     {"error", result.error().message()}});
  for (const std::string& problem : result.error().not_undone()) {
    logger.Error("not undone", {{"intent", result.intent_id()}, {"left", problem}});
  }
}

}  // namespace warren::executor
