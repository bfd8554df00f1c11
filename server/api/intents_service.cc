#include "server/api/intents_service.h"

#include <utility>

#include "absl/time/clock.h"
#include "server/api/request.h"
#include "server/intents/validate.h"

namespace warren::api {

grpc::ServerUnaryReactor* IntentsService::CreateIntent(grpc::CallbackServerContext* context,
                                                       const v1::CreateIntentRequest* request, v1::Intent* response) {
  RequestCheck check;
  std::string host = check.Host("parent", request->parent());
  check.RequestId(request->request_id());
  if (!check.ok()) {
    // The queue would name the bad operations, but it is not asked: name them with the rest.
    const intents::Limits limits{rooms_.max_operations, rooms_.max_intent_bytes};
    for (FieldViolation& violation : intents::ValidateOperations(request->intent().operations(), limits)) {
      check.violations().push_back(std::move(violation));
    }
    return Answer(context, check.status());
  }
  return IntentCall::Start(rooms_, response, [request, host = std::move(host)](IntentCall& call) {
    intents::AcceptRequest accept;
    accept.host = host;
    accept.operations = request->intent().operations();
    accept.request_id = request->request_id();
    accept.allow_unknown_host = request->allow_unknown_host();
    accept.validate_only = request->validate_only();
    call.Accept(std::move(accept), std::nullopt);
  });
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

}  // namespace warren::api
