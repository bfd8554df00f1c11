// Intents: results, cancels, and the one commit that ends an intent.

#include "server/intents/finishing.h"

#include <algorithm>
#include <utility>

#include "absl/strings/str_cat.h"
#include "proto/common/names.h"
#include "proto/common/refusals.h"
#include "proto/common/status_payload.h"
#include "server/intents/host.h"
#include "server/intents/intents.h"
#include "server/intents/snapshot.h"
#include "server/intents/stored.h"
#include "server/intents/timestamp.h"
#include "server/intents/worker.h"

namespace warren::intents {

namespace {

bool IsResultState(v1::Intent::State state) {
  return state == v1::Intent::SUCCEEDED || state == v1::Intent::FAILED || state == v1::Intent::CANCELLED ||
         state == v1::Intent::EXPIRED;
}

void Apply(v1::IntentResult result, const std::string& host, v1::Intent& intent) {
  if (IsResultState(result.state())) {
    intent.set_state(result.state());
    if (result.has_error()) intent.mutable_error()->Swap(result.mutable_error());
  } else {
    // The agent will say nothing else: better a failure that shows than an intent that never ends.
    intent.set_state(v1::Intent::FAILED);
    intent.mutable_error()->set_operation_index(-1);
    intent.mutable_error()->set_code(static_cast<int>(absl::StatusCode::kInternal));
    intent.mutable_error()->set_message(absl::StrCat("host ", host, ": its agent reported state ",
                                                     static_cast<int>(result.state()),
                                                     ", which is no result; look at the host, and update the agent"));
  }
  if (result.has_start_time()) intent.mutable_start_time()->Swap(result.mutable_start_time());
  if (result.has_apply_duration()) intent.mutable_apply_duration()->Swap(result.mutable_apply_duration());
  if (result.has_release_pending()) intent.mutable_release_pending()->Swap(result.mutable_release_pending());
  intent.set_boot_id(result.boot_id());
}

absl::Status NotCancelled(const std::string& name, v1::Intent::State state) {
  return WithReason(absl::FailedPreconditionError(absl::StrCat(name, " is ", v1::Intent::State_Name(state),
                                                               "; only an intent that has not begun can be cancelled")),
                    "NOT_CANCELLABLE", {{"state", v1::Intent::State_Name(state)}});
}

}  // namespace

void Intents::Finished(const std::string& host, std::vector<v1::IntentResult> results) {
  for (v1::IntentResult& result : results) FinishResult(host, std::move(result));
}

void Intents::FinishResult(const std::string& host, v1::IntentResult result) {
  const auto id = Uuid::Parse(result.intent_id());
  std::shared_ptr<Finishing> finishing;
  bool known = false;
  {
    MutexLock lock(&mutex_);
    Host* found = FindHost(host);
    if (stopping_ || found == nullptr) return;  // an agent repeats it; no session was begun for such a host
    Entry* entry = found->lane.Find(result.sequence());
    if (entry != nullptr && id == entry->id) {
      if (entry->finishing) return;  // acknowledged when it is durable
      finishing = BeginFinish(found, *entry);
      finishing->acknowledge = true;
    } else {
      const History::Row* row = id ? found->history.Find(*id) : nullptr;
      known = row != nullptr && row->sequence == result.sequence();
      found->lane.Acknowledge(result.sequence());
      SchedulePump(found);
    }
  }
  if (finishing != nullptr) {
    finishing->intent = ParseBody(finishing->body);
    Apply(std::move(result), host, finishing->intent);
    *finishing->intent.mutable_finish_time() = ToTimestamp(options_.clock());
    CommitFinish(finishing);
  } else if (!known) {
    options_.logger.Warn("result of an intent that is not there; acknowledged all the same",
                         {{"host", host},
                          {"sequence", absl::StrCat(result.sequence())},
                          {"id", result.intent_id()},
                          {"state", v1::Intent::State_Name(result.state())}});
  }
}

void Intents::Cancel(std::string_view host, std::string_view id, IntentDone done) {
  const auto uuid = Uuid::Parse(id);
  std::shared_ptr<Finishing> finishing;
  std::optional<Snapshot> snapshot;
  absl::Status refused;
  {
    MutexLock lock(&mutex_);
    Host* found = FindHost(host);
    if (uuid) snapshot = Look(found, *uuid);
    if (stopping_) {
      refused = StoppingError();
    } else if (!snapshot) {
      refused = NotFound(host, id);
    } else if (!snapshot->finished()) {
      Entry& entry = *found->lane.Find(snapshot->sequence);
      const bool local = found->lane.BeyondCursor(entry.sequence);
      if (!local && !entry.finishing && !found->lane.connected()) {
        refused = WithReason(absl::UnavailableError(absl::StrCat("host ", found->name, " is away and may have begun ",
                                                                 IntentName(found->name, uuid->ToString()),
                                                                 "; try again when it is back")),
                             "HOST_AWAY", {{"host", found->name}});
      } else {
        refused = OpenCall();
      }
      if (refused.ok()) {
        entry.cancels.push_back(std::move(done));
        if (entry.finishing) return;  // however that ends is the answer
        if (!local) {
          found->lane.AskCancel(entry);
          SchedulePump(found);
          return;
        }
        finishing = BeginFinish(found, entry);
      }
    }
  }
  if (finishing != nullptr) {
    finishing->EndHere(v1::Intent::CANCELLED, options_.clock());
    return CommitFinish(finishing);
  }
  if (!refused.ok()) return Answer(std::move(done), std::move(refused));
  if (snapshot->state != v1::Intent::CANCELLED) {
    return Answer(std::move(done), NotCancelled(IntentName(snapshot->host, snapshot->id.ToString()), snapshot->state));
  }
  Answer(std::move(done), Read(*snapshot));
}

void Intents::CancelAnswered(const std::string& host, int64_t sequence, bool cancelled, const std::string& reason) {
  std::vector<IntentDone> cancels;
  std::string name;
  {
    MutexLock lock(&mutex_);
    Host* found = FindHost(host);
    Entry* entry = found == nullptr ? nullptr : found->lane.Find(sequence);
    // Once its result is known, that is the answer.
    if (stopping_ || entry == nullptr || !entry->asked || entry->finishing || cancelled) return;
    entry->asked = false;
    cancels = std::exchange(entry->cancels, {});
    open_calls_ -= cancels.size();
    name = IntentName(host, entry->id.ToString());
  }
  for (IntentDone& done : cancels) {
    Answer(std::move(done),
           WithReason(absl::FailedPreconditionError(absl::StrCat(name, " cannot be cancelled: host ", host,
                                                                 " says it is ", reason.empty() ? "running" : reason)),
                      "NOT_CANCELLABLE", {{"host", host}}));
  }
}

std::shared_ptr<Intents::Finishing> Intents::BeginFinish(Host* host, Entry& entry) {
  entry.finishing = true;
  BeginCommit();
  auto finishing = std::make_shared<Finishing>();
  finishing->host = host;
  finishing->sequence = entry.sequence;
  finishing->id = entry.id;
  finishing->from = entry.running ? v1::Intent::RUNNING : v1::Intent::QUEUED;
  finishing->body = entry.body;
  return finishing;
}

void Intents::CommitFinish(const std::shared_ptr<Finishing>& finishing) {
  // The row is as Accept left it: its one revision is in the sequence.
  const std::string key = IntentKey(finishing->host->name, finishing->id);
  Commit({{store::Compare::ModRevisionEquals(key, RevisionOf(finishing->sequence))},
          {store::Mutation::Put(key, finishing->intent.SerializeAsString())}},
         [this, finishing](const absl::StatusOr<store::CommitResult>& result) { FinishCommitted(finishing, result); });
}

void Intents::FinishCommitted(const std::shared_ptr<Finishing>& finishing,
                              const absl::StatusOr<store::CommitResult>& result) {
  Host* host = finishing->host;
  const std::string name = IntentName(host->name, finishing->id.ToString());
  if (!result.ok()) {
    {
      MutexLock lock(&mutex_);
      if (host->lane.Find(finishing->sequence) == nullptr) return EndCommit();  // its host was forgotten meanwhile
    }
    finishing->backoff = std::clamp(finishing->backoff * 2, options_.backoff_min, options_.backoff_max);
    options_.logger.Warn(
        "result not stored; trying again",
        {{"name", name}, {"error", ToText(result.status())}, {"in", absl::FormatDuration(finishing->backoff)}});
    MutexLock lock(&mutex_);
    EndCommit();
    if (stopping_) return;  // the agent, or whoever cancels, says it again
    worker_->After(finishing->backoff, [this, finishing] {
      {
        MutexLock lock(&mutex_);
        if (stopping_) return;
        BeginCommit();
      }
      CommitFinish(finishing);
    });
    return;
  }
  Entry entry;
  std::vector<IntentDone> waits;
  const v1::Intent::State state = finishing->intent.state();
  {
    MutexLock lock(&mutex_);
    EndCommit();
    applied_revision_ = result->revision;
    entry = host->lane.Remove(finishing->sequence);
    host->history.Finish(finishing->sequence, state, absl::ToUnixMicros(FromTimestamp(finishing->intent.finish_time())),
                         result->revision);
    if (finishing->acknowledge) host->lane.Acknowledge(finishing->sequence);
    --unfinished_;
    ++finished_;
    queued_bytes_ -= entry.body->size();
    if (entry.expire_time != absl::InfiniteFuture()) expiries_.erase({entry.expire_time, host, entry.sequence});
    waits = TakeWaits(entry);
    open_calls_ -= entry.cancels.size();
    // Once for all that ended in one commit, and after those who watch have been told.
    SchedulePump(host);
  }
  const v1::Intent intent = Complete(std::move(finishing->intent), host->name, finishing->id, finishing->sequence);
  Observe(*host, finishing->id, finishing->from, intent, state);
  ObserveDepth();
  for (IntentDone& done : waits) done(intent);
  for (IntentDone& done : entry.cancels) {
    state == v1::Intent::CANCELLED ? done(intent) : done(NotCancelled(name, state));
  }
}

}  // namespace warren::intents
