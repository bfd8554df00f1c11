#ifndef WARREN_SERVER_GATEWAY_REQUEST_H_
#define WARREN_SERVER_GATEWAY_REQUEST_H_

// The request message of an RPC from the parts of an HTTP request: body, path, query, in this order, none of which may
// give what another gives. Pure; thread-safe.

#include <google/protobuf/message.h>

#include <cstddef>
#include <memory>
#include <optional>
#include <string_view>

#include "absl/status/statusor.h"
#include "absl/time/time.h"
#include "server/gateway/json_syntax.h"
#include "server/gateway/query.h"
#include "server/gateway/routes.h"

namespace warren::gateway {

// What of an HTTP request says what is asked for, beside its path.
struct RequestParts {
  const Parameters& query;
  std::string_view body;
  // Becomes the field request_id of a message that has one, and must agree with it where that is given too.
  std::string_view idempotency_key;
  size_t max_values = JsonRules().max_values;  // in the body
};

// Of a socket the body is the first message, and the query may give what that does not.
//
// INVALID_ARGUMENT: what does not fit, with the field or parameter, or a body where the route has none.
absl::StatusOr<std::unique_ptr<google::protobuf::Message>> BuildRequest(const Route& route,
                                                                        const Pattern::Bindings& bindings,
                                                                        const RequestParts& parts);

// "10S", "500m": up to 8 digits and H, M, S, m (ms), u (µs) or n (ns), as gRPC sends it. INVALID_ARGUMENT otherwise.
absl::StatusOr<absl::Duration> ParseTimeout(std::string_view text);

}  // namespace warren::gateway

#endif  // WARREN_SERVER_GATEWAY_REQUEST_H_
