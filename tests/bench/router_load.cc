#include "tests/bench/router_load.h"

#include <atomic>
#include <chrono>
#include <utility>

#include "absl/container/flat_hash_set.h"
#include "absl/strings/str_cat.h"
#include "absl/time/clock.h"
#include "client/lib/address.h"
#include "client/lib/status.h"
#include "proto/common/mutex.h"
#include "proto/common/names.h"

namespace warren::bench {
namespace {

constexpr absl::Duration kConnect = absl::Seconds(30);
constexpr absl::Duration kSingle = absl::Seconds(30);
constexpr char kFinished[] = "NOT (state = QUEUED OR state = RUNNING)";

std::string NamespaceOf(size_t index) { return absl::StrCat("floor-", index); }

std::chrono::steady_clock::time_point Until(absl::Duration limit) {
  return std::chrono::steady_clock::now() + absl::ToChronoNanoseconds(limit);
}

double SecondsSince(absl::Time begun) { return absl::ToDoubleSeconds(absl::Now() - begun); }

}  // namespace

v1::Intent CreateRouter(size_t index) {
  v1::Intent intent;
  intent.add_operations()->mutable_create_namespace()->set_namespace_(NamespaceOf(index));
  v1::CreateVeth* veth = intent.add_operations()->mutable_create_veth();
  veth->mutable_a()->set_namespace_(NamespaceOf(index));
  veth->mutable_a()->set_name("eth0");
  veth->mutable_a()->set_up(true);
  veth->mutable_a()->add_addresses(absl::StrCat("10.", index / 256 % 256, ".", index % 256, ".1/24"));
  veth->mutable_b()->set_namespace_("@host");
  veth->mutable_b()->set_name(absl::StrCat("fl", index));
  return intent;
}

v1::Intent DeleteRouter(size_t index) {
  v1::Intent intent;
  intent.add_operations()->mutable_delete_namespace()->set_namespace_(NamespaceOf(index));
  return intent;
}

v1::Intent ChangeNothing(size_t index) {
  v1::Intent intent;
  v1::DeleteNamespace* missing = intent.add_operations()->mutable_delete_namespace();
  missing->set_namespace_(absl::StrCat("never-made-", index));
  missing->set_allow_missing(true);
  return intent;
}

// The watch, and what is waited for: an intent's result may be seen before the call that submitted it is answered.
class RouterLoad::Results : public grpc::ClientReadReactor<v1::WatchIntentsResponse> {
 public:
  Results(v1::Intents::Stub& stub, const std::string& parent) {
    request_.set_parent(parent);
    request_.set_filter(kFinished);
    stub.async()->WatchIntents(&context_, &request_, this);
    StartRead(&response_);
    StartCall();
  }
  ~Results() override {
    context_.TryCancel();
    MutexLock lock(&mutex_);
    while (!ended_) changed_.Wait(&mutex_);
  }

  // Before its submit.
  void Expect(const std::string& name) {
    MutexLock lock(&mutex_);
    pending_.insert(name);
  }
  void Fail(absl::Status why) {
    MutexLock lock(&mutex_);
    failed_.Update(std::move(why));
    changed_.SignalAll();
  }
  absl::Status AwaitSynced() {
    const auto until = Until(kConnect);
    MutexLock lock(&mutex_);
    while (!synced_ && failed_.ok()) {
      if (!changed_.WaitUntil(&mutex_, until)) return absl::DeadlineExceededError("no watch of the host's intents");
    }
    return failed_;
  }
  // Returns when nothing is pending.
  absl::Status Await(absl::Duration limit) {
    const auto until = Until(limit);
    MutexLock lock(&mutex_);
    while (!pending_.empty() && failed_.ok()) {
      if (!changed_.WaitUntil(&mutex_, until)) {
        return absl::DeadlineExceededError(absl::StrCat(pending_.size(), " intents have no result yet"));
      }
    }
    return failed_;
  }
  // Of the last intent that had a result.
  absl::Duration on_host() {
    MutexLock lock(&mutex_);
    return on_host_;
  }

  void OnReadDone(bool ok) override {
    if (!ok) return;
    {
      MutexLock lock(&mutex_);
      for (const v1::IntentEvent& event : response_.events()) See(event);
      if (pending_.empty() || !failed_.ok()) changed_.SignalAll();
    }
    StartRead(&response_);
  }
  void OnDone(const grpc::Status& status) override {
    MutexLock lock(&mutex_);
    ended_ = true;
    failed_.Update(status.ok() ? absl::UnavailableError("the watch ended") : client::FromGrpc(status));
    changed_.SignalAll();
  }

 private:
  void See(const v1::IntentEvent& event) ABSL_EXCLUSIVE_LOCKS_REQUIRED(mutex_) {
    if (event.type() == v1::IntentEvent::SYNCED) synced_ = true;
    const v1::Intent& intent = event.intent();
    if (event.type() == v1::IntentEvent::DELETED || pending_.erase(intent.name()) == 0) return;
    if (intent.state() != v1::Intent::SUCCEEDED) {
      failed_.Update(absl::InternalError(
          absl::StrCat(intent.name(), ": ", v1::Intent::State_Name(intent.state()), ": ", intent.error().message())));
    } else if (intent.has_release_pending()) {
      failed_.Update(absl::InternalError(absl::StrCat(intent.name(), ": the kernel has not let go in time")));
    }
    on_host_ = absl::Seconds(intent.apply_duration().seconds()) + absl::Nanoseconds(intent.apply_duration().nanos());
  }

  grpc::ClientContext context_;
  v1::WatchIntentsRequest request_;
  v1::WatchIntentsResponse response_;
  Mutex mutex_;
  CondVar changed_;
  absl::flat_hash_set<std::string> pending_ ABSL_GUARDED_BY(mutex_);
  absl::Status failed_ ABSL_GUARDED_BY(mutex_);
  absl::Duration on_host_ ABSL_GUARDED_BY(mutex_);
  bool synced_ ABSL_GUARDED_BY(mutex_) = false;
  bool ended_ ABSL_GUARDED_BY(mutex_) = false;
};

// One call in flight, and the next when it was answered.
class RouterLoad::Slot {
 public:
  struct Shared {
    const RouterLoad& load;
    const Make make;
    const RouterOptions options;
    std::atomic<size_t> next;
    Mutex mutex;
    CondVar changed;
    size_t running ABSL_GUARDED_BY(mutex) = 0;
  };
  explicit Slot(Shared& shared) : shared_(shared) {}

  void Next() {
    const size_t size = std::max<size_t>(shared_.options.batch, 1);
    const size_t first = shared_.next.fetch_add(size);
    const size_t end = shared_.options.first + shared_.options.count;
    if (first >= end) return Over();
    context_ = std::make_unique<grpc::ClientContext>();
    context_->set_deadline(absl::ToChronoTime(absl::Now() + shared_.options.limit));
    const auto done = [this](const grpc::Status& status) {
      if (status.ok()) return Next();
      shared_.load.results_->Fail(client::FromGrpc(status));
      Over();
    };
    auto* stub = shared_.load.stub_->async();
    if (shared_.options.batch == 0) {
      request_ = shared_.load.Request(shared_.make, first);
      stub->CreateIntent(context_.get(), &request_, &intent_, done);
      return;
    }
    batch_.clear_requests();
    for (size_t i = first; i < std::min(first + size, end); ++i) {
      *batch_.add_requests() = shared_.load.Request(shared_.make, i);
    }
    stub->BatchCreateIntents(context_.get(), &batch_, &intents_, done);
  }

 private:
  void Over() {
    MutexLock lock(&shared_.mutex);
    --shared_.running;
    shared_.changed.SignalAll();
  }

  Shared& shared_;
  std::unique_ptr<grpc::ClientContext> context_;
  v1::CreateIntentRequest request_;
  v1::Intent intent_;
  v1::BatchCreateIntentsRequest batch_;
  v1::BatchCreateIntentsResponse intents_;
};

RouterLoad::RouterLoad(std::shared_ptr<grpc::Channel> channel, std::string parent)
    : parent_(std::move(parent)), channel_(std::move(channel)), stub_(v1::Intents::NewStub(channel_)) {}

RouterLoad::~RouterLoad() = default;

absl::StatusOr<std::unique_ptr<RouterLoad>> RouterLoad::Open(const std::string& server, const std::string& host) {
  if (auto target = client::DialTarget(server); !target.ok()) return target.status();
  auto load = std::unique_ptr<RouterLoad>(new RouterLoad(Dial(server, 1).front(), HostName(host)));
  load->results_ = std::make_unique<Results>(*load->stub_, load->parent_);
  if (absl::Status status = load->results_->AwaitSynced(); !status.ok()) return status;
  return load;
}

v1::CreateIntentRequest RouterLoad::Request(Make make, size_t index) const {
  v1::CreateIntentRequest request;
  request.set_parent(parent_);
  request.set_request_id(NewUuid());
  *request.mutable_intent() = make(index);
  results_->Expect(absl::StrCat(parent_, "/intents/", request.request_id()));
  return request;
}

absl::StatusOr<double> RouterLoad::Run(Make make, const RouterOptions& options) {
  Slot::Shared shared{*this, make, options, options.first, {}, {}};
  const size_t slots = std::max<size_t>(1, std::min(options.in_flight, options.count));
  std::vector<std::unique_ptr<Slot>> running;
  for (size_t i = 0; i < slots; ++i) running.push_back(std::make_unique<Slot>(shared));
  {
    MutexLock lock(&shared.mutex);
    shared.running = slots;
  }
  const absl::Time begun = absl::Now();
  for (auto& slot : running) slot->Next();
  {
    // Every call has the limit as its deadline. Until the last is answered, nothing need be pending.
    MutexLock lock(&shared.mutex);
    while (shared.running > 0) shared.changed.Wait(&shared.mutex);
  }
  if (absl::Status status = results_->Await(options.limit); !status.ok()) return status;
  return SecondsSince(begun);
}

absl::StatusOr<RouterLoad::Single> RouterLoad::RunSingly(Make make, size_t count, absl::Duration pause) {
  Single single;
  for (size_t i = 0; i < count; ++i) {
    absl::SleepFor(pause);
    const absl::Time begun = absl::Now();
    grpc::ClientContext context;
    v1::Intent accepted;
    const grpc::Status status = stub_->CreateIntent(&context, Request(make, i), &accepted);
    if (!status.ok()) return client::FromGrpc(status);
    if (absl::Status result = results_->Await(kSingle); !result.ok()) return result;
    single.total.push_back(SecondsSince(begun) * 1e3);
    single.on_host.push_back(absl::ToDoubleMilliseconds(results_->on_host()));
  }
  return single;
}

}  // namespace warren::bench
