#include "server/api/namespaces_service.h"

#include <algorithm>
#include <utility>
#include <vector>

#include "absl/strings/str_cat.h"
#include "absl/time/clock.h"
#include "server/api/page_key.h"
#include "server/api/request.h"

namespace warren::api {
namespace {

// Below the 4 MiB that gRPC takes in one message.
constexpr size_t kMaxPageBytes = size_t{3} << 20;

bool IsFull(v1::NamespaceView view, v1::NamespaceView by_default) {
  return (view == v1::NAMESPACE_VIEW_UNSPECIFIED ? by_default : view) == v1::NAMESPACE_VIEW_FULL;
}

v1::Namespace View(const v1::Namespace& netns, bool full) {
  if (full) return netns;
  v1::Namespace basic;
  basic.set_name(netns.name());
  basic.set_raw_name(netns.raw_name());
  if (netns.has_identity()) *basic.mutable_identity() = netns.identity();
  basic.set_foreign(netns.foreign());
  basic.set_nsid(netns.nsid());
  basic.set_link_count(netns.link_count());
  basic.set_route_count(netns.route_count());
  if (netns.has_observe_time()) *basic.mutable_observe_time() = netns.observe_time();
  return basic;
}

void CheckView(RequestCheck& check, v1::NamespaceView view) {
  if (!v1::NamespaceView_IsValid(view)) check.Bad("view", absl::StrCat(static_cast<int>(view), " is not a view"));
}

std::string Listing(const v1::ListNamespacesRequest& request) {
  return absl::StrCat("namespaces ", request.parent(), " ", IsFull(request.view(), v1::NAMESPACE_VIEW_BASIC));
}

std::string LastSegment(const std::string& name) { return name.substr(name.rfind('/') + 1); }

}  // namespace

absl::Status NamespacesService::CheckInventory(const std::string& host) const {
  if (rooms_.inventory.Complete(host)) return absl::OkStatus();
  if (rooms_.hosts.Known(host)) {
    return absl::UnavailableError(absl::StrCat(
        "host ", host, " has not reported its namespaces since this server started; wait for its agent to connect"));
  }
  if (IsKnown(rooms_, host)) {
    return absl::FailedPreconditionError(
        absl::StrCat("host ", host, " has never connected: nothing is known of its namespaces; start its agent"));
  }
  return UnknownHost(host);
}

void NamespacesService::List(const std::string& host, const std::string& after,
                             const v1::ListNamespacesRequest& request, v1::ListNamespacesResponse& response) const {
  const bool full = IsFull(request.view(), v1::NAMESPACE_VIEW_BASIC);
  const size_t size = PageSize(request.page_size());
  // A key is "HOST/NAME"; with "hosts/-" pages run over the hosts by name.
  const size_t slash = after.find('/');
  const std::string after_host = after.substr(0, slash);
  std::vector<std::string> hosts;
  if (host == "-") {
    hosts = rooms_.hosts.Names();
    hosts.erase(hosts.begin(), std::lower_bound(hosts.begin(), hosts.end(), after_host));
  } else {
    hosts.push_back(host);
  }
  size_t bytes = 0;
  std::string last;
  for (const std::string& each : hosts) {
    const std::string from = each == after_host && slash != std::string::npos ? after.substr(slash + 1) : std::string();
    // One more than wanted tells whether there is a next page.
    const size_t room = size - static_cast<size_t>(response.namespaces_size());
    for (const inventory::NamespacePtr& netns : rooms_.inventory.List(each, from, room + 1)) {
      v1::Namespace shown = View(*netns, full);
      bytes += shown.ByteSizeLong();
      const bool page_full = static_cast<size_t>(response.namespaces_size()) == size ||
                             (bytes > kMaxPageBytes && response.namespaces_size() > 0);
      if (page_full) {
        response.set_next_page_token(EncodePageKey(Listing(request), last));
        return;
      }
      last = absl::StrCat(each, "/", LastSegment(shown.name()));
      *response.add_namespaces() = std::move(shown);
    }
  }
}

grpc::ServerUnaryReactor* NamespacesService::ListNamespaces(grpc::CallbackServerContext* context,
                                                            const v1::ListNamespacesRequest* request,
                                                            v1::ListNamespacesResponse* response) {
  RequestCheck check;
  const std::string host = check.Host("parent", request->parent(), /*any=*/true);
  check.PageSize(request->page_size());
  CheckView(check, request->view());
  const auto after = DecodePageKey(Listing(*request), request->page_token());
  if (!after) check.Bad("page_token", "is not the next_page_token of a page of this list (same parent and view)");
  if (!check.ok()) return Answer(context, check.status());
  return AnswerOn(rooms_.workers, context, [this, host, after, request, response] {
    if (host != "-") {
      if (absl::Status status = CheckInventory(host); !status.ok()) return status;
    }
    List(host, *after, *request, *response);
    return absl::OkStatus();
  });
}

grpc::ServerUnaryReactor* NamespacesService::GetNamespace(grpc::CallbackServerContext* context,
                                                          const v1::GetNamespaceRequest* request,
                                                          v1::Namespace* response) {
  RequestCheck check;
  const ChildName name = check.Namespace("name", request->name());
  CheckView(check, request->view());
  if (!check.ok()) return Answer(context, check.status());
  if (absl::Status status = CheckInventory(name.host); !status.ok()) return Answer(context, status);
  const inventory::NamespacePtr netns = rooms_.inventory.Get(name.host, name.id);
  if (netns == nullptr) {
    return Answer(context, absl::NotFoundError(absl::StrCat("host ", name.host, ": there is no namespace \"", name.id,
                                                            "\"; ListNamespaces shows those there are")));
  }
  *response = View(*netns, IsFull(request->view(), v1::NAMESPACE_VIEW_FULL));
  return Answer(context, absl::OkStatus());
}

grpc::ServerUnaryReactor* NamespacesService::CreateNamespace(grpc::CallbackServerContext* context,
                                                             const v1::CreateNamespaceRequest* request,
                                                             v1::Intent* response) {
  RequestCheck check;
  intents::AcceptRequest accept;
  accept.host = check.Host("parent", request->parent());
  if (request->namespace_id() == kHostNamespace) {
    check.Bad("namespace_id", "is \"@host\", the host's own namespace, which is always there");
  } else if (auto why = WhyBadNamespace(request->namespace_id())) {
    check.Bad("namespace_id", *why);
  }
  check.RequestId(request->request_id());
  if (!check.ok()) return Answer(context, check.status());
  auto* create = accept.operations.Add()->mutable_create_namespace();
  create->set_namespace_(request->namespace_id());
  create->set_allow_existing(request->allow_existing());
  create->set_loopback_down(request->loopback_down());
  accept.request_id = request->request_id();
  accept.allow_unknown_host = request->allow_unknown_host();
  accept.validate_only = request->validate_only();
  std::optional<absl::Duration> wait;
  if (request->wait()) wait = WaitTime(context->deadline(), absl::Now(), std::nullopt);
  return IntentCall::Start(rooms_, response, [accept, wait](IntentCall& call) { call.Accept(accept, wait); });
}

grpc::ServerUnaryReactor* NamespacesService::DeleteNamespace(grpc::CallbackServerContext* context,
                                                             const v1::DeleteNamespaceRequest* request,
                                                             v1::Intent* response) {
  RequestCheck check;
  intents::AcceptRequest accept;
  const ChildName name = check.Namespace("name", request->name());
  if (name.id == kHostNamespace)
    check.Bad("name", "names \"@host\", the host's own namespace, which cannot be deleted");
  check.RequestId(request->request_id());
  if (!check.ok()) return Answer(context, check.status());
  accept.host = name.host;
  auto* remove = accept.operations.Add()->mutable_delete_namespace();
  remove->set_namespace_(name.id);
  remove->set_allow_missing(request->allow_missing());
  remove->set_force(request->force());
  accept.request_id = request->request_id();
  accept.allow_unknown_host = request->allow_unknown_host();
  accept.validate_only = request->validate_only();
  std::optional<absl::Duration> wait;
  if (request->wait()) wait = WaitTime(context->deadline(), absl::Now(), std::nullopt);
  return IntentCall::Start(rooms_, response, [accept, wait](IntentCall& call) { call.Accept(accept, wait); });
}

}  // namespace warren::api
