#include "client/lib/retry.h"

#include <algorithm>

#include "absl/random/random.h"

namespace warren::client {

absl::Duration Backoff::Next() {
  absl::BitGen random;
  const absl::Duration pause = next_ * absl::Uniform(absl::IntervalClosed, random, 0.5, 1.0);
  next_ = std::min(next_ * 2, longest_);
  return pause;
}

absl::Status WithRetries(const RetryOptions& options, absl::Time deadline, absl::FunctionRef<absl::Status()> attempt) {
  Backoff backoff(options);
  absl::Status unavailable;
  while (true) {
    absl::Status status = attempt();
    if (absl::IsDeadlineExceeded(status) && !unavailable.ok()) return unavailable;
    if (!absl::IsUnavailable(status)) return status;
    unavailable = std::move(status);
    const absl::Duration left = deadline - options.now();
    if (left <= absl::ZeroDuration()) return unavailable;
    options.on_retry(unavailable);
    options.sleep(std::min(backoff.Next(), left));
    if (options.now() >= deadline) return unavailable;
  }
}

}  // namespace warren::client
