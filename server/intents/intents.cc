#include "server/intents/intents.h"

#include <algorithm>
#include <utility>

#include "absl/strings/str_cat.h"
#include "proto/common/names.h"
#include "proto/common/refusals.h"
#include "proto/common/status_payload.h"
#include "server/intents/host.h"
#include "server/intents/intent_feed.h"
#include "server/intents/load.h"
#include "server/intents/timestamp.h"
#include "server/intents/worker.h"

namespace warren::intents {

Intents::Intents(store::Kv& kv, Dispatcher& dispatcher, HostDirectory& directory, Options options)
    : kv_(kv),
      dispatcher_(dispatcher),
      directory_(directory),
      options_(std::move(options)),
      feed_(std::make_unique<IntentFeed>(kv, directory, options_.feed, options_.logger)),
      worker_(std::make_unique<Worker>()) {}

Intents::~Intents() { Stop(); }

absl::StatusOr<std::unique_ptr<Intents>> Intents::Open(store::Kv& kv, Dispatcher& dispatcher, HostDirectory& directory,
                                                       Options options) {
  std::unique_ptr<Intents> intents(new Intents(kv, dispatcher, directory, std::move(options)));
  auto loaded = Load(kv, intents->options_.window, [&](const store::Event& change) { intents->feed_->Replay(change); });
  if (!loaded.ok()) return loaded.status();
  Intents* const raw = intents.get();
  {
    MutexLock lock(&raw->mutex_);
    raw->hosts_ = std::move(loaded->hosts);
    raw->unfinished_ = loaded->unfinished;
    raw->finished_ = loaded->finished;
    raw->queued_bytes_ = loaded->unfinished_bytes;
    raw->applied_revision_ = loaded->revision;
    for (const auto& [name, host] : raw->hosts_) {
      for (const auto& [sequence, entry] : host->lane.entries()) {
        if (entry.expire_time != absl::InfiniteFuture()) {
          raw->expiries_.emplace(entry.expire_time, host.get(), sequence);
        }
      }
    }
    raw->ScheduleExpiry();
    raw->ScheduleRetirement();
    (void)raw->worker_->Post([raw] { raw->ObserveDepth(); });
  }
  const absl::Status followed =
      raw->feed_->Start(loaded->revision, [raw](Worker::Task task) { return raw->worker_->Post(std::move(task)); });
  if (!followed.ok()) return followed;
  // The server may have ended between the commit of the first one and this.
  for (const std::string& host : raw->KnownHosts()) directory.Introduce(host);
  return intents;
}

void Intents::Stop() {
  feed_->Stop();
  {
    MutexLock lock(&mutex_);
    stopping_ = true;
    while (commits_ > 0) no_commits_.Wait(&mutex_);
    // Nothing is finished any more: what is open has no other answer to hope for.
    std::vector<IntentDone> open;
    for (auto& [id, wait] : waits_) open.push_back(std::move(wait.done));
    waits_.clear();
    for (auto& [name, host] : hosts_) {
      for (auto& [sequence, entry] : host->lane.entries()) {
        for (IntentDone& cancel : entry.cancels) open.push_back(std::move(cancel));
        entry.cancels.clear();
        entry.waits.clear();
      }
    }
    open_calls_ = 0;
    for (IntentDone& done : open) Answer(std::move(done), StoppingError());
  }
  worker_->Stop();
}

size_t Intents::QueuedCount(std::string_view host) const {
  MutexLock lock(&mutex_);
  const Host* found = FindHost(host);
  return found == nullptr ? 0 : found->lane.entries().size();
}

bool Intents::HasIntents(std::string_view host) const {
  MutexLock lock(&mutex_);
  const Host* found = FindHost(host);
  return found != nullptr && !found->history.empty();
}

std::vector<std::string> Intents::KnownHosts() const {
  MutexLock lock(&mutex_);
  std::vector<std::string> names;
  for (const auto& [name, host] : hosts_) {
    if (!host->history.empty()) names.push_back(name);
  }
  return names;
}

Intents::Stats Intents::stats() const {
  const absl::Time now = options_.clock();
  absl::Time oldest = now;
  Stats stats;
  MutexLock lock(&mutex_);
  stats.unfinished = unfinished_;
  stats.finished = finished_;
  stats.queued_bytes = queued_bytes_;
  stats.open_calls = open_calls_;
  for (const auto& [name, host] : hosts_) {
    if (host->lane.entries().empty()) continue;
    const History::Row* row = host->history.Find(host->lane.entries().begin()->first);
    oldest = std::min(oldest, absl::FromUnixMicros(row->create_time));
  }
  stats.oldest = now - oldest;
  return stats;
}

Host* Intents::FindHost(std::string_view name) const {
  const auto it = hosts_.find(name);
  return it == hosts_.end() ? nullptr : it->second.get();
}

Host* Intents::MakeHost(const std::string& name) {
  auto& host = hosts_[name];
  if (host == nullptr) host = std::make_unique<Host>(name, options_.window);
  return host.get();
}

void Intents::Run(std::function<void()> task) {
  if (!worker_->Post(std::move(task))) task();
}

void Intents::Answer(IntentDone done, absl::StatusOr<v1::Intent> result) {
  Run([done = std::move(done), result = std::move(result)]() mutable { done(std::move(result)); });
}

absl::Status Intents::OpenCall() {
  if (open_calls_ >= options_.max_waiters) {
    return WithReason(ExhaustedError(absl::StrCat(open_calls_, " calls wait for intents already, which is the limit"),
                                     options_.retry_after),
                      "TOO_MANY_WAITERS");
  }
  ++open_calls_;
  return absl::OkStatus();
}

void Intents::EndCommit() {
  if (--commits_ == 0) no_commits_.SignalAll();
}

void Intents::Commit(store::Transaction transaction,
                     std::function<void(const absl::StatusOr<store::CommitResult>&)> then) {
  // The worker runs until no commit is under way, so it takes these.
  const absl::Status queued =
      kv_.Commit(std::move(transaction), [this, then](absl::StatusOr<store::CommitResult> result) {
        (void)worker_->Post([then, result = std::move(result)] { then(result); });
      });
  if (!queued.ok()) (void)worker_->Post([then, queued] { then(queued); });
}

void Intents::Observe(const Host& host, const Uuid& id, v1::Intent::State from, const v1::Intent& intent,
                      v1::Intent::State to) {
  const std::string name = IntentName(host.name, id.ToString());
  const std::string& state = v1::Intent::State_Name(to);
  if (to == v1::Intent::FAILED) {
    options_.logger.Info("intent", {{"name", name}, {"state", state}, {"error", intent.error().message()}});
  } else {
    options_.logger.Info("intent", {{"name", name}, {"state", state}});
  }
  if (options_.observer == nullptr) return;
  options_.observer->OnTransition({from, to, options_.clock() - FromTimestamp(intent.create_time()), intent});
}

void Intents::ObserveDepth() {
  if (options_.observer == nullptr) return;
  size_t depth = 0;
  {
    MutexLock lock(&mutex_);
    depth = unfinished_;
  }
  options_.observer->OnQueueDepth(depth);
}

}  // namespace warren::intents
