#ifndef WARREN_CLIENT_LIB_STATUS_H_
#define WARREN_CLIENT_LIB_STATUS_H_

// gRPC's outcome as absl::Status: the same codes, and google.rpc error details (BadRequest, RetryInfo, ...) as payloads
// under their type URLs, and what they say. warren::ReasonOf (proto/common/status_payload.h) gives the reason that
// programs may rely on. Pure; thread-safe.

#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "absl/status/status.h"
#include "absl/time/time.h"
#include "proto/common/status_payload.h"

namespace grpc {
class Status;
}

namespace warren::client {

// Reason of an UNAVAILABLE that another try does not mend: the host has no agent connected.
inline constexpr std::string_view kHostAway = "HOST_AWAY";

// gRPC says CANCELLED for a call that a server cut when it ended, before or after it did what was asked; it becomes
// UNAVAILABLE, as for every other way to lose a server. Calls that this side cancels are not for FromGrpc.
absl::Status FromGrpc(const grpc::Status& status);

// The fields a server refused, in its order; empty when the status names none.
std::vector<FieldViolation> FieldViolations(const absl::Status& status);

// When to try again, as the server asks for in google.rpc.RetryInfo; none: it does not say.
std::optional<absl::Duration> RetryDelay(const absl::Status& status);

// What google.rpc.ErrorInfo says under a key ("host": "h1"); empty: nothing.
std::string ErrorMetadata(const absl::Status& status, const std::string& key);

// The resource that a google.rpc.ResourceInfo names ("hosts/h1"); empty: none.
std::string ResourceOf(const absl::Status& status);

}  // namespace warren::client

#endif  // WARREN_CLIENT_LIB_STATUS_H_
