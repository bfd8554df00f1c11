#ifndef WARREN_SERVER_GATEWAY_UPGRADE_H_
#define WARREN_SERVER_GATEWAY_UPGRADE_H_

// Whether a request opens a WebSocket as RFC 6455 section 4.2.1 has it. Pure functions; thread-safe.

#include <optional>
#include <string>

#include "server/gateway/http.h"

namespace warren::gateway {

struct UpgradeRefusal {
  int status = 400;  // or 426: it is to come as a WebSocket, or as one of another version
  std::string why;
  Headers headers;  // that say how
};
// Nothing: it may go on.
std::optional<UpgradeRefusal> WhyNoUpgrade(const HttpRequest& request);

}  // namespace warren::gateway

#endif  // WARREN_SERVER_GATEWAY_UPGRADE_H_
