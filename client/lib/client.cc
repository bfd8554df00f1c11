#include "client/lib/client.h"

#include <grpcpp/grpcpp.h>

#include <algorithm>
#include <utility>

#include "client/lib/address.h"
#include "client/lib/status.h"
#include "proto/common/names.h"
#include "warren/v1/hosts.grpc.pb.h"
#include "warren/v1/intents.grpc.pb.h"
#include "warren/v1/namespaces.grpc.pb.h"

namespace warren::client {
namespace {

constexpr int kPageSize = 1000;
// What the server allows in WaitIntent.
constexpr absl::Duration kLongestWait = absl::Hours(1);
// How much later than the wait it asked for a WaitIntent call is given up.
constexpr absl::Duration kWaitGrace = absl::Seconds(2);

// One RPC, retried.
template <typename Stub, typename Request, typename Response>
absl::Status Call(const RetryOptions& retry, Stub& stub,
                  grpc::Status (Stub::*method)(grpc::ClientContext*, const Request&, Response*), const Request& request,
                  Response* response, absl::Time deadline) {
  return WithRetries(retry, deadline, [&] {
    grpc::ClientContext context;
    if (deadline != absl::InfiniteFuture()) context.set_deadline(absl::ToChronoTime(deadline));
    return FromGrpc((stub.*method)(&context, request, response));
  });
}

// As Call, for methods that return one message.
template <typename Stub, typename Request, typename Response>
absl::StatusOr<Response> Get(const RetryOptions& retry, Stub& stub,
                             grpc::Status (Stub::*method)(grpc::ClientContext*, const Request&, Response*),
                             const Request& request, absl::Time deadline) {
  Response response;
  if (absl::Status status = Call(retry, stub, method, request, &response, deadline); !status.ok()) return status;
  return response;
}

// Fetches pages until there are no more. items picks the repeated field of a page.
template <typename Item, typename Stub, typename Request, typename Response, typename Items>
absl::StatusOr<std::vector<Item>> List(const RetryOptions& retry, Stub& stub,
                                       grpc::Status (Stub::*method)(grpc::ClientContext*, const Request&, Response*),
                                       Request request, Items items, absl::Time deadline) {
  std::vector<Item> all;
  request.set_page_size(kPageSize);
  while (true) {
    Response page;
    if (absl::Status status = Call(retry, stub, method, std::as_const(request), &page, deadline); !status.ok()) {
      return status;
    }
    for (Item& item : *items(page)) all.push_back(std::move(item));
    if (page.next_page_token().empty()) return all;
    request.set_page_token(page.next_page_token());
  }
}

}  // namespace

struct Client::Stubs {
  std::unique_ptr<v1::Hosts::Stub> hosts;
  std::unique_ptr<v1::Intents::Stub> intents;
  std::unique_ptr<v1::Namespaces::Stub> namespaces;
};

bool IsFinished(v1::Intent::State state) {
  return state == v1::Intent::SUCCEEDED || state == v1::Intent::FAILED || state == v1::Intent::CANCELLED ||
         state == v1::Intent::EXPIRED;
}

absl::StatusOr<std::unique_ptr<Client>> Client::Connect(std::string_view server, RetryOptions retry) {
  auto target = DialTarget(server);
  if (!target.ok()) return target.status();
  grpc::ChannelArguments arguments;
  arguments.SetMaxReceiveMessageSize(-1);           // a page of intents may be large; the server bounds it
  arguments.SetInt(GRPC_ARG_ENABLE_HTTP_PROXY, 0);  // not through a proxy that happens to be in the environment
  // Reconnect about as fast as WithRetries asks again; the minimum is also the time one attempt to connect may take.
  arguments.SetInt(GRPC_ARG_INITIAL_RECONNECT_BACKOFF_MS, 100);
  arguments.SetInt(GRPC_ARG_MAX_RECONNECT_BACKOFF_MS, 1000);
  arguments.SetInt(GRPC_ARG_MIN_RECONNECT_BACKOFF_MS, 5000);
  const auto channel = grpc::CreateCustomChannel(*target, grpc::InsecureChannelCredentials(), arguments);
  auto stubs = std::make_unique<Stubs>();
  stubs->hosts = v1::Hosts::NewStub(channel);
  stubs->intents = v1::Intents::NewStub(channel);
  stubs->namespaces = v1::Namespaces::NewStub(channel);
  return std::unique_ptr<Client>(new Client(std::move(stubs), std::move(retry)));
}

Client::Client(std::unique_ptr<Stubs> stubs, RetryOptions retry) : stubs_(std::move(stubs)), retry_(std::move(retry)) {}

Client::~Client() = default;

absl::StatusOr<std::vector<v1::Host>> Client::ListHosts(absl::Time deadline) {
  return List<v1::Host>(
      retry_, *stubs_->hosts, &v1::Hosts::Stub::ListHosts, v1::ListHostsRequest(),
      [](auto& page) { return page.mutable_hosts(); }, deadline);
}

absl::StatusOr<v1::Host> Client::GetHost(const std::string& name, absl::Time deadline) {
  v1::GetHostRequest request;
  request.set_name(name);
  return Get(retry_, *stubs_->hosts, &v1::Hosts::Stub::GetHost, request, deadline);
}

absl::StatusOr<std::vector<v1::Namespace>> Client::ListNamespaces(const std::string& parent, v1::NamespaceView view,
                                                                  absl::Time deadline) {
  v1::ListNamespacesRequest request;
  request.set_parent(parent);
  request.set_view(view);
  return List<v1::Namespace>(
      retry_, *stubs_->namespaces, &v1::Namespaces::Stub::ListNamespaces, request,
      [](auto& page) { return page.mutable_namespaces(); }, deadline);
}

absl::StatusOr<v1::Namespace> Client::GetNamespace(const std::string& name, absl::Time deadline) {
  v1::GetNamespaceRequest request;
  request.set_name(name);
  request.set_view(v1::NAMESPACE_VIEW_FULL);
  return Get(retry_, *stubs_->namespaces, &v1::Namespaces::Stub::GetNamespace, request, deadline);
}

absl::StatusOr<v1::Intent> Client::Submit(v1::CreateIntentRequest& request, absl::Time deadline) {
  if (request.request_id().empty()) request.set_request_id(NewUuid());
  return Get(retry_, *stubs_->intents, &v1::Intents::Stub::CreateIntent, request, deadline);
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
    auto intent = Get(retry_, *stubs_->intents, &v1::Intents::Stub::WaitIntent, request, deadline + kWaitGrace);
    if (!intent.ok() || IsFinished(intent->state())) return intent;
    const absl::Duration left = deadline - retry_.now();
    if (left <= absl::ZeroDuration()) return intent;
    // The server gave up first, as it may; not asked again in a tight loop.
    retry_.sleep(std::min(backoff.Next(), left));
  }
}

absl::StatusOr<v1::Intent> Client::GetIntent(const std::string& name, absl::Time deadline) {
  v1::GetIntentRequest request;
  request.set_name(name);
  return Get(retry_, *stubs_->intents, &v1::Intents::Stub::GetIntent, request, deadline);
}

absl::StatusOr<v1::Intent> Client::CancelIntent(const std::string& name, absl::Time deadline) {
  v1::CancelIntentRequest request;
  request.set_name(name);
  return Get(retry_, *stubs_->intents, &v1::Intents::Stub::CancelIntent, request, deadline);
}

absl::StatusOr<std::vector<v1::Intent>> Client::ListIntents(const std::string& parent,
                                                            const std::vector<v1::Intent::State>& states,
                                                            absl::Time deadline) {
  v1::ListIntentsRequest request;
  request.set_parent(parent);
  for (const v1::Intent::State state : states) request.add_states(state);
  return List<v1::Intent>(
      retry_, *stubs_->intents, &v1::Intents::Stub::ListIntents, request,
      [](auto& page) { return page.mutable_intents(); }, deadline);
}

}  // namespace warren::client
