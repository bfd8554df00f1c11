#ifndef WARREN_CLIENT_LIB_RETRY_H_
#define WARREN_CLIENT_LIB_RETRY_H_

// The retry loop of every call: UNAVAILABLE is tried again with growing, jittered pauses until the deadline. Clock and
// sleeper are given, so that tests neither wait nor depend on time.

#include <functional>

#include "absl/functional/function_ref.h"
#include "absl/status/status.h"
#include "absl/time/clock.h"
#include "absl/time/time.h"

namespace warren::client {

struct RetryOptions {
  absl::Duration first_pause = absl::Milliseconds(50);
  absl::Duration longest_pause = absl::Seconds(1);
  std::function<absl::Time()> now = absl::Now;
  std::function<void(absl::Duration)> sleep = absl::SleepFor;
  // Told of each failure that is going to be retried.
  std::function<void(const absl::Status&)> on_retry = [](const absl::Status&) {};
};

// Pauses between attempts: doubling from first_pause to longest_pause, each between half and the whole of that.
class Backoff {
 public:
  explicit Backoff(const RetryOptions& options) : next_(options.first_pause), longest_(options.longest_pause) {}
  absl::Duration Next();

 private:
  absl::Duration next_;
  absl::Duration longest_;
};

// Calls attempt until it returns anything but UNAVAILABLE, or the deadline is over; then the last UNAVAILABLE is
// returned, even if a later attempt ran into the deadline: it says more.
absl::Status WithRetries(const RetryOptions& options, absl::Time deadline, absl::FunctionRef<absl::Status()> attempt);

}  // namespace warren::client

#endif  // WARREN_CLIENT_LIB_RETRY_H_
