#ifndef WARREN_CLIENT_LIB_RETRY_H_
#define WARREN_CLIENT_LIB_RETRY_H_

// The retry loop of every call: what another try may mend is tried again with growing, jittered pauses until the
// deadline. Clock and sleeper are given, so that tests neither wait nor depend on time.

#include <functional>

#include "absl/functional/function_ref.h"
#include "absl/status/status.h"
#include "absl/time/clock.h"
#include "absl/time/time.h"

namespace warren::client {

struct RetryOptions {
  absl::Duration first_pause = absl::Milliseconds(50);
  absl::Duration longest_pause = absl::Seconds(1);
  // RESOURCE_EXHAUSTED too is tried again, where the server says when (google.rpc.RetryInfo): for controllers that
  // would rather wait for room than be told that there is none.
  bool retry_exhausted = false;
  std::function<absl::Time()> now = absl::Now;
  std::function<void(absl::Duration)> sleep = absl::SleepFor;
  // Told of each failure that is going to be retried, on the thread that called.
  std::function<void(const absl::Status&)> on_retry = [](const absl::Status&) {};
};

// Another try may mend it: UNAVAILABLE, but for a host that is away (reason HOST_AWAY), which may take a day to come
// back; with retry_exhausted also RESOURCE_EXHAUSTED that says when to try again.
bool IsWorthRetrying(const RetryOptions& options, const absl::Status& status);

// Pauses between attempts: doubling from first_pause to longest_pause, each between half and the whole of that.
class Backoff {
 public:
  explicit Backoff(const RetryOptions& options) : next_(options.first_pause), longest_(options.longest_pause) {}
  absl::Duration Next();
  // The same, but at least as long as the server asked for in google.rpc.RetryInfo.
  absl::Duration Next(const absl::Status& status);

 private:
  absl::Duration next_;
  absl::Duration longest_;
};

// Calls attempt until it returns what is not worth retrying, or the deadline is over; then the last failure that was is
// returned, even if a later attempt ran into the deadline: it says more.
absl::Status WithRetries(const RetryOptions& options, absl::Time deadline, absl::FunctionRef<absl::Status()> attempt);

}  // namespace warren::client

#endif  // WARREN_CLIENT_LIB_RETRY_H_
