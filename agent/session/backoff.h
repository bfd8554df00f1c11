#ifndef WARREN_AGENT_SESSION_BACKOFF_H_
#define WARREN_AGENT_SESSION_BACKOFF_H_

#include <functional>

#include "absl/time/time.h"

namespace warren::session {

// Pauses between attempts to connect: doubling, each between half and the whole of its step, so that a thousand agents
// do not come back in the same instant. One thread.
class Backoff {
 public:
  static constexpr absl::Duration kFirst = absl::Milliseconds(100);
  static constexpr absl::Duration kLongest = absl::Seconds(10);

  // A source of numbers in [0, 1).
  explicit Backoff(std::function<double()> random) : random_(std::move(random)) {}
  // With a good one.
  Backoff();

  absl::Duration Next();
  // The server had us: begin again with the shortest.
  void Reset() { step_ = kFirst; }

 private:
  std::function<double()> random_;
  absl::Duration step_ = kFirst;
};

}  // namespace warren::session

#endif  // WARREN_AGENT_SESSION_BACKOFF_H_
