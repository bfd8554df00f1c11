#include "server/api/intents_service.h"

#include <utility>

#include "absl/strings/str_cat.h"
#include "absl/time/clock.h"
#include "server/api/request.h"
#include "server/api/status.h"
#include "server/intents/validate.h"

namespace warren::api {
namespace {

// Of one item. The parent is taken apart by whoever calls.
intents::AcceptRequest ToAccept(const v1::CreateIntentRequest& request, std::string host,
                                std::optional<absl::Time> expire_time) {
  intents::AcceptRequest accept;
  accept.host = std::move(host);
  accept.operations = request.intent().operations();
  accept.request_id = request.request_id();
  accept.expire_time = expire_time;
  accept.allow_unknown_host = request.allow_unknown_host();
  accept.validate_only = request.validate_only();
  return accept;
}

// All intents of a listing, page by page.
class IntentPages : public SnapshotSource {
 public:
  IntentPages(intents::Intents& intents, std::string host, std::string filter) : intents_(intents) {
    list_.host = std::move(host);
    list_.filter = std::move(filter);
    list_.page_size = kMaxPageEvents;
  }

  absl::StatusOr<Page> Next() override {
    auto listed = intents_.List(list_);
    if (!listed.ok()) return listed.status();
    Page page;
    v1::IntentEvent event;
    event.set_type(v1::IntentEvent::EXISTING);
    for (v1::Intent& intent : listed->intents) {
      event.mutable_intent()->Swap(&intent);
      page.events.push_back(event.SerializeAsString());
    }
    list_.page_token = std::move(listed->next_page_token);
    page.last = list_.page_token.empty();
    return page;
  }

 private:
  intents::Intents& intents_;
  intents::ListRequest list_;
};

}  // namespace

grpc::ServerUnaryReactor* IntentsService::CreateIntent(grpc::CallbackServerContext* context,
                                                       const v1::CreateIntentRequest* request, v1::Intent* response) {
  RequestCheck check;
  std::string host = check.Host("parent", request->parent());
  check.RequestId(request->request_id());
  const auto expire_time = check.ExpireTime("intent.expire_time", request->intent());
  if (!check.ok()) {
    // The queue would name the bad operations, but it is not asked: name them with the rest.
    const intents::Limits limits{rooms_.max_operations, rooms_.max_intent_bytes};
    for (FieldViolation& violation : intents::ValidateOperations(request->intent().operations(), limits)) {
      check.violations().push_back(std::move(violation));
    }
    return Answer(context, check.status());
  }
  return IntentCall::Start(rooms_, response, [request, host = std::move(host), expire_time](IntentCall& call) {
    call.Accept(ToAccept(*request, host, expire_time), std::nullopt);
  });
}

grpc::ServerUnaryReactor* IntentsService::BatchCreateIntents(grpc::CallbackServerContext* context,
                                                             const v1::BatchCreateIntentsRequest* request,
                                                             v1::BatchCreateIntentsResponse* response) {
  RequestCheck check;
  const std::string parent = request->parent().empty() ? "hosts/-" : request->parent();
  const std::string host = check.Host("parent", parent, /*any=*/true);
  std::vector<intents::AcceptRequest> items;
  items.reserve(request->requests_size());
  for (int i = 0; i < request->requests_size() && check.violations().size() < intents::kMaxViolations; ++i) {
    const v1::CreateIntentRequest& item = request->requests(i);
    const std::string field = absl::StrCat("requests[", i, "].");
    std::string of_item = host;
    if (host == "-") {
      of_item = check.Host(field + "parent", item.parent());
    } else if (!item.parent().empty() && item.parent() != parent) {
      check.Bad(field + "parent", absl::StrCat("is \"", item.parent(), "\", not the parent of the batch"));
    }
    check.RequestId(item.request_id(), field + "request_id");
    items.push_back(ToAccept(item, std::move(of_item), check.ExpireTime(field + "intent.expire_time", item.intent())));
  }
  if (!check.ok()) return Answer(context, check.status());
  grpc::ServerUnaryReactor* reactor = context->DefaultReactor();
  const bool queued = rooms_.workers.Post([this, reactor, request, response, items = std::move(items)]() mutable {
    rooms_.intents.AcceptBatch(std::move(items), request->validate_only(),
                               [reactor, response](absl::StatusOr<std::vector<v1::Intent>> result) {
                                 if (result.ok()) {
                                   for (v1::Intent& intent : *result) *response->add_intents() = std::move(intent);
                                 }
                                 reactor->Finish(ToGrpc(result.status()));
                               });
  });
  if (!queued) reactor->Finish(ToGrpc(NotTaken(rooms_.workers)));
  return reactor;
}

grpc::ServerUnaryReactor* IntentsService::GetIntent(grpc::CallbackServerContext* context,
                                                    const v1::GetIntentRequest* request, v1::Intent* response) {
  RequestCheck check;
  const ChildName name = check.Intent("name", request->name());
  if (!check.ok()) return Answer(context, check.status());
  return AnswerOn(rooms_.workers, context, [this, name, response] {
    auto intent = rooms_.intents.Get(name.host, name.id);
    if (intent.ok()) *response = *std::move(intent);
    return intent.status();
  });
}

grpc::ServerUnaryReactor* IntentsService::ListIntents(grpc::CallbackServerContext* context,
                                                      const v1::ListIntentsRequest* request,
                                                      v1::ListIntentsResponse* response) {
  RequestCheck check;
  const std::string host = check.Host("parent", request->parent(), /*any=*/true);
  check.PageSize(request->page_size());
  if (!check.ok()) return Answer(context, check.status());
  if (host != "-" && !IsKnown(rooms_, host)) return Answer(context, UnknownHost(host));
  return AnswerOn(rooms_.workers, context, [this, request, host, response] {
    intents::ListRequest list;
    list.host = host;
    list.page_size = request->page_size();
    list.page_token = request->page_token();
    for (const int state : request->states()) list.states.push_back(static_cast<v1::Intent::State>(state));
    list.filter = request->filter();
    list.order_by = request->order_by();
    auto page = rooms_.intents.List(list);
    if (!page.ok()) return page.status();
    for (v1::Intent& intent : page->intents) *response->add_intents() = std::move(intent);
    response->set_next_page_token(page->next_page_token);
    return absl::OkStatus();
  });
}

grpc::ServerUnaryReactor* IntentsService::CancelIntent(grpc::CallbackServerContext* context,
                                                       const v1::CancelIntentRequest* request, v1::Intent* response) {
  RequestCheck check;
  const ChildName name = check.Intent("name", request->name());
  if (!check.ok()) return Answer(context, check.status());
  return IntentCall::Start(rooms_, response, [name](IntentCall& call) { call.Cancel(name.host, name.id); });
}

grpc::ServerUnaryReactor* IntentsService::WaitIntent(grpc::CallbackServerContext* context,
                                                     const v1::WaitIntentRequest* request, v1::Intent* response) {
  RequestCheck check;
  const ChildName name = check.Intent("name", request->name());
  std::optional<absl::Duration> asked;
  if (request->has_timeout()) {
    asked = absl::Seconds(request->timeout().seconds()) + absl::Nanoseconds(request->timeout().nanos());
    if (*asked < absl::ZeroDuration()) check.Bad("timeout", "is negative");
  }
  if (!check.ok()) return Answer(context, check.status());
  const absl::Duration timeout = WaitTime(context->deadline(), absl::Now(), asked);
  return IntentCall::Start(rooms_, response,
                           [name, timeout](IntentCall& call) { call.Wait(name.host, name.id, timeout); });
}

WatchReactor* IntentsService::WatchIntents(grpc::CallbackServerContext* context, const grpc::ByteBuffer* bytes) {
  v1::WatchIntentsRequest request;
  if (absl::Status bad = ParseRequest(*bytes, request); !bad.ok()) return RefuseWatch(bad);
  RequestCheck check;
  const std::string host = check.Host("parent", request.parent(), /*any=*/true);
  WatchRequest watch;
  watch.filter = check.Filter(request.filter(), intents::Intents::FilterSchema());
  check.AfterRevision(request.after_revision());
  if (!check.ok()) return RefuseWatch(check.status());
  if (host != "-" && !IsKnown(rooms_, host)) return RefuseWatch(UnknownHost(host));
  watch.host = host;
  watch.after_revision = request.after_revision();
  watch.snapshot = [this, host, text = request.filter()] {
    return std::make_unique<IntentPages>(rooms_.intents, host, text);
  };
  return watches_.Start(context, std::move(watch));
}

}  // namespace warren::api
