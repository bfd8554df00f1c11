#ifndef WARREN_PROTO_COMMON_STATUS_PAYLOAD_H_
#define WARREN_PROTO_COMMON_STATUS_PAYLOAD_H_

// google.rpc error details carried by an absl::Status, as payloads under their type URLs, so that rooms without gRPC
// can give them and the API can pass them on.

#include <string>
#include <utility>
#include <vector>

#include "absl/status/status.h"
#include "absl/time/time.h"

namespace warren {

inline constexpr char kBadRequestUrl[] = "type.googleapis.com/google.rpc.BadRequest";
inline constexpr char kRetryInfoUrl[] = "type.googleapis.com/google.rpc.RetryInfo";

// A field path as in the proto, "operations[2].create_veth.a.name", and what is wrong with it.
struct FieldViolation {
  std::string field;
  std::string description;
};

// INVALID_ARGUMENT with every violation in the message and as google.rpc.BadRequest.
absl::Status BadRequestError(const std::vector<FieldViolation>& violations);

// RESOURCE_EXHAUSTED with google.rpc.RetryInfo.
absl::Status ExhaustedError(std::string message, absl::Duration retry_after);

}  // namespace warren

#endif  // WARREN_PROTO_COMMON_STATUS_PAYLOAD_H_
