#include "server/gateway/upgrade.h"

#include <string_view>

#include "absl/strings/ascii.h"
#include "absl/strings/escaping.h"
#include "absl/strings/match.h"
#include "absl/strings/str_split.h"

namespace warren::gateway {
namespace {

constexpr size_t kKeyBytes = 16;

bool HasToken(const Headers& headers, std::string_view name, absl::string_view token) {
  for (const auto& [key, value] : headers) {
    if (key != name) continue;
    for (const absl::string_view one : absl::StrSplit(value, ',')) {
      if (absl::EqualsIgnoreCase(absl::StripAsciiWhitespace(one), token)) return true;
    }
  }
  return false;
}

}  // namespace

std::optional<UpgradeRefusal> WhyNoUpgrade(const HttpRequest& request) {
  // HTTP/1.0 has none, whatever it says (RFC 9110 section 7.8).
  if (request.version < 11 || !HasToken(request.headers, "upgrade", "websocket") ||
      !HasToken(request.headers, "connection", "upgrade")) {
    return UpgradeRefusal{426,
                          "this is a WebSocket: ask with Upgrade: websocket and Connection: Upgrade, of HTTP/1.1",
                          {{"Upgrade", "websocket"}, {"Connection", "Upgrade"}}};
  }
  if (request.verb != "GET" || !request.body.empty()) {
    return UpgradeRefusal{400, "a WebSocket is opened with a GET that has no body", {}};
  }
  if (HeaderOf(request.headers, "sec-websocket-version") != "13") {
    return UpgradeRefusal{426, "Sec-WebSocket-Version is to be 13", {{"Sec-WebSocket-Version", "13"}}};
  }
  std::string key;
  if (!absl::Base64Unescape(std::string(HeaderOf(request.headers, "sec-websocket-key")), &key) ||
      key.size() != kKeyBytes) {
    return UpgradeRefusal{400, "Sec-WebSocket-Key is to be 16 bytes in base64", {}};
  }
  return std::nullopt;
}

}  // namespace warren::gateway
