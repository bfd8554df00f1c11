// Intents: from the request to the disk.

#include <utility>

#include "absl/strings/str_cat.h"
#include "proto/common/names.h"
#include "proto/common/status_payload.h"
#include "server/intents/difference.h"
#include "server/intents/host.h"
#include "server/intents/intents.h"
#include "server/intents/snapshot.h"
#include "server/intents/stored.h"
#include "server/intents/timestamp.h"
#include "server/intents/validate.h"
#include "server/intents/worker.h"

namespace warren::intents {
namespace {

// OK: the same operations were accepted under this id.
absl::Status CheckSame(const v1::Intent& then, const Operations& operations, std::string_view host, const Uuid& id) {
  v1::Intent now;
  *now.mutable_operations() = operations;
  const std::string difference = DescribeDifference(then, now);
  if (difference.empty()) return absl::OkStatus();
  return absl::AlreadyExistsError(absl::StrCat(IntentName(host, id.ToString()),
                                               ": request_id was used for another intent: ", difference,
                                               "; use a new request_id for a new intent"));
}

v1::Intent OnlyOperations(Operations operations) {
  v1::Intent intent;
  *intent.mutable_operations() = std::move(operations);
  return intent;
}

}  // namespace

void Intents::Accept(AcceptRequest request, IntentDone done) {
  if (request.request_id.empty()) request.request_id = NewUuid();
  std::vector<FieldViolation> violations;
  if (auto why = WhyBadHost(request.host)) violations.push_back({"parent", absl::StrCat("host name ", *why)});
  const auto id = Uuid::Parse(request.request_id);
  if (!id) violations.push_back({"request_id", "is not a UUID such as \"123e4567-e89b-12d3-a456-426614174000\""});
  // A repeat is answered whatever limits, host and capabilities are by now.
  if (violations.empty() && AnswerRepeat(request, *id, done)) return;
  for (FieldViolation& violation :
       ValidateOperations(request.operations, {options_.max_operations, options_.max_intent_bytes})) {
    violations.push_back(std::move(violation));
  }
  if (!violations.empty()) return Answer(std::move(done), BadRequestError(violations));
  if (absl::Status s = CheckHost(request); !s.ok()) return Answer(std::move(done), std::move(s));
  if (request.validate_only) return Answer(std::move(done), OnlyOperations(std::move(request.operations)));

  v1::Intent body = OnlyOperations(request.operations);
  body.set_state(v1::Intent::QUEUED);
  *body.mutable_create_time() = ToTimestamp(options_.clock());
  std::string value = body.SerializeAsString();
  auto accept = std::make_shared<PendingAccept>();
  accept->id = *id;
  accept->bytes = value.size();
  accept->body = std::make_shared<const v1::Intent>(std::move(body));
  for (;;) {
    absl::Status refused;
    {
      MutexLock lock(&mutex_);
      Host* host = FindHost(request.host);
      if (host == nullptr || (!host->accepting.contains(*id) && host->history.Find(*id) == nullptr)) {
        refused = CheckRoom(request.host, host, accept->bytes);
        if (refused.ok()) {
          if (host == nullptr) host = MakeHost(request.host);
          accept->done = std::move(done);
          accept->direct = host->lane.BeginAccept();
          host->accepting[*id] = accept;
          queued_bytes_ += accept->bytes;
          BeginCommit();
          const std::string key = IntentKey(host->name, *id);
          store::Transaction transaction{{store::Compare::Missing(key)}, {store::Mutation::Put(key, std::move(value))}};
          if (accept->direct) {
            transaction.mutations.push_back(store::Mutation::Put(CursorKey(host->name), kCursorAtThisRevision));
          }
          // Under the lock: the store's order is that of BeginAccept.
          Commit(std::move(transaction), [this, host, accept](const absl::StatusOr<store::CommitResult>& result) {
            Accepted(host, accept, result);
          });
          return;
        }
      }
    }
    if (!refused.ok()) return Answer(std::move(done), std::move(refused));
    // Somebody else was faster with this id. (And may have failed by now: then once more.)
    if (AnswerRepeat(request, *id, done)) return;
  }
}

absl::Status Intents::CheckHost(const AcceptRequest& request) const {
  if (!request.allow_unknown_host && !directory_.Known(request.host)) {
    return absl::NotFoundError(absl::StrCat("host ", request.host,
                                            ": no agent has connected under this name yet; check the name, or set "
                                            "allow_unknown_host and the intent will wait for it"));
  }
  return directory_.CheckCapabilities(request.host, request.operations);
}

bool Intents::AnswerRepeat(const AcceptRequest& request, const Uuid& id, IntentDone& done) {
  std::shared_ptr<const v1::Intent> pending;
  std::optional<Snapshot> seen;
  absl::Status refused;
  {
    MutexLock lock(&mutex_);
    const Host* host = FindHost(request.host);
    if (stopping_) {
      refused = absl::UnavailableError("the server is stopping; try again");
    } else if (host != nullptr) {
      const auto accept = host->accepting.find(id);
      if (accept == host->accepting.end()) {
        seen = Look(host, id);
      } else if (request.validate_only) {
        pending = accept->second->body;
      } else if (refused = OpenCall(); refused.ok()) {
        // Compared when the first is on disk: a long list is nothing to hold the lock for.
        accept->second->repeats.push_back({request.operations, std::move(done)});
        return true;
      }
    }
  }
  if (!refused.ok()) {
    Answer(std::move(done), std::move(refused));
    return true;
  }
  if (pending == nullptr && !seen) return false;
  absl::StatusOr<v1::Intent> then = seen ? Read(*seen) : *pending;
  if (then.ok()) {
    if (absl::Status s = CheckSame(*then, request.operations, request.host, id); !s.ok()) then = std::move(s);
  }
  if (then.ok() && request.validate_only) then = OnlyOperations(request.operations);
  Answer(std::move(done), std::move(then));
  return true;
}

absl::Status Intents::CheckRoom(const std::string& name, const Host* host, size_t bytes) const {
  if (stopping_) return absl::UnavailableError("the server is stopping; try again");
  const size_t queued = host == nullptr ? 0 : host->lane.entries().size() + host->lane.accepting();
  if (queued >= options_.max_queued_per_host) {
    return ExhaustedError(absl::StrCat("host ", name, ": its queue is full: ", queued,
                                       " intents are not finished, which is the limit for a host"),
                          options_.retry_after);
  }
  if (queued_bytes_ + bytes > options_.max_queued_bytes) {
    return ExhaustedError(absl::StrCat("the server's queue is full: the unfinished intents of all hosts take ",
                                       queued_bytes_, " of ", options_.max_queued_bytes, " bytes"),
                          options_.retry_after);
  }
  return absl::OkStatus();
}

void Intents::Accepted(Host* host, const std::shared_ptr<PendingAccept>& accept,
                       const absl::StatusOr<store::CommitResult>& result) {
  std::vector<PendingAccept::Repeat> repeats;
  {
    MutexLock lock(&mutex_);
    EndCommit();
    host->lane.EndAccept(accept->direct);
    repeats = std::move(accept->repeats);
    host->accepting.erase(accept->id);
    open_calls_ -= repeats.size();
    if (result.ok()) {
      Entry entry;
      entry.sequence = result->revision;
      entry.id = accept->id;
      entry.body = accept->body;
      entry.bytes = accept->bytes;
      host->lane.Append(std::move(entry));
      if (accept->direct) host->lane.CursorCommitted(result->revision);
      host->history.Append({accept->id, result->revision, v1::Intent::QUEUED});
      ++unfinished_;
    } else {
      queued_bytes_ -= accept->bytes;
    }
  }
  if (!result.ok()) {
    absl::Status status = result.status();
    options_.logger.Warn("intent not stored",
                         {{"name", IntentName(host->name, accept->id.ToString())}, {"error", status.ToString()}});
    if (absl::IsResourceExhausted(status)) status = ExhaustedError(std::string(status.message()), options_.retry_after);
    accept->done(status);
    for (PendingAccept::Repeat& repeat : repeats) repeat.done(status);
    return;
  }
  Observe(*host, accept->id, v1::Intent::STATE_UNSPECIFIED, *accept->body, v1::Intent::QUEUED);
  ObserveDepth();
  Pump(host);
  const v1::Intent intent = Complete(*accept->body, host->name, accept->id, result->revision);
  accept->done(intent);
  for (PendingAccept::Repeat& repeat : repeats) {
    const absl::Status same = CheckSame(intent, repeat.operations, host->name, accept->id);
    same.ok() ? repeat.done(intent) : repeat.done(same);
  }
}

}  // namespace warren::intents
