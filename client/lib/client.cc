#include "client/lib/client.h"

#include <grpc/grpc.h>

#include <algorithm>
#include <utility>

#include "client/lib/address.h"
#include "client/lib/stubs.h"
#include "proto/common/names.h"

namespace warren::client {
namespace {

// What the server allows in WaitIntent.
constexpr absl::Duration kLongestWait = absl::Hours(1);
// How much later than the wait it asked for a WaitIntent call is given up.
constexpr absl::Duration kWaitGrace = absl::Seconds(2);
// A connection on which nothing has come for so long is asked whether it is still there, while a call is open.
constexpr int kKeepaliveMs = 60000;
constexpr int kKeepaliveTimeoutMs = 20000;

}  // namespace

bool IsFinished(v1::Intent::State state) {
  return state == v1::Intent::SUCCEEDED || state == v1::Intent::FAILED || state == v1::Intent::CANCELLED ||
         state == v1::Intent::EXPIRED;
}

absl::StatusOr<std::unique_ptr<Client>> Client::Connect(std::string_view server, RetryOptions retry) {
  auto target = DialTarget(server);
  if (!target.ok()) return target.status();
  // For good: when the last channel is gone gRPC's library waits for its threads, one of which may be in a poll of 10 s
  // that a write larger than the socket's buffer began.
  static const bool kept = (grpc_init(), true);
  (void)kept;
  grpc::ChannelArguments arguments;
  arguments.SetMaxReceiveMessageSize(-1);           // a page of intents may be large; the server bounds it
  arguments.SetInt(GRPC_ARG_ENABLE_HTTP_PROXY, 0);  // not through a proxy that happens to be in the environment
  // Reconnect about as fast as WithRetries asks again; the minimum is also the time one attempt to connect may take.
  arguments.SetInt(GRPC_ARG_INITIAL_RECONNECT_BACKOFF_MS, 100);
  arguments.SetInt(GRPC_ARG_MAX_RECONNECT_BACKOFF_MS, 1000);
  arguments.SetInt(GRPC_ARG_MIN_RECONNECT_BACKOFF_MS, 5000);
  // A watch of a server that vanished without a word ends in the end.
  arguments.SetInt(GRPC_ARG_KEEPALIVE_TIME_MS, kKeepaliveMs);
  arguments.SetInt(GRPC_ARG_KEEPALIVE_TIMEOUT_MS, kKeepaliveTimeoutMs);
  arguments.SetInt(GRPC_ARG_HTTP2_MAX_PINGS_WITHOUT_DATA, 0);
  const auto channel = grpc::CreateCustomChannel(*target, grpc::InsecureChannelCredentials(), arguments);
  auto stubs = std::make_unique<Stubs>();
  stubs->channel = channel;
  stubs->exec = v1::Exec::NewStub(channel);
  stubs->hosts = v1::Hosts::NewStub(channel);
  stubs->intents = v1::Intents::NewStub(channel);
  stubs->namespaces = v1::Namespaces::NewStub(channel);
  return std::unique_ptr<Client>(new Client(std::move(stubs), std::move(retry)));
}

Client::Client(std::unique_ptr<Stubs> stubs, RetryOptions retry) : stubs_(std::move(stubs)), retry_(std::move(retry)) {}

Client::~Client() = default;

absl::StatusOr<v1::Host> Client::GetHost(const std::string& name, absl::Time deadline) {
  v1::GetHostRequest request;
  request.set_name(name);
  return Call(retry_, *stubs_->hosts, &v1::Hosts::Stub::GetHost, request, deadline);
}

absl::StatusOr<v1::Namespace> Client::GetNamespace(const std::string& name, absl::Time deadline) {
  v1::GetNamespaceRequest request;
  request.set_name(name);
  request.set_view(v1::NAMESPACE_VIEW_FULL);
  return Call(retry_, *stubs_->namespaces, &v1::Namespaces::Stub::GetNamespace, request, deadline);
}

absl::StatusOr<v1::ListHoldersResponse> Client::ListHolders(const std::string& name, absl::Time deadline) {
  v1::ListHoldersRequest request;
  request.set_name(name);
  return Call(retry_, *stubs_->namespaces, &v1::Namespaces::Stub::ListHolders, request, deadline);
}

absl::StatusOr<v1::Intent> Client::GetIntent(const std::string& name, absl::Time deadline) {
  v1::GetIntentRequest request;
  request.set_name(name);
  return Call(retry_, *stubs_->intents, &v1::Intents::Stub::GetIntent, request, deadline);
}

absl::StatusOr<v1::Intent> Client::Submit(v1::CreateIntentRequest& request, absl::Time deadline) {
  if (request.request_id().empty()) request.set_request_id(NewUuid());
  return Call(retry_, *stubs_->intents, &v1::Intents::Stub::CreateIntent, std::as_const(request), deadline);
}

absl::StatusOr<std::vector<v1::Intent>> Client::SubmitBatch(v1::BatchCreateIntentsRequest& request,
                                                            absl::Time deadline) {
  for (auto& item : *request.mutable_requests()) {
    if (item.request_id().empty()) item.set_request_id(NewUuid());
  }
  auto response =
      Call(retry_, *stubs_->intents, &v1::Intents::Stub::BatchCreateIntents, std::as_const(request), deadline);
  if (!response.ok()) return response.status();
  auto& intents = *response->mutable_intents();
  return std::vector<v1::Intent>(std::make_move_iterator(intents.begin()), std::make_move_iterator(intents.end()));
}

absl::StatusOr<v1::Intent> Client::Wait(const std::string& name, absl::Time deadline) {
  v1::WaitIntentRequest request;
  request.set_name(name);
  Backoff backoff(retry_);
  while (true) {
    const absl::Duration wait = std::clamp(deadline - retry_.now(), absl::ZeroDuration(), kLongestWait);
    request.mutable_timeout()->set_seconds(absl::ToInt64Seconds(wait));
    request.mutable_timeout()->set_nanos(
        static_cast<int32_t>(absl::ToInt64Nanoseconds(wait - absl::Seconds(absl::ToInt64Seconds(wait)))));
    auto intent = Call(retry_, *stubs_->intents, &v1::Intents::Stub::WaitIntent, request, deadline + kWaitGrace);
    if (!intent.ok() || IsFinished(intent->state())) return intent;
    const absl::Duration left = deadline - retry_.now();
    if (left <= absl::ZeroDuration()) return intent;
    // The server gave up first, as it may; not asked again in a tight loop.
    retry_.sleep(std::min(backoff.Next(), left));
  }
}

absl::StatusOr<v1::Intent> Client::CancelIntent(const std::string& name, absl::Time deadline) {
  v1::CancelIntentRequest request;
  request.set_name(name);
  return Call(retry_, *stubs_->intents, &v1::Intents::Stub::CancelIntent, request, deadline);
}

absl::Status Client::DeleteHost(const v1::DeleteHostRequest& request, absl::Time deadline) {
  bool repeated = false;
  RetryOptions retry = retry_;
  retry.on_retry = [&](const absl::Status& status) {
    repeated = true;
    retry_.on_retry(status);
  };
  const auto done = Call(retry, *stubs_->hosts, &v1::Hosts::Stub::DeleteHost, request, deadline);
  if (repeated && absl::IsNotFound(done.status())) return absl::OkStatus();
  return done.status();
}

}  // namespace warren::client
