// Intents: from the request to the disk.

#include <algorithm>
#include <map>
#include <utility>

#include "absl/container/flat_hash_set.h"
#include "absl/strings/str_cat.h"
#include "proto/common/names.h"
#include "proto/common/refusals.h"
#include "proto/common/status_payload.h"
#include "server/intents/accept_job.h"
#include "server/intents/difference.h"
#include "server/intents/stored.h"
#include "server/intents/timestamp.h"
#include "server/intents/validate.h"
#include "server/intents/worker.h"

namespace warren::intents {
namespace {

// OK: the same was accepted under this id.
absl::Status CheckSame(const v1::Intent& then, const v1::Intent& now, std::string_view host, const Uuid& id) {
  const std::string difference = DescribeDifference(then, now);
  if (difference.empty()) return absl::OkStatus();
  const std::string name = IntentName(host, id.ToString());
  return WithResource(
      WithReason(absl::AlreadyExistsError(absl::StrCat(name, ": request_id was used for another intent: ", difference,
                                                       "; use a new request_id for a new intent")),
                 "REQUEST_ID_REUSED"),
      "warren.v1.Intent", name);
}

v1::Intent Asked(const AcceptRequest& request) {
  v1::Intent intent;
  *intent.mutable_operations() = request.operations;
  if (request.expire_time) *intent.mutable_expire_time() = ToTimestamp(*request.expire_time);
  return intent;
}

// The same status with text in front of its message.
absl::Status Prefixed(const std::string& prefix, const absl::Status& status) {
  if (prefix.empty()) return status;
  absl::Status result(status.code(), absl::StrCat(prefix, std::string(status.message())));
  status.ForEachPayload([&](absl::string_view url, const absl::Cord& payload) { result.SetPayload(url, payload); });
  return result;
}

}  // namespace

void Intents::Accept(AcceptRequest request, IntentDone done) {
  auto job = std::make_shared<AcceptJob>();
  job->validate_only = request.validate_only;
  job->requests.push_back(std::move(request));
  job->done = [done = std::move(done)](absl::StatusOr<std::vector<v1::Intent>> result) {
    result.ok() ? done(std::move(result->front())) : done(result.status());
  };
  RunJob(job);
}

void Intents::AcceptBatch(std::vector<AcceptRequest> requests, bool validate_only, IntentsDone done) {
  auto job = std::make_shared<AcceptJob>();
  job->batch = true;
  job->validate_only = validate_only;
  job->requests = std::move(requests);
  job->done = std::move(done);
  RunJob(job);
}

void Intents::AnswerJob(AcceptJob& job, absl::StatusOr<std::vector<v1::Intent>> result) {
  Run([done = std::move(job.done), result = std::move(result)]() mutable { done(std::move(result)); });
}

void Intents::RunJob(const std::shared_ptr<AcceptJob>& job) {
  std::vector<FieldViolation> violations;
  const auto bad = [&](size_t i, const char* field, std::string why) {
    violations.push_back({absl::StrCat(job->Prefix(i, "."), field), std::move(why)});
  };
  if (job->requests.empty() || job->requests.size() > options_.max_batch) {
    violations.push_back({"requests", absl::StrCat("has ", job->requests.size(), " items; a batch has 1 to ",
                                                   options_.max_batch, " (warren-server --max-batch)")});
    return AnswerJob(*job, BadRequestError(violations));
  }
  job->items.assign(job->requests.size(), {});
  absl::flat_hash_set<std::pair<std::string_view, Uuid>> ids;
  for (size_t i = 0; i < job->requests.size(); ++i) {
    AcceptRequest& request = job->requests[i];
    if (request.request_id.empty()) request.request_id = NewUuid();
    if (auto why = WhyBadHost(request.host)) bad(i, "parent", absl::StrCat("host name ", *why));
    if (job->batch && request.validate_only) {
      bad(i, "validate_only", "is that of the whole batch; set it there");
    }
    if (const auto id = Uuid::Parse(request.request_id)) {
      job->items[i].id = *id;
      if (!ids.emplace(request.host, *id).second) bad(i, "request_id", "is that of an earlier item");
    } else {
      bad(i, "request_id", "is not a UUID such as \"123e4567-e89b-12d3-a456-426614174000\"");
    }
  }
  // What was seen before is answered whatever limits, host and capabilities are by now.
  if (violations.empty()) {
    auto later = LookUp(job);
    if (!later.ok()) return AnswerJob(*job, std::move(later).status());
    if (*later) return;
  }
  for (size_t i = 0; i < job->requests.size() && violations.size() < kMaxViolations; ++i) {
    if (job->items[i].seen) continue;
    const Limits limits{options_.max_operations, options_.max_intent_bytes};
    for (FieldViolation& violation : ValidateOperations(job->requests[i].operations, limits)) {
      violation.field = absl::StrCat(job->Prefix(i, ".intent."), violation.field);
      violations.push_back(std::move(violation));
    }
  }
  if (!violations.empty()) return AnswerJob(*job, BadRequestError(violations));
  if (absl::Status s = CheckSeen(*job); !s.ok()) return AnswerJob(*job, std::move(s));
  if (absl::Status s = CheckNew(*job); !s.ok()) return AnswerJob(*job, std::move(s));

  const bool all_seen = std::all_of(job->items.begin(), job->items.end(), [](const auto& item) { return item.then; });
  if (job->validate_only || all_seen) {
    std::vector<v1::Intent> answer;
    for (size_t i = 0; i < job->items.size(); ++i) {
      answer.push_back(job->validate_only ? Asked(job->requests[i]) : *std::move(job->items[i].then));
    }
    return AnswerJob(*job, std::move(answer));
  }
  auto begun = Begin(job);
  if (!begun.ok()) return AnswerJob(*job, std::move(begun).status());
  // Somebody else was faster with an id. (And may have failed by now: then once more.)
  if (!*begun) RunJob(job);
}

absl::StatusOr<bool> Intents::LookUp(const std::shared_ptr<AcceptJob>& job) {
  MutexLock lock(&mutex_);
  if (stopping_) return StoppingError();
  for (size_t i = 0; i < job->items.size(); ++i) {
    Host* host = FindHost(job->requests[i].host);
    if (host == nullptr) continue;
    const auto accepting = host->accepting.find(job->items[i].id);
    if (accepting != host->accepting.end()) {
      // What becomes of that one is what this one is answered with.
      if (absl::Status s = OpenCall(); !s.ok()) return s;
      accepting->second.push_back([this, job] { RunJob(job); });
      return true;
    }
    job->items[i].seen = Look(host, job->items[i].id);
  }
  return false;
}

absl::Status Intents::CheckSeen(AcceptJob& job) const {
  for (size_t i = 0; i < job.items.size(); ++i) {
    AcceptJob::Item& item = job.items[i];
    if (!item.seen) continue;
    auto then = Read(*item.seen);
    if (!then.ok()) return Prefixed(job.Prefix(i, ": "), then.status());
    if (absl::Status s = CheckSame(*then, Asked(job.requests[i]), job.requests[i].host, item.id); !s.ok()) {
      return Prefixed(job.Prefix(i, ": "), s);
    }
    item.then = *std::move(then);
  }
  return absl::OkStatus();
}

absl::Status Intents::CheckNew(AcceptJob& job) const {
  const absl::Time now = options_.clock();
  for (size_t i = 0; i < job.items.size(); ++i) {
    AcceptJob::Item& item = job.items[i];
    if (item.then) continue;
    const AcceptRequest& request = job.requests[i];
    absl::Status refused;
    if (!request.allow_unknown_host && !directory_.Known(request.host)) {
      refused = HostNotFoundError(request.host,
                                  ": no agent has connected under this name yet; check the name, or set "
                                  "allow_unknown_host and the intent will wait for it");
    } else if (request.expire_time && *request.expire_time <= now) {
      refused = WithReason(absl::FailedPreconditionError(absl::StrCat(
                               "expire_time ", absl::FormatTime(*request.expire_time, absl::UTCTimeZone()),
                               " is over; it is ", absl::FormatTime(now, absl::UTCTimeZone()), " at the server")),
                           "INTENT_EXPIRED");
    } else {
      refused = directory_.CheckCapabilities(request.host, request.operations);
    }
    if (!refused.ok()) return Prefixed(job.Prefix(i, ": "), refused);
  }
  return absl::OkStatus();
}

absl::StatusOr<bool> Intents::Begin(const std::shared_ptr<AcceptJob>& job) {
  const google::protobuf::Timestamp now = ToTimestamp(options_.clock());
  store::Transaction transaction;
  transaction.compares.reserve(job->items.size());
  transaction.mutations.reserve(job->items.size() + 1);
  job->bytes = 0;
  int64_t position = 0;
  for (size_t i = 0; i < job->items.size(); ++i) {
    AcceptJob::Item& item = job->items[i];
    if (item.then) continue;
    // Moved, not copied; and back when it comes to nothing.
    item.intent.Clear();
    item.intent.mutable_operations()->Swap(&job->requests[i].operations);
    if (job->requests[i].expire_time) *item.intent.mutable_expire_time() = ToTimestamp(*job->requests[i].expire_time);
    item.intent.set_state(v1::Intent::QUEUED);
    *item.intent.mutable_create_time() = now;
    if (position > 0) item.intent.set_sequence(position);
    item.body = std::make_shared<const std::string>(item.intent.SerializeAsString());
    job->bytes += item.body->size();
    std::string key = IntentKey(job->requests[i].host, item.id);
    transaction.compares.push_back(store::Compare::Missing(key));
    transaction.mutations.push_back(store::Mutation::Put(std::move(key), *item.body));
    ++position;
  }

  MutexLock lock(&mutex_);
  job->shares.clear();
  std::map<std::string_view, size_t> share_of;
  position = 0;
  for (size_t i = 0; i < job->items.size(); ++i) {
    AcceptJob::Item& item = job->items[i];
    if (item.then) continue;
    const std::string& name = job->requests[i].host;
    Host* host = FindHost(name);
    if (host != nullptr && (host->accepting.contains(item.id) || host->history.Find(item.id) != nullptr)) {
      for (size_t j = 0; j < job->items.size(); ++j) {
        if (!job->items[j].then) job->requests[j].operations.Swap(job->items[j].intent.mutable_operations());
      }
      return false;
    }
    const auto [at, fresh] = share_of.emplace(name, job->shares.size());
    if (fresh) job->shares.push_back({name, host});
    AcceptJob::Share& share = job->shares[at->second];
    ++share.count;
    share.last_position = position++;
  }
  if (absl::Status s = CheckRoom(*job); !s.ok()) return s;
  for (const auto& [name, at] : share_of) {
    AcceptJob::Share& share = job->shares[at];
    if (share.host == nullptr) share.host = MakeHost(std::string(name));
    share.direct = share.host->lane.BeginAccept(share.count);
    if (!share.direct) continue;
    transaction.mutations.push_back(
        store::Mutation::Put(CursorKey(share.host->name), EncodeCursorWithin(share.last_position)));
  }
  for (size_t i = 0; i < job->items.size(); ++i) {
    AcceptJob::Item& item = job->items[i];
    if (item.then) continue;
    item.host = FindHost(job->requests[i].host);
    item.host->accepting[item.id];
  }
  queued_bytes_ += job->bytes;
  BeginCommit();
  // Under the lock: the store's order is that of BeginAccept.
  Commit(std::move(transaction),
         [this, job](const absl::StatusOr<store::CommitResult>& result) { Accepted(job, result); });
  return true;
}

absl::Status Intents::CheckRoom(const AcceptJob& job) const {
  if (stopping_) return StoppingError();
  for (const AcceptJob::Share& share : job.shares) {
    if (share.host != nullptr && share.host->forgetting) {
      return HostBeingDeletedError(absl::StatusCode::kUnavailable, share.host->name, "try again", options_.retry_after);
    }
    const size_t queued = share.host == nullptr ? 0 : share.host->lane.entries().size() + share.host->lane.accepting();
    if (queued + share.count > options_.max_queued_per_host) {
      const std::string name(share.name);
      return WithReason(ExhaustedError(absl::StrCat("host ", name, ": its queue is full: ", queued,
                                                    " intents are not finished, and the limit for a host is ",
                                                    options_.max_queued_per_host),
                                       options_.retry_after),
                        "HOST_QUEUE_FULL", {{"host", name}});
    }
  }
  if (queued_bytes_ + job.bytes > options_.max_queued_bytes) {
    return WithReason(
        ExhaustedError(absl::StrCat("the server's queue is full: the unfinished intents of all hosts take ",
                                    queued_bytes_, " of ", options_.max_queued_bytes, " bytes"),
                       options_.retry_after),
        "SERVER_QUEUE_FULL");
  }
  if (finished_ >= options_.max_finished) {
    return WithReason(ExhaustedError(absl::StrCat("the server keeps ", finished_,
                                                  " finished intents, its limit "
                                                  "(warren-server --max-finished); none is old enough to be retired"),
                                     options_.retire_interval),
                      "HISTORY_FULL");
  }
  return absl::OkStatus();
}

void Intents::Accepted(const std::shared_ptr<AcceptJob>& job, const absl::StatusOr<store::CommitResult>& result) {
  std::vector<std::function<void()>> repeats;
  std::vector<std::string> first;  // hosts that had no intents
  {
    MutexLock lock(&mutex_);
    EndCommit();
    for (const AcceptJob::Share& share : job->shares) {
      share.host->lane.EndAccept(share.count, share.direct);
      if (result.ok() && share.host->history.empty()) first.push_back(share.host->name);
    }
    if (!result.ok()) queued_bytes_ -= job->bytes;
    int64_t position = 0;
    for (AcceptJob::Item& item : job->items) {
      if (item.then) continue;
      auto accepting = item.host->accepting.extract(item.id);
      for (auto& repeat : accepting.mapped()) repeats.push_back(std::move(repeat));
      if (!result.ok()) continue;
      Entry entry;
      entry.sequence = SequenceOf(result->revision, position++);
      entry.id = item.id;
      entry.body = item.body;
      if (item.intent.has_expire_time()) {
        entry.expire_time = FromTimestamp(item.intent.expire_time());
        expiries_.emplace(entry.expire_time, item.host, entry.sequence);
      }
      const absl::Time created = FromTimestamp(item.intent.create_time());
      item.host->history.Append({item.id, entry.sequence, absl::ToUnixMicros(created)});
      item.intent.set_sequence(entry.sequence);
      item.host->lane.Append(std::move(entry));
      ++unfinished_;
    }
    open_calls_ -= repeats.size();
    if (result.ok()) {
      applied_revision_ = result->revision;
      for (const AcceptJob::Share& share : job->shares) {
        if (share.direct) share.host->lane.CursorCommitted(SequenceOf(result->revision, share.last_position));
      }
      ScheduleExpiry();
    }
  }
  if (!result.ok()) {
    absl::Status status = result.status();
    options_.logger.Warn("intents not stored",
                         {{"count", absl::StrCat(job->items.size())},
                          {"first", IntentName(job->requests.front().host, job->items.front().id.ToString())},
                          {"error", ToText(status)}});
    if (absl::IsResourceExhausted(status)) status = WithRetry(std::move(status), options_.retry_after);
    job->done(status);
  } else {
    for (const std::string& host : first) directory_.Introduce(host);
    for (const AcceptJob::Share& share : job->shares) Pump(share.host);
    std::vector<v1::Intent> answer;
    answer.reserve(job->items.size());
    for (AcceptJob::Item& item : job->items) {
      if (item.then) {
        answer.push_back(*std::move(item.then));
        continue;
      }
      Observe(*item.host, item.id, v1::Intent::STATE_UNSPECIFIED, item.intent, v1::Intent::QUEUED);
      const int64_t sequence = item.intent.sequence();
      answer.push_back(Complete(std::move(item.intent), item.host->name, item.id, sequence));
    }
    ObserveDepth();
    job->done(std::move(answer));
  }
  for (auto& repeat : repeats) repeat();
}

}  // namespace warren::intents
