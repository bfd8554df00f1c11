#ifndef WARREN_AGENT_INVENTORY_ROUND_H_
#define WARREN_AGENT_INVENTORY_ROUND_H_

// A round over all namespaces, one after the other, at a pace at which it takes the time that it may: whose turn it is.
// Pure; one thread.

#include <algorithm>
#include <chrono>
#include <cstddef>
#include <deque>
#include <functional>
#include <optional>
#include <string>
#include <utility>
#include <vector>

namespace warren::inventory {

class Round {
 public:
  using Clock = std::chrono::steady_clock;

  // Zero: nobody has a turn.
  explicit Round(Clock::duration takes) : takes_(takes) {}

  // Time passes, with so many in the round.
  void Pass(Clock::time_point now, size_t count) {
    if (last_ && takes_ > Clock::duration::zero()) {
      due_ += static_cast<double>(count) * std::chrono::duration<double>(now - *last_) / takes_;
      due_ = std::min(due_, kMost);
    }
    last_ = now;
  }
  // Whose turn it is, if anybody's; `all` is asked for who takes part as a round begins.
  std::optional<std::string> Next(const std::function<std::vector<std::string>()>& all) {
    if (due_ < 1) return std::nullopt;
    if (todo_.empty()) {
      std::vector<std::string> names = all();
      todo_.assign(std::make_move_iterator(names.begin()), std::make_move_iterator(names.end()));
    }
    if (todo_.empty()) return std::nullopt;
    due_ -= 1;
    std::string next = std::move(todo_.front());
    todo_.pop_front();
    return next;
  }

 private:
  // What was missed is not made up for at once.
  static constexpr double kMost = 64;

  const Clock::duration takes_;
  std::optional<Clock::time_point> last_;
  double due_ = 0;
  std::deque<std::string> todo_;
};

}  // namespace warren::inventory

#endif  // WARREN_AGENT_INVENTORY_ROUND_H_
