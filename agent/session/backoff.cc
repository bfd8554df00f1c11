#include "agent/session/backoff.h"

#include <algorithm>
#include <memory>
#include <random>

namespace warren::session {

Backoff::Backoff() {
  auto engine = std::make_shared<std::mt19937_64>(std::random_device()());
  random_ = [engine] { return std::uniform_real_distribution<double>(0, 1)(*engine); };
}

absl::Duration Backoff::Next() {
  const absl::Duration pause = step_ / 2 + step_ / 2 * random_();
  step_ = std::min(step_ * 2, kLongest);
  return pause;
}

}  // namespace warren::session
