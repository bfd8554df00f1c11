#ifndef WARREN_SERVER_GATEWAY_REFUSALS_H_
#define WARREN_SERVER_GATEWAY_REFUSALS_H_

// What the gateway itself says no with, before there is a call: a google.rpc.Status as a body. Pure; thread-safe.

#include <string>
#include <string_view>

#include "absl/status/status.h"
#include "server/gateway/http.h"

namespace warren::gateway {

HttpResponse Error(int http_status, absl::StatusCode code, std::string message);
// With the HTTP status that goes with its code.
HttpResponse Error(const absl::Status& status);

// What is over a limit, or no request.
HttpResponse Refused(int status, std::string_view why);

}  // namespace warren::gateway

#endif  // WARREN_SERVER_GATEWAY_REFUSALS_H_
