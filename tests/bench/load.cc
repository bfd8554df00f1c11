#include "tests/bench/load.h"

#include <algorithm>
#include <chrono>
#include <functional>
#include <thread>
#include <utility>

#include "absl/strings/str_cat.h"
#include "absl/time/clock.h"
#include "client/lib/address.h"
#include "proto/common/names.h"

namespace warren::bench {
namespace {

constexpr char kBoot[] = "8c2e7d4a-3b1f-4c5d-9e6f-7a8b9c0d1e2f";

}  // namespace

std::vector<std::shared_ptr<grpc::Channel>> Dial(const std::string& server, size_t count) {
  std::vector<std::shared_ptr<grpc::Channel>> channels;
  for (size_t i = 0; i < count; ++i) {
    grpc::ChannelArguments arguments;
    arguments.SetInt(GRPC_ARG_USE_LOCAL_SUBCHANNEL_POOL, 1);
    arguments.SetMaxReceiveMessageSize(-1);
    channels.push_back(
        grpc::CreateCustomChannel(*client::DialTarget(server), grpc::InsecureChannelCredentials(), arguments));
  }
  return channels;
}

std::string HostAt(size_t index) { return absl::StrCat("bench-", index); }

v1::Intent RouterIntent(uint64_t serial) {
  v1::Intent intent;
  const std::string name = absl::StrCat("qrouter-", serial);
  intent.add_operations()->mutable_create_namespace()->set_namespace_(name);
  v1::CreateVeth* veth = intent.add_operations()->mutable_create_veth();
  veth->mutable_a()->set_namespace_(name);
  veth->mutable_a()->set_name("eth0");
  veth->mutable_a()->set_up(true);
  veth->mutable_a()->add_addresses("10.0.0.1/24");
  veth->mutable_b()->set_namespace_("@host");
  veth->mutable_b()->set_name(absl::StrCat("t", serial % 1'000'000'000));
  veth->mutable_b()->set_up(true);
  return intent;
}

v1::Intent NamespaceIntent(uint64_t serial) {
  v1::Intent intent;
  intent.add_operations()->mutable_create_namespace()->set_namespace_(absl::StrCat("ns", serial));
  return intent;
}

Latency Quantiles(std::vector<double> values) {
  if (values.empty()) return {};
  std::sort(values.begin(), values.end());
  const auto at = [&](double q) {
    return values[std::min(values.size() - 1, static_cast<size_t>(q * static_cast<double>(values.size())))];
  };
  return {at(0.5), at(0.99), values.back()};
}

namespace {

// One slot of a closed loop.
class Slot {
 public:
  struct Shared {
    SubmitOptions options;
    absl::Time until;
    std::atomic<uint64_t> serial = 0;
    Mutex mutex;
    CondVar changed;
    size_t running ABSL_GUARDED_BY(mutex) = 0;
    uint64_t accepted ABSL_GUARDED_BY(mutex) = 0;
    uint64_t refused ABSL_GUARDED_BY(mutex) = 0;
    std::string refusal ABSL_GUARDED_BY(mutex);
    std::vector<double> took ABSL_GUARDED_BY(mutex);
  };

  Slot(Shared& shared, const std::shared_ptr<grpc::Channel>& channel)
      : shared_(shared), stub_(v1::Intents::NewStub(channel)) {}

  void Next() {
    const size_t size = std::max<size_t>(shared_.options.batch, 1);
    const uint64_t first = shared_.serial.fetch_add(size);
    if (absl::Now() >= shared_.until || (shared_.options.limit > 0 && first >= shared_.options.limit)) {
      MutexLock lock(&shared_.mutex);
      --shared_.running;
      shared_.changed.SignalAll();
      return;
    }
    context_ = std::make_unique<grpc::ClientContext>();
    begun_ = absl::Now();
    if (shared_.options.batch == 0) {
      request_ = Request(first);
      stub_->async()->CreateIntent(context_.get(), &request_, &intent_,
                                   [this](const grpc::Status& status) { Done(status, 1); });
      return;
    }
    batch_.clear_requests();
    for (uint64_t i = first; i < first + size; ++i) *batch_.add_requests() = Request(i);
    begun_ = absl::Now();
    stub_->async()->BatchCreateIntents(context_.get(), &batch_, &intents_,
                                       [this, size](const grpc::Status& status) { Done(status, size); });
  }

 private:
  v1::CreateIntentRequest Request(uint64_t serial) const {
    v1::CreateIntentRequest request;
    request.set_parent(HostName(HostAt(serial % shared_.options.hosts)));
    *request.mutable_intent() = shared_.options.small ? NamespaceIntent(serial) : RouterIntent(serial);
    request.set_allow_unknown_host(true);
    return request;
  }

  void Done(const grpc::Status& status, size_t count) {
    {
      MutexLock lock(&shared_.mutex);
      shared_.took.push_back(absl::ToDoubleMilliseconds(absl::Now() - begun_));
      if (status.ok()) {
        shared_.accepted += count;
      } else {
        shared_.refused += count;
        shared_.refusal = status.error_message();
      }
    }
    Next();
  }

  Shared& shared_;
  std::unique_ptr<v1::Intents::Stub> stub_;
  std::unique_ptr<grpc::ClientContext> context_;
  absl::Time begun_;
  v1::CreateIntentRequest request_;
  v1::Intent intent_;
  v1::BatchCreateIntentsRequest batch_;
  v1::BatchCreateIntentsResponse intents_;
};

}  // namespace

SubmitResult Submit(const std::vector<std::shared_ptr<grpc::Channel>>& channels, const SubmitOptions& options) {
  Slot::Shared shared;
  shared.options = options;
  const absl::Time begun = absl::Now();
  shared.until = begun + options.time;
  std::vector<std::unique_ptr<Slot>> slots;
  {
    MutexLock lock(&shared.mutex);
    shared.running = options.in_flight;
  }
  for (size_t i = 0; i < options.in_flight; ++i) {
    slots.push_back(std::make_unique<Slot>(shared, channels[i % channels.size()]));
  }
  for (auto& slot : slots) slot->Next();
  MutexLock lock(&shared.mutex);
  while (shared.running > 0) shared.changed.Wait(&shared.mutex);
  SubmitResult result;
  result.accepted = shared.accepted;
  result.refused = shared.refused;
  result.refusal = shared.refusal;
  result.seconds = absl::ToDoubleSeconds(absl::Now() - begun);
  result.call = Quantiles(std::move(shared.took));
  return result;
}

// One write in flight; what has come meanwhile goes with the next.
class InstantAgent::Stream : public grpc::ClientBidiReactor<v1::AgentMessage, v1::ServerMessage> {
 public:
  Stream(v1::Agents::Stub& stub, const std::string& host) {
    v1::Hello* hello = writing_.mutable_hello();
    hello->set_host(host);
    hello->set_instance_id(NewUuid());
    hello->set_boot_id(kBoot);
    hello->set_version("bench");
    hello->set_kernel_release("bench");
    stub.async()->Connect(&context_, this);
    write_under_way_ = true;
    StartWrite(&writing_);
    StartRead(&heard_);
    StartCall();
  }

  void OnReadDone(bool ok) override {
    if (!ok) return;
    {
      MutexLock lock(&mutex_);
      for (const v1::IntentDelivery& delivery : heard_.deliver().intents()) {
        v1::IntentResult* result = next_.mutable_report()->add_results();
        result->set_sequence(delivery.sequence());
        result->set_intent_id(delivery.intent_id());
        result->set_state(v1::Intent::SUCCEEDED);
        result->set_boot_id(kBoot);
      }
      Write();
    }
    StartRead(&heard_);
  }
  void OnWriteDone(bool ok) override {
    MutexLock lock(&mutex_);
    write_under_way_ = false;
    if (ok) Write();
  }
  void OnDone(const grpc::Status&) override {
    MutexLock lock(&mutex_);
    done_ = true;
    changed_.SignalAll();
  }
  void End() {
    context_.TryCancel();
    MutexLock lock(&mutex_);
    while (!done_) changed_.Wait(&mutex_);
  }

 private:
  void Write() ABSL_EXCLUSIVE_LOCKS_REQUIRED(mutex_) {
    if (write_under_way_ || !next_.has_report()) return;
    writing_.Swap(&next_);
    next_.Clear();
    write_under_way_ = true;
    StartWrite(&writing_);
  }

  grpc::ClientContext context_;
  v1::ServerMessage heard_;
  Mutex mutex_;
  CondVar changed_;
  v1::AgentMessage writing_;
  v1::AgentMessage next_ ABSL_GUARDED_BY(mutex_);
  bool write_under_way_ ABSL_GUARDED_BY(mutex_) = false;
  bool done_ ABSL_GUARDED_BY(mutex_) = false;
};

InstantAgent::InstantAgent(const std::shared_ptr<grpc::Channel>& channel, const std::string& host)
    : stub_(v1::Agents::NewStub(channel)), stream_(std::make_unique<Stream>(*stub_, host)) {}
InstantAgent::~InstantAgent() { stream_->End(); }

class Watchers::Stream : public grpc::ClientReadReactor<v1::WatchIntentsResponse> {
 public:
  Stream(Watchers& watchers, v1::Intents::Stub& stub, const std::string& host) : watchers_(watchers) {
    request_.set_parent(HostName(host));
    stub.async()->WatchIntents(&context_, &request_, this);
    StartRead(&response_);
    StartCall();
  }
  void OnReadDone(bool ok) override {
    if (!ok) return;
    for (const v1::IntentEvent& event : response_.events()) {
      if (event.type() == v1::IntentEvent::SYNCED) ++watchers_.synced_;
    }
    watchers_.events_ += static_cast<uint64_t>(response_.events_size());
    StartRead(&response_);
  }
  void OnDone(const grpc::Status&) override {
    ++watchers_.ended_;
    MutexLock lock(&mutex_);
    done_ = true;
    changed_.SignalAll();
  }
  void Cancel() { context_.TryCancel(); }
  void AwaitDone() {
    MutexLock lock(&mutex_);
    while (!done_) changed_.Wait(&mutex_);
  }

 private:
  Watchers& watchers_;
  grpc::ClientContext context_;
  v1::WatchIntentsRequest request_;
  v1::WatchIntentsResponse response_;
  Mutex mutex_;
  CondVar changed_;
  bool done_ ABSL_GUARDED_BY(mutex_) = false;
};

Watchers::Watchers(const std::vector<std::shared_ptr<grpc::Channel>>& channels, const std::string& host, size_t count) {
  for (const auto& channel : channels) stubs_.push_back(v1::Intents::NewStub(channel));
  for (size_t i = 0; i < count; ++i) {
    streams_.push_back(std::make_unique<Stream>(*this, *stubs_[i % stubs_.size()], host));
  }
}

Watchers::~Watchers() {
  for (auto& stream : streams_) stream->Cancel();
  for (auto& stream : streams_) stream->AwaitDone();
}

void Watchers::AwaitSynced() {
  while (synced_ + ended_ < streams_.size()) absl::SleepFor(absl::Milliseconds(10));
}

}  // namespace warren::bench
