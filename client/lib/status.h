#ifndef WARREN_CLIENT_LIB_STATUS_H_
#define WARREN_CLIENT_LIB_STATUS_H_

// gRPC's outcome as absl::Status: the same codes, and google.rpc error details (BadRequest, RetryInfo, ...) as payloads
// under their type URLs. Pure; thread-safe.

#include <string>
#include <vector>

#include "absl/status/status.h"
#include "absl/time/time.h"
#include "proto/common/status_payload.h"

namespace grpc {
class Status;
}

namespace warren::client {

absl::Status FromGrpc(const grpc::Status& status);

// The fields a server refused, in its order; empty when the status names none.
std::vector<FieldViolation> FieldViolations(const absl::Status& status);

}  // namespace warren::client

#endif  // WARREN_CLIENT_LIB_STATUS_H_
