// Intents: what is finished is kept for a time, and so many of it.

#include <algorithm>
#include <queue>
#include <utility>

#include "absl/strings/str_cat.h"
#include "proto/common/status_payload.h"
#include "server/intents/host.h"
#include "server/intents/intents.h"
#include "server/intents/retirement.h"
#include "server/intents/stored.h"
#include "server/intents/worker.h"

namespace warren::intents {
namespace {

using Rows = std::vector<History::Row>;

// The first row from `index` on that tells when it was accepted. A time from the future was read from a clock that was
// ahead; then what was accepted after it tells that it is no younger.
size_t FirstThatTells(const Rows& rows, size_t index, int64_t now) {
  while (index < rows.size() && rows[index].create_time > now) ++index;
  return index;
}

}  // namespace

std::vector<Intents::Retirement> Intents::CollectDue(size_t limit) const {
  const absl::Time now = options_.clock();
  const int64_t today = absl::ToUnixMicros(now);
  const int64_t too_old = absl::ToUnixMicros(now - std::max(options_.retention, kRememberedFor));
  const int64_t forgettable = absl::ToUnixMicros(now - kRememberedFor);
  // Over all hosts by sequence, the oldest first.
  struct At {
    Host* host;
    size_t index;
    size_t told_by = 0;  // the first row that tells the time, or one before it
    const History::Row& row() const { return host->history.rows()[index]; }
    bool operator<(const At& other) const { return row().sequence > other.row().sequence; }
  };
  std::priority_queue<At> heads;
  for (const auto& [name, host] : hosts_) {
    if (!host->history.empty()) heads.push({host.get(), host->history.First()});
  }
  size_t surplus = finished_ > options_.retention_count ? finished_ - options_.retention_count : 0;
  std::vector<Retirement> due;
  while (!heads.empty() && due.size() < limit) {
    const At at = heads.top();
    heads.pop();
    const History::Row& row = at.row();
    // What was accepted later was finished later still.
    const Rows& rows = at.host->history.rows();
    const size_t told_by = FirstThatTells(rows, std::max(at.index, at.told_by), today);
    if (told_by == rows.size()) continue;
    const int64_t created = rows[told_by].create_time;
    if (created > forgettable || (surplus == 0 && created > too_old)) continue;
    if (at.index + 1 < rows.size()) heads.push({at.host, at.index + 1, told_by});
    const int64_t finished = row.finish_time <= today ? row.finish_time : created;
    if (!row.finished() || finished > forgettable) continue;
    if (surplus > 0) {
      --surplus;
    } else if (finished > too_old) {
      continue;
    }
    due.push_back({at.host, row.id, row.sequence});
  }
  return due;
}

void Intents::RetireDue() {
  size_t count = 0;
  MutexLock lock(&mutex_);
  if (stopping_ || retiring_) return;
  std::vector<Retirement> due = CollectDue(Retirement::kAtOnce);
  count = due.size();
  if (count == 0) return ScheduleRetirement();
  retiring_ = true;
  Retire(std::move(due), [this, count](const absl::Status& status) {
    if (status.ok()) {
      options_.logger.Info("finished intents retired", {{"count", absl::StrCat(count)}});
    } else {
      options_.logger.Warn("finished intents not retired; trying again later", {{"error", ToText(status)}});
    }
    {
      MutexLock lock(&mutex_);
      retiring_ = false;
      if (!status.ok() || count < Retirement::kAtOnce) ScheduleRetirement();
    }
    if (status.ok() && count == Retirement::kAtOnce) RetireDue();
  });
}

void Intents::ScheduleRetirement() {
  if (!stopping_) worker_->After(options_.retire_interval, [this] { RetireDue(); });
}

void Intents::Retire(std::vector<Retirement> due, std::function<void(const absl::Status&)> then) {
  store::Transaction transaction;
  for (const Retirement& one : due) {
    transaction.mutations.push_back(store::Mutation::Delete(IntentKey(one.host->name, one.id)));
  }
  BeginCommit();
  Commit(std::move(transaction),
         [this, due = std::move(due), then = std::move(then)](const absl::StatusOr<store::CommitResult>& result) {
           {
             MutexLock lock(&mutex_);
             EndCommit();
             if (result.ok()) {
               applied_revision_ = result->revision;
               for (const Retirement& one : due) {
                 if (one.host->history.Find(one.sequence) == nullptr) continue;
                 one.host->history.Remove(one.sequence);
                 --finished_;
               }
             }
           }
           then(result.status());
         });
}

}  // namespace warren::intents
