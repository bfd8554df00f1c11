#include "server/store/compactor.h"

#include <algorithm>
#include <chrono>

#include "proto/common/steady_time.h"

namespace warren::store {

void Compactor::Start() {
  thread_ = std::jthread([this] { Run(); });
}

void Compactor::Stop() {
  {
    MutexLock lock(&mutex_);
    stopping_ = true;
    changed_.SignalAll();
  }
  if (thread_.joinable()) thread_.join();
}

void Compactor::Run() {
  const auto interval =
      absl::ToChronoNanoseconds(std::clamp(options_.retain_duration / 10, absl::Seconds(1), absl::Minutes(1)));
  for (;;) {
    Tick(SteadyTime());
    MutexLock lock(&mutex_);
    const auto next = std::chrono::steady_clock::now() + interval;
    while (!stopping_ && changed_.WaitUntil(&mutex_, next)) {
    }
    if (stopping_) return;
  }
}

void Compactor::Tick(absl::Time now) {
  const KvStats stats = kv_.Stats();
  samples_.push_back({now, stats.revision});
  const absl::Time oldest = now - options_.retain_duration;
  while (samples_.size() > 1 && samples_[1].time <= oldest) samples_.pop_front();
  int64_t target = stats.revision - options_.retain_revisions;
  if (samples_.front().time <= oldest) target = std::max(target, samples_.front().revision);
  if (target <= stats.compacted_revision) return;
  const auto begun = std::chrono::steady_clock::now();
  const absl::Status status = kv_.Compact(target);
  options_.done(absl::FromChrono(std::chrono::steady_clock::now() - begun), status);
}

}  // namespace warren::store
