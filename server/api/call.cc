#include "server/api/call.h"

#include <algorithm>
#include <utility>
#include <vector>

#include "absl/strings/str_cat.h"
#include "absl/time/clock.h"
#include "proto/common/names.h"
#include "proto/common/refusals.h"
#include "proto/common/status_payload.h"
#include "server/api/status.h"

namespace warren::api {
namespace {

constexpr absl::Duration kMaxWait = absl::Hours(1);
constexpr absl::Duration kMaxMargin = absl::Milliseconds(250);

bool IsFinished(v1::Intent::State state) { return state != v1::Intent::QUEUED && state != v1::Intent::RUNNING; }

}  // namespace

grpc::ServerUnaryReactor* Answer(grpc::CallbackServerContext* context, const absl::Status& status) {
  grpc::ServerUnaryReactor* reactor = context->DefaultReactor();
  reactor->Finish(ToGrpc(status));
  return reactor;
}

grpc::ServerUnaryReactor* AnswerOn(WorkerPool& workers, grpc::CallbackServerContext* context,
                                   std::function<absl::Status()> work) {
  grpc::ServerUnaryReactor* reactor = context->DefaultReactor();
  if (!workers.Post([reactor, work = std::move(work)] { reactor->Finish(ToGrpc(work())); })) {
    reactor->Finish(ToGrpc(NotTaken(workers)));
  }
  return reactor;
}

class IntentCall::Waiting {
 public:
  explicit Waiting(intents::Intents& intents) : intents_(intents) {}

  // The wait is open, or over already.
  void Opened(intents::WaitId wait) {
    {
      MutexLock lock(&mutex_);
      wait_ = wait;
      if (!cancelled_) return;
    }
    intents_.StopWaiting(wait);
  }

  void Cancel() {
    intents::WaitId wait = 0;
    {
      MutexLock lock(&mutex_);
      cancelled_ = true;
      wait = wait_;
    }
    if (wait != 0) intents_.StopWaiting(wait);
  }

 private:
  intents::Intents& intents_;
  Mutex mutex_;
  intents::WaitId wait_ ABSL_GUARDED_BY(mutex_) = 0;
  bool cancelled_ ABSL_GUARDED_BY(mutex_) = false;
};

IntentCall::IntentCall(const Rooms& rooms, v1::Intent* response)
    : intents_(rooms.intents), response_(response), waiting_(std::make_shared<Waiting>(rooms.intents)) {}

grpc::ServerUnaryReactor* IntentCall::Start(const Rooms& rooms, v1::Intent* response,
                                            std::function<void(IntentCall&)> begin) {
  auto* call = new IntentCall(rooms, response);
  if (!rooms.workers.Post([call, begin = std::move(begin)] { begin(*call); })) call->Fail(NotTaken(rooms.workers));
  return call;
}

void IntentCall::Accept(intents::AcceptRequest request, std::optional<absl::Duration> wait) {
  const std::string host = request.host;
  if (request.validate_only) wait.reset();
  const absl::Time until = absl::Now() + wait.value_or(absl::ZeroDuration());
  intents_.Accept(std::move(request), [this, host, wait, until](absl::StatusOr<v1::Intent> accepted) {
    if (!accepted.ok() || !wait || IsFinished(accepted->state())) return Give(std::move(accepted));
    Wait(host, accepted->name().substr(accepted->name().rfind('/') + 1), until - absl::Now());
  });
}

void IntentCall::Cancel(const std::string& host, const std::string& id) {
  intents_.Cancel(host, id, [this](absl::StatusOr<v1::Intent> result) { Give(std::move(result)); });
}

void IntentCall::Wait(const std::string& host, const std::string& id, absl::Duration timeout) {
  const std::shared_ptr<Waiting> waiting = waiting_;  // once the answer is given, this may be gone
  waiting->Opened(
      intents_.Wait(host, id, timeout, [this](absl::StatusOr<v1::Intent> result) { Give(std::move(result)); }));
}

void IntentCall::OnCancel() { waiting_->Cancel(); }

void IntentCall::Give(absl::StatusOr<v1::Intent> result) {
  if (result.ok()) *response_ = *std::move(result);
  Finish(ToGrpc(result.status()));
}

absl::Duration WaitTime(std::chrono::system_clock::time_point deadline, absl::Time now,
                        std::optional<absl::Duration> asked) {
  const absl::Duration wait = std::min(asked.value_or(kMaxWait), kMaxWait);
  if (deadline == std::chrono::system_clock::time_point::max()) return wait;
  const absl::Duration left = absl::FromChrono(deadline) - now;
  return std::min(wait, left - std::min(left / 10, kMaxMargin));
}

absl::Status NotTaken(const WorkerPool& workers) {
  if (workers.stopped()) return StoppingError();
  return WithReason(ExhaustedError("the server is busy: too many calls are waiting for the store", absl::Seconds(1)),
                    "SERVER_BUSY");
}

absl::Status UnknownHost(const std::string& host) {
  return HostNotFoundError(
      host,
      " is not known: no agent of that name has ever connected, and no intent was accepted for it; "
      "check the name (ListHosts shows those there are)");
}

absl::Status UnknownNamespace(const ChildName& name) {
  return WithResource(WithReason(absl::NotFoundError(absl::StrCat("host ", name.host, ": there is no namespace \"",
                                                                  name.id, "\"; ListNamespaces shows those there are")),
                                 "NAMESPACE_NOT_FOUND", {{"host", name.host}, {"namespace", name.id}}),
                      "warren.v1.Namespace", NamespaceName(name.host, name.id));
}

bool IsKnown(const Rooms& rooms, const std::string& host) {
  return rooms.hosts.Look(host).has_value() || rooms.intents.HasIntents(host);
}

}  // namespace warren::api
