#ifndef WARREN_PROTO_COMMON_STATUS_PAYLOAD_H_
#define WARREN_PROTO_COMMON_STATUS_PAYLOAD_H_

// google.rpc error details carried by an absl::Status, as payloads under their type URLs, so that rooms without gRPC
// can give them and the API can pass them on.

#include <map>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "absl/status/status.h"
#include "absl/time/time.h"
#include "google/rpc/status.pb.h"

namespace warren {

inline constexpr char kBadRequestUrl[] = "type.googleapis.com/google.rpc.BadRequest";
inline constexpr char kRetryInfoUrl[] = "type.googleapis.com/google.rpc.RetryInfo";
inline constexpr char kErrorInfoUrl[] = "type.googleapis.com/google.rpc.ErrorInfo";
inline constexpr char kResourceInfoUrl[] = "type.googleapis.com/google.rpc.ResourceInfo";
// Domain of every ErrorInfo.
inline constexpr char kErrorDomain[] = "warren.v1";

// A field path as in the proto, "operations[2].create_veth.a.name", and what is wrong with it.
struct FieldViolation {
  std::string field;
  std::string description;
};

// INVALID_ARGUMENT with every violation in the message and as google.rpc.BadRequest.
absl::Status BadRequestError(const std::vector<FieldViolation>& violations);

// RESOURCE_EXHAUSTED with google.rpc.RetryInfo.
absl::Status ExhaustedError(std::string message, absl::Duration retry_after);

// The same status with google.rpc.ErrorInfo: a reason that programs may rely on ("QUEUE_FULL", docs/api.md lists them)
// and what it is about ({"host", "h1"}).
absl::Status WithReason(absl::Status status, std::string_view reason,
                        const std::map<std::string, std::string>& metadata = {});
// The same status with google.rpc.ResourceInfo: the kind ("warren.v1.Host") and the name ("hosts/h1") of what it is
// about.
absl::Status WithResource(absl::Status status, std::string_view type, std::string_view name);
// The same status with google.rpc.RetryInfo.
absl::Status WithRetry(absl::Status status, absl::Duration retry_after);

// "UNAVAILABLE: the disk is full", for logs and pages: what payloads say is for programs.
std::string ToText(const absl::Status& status);

// The status as a message, with those of its payloads that are of google.rpc; others are a room's own business.
google::rpc::Status ToRpcStatus(const absl::Status& status);
// The same status with the details of such a message.
absl::Status WithDetails(absl::Status status, const google::rpc::Status& message);

// The reason of a status' ErrorInfo; empty: it has none.
std::string ReasonOf(const absl::Status& status);

}  // namespace warren

#endif  // WARREN_PROTO_COMMON_STATUS_PAYLOAD_H_
