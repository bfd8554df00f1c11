// Intents: the end of what has not begun in time.

#include <utility>

#include "server/intents/finishing.h"
#include "server/intents/host.h"
#include "server/intents/intents.h"
#include "server/intents/worker.h"

namespace warren::intents {

void Intents::ExpireDue() {
  std::vector<std::shared_ptr<Finishing>> expired;
  const absl::Time now = options_.clock();
  {
    MutexLock lock(&mutex_);
    if (stopping_) return;
    while (!expiries_.empty() && std::get<0>(*expiries_.begin()) <= now) {
      const auto [time, host, sequence] = *expiries_.begin();
      expiries_.erase(expiries_.begin());
      Entry* entry = host->lane.Find(sequence);
      // What may have been handed out is the agent's to decide: it was told how long it has.
      if (entry == nullptr || entry->finishing || !host->lane.BeyondCursor(sequence)) continue;
      expired.push_back(BeginFinish(host, *entry));
    }
    ScheduleExpiry();
  }
  for (const auto& finishing : expired) {
    finishing->EndHere(v1::Intent::EXPIRED, now);
    CommitFinish(finishing);
  }
}

void Intents::ScheduleExpiry() {
  const absl::Time next = expiries_.empty() ? absl::InfiniteFuture() : std::get<0>(*expiries_.begin());
  if (next == expiry_timer_at_) return;
  worker_->Cancel(expiry_timer_);
  expiry_timer_at_ = next;
  if (expiries_.empty()) return;
  expiry_timer_ = worker_->After(next - options_.clock(), [this] {
    {
      MutexLock lock(&mutex_);
      expiry_timer_at_ = absl::InfiniteFuture();
    }
    ExpireDue();
  });
}

}  // namespace warren::intents
