#ifndef WARREN_SERVER_GATEWAY_CALL_H_
#define WARREN_SERVER_GATEWAY_CALL_H_

// One RPC on behalf of one HTTP request, and its answer: a JSON body, or for a server stream one line of JSON a
// message, {"result": ...}, and at a failure after the first a last one, {"error": ...}. The next message is read when
// the client has taken the one before, so that a slow one costs one message. A client that hangs up cancels the call.
//
// Calls are made as protoc's stubs make them, of any method: gRPC's generic stub knows no server streams, and a call
// that streams both ways keeps 1 KiB more. An answer stays as it is on the wire: JSON is written from that.
//
// Threading: StartCall from any thread; what follows is on gRPC's and the listener's, and blocks none.

#include <google/protobuf/message.h>
#include <grpcpp/channel.h>
#include <grpcpp/client_context.h>

#include <functional>
#include <memory>

#include "absl/status/status.h"
#include "google/rpc/status.pb.h"
#include "server/gateway/http.h"
#include "server/gateway/json_types.h"
#include "server/gateway/routes.h"

namespace warren::gateway {

struct CallRequest {
  std::shared_ptr<void> slot;  // first, so that it is let go of when nothing of the call is left
  const Route* route = nullptr;
  JsonTypes* types = nullptr;
  std::unique_ptr<google::protobuf::Message> message;
  std::shared_ptr<grpc::ClientContext> context;  // whoever cancels may do so when the call is over
  bool pretty = false;
  // Makes a whole answer what it is on the wire: adds headers, compresses.
  std::function<HttpResponse(HttpResponse)> finish;
  std::shared_ptr<HttpResponder> responder;
};
// The channel and the types outlive it.
void StartCall(grpc::Channel& channel, CallRequest request);

// With the details that the server gave.
google::rpc::Status RpcStatusOf(const grpc::Status& status);
grpc::Status ToGrpc(const absl::Status& status);

// An error as a whole answer; with Retry-After where it says when to try again, and for 429 and 503.
HttpResponse ErrorResponse(const grpc::Status& status, bool pretty);

}  // namespace warren::gateway

#endif  // WARREN_SERVER_GATEWAY_CALL_H_
