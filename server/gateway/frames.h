#ifndef WARREN_SERVER_GATEWAY_FRAMES_H_
#define WARREN_SERVER_GATEWAY_FRAMES_H_

// What goes over a WebSocket in binary: one field of type bytes of a message, or of a oneof in it, as the field's
// number, one byte, and its content. So nothing that a terminal writes is wrapped in base64 and JSON. And how a call's
// end is said in a close frame. Pure functions; thread-safe.

#include <google/protobuf/message.h>

#include <cstdint>
#include <string>
#include <string_view>

#include "absl/status/status.h"

namespace warren::gateway {

// Sets the field in the message, which is empty. INVALID_ARGUMENT: it is of no field that may come so.
absl::Status FromFrame(std::string_view frame, google::protobuf::Message& message);

// Makes a message as it is on the wire such a frame, in place, if just one field is set in it that may go so; false,
// and nothing is done: it is another.
bool ToFrame(const google::protobuf::Descriptor& type, std::string& wire);

// 1000 for OK, otherwise 4000 and gRPC's code: of those up to 4999 everybody may make what they want.
uint16_t CloseCodeOf(int grpc_code);
// As much of it as a close frame holds, cut between characters.
std::string CloseReasonOf(std::string_view message);

}  // namespace warren::gateway

#endif  // WARREN_SERVER_GATEWAY_FRAMES_H_
