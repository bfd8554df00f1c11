// Intents: Wait.

#include <utility>

#include "proto/common/refusals.h"
#include "server/intents/host.h"
#include "server/intents/intents.h"
#include "server/intents/snapshot.h"
#include "server/intents/worker.h"

namespace warren::intents {

WaitId Intents::Wait(std::string_view host, std::string_view id, absl::Duration timeout, IntentDone done) {
  const auto uuid = Uuid::Parse(id);
  WaitId wait_id = 0;
  std::optional<Snapshot> snapshot;
  absl::Status refused;
  {
    MutexLock lock(&mutex_);
    wait_id = ++last_wait_;
    Host* found = FindHost(host);
    if (uuid) snapshot = Look(found, *uuid);
    if (stopping_) {
      refused = StoppingError();
    } else if (!snapshot) {
      refused = NotFound(host, id);
    } else if (!snapshot->finished() && timeout > absl::ZeroDuration()) {
      refused = OpenCall();
      if (refused.ok()) {
        found->lane.Find(snapshot->sequence)->waits.insert(wait_id);
        const Worker::TimerId timer = worker_->After(timeout, [this, wait_id] { WaitTimedOut(wait_id); });
        waits_[wait_id] = {found, snapshot->sequence, timer, std::move(done)};
        return wait_id;
      }
    }
  }
  Answer(std::move(done), refused.ok() ? Read(*snapshot) : absl::StatusOr<v1::Intent>(std::move(refused)));
  return wait_id;
}

void Intents::StopWaiting(WaitId wait) {
  IntentDone done;
  {
    MutexLock lock(&mutex_);
    const auto it = waits_.find(wait);
    if (it == waits_.end()) return;
    it->second.host->lane.Find(it->second.sequence)->waits.erase(wait);
    worker_->Cancel(it->second.timer);
    done = std::move(it->second.done);
    waits_.erase(it);
    --open_calls_;
  }
  Answer(std::move(done), absl::CancelledError("the wait was given up"));
}

void Intents::WaitTimedOut(WaitId id) {
  IntentDone done;
  std::optional<Snapshot> snapshot;
  {
    MutexLock lock(&mutex_);
    const auto it = waits_.find(id);
    if (it == waits_.end()) return;
    Host* host = it->second.host;
    Entry* entry = host->lane.Find(it->second.sequence);
    entry->waits.erase(id);
    snapshot = Look(host, entry->id);
    done = std::move(it->second.done);
    waits_.erase(it);
    --open_calls_;
  }
  done(Read(*snapshot));
}

std::vector<IntentDone> Intents::TakeWaits(const Entry& entry) {
  std::vector<IntentDone> taken;
  for (const WaitId id : entry.waits) {
    const auto it = waits_.find(id);
    worker_->Cancel(it->second.timer);
    taken.push_back(std::move(it->second.done));
    waits_.erase(it);
    --open_calls_;
  }
  return taken;
}

}  // namespace warren::intents
