#include "client/lib/retry.h"

#include <algorithm>

#include "absl/random/random.h"
#include "client/lib/status.h"

namespace warren::client {

bool IsWorthRetrying(const RetryOptions& options, const absl::Status& status) {
  if (absl::IsUnavailable(status)) return ReasonOf(status) != kHostAway;
  return options.retry_exhausted && absl::IsResourceExhausted(status) && RetryDelay(status).has_value();
}

absl::Duration Backoff::Next() {
  absl::BitGen random;
  const absl::Duration pause = next_ * absl::Uniform(absl::IntervalClosed, random, 0.5, 1.0);
  next_ = std::min(next_ * 2, longest_);
  return pause;
}

absl::Duration Backoff::Next(const absl::Status& status) {
  return std::max(Next(), RetryDelay(status).value_or(absl::ZeroDuration()));
}

absl::Status WithRetries(const RetryOptions& options, absl::Time deadline, absl::FunctionRef<absl::Status()> attempt) {
  Backoff backoff(options);
  absl::Status last;
  while (true) {
    absl::Status status = attempt();
    if (absl::IsDeadlineExceeded(status) && !last.ok()) return last;
    if (!IsWorthRetrying(options, status)) return status;
    last = std::move(status);
    const absl::Duration left = deadline - options.now();
    if (left <= absl::ZeroDuration()) return last;
    options.on_retry(last);
    options.sleep(std::min(backoff.Next(last), left));
    if (options.now() >= deadline) return last;
  }
}

}  // namespace warren::client
