#ifndef WARREN_SERVER_GATEWAY_SOCKET_CALL_H_
#define WARREN_SERVER_GATEWAY_SOCKET_CALL_H_

// One RPC that streams both ways over one WebSocket. A text frame is a message as JSON; a binary one a field of type
// bytes (frames.h), as which the server's messages go where they can. The call begins with the client's first message,
// which is text. At its end a text frame {"error": ...}, if it failed, and a close frame that has gRPC's code. What the
// client says wrongly ends the call the same way. A client that leaves cancels it.
//
// Flow control: the client's next message is read when the call has taken the one before, and the call's next one when
// the client has: one is held in each direction, beside what gRPC and the sockets do.
//
// Threading: StartSocketCall from any thread; what follows is on gRPC's, the listener's and those of `elsewhere`, and
// blocks none.

#include <google/protobuf/message.h>
#include <grpcpp/channel.h>
#include <grpcpp/client_context.h>

#include <cstddef>
#include <functional>
#include <memory>
#include <string_view>

#include "absl/status/statusor.h"
#include "server/gateway/json_types.h"
#include "server/gateway/routes.h"
#include "server/gateway/websocket.h"

namespace warren::gateway {

struct SocketCallRequest {
  std::shared_ptr<void> slot;  // let go of when the call is over
  const Route* route = nullptr;
  JsonTypes* types = nullptr;
  std::shared_ptr<grpc::ClientContext> context;
  std::shared_ptr<WebSocket> socket;
  // The first message of its text, with what the path and the query say. INVALID_ARGUMENT: what is wrong.
  std::function<absl::StatusOr<std::unique_ptr<google::protobuf::Message>>(std::string_view text)> first;
  size_t max_values = 0;  // in a message that is JSON
  // Runs what reads so many bytes of JSON, where that does not hold up others; false: there is too much to read.
  std::function<bool(size_t bytes, std::function<void()> task)> elsewhere;
};
// The channel outlives the call, the rest that is not given away its slot.
void StartSocketCall(grpc::Channel& channel, SocketCallRequest request);

}  // namespace warren::gateway

#endif  // WARREN_SERVER_GATEWAY_SOCKET_CALL_H_
