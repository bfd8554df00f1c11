// Waiting for many intents at once: rounds of WaitIntent calls, up to a window of them open, on gRPC's threads; their
// answers are taken on the caller's.

#include <algorithm>
#include <deque>
#include <utility>

#include "client/lib/client.h"
#include "client/lib/stubs.h"
#include "proto/common/mutex.h"

namespace warren::client {
namespace {

constexpr size_t kWindow = 256;
// How long one call waits: then the caller hears how things are.
constexpr absl::Duration kSlice = absl::Seconds(1);
// How much later than that a call is given up.
constexpr absl::Duration kGrace = absl::Seconds(2);

struct OpenCall {
  size_t index = 0;
  grpc::ClientContext context;
  v1::WaitIntentRequest request;
  v1::Intent intent;
  grpc::Status status;
};

// Calls that are open, and those that were answered.
class Round {
 public:
  explicit Round(v1::Intents::Stub& stub) : stub_(stub) {}
  // Every call is answered first: gRPC's threads hold on to them.
  ~Round() {
    for (const auto& call : open_) call->context.TryCancel();
    while (!open_.empty()) Take();
  }

  size_t size() const { return open_.size(); }

  void Ask(size_t index, const std::string& name, absl::Duration slice, absl::Time deadline) {
    open_.push_back(std::make_unique<OpenCall>());
    OpenCall* call = open_.back().get();
    call->index = index;
    call->request.set_name(name);
    call->request.mutable_timeout()->set_seconds(absl::ToInt64Seconds(slice));
    call->request.mutable_timeout()->set_nanos(
        static_cast<int32_t>(absl::ToInt64Nanoseconds(slice % absl::Seconds(1))));
    SetDeadline(call->context, deadline);
    stub_.async()->WaitIntent(&call->context, &call->request, &call->intent, [this, call](grpc::Status status) {
      MutexLock lock(&mutex_);
      call->status = std::move(status);
      answered_.push_back(call);
      news_.Signal();
    });
  }

  // The next answer, waited for; not when none is open.
  std::unique_ptr<OpenCall> Take() {
    OpenCall* call = nullptr;
    {
      MutexLock lock(&mutex_);
      while (answered_.empty()) news_.Wait(&mutex_);
      call = answered_.front();
      answered_.pop_front();
    }
    const auto found =
        std::find_if(open_.begin(), open_.end(), [call](const auto& open) { return open.get() == call; });
    std::unique_ptr<OpenCall> taken = std::move(*found);
    open_.erase(found);
    return taken;
  }

 private:
  v1::Intents::Stub& stub_;
  std::vector<std::unique_ptr<OpenCall>> open_;
  Mutex mutex_;
  CondVar news_;
  std::deque<OpenCall*> answered_ ABSL_GUARDED_BY(mutex_);
};

}  // namespace

absl::Status Client::WaitAll(const std::vector<std::string>& names,
                             absl::FunctionRef<void(size_t, const v1::Intent&)> answered, absl::Time deadline) {
  std::vector<size_t> unfinished(names.size());
  for (size_t i = 0; i < names.size(); ++i) unfinished[i] = i;
  Backoff backoff(retry_);
  while (!unfinished.empty()) {
    std::vector<size_t> rest;
    absl::Status lost;
    const absl::Time begun = retry_.now();
    Round round(*stubs_->intents);
    for (size_t next = 0; next < unfinished.size() || round.size() > 0;) {
      while (next < unfinished.size() && round.size() < kWindow) {
        const absl::Duration slice = std::clamp(deadline - retry_.now(), absl::ZeroDuration(), kSlice);
        round.Ask(unfinished[next], names[unfinished[next]], slice, absl::Now() + slice + kGrace);
        ++next;
      }
      const auto call = round.Take();
      const absl::Status status = FromGrpc(call->status);
      if (status.ok()) {
        answered(call->index, call->intent);
        if (!IsFinished(call->intent.state())) rest.push_back(call->index);
        continue;
      }
      if (!IsWorthRetrying(retry_, status) && !absl::IsDeadlineExceeded(status)) return status;
      rest.push_back(call->index);
      lost = status;
    }
    std::sort(rest.begin(), rest.end());
    unfinished = std::move(rest);
    const absl::Duration left = deadline - retry_.now();
    if (unfinished.empty() || left <= absl::ZeroDuration()) return lost;
    if (!lost.ok()) retry_.on_retry(lost);
    if (lost.ok() && retry_.now() - begun >= kSlice / 2) {
      backoff = Backoff(retry_);
    } else {
      // There is no server, or it gave up first: not asked again in a tight loop.
      retry_.sleep(std::min(backoff.Next(lost), left));
    }
  }
  return absl::OkStatus();
}

}  // namespace warren::client
