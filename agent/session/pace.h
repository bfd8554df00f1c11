#ifndef WARREN_AGENT_SESSION_PACE_H_
#define WARREN_AGENT_SESSION_PACE_H_

// When something is to be done again that is done now and then, sooner when it is called for, and never for more than
// its share of the time: it rests so many times as long as it took. Pure; one thread.

#include <algorithm>
#include <chrono>

namespace warren::session {

class Pace {
 public:
  using Clock = std::chrono::steady_clock;

  explicit Pace(int rest) : rest_(rest) {}

  Clock::time_point due(Clock::duration every) const {
    return std::max(rested_, called_ ? std::min(wanted_, done_ + every) : done_ + every);
  }
  // By then, if it may.
  void Call(Clock::time_point by) {
    wanted_ = called_ ? std::min(wanted_, by) : by;
    called_ = true;
  }
  // Called for, and not done since.
  bool called() const { return called_; }
  void Done(Clock::duration took, Clock::time_point end) {
    done_ = end;
    rested_ = end + rest_ * took;
    called_ = false;
  }

 private:
  const int rest_;
  bool called_ = false;
  Clock::time_point wanted_, done_, rested_;
};

}  // namespace warren::session

#endif  // WARREN_AGENT_SESSION_PACE_H_
