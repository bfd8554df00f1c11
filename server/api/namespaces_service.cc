#include "server/api/namespaces_service.h"

#include <memory>
#include <utility>

#include "absl/strings/str_cat.h"
#include "absl/time/clock.h"
#include "proto/common/names.h"
#include "proto/common/status_payload.h"
#include "server/api/holders_call.h"
#include "server/api/namespace_pages.h"
#include "server/api/page_key.h"
#include "server/api/request.h"
#include "server/inventory/view.h"

namespace warren::api {
namespace {

// Below the 4 MiB that gRPC takes in one message.
constexpr size_t kMaxPageBytes = size_t{3} << 20;
// Told to whoever asks for what no agent has reported yet.
constexpr absl::Duration kInventoryRetry = absl::Seconds(5);

bool IsFull(v1::NamespaceView view, v1::NamespaceView by_default) {
  return (view == v1::NAMESPACE_VIEW_UNSPECIFIED ? by_default : view) == v1::NAMESPACE_VIEW_FULL;
}

v1::Namespace View(const v1::Namespace& netns, bool full) { return full ? netns : inventory::BasicView(netns); }

void CheckView(RequestCheck& check, v1::NamespaceView view) {
  if (!v1::NamespaceView_IsValid(view)) check.Bad("view", absl::StrCat(static_cast<int>(view), " is not a view"));
}

std::string Listing(const v1::ListNamespacesRequest& request) {
  return BindListing("namespaces", {request.parent(), IsFull(request.view(), v1::NAMESPACE_VIEW_BASIC) ? "full" : "",
                                    request.filter()});
}

// Of a host that is known, but not its namespaces.
absl::Status InventoryUnknown(absl::Status status, const std::string& host) {
  return WithResource(WithReason(std::move(status), "INVENTORY_UNKNOWN", {{"host", host}}), "warren.v1.Host",
                      HostName(host));
}

}  // namespace

absl::Status NamespacesService::CheckInventory(const std::string& host) const {
  if (rooms_.inventory.Complete(host)) return absl::OkStatus();
  if (rooms_.hosts.Known(host)) {
    return InventoryUnknown(
        WithRetry(absl::UnavailableError(absl::StrCat("host ", host,
                                                      " has not reported its namespaces since this server started; "
                                                      "wait for its agent to connect")),
                  kInventoryRetry),
        host);
  }
  if (IsKnown(rooms_, host)) {
    return InventoryUnknown(
        absl::FailedPreconditionError(
            absl::StrCat("host ", host, " has never connected: nothing is known of its namespaces; start its agent")),
        host);
  }
  return UnknownHost(host);
}

void NamespacesService::List(const std::string& host, const std::string& after, const filter::Filter& filter,
                             const v1::ListNamespacesRequest& request, v1::ListNamespacesResponse& response) const {
  const bool full = IsFull(request.view(), v1::NAMESPACE_VIEW_BASIC);
  const auto size = static_cast<int>(PageSize(request.page_size()));
  NamespaceScan scan(rooms_.inventory, host, after, filter, full);
  size_t bytes = 0;
  std::string last;
  // One more than wanted tells whether there is a next page.
  while (const inventory::NamespacePtr netns = scan.Next()) {
    v1::Namespace shown = View(*netns, full);
    bytes += shown.ByteSizeLong();
    const bool page_full =
        response.namespaces_size() == size || (bytes > kMaxPageBytes && response.namespaces_size() > 0);
    if (page_full) {
      response.set_next_page_token(EncodePageKey(Listing(request), last));
      return;
    }
    last = scan.key();
    *response.add_namespaces() = std::move(shown);
  }
}

grpc::ServerUnaryReactor* NamespacesService::ListNamespaces(grpc::CallbackServerContext* context,
                                                            const v1::ListNamespacesRequest* request,
                                                            v1::ListNamespacesResponse* response) {
  RequestCheck check;
  const std::string host = check.Host("parent", request->parent(), /*any=*/true);
  check.PageSize(request->page_size());
  CheckView(check, request->view());
  const filter::Filter filter = check.Filter(request->filter(), inventory::NamespaceSchema());
  const auto after = DecodePageKey(Listing(*request), request->page_token());
  if (!after) {
    check.Bad("page_token", "is not the next_page_token of a page of this list (same parent, view and filter)");
  }
  if (!check.ok()) return Answer(context, check.status());
  return AnswerOn(rooms_.workers, context, [this, host, after, filter, request, response] {
    if (host != "-") {
      if (absl::Status status = CheckInventory(host); !status.ok()) return status;
    }
    List(host, *after, filter, *request, *response);
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
  const bool full = IsFull(request->view(), v1::NAMESPACE_VIEW_FULL);
  const inventory::NamespacePtr netns =
      rooms_.inventory.Get(name.host, name.id, full ? inventory::View::kFull : inventory::View::kBasic);
  if (netns == nullptr) return Answer(context, UnknownNamespace(name));
  *response = View(*netns, full);
  return Answer(context, absl::OkStatus());
}

grpc::ServerUnaryReactor* NamespacesService::ListHolders(grpc::CallbackServerContext* context,
                                                         const v1::ListHoldersRequest* request,
                                                         v1::ListHoldersResponse* response) {
  RequestCheck check;
  const ChildName name = check.Namespace("name", request->name());
  if (name.id == kHostNamespace) {
    check.Bad("name", "names \"@host\", the host's own namespace, which lives as long as the host");
  }
  if (!check.ok()) return Answer(context, check.status());
  return HoldersCall::Start(rooms_.hosts, context, name, response);
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
  accept.expire_time = check.ExpireTime("expire_time", *request);
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
  accept.expire_time = check.ExpireTime("expire_time", *request);
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

WatchReactor* NamespacesService::WatchNamespaces(grpc::CallbackServerContext* context, const grpc::ByteBuffer* bytes) {
  v1::WatchNamespacesRequest request;
  if (absl::Status bad = ParseRequest(*bytes, request); !bad.ok()) return RefuseWatch(bad);
  RequestCheck check;
  WatchRequest watch;
  watch.host = check.Host("parent", request.parent(), /*any=*/true);
  watch.filter = check.Filter(request.filter(), inventory::NamespaceSchema());
  check.AfterRevision(request.after_revision());
  CheckView(check, request.view());
  if (!check.ok()) return RefuseWatch(check.status());
  if (watch.host != "-") {
    if (absl::Status status = CheckInventory(watch.host); !status.ok()) return RefuseWatch(status);
  }
  watch.full = IsFull(request.view(), v1::NAMESPACE_VIEW_BASIC);
  watch.after_revision = request.after_revision();
  watch.snapshot = [this, host = watch.host, filter = watch.filter, full = watch.full] {
    return std::make_unique<NamespaceSnapshot>(rooms_.inventory, host, filter, full);
  };
  return watches_.Start(context, std::move(watch));
}

}  // namespace warren::api
