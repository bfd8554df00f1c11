#ifndef WARREN_SERVER_GATEWAY_HTTP_STATUS_H_
#define WARREN_SERVER_GATEWAY_HTTP_STATUS_H_

// gRPC's status codes as HTTP's (google/rpc/code.proto says which), and errors as bodies. Pure functions; thread-safe.

#include <string>

#include "absl/status/status.h"
#include "google/rpc/status.pb.h"

namespace warren::gateway {

// 200 for OK; of a number that is no code, 500.
int HttpStatusOf(int grpc_code);

// As a body: {"code": 5, "message": "...", "details": [{"@type": "type.googleapis.com/google.rpc.BadRequest", ...}]}.
// Details of a type that is not linked in are left out.
std::string ErrorBody(const google::rpc::Status& status, bool pretty);
google::rpc::Status ToRpcStatus(const absl::Status& status);

}  // namespace warren::gateway

#endif  // WARREN_SERVER_GATEWAY_HTTP_STATUS_H_
