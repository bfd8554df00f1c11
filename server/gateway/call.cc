#include "server/gateway/call.h"

#include <grpcpp/impl/codegen/proto_utils.h>
#include <grpcpp/support/client_callback.h>
#include <grpcpp/support/proto_buffer_reader.h>

#include <algorithm>
#include <utility>

#include "absl/strings/str_cat.h"
#include "google/rpc/error_details.pb.h"
#include "google/rpc/status.pb.h"
#include "server/gateway/http_status.h"
#include "server/gateway/json.h"
#include "server/gateway/metadata.h"

namespace warren::gateway {
namespace {

using google::protobuf::Message;

constexpr char kJson[] = "application/json";
constexpr char kLines[] = "application/x-ndjson";

absl::StatusOr<std::string> ResponseJson(const CallRequest& request, grpc::ByteBuffer& wire, bool pretty) {
  const Route& route = *request.route;
  const google::protobuf::Descriptor& type = *route.method->output_type();
  grpc::ProtoBufferReader reader(&wire);
  if (route.response_field == nullptr) return WireToJson(reader, type, *request.types, pretty);
  const std::unique_ptr<Message> message(
      google::protobuf::MessageFactory::generated_factory()->GetPrototype(&type)->New());
  if (!message->ParseFromZeroCopyStream(&reader)) {
    return absl::InternalError(absl::StrCat("the answer is no ", type.full_name()));
  }
  return FieldToJson(*message, *route.response_field, pretty);
}

void StartUnary(grpc::Channel& channel, CallRequest request) {
  struct State {
    CallRequest request;
    grpc::ByteBuffer response;
  };
  auto state = std::make_shared<State>(State{std::move(request), {}});
  state->request.responder->OnGone([context = state->request.context] { context->TryCancel(); });
  const grpc::internal::RpcMethod method(state->request.route->grpc_method.c_str(),
                                         grpc::internal::RpcMethod::NORMAL_RPC);
  const Message* message = state->request.message.get();
  grpc::internal::CallbackUnaryCall(&channel, method, state->request.context.get(), message, &state->response,
                                    [state](grpc::Status status) {
                                      CallRequest& request = state->request;
                                      HttpResponse answer;
                                      if (status.ok()) {
                                        auto body = ResponseJson(request, state->response, request.pretty);
                                        if (body.ok()) {
                                          answer.headers.emplace_back("Content-Type", kJson);
                                          answer.body = *std::move(body);
                                          if (request.pretty) answer.body += '\n';
                                        } else {
                                          status = ToGrpc(body.status());
                                        }
                                      }
                                      if (!status.ok()) answer = ErrorResponse(status, request.pretty);
                                      HandBackInitial(*request.context, answer.headers);
                                      HandBackTrailing(*request.context, answer.headers);
                                      request.responder->Respond(request.finish(std::move(answer)));
                                    });
}

class StreamCall final : public grpc::ClientReadReactor<grpc::ByteBuffer> {
 public:
  explicit StreamCall(CallRequest request) : request_(std::move(request)) {}

  void Start(grpc::Channel& channel) {
    const grpc::internal::RpcMethod method(request_.route->grpc_method.c_str(),
                                           grpc::internal::RpcMethod::SERVER_STREAMING);
    grpc::internal::ClientCallbackReaderFactory<grpc::ByteBuffer>::Create(&channel, method, request_.context.get(),
                                                                          std::as_const(request_.message).get(), this);
    request_.responder->OnGone([context = request_.context] { context->TryCancel(); });
    // Until the answer is over: OnDone may otherwise come between a read and the write of what it brought.
    AddHold();
    StartRead(&response_);
    StartCall();
  }

  void OnReadDone(bool ok) override {
    if (!ok) return RemoveHold();
    auto body = ResponseJson(request_, response_, /*pretty=*/false);
    if (!body.ok()) {
      failed_ = ToGrpc(body.status());
      request_.context->TryCancel();
      return RemoveHold();
    }
    if (!std::exchange(begun_, true)) {
      request_.message.reset();  // a watch may be long
      HttpResponse head{200, {{"Content-Type", kLines}, {"Cache-Control", "no-cache"}}, ""};
      HandBackInitial(*request_.context, head.headers);
      head = request_.finish(std::move(head));
      request_.responder->Begin(200, std::move(head.headers));
    }
    request_.responder->Write(absl::StrCat("{\"result\":", *body, "}\n"), [this](bool written) {
      if (!written) {
        request_.context->TryCancel();
        return RemoveHold();
      }
      response_.Clear();
      StartRead(&response_);
    });
  }

  void OnDone(const grpc::Status& status) override {
    const grpc::Status& said = failed_.ok() ? status : failed_;
    HttpResponder& responder = *request_.responder;
    if (!begun_) {
      // Over before the first message: as a whole answer, or an empty one.
      HttpResponse answer{200, {{"Content-Type", kLines}}, ""};
      if (!said.ok()) answer = ErrorResponse(said, request_.pretty);
      HandBackInitial(*request_.context, answer.headers);
      HandBackTrailing(*request_.context, answer.headers);
      responder.Respond(request_.finish(std::move(answer)));
    } else if (said.ok()) {
      responder.End(/*whole=*/true);
    } else {
      auto shared = request_.responder;
      shared->Write(absl::StrCat("{\"error\":", ErrorBody(RpcStatusOf(said), false), "}\n"),
                    [shared](bool written) { shared->End(written); });
    }
    delete this;
  }

 private:
  CallRequest request_;
  grpc::ByteBuffer response_;
  grpc::Status failed_;
  bool begun_ = false;
};

}  // namespace

google::rpc::Status RpcStatusOf(const grpc::Status& status) {
  google::rpc::Status rpc;
  if (!status.error_details().empty() && rpc.ParseFromString(status.error_details()) &&
      rpc.code() == static_cast<int>(status.error_code())) {
    return rpc;
  }
  rpc.Clear();
  rpc.set_code(static_cast<int>(status.error_code()));
  rpc.set_message(status.error_message());
  return rpc;
}

grpc::Status ToGrpc(const absl::Status& status) {
  return {static_cast<grpc::StatusCode>(status.code()), std::string(status.message())};
}

HttpResponse ErrorResponse(const grpc::Status& status, bool pretty) {
  const google::rpc::Status rpc = RpcStatusOf(status);
  HttpResponse response{HttpStatusOf(rpc.code()), {{"Content-Type", kJson}}, ErrorBody(rpc, pretty) + "\n"};
  // A client that is told to come again is told when.
  int64_t seconds = response.status == 429 || response.status == 503 ? 1 : 0;
  for (const auto& detail : rpc.details()) {
    google::rpc::RetryInfo retry;
    if (!detail.UnpackTo(&retry)) continue;
    // Whole seconds, and not sooner than was asked for.
    seconds = std::max<int64_t>(retry.retry_delay().seconds() + (retry.retry_delay().nanos() > 0 ? 1 : 0), 1);
  }
  if (seconds > 0) response.headers.emplace_back("Retry-After", absl::StrCat(seconds));
  return response;
}

void StartCall(grpc::Channel& channel, CallRequest request) {
  if (request.route->method->server_streaming()) {
    (new StreamCall(std::move(request)))->Start(channel);
  } else {
    StartUnary(channel, std::move(request));
  }
}

}  // namespace warren::gateway
