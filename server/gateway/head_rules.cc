#include "server/gateway/head_rules.h"

#include <set>

#include "absl/strings/ascii.h"
#include "absl/strings/str_cat.h"

namespace warren::gateway {
namespace {

// Headers that mean one thing and so come once.
bool ComesOnce(std::string_view name) {
  static const auto* names = new std::set<std::string, std::less<>>{"host",
                                                                    "content-length",
                                                                    "content-type",
                                                                    "transfer-encoding",
                                                                    "content-encoding",
                                                                    "authorization",
                                                                    "origin",
                                                                    "grpc-timeout",
                                                                    "idempotency-key",
                                                                    "traceparent",
                                                                    "expect",
                                                                    "sec-websocket-key",
                                                                    "sec-websocket-version"};
  return names->contains(name);
}

}  // namespace

bool HasFoldedLine(std::string_view head) {
  for (size_t at = head.find('\n'); at != std::string_view::npos; at = head.find('\n', at + 1)) {
    if (at + 1 < head.size() && (head[at + 1] == ' ' || head[at + 1] == '\t')) return true;
  }
  return false;
}

bool MayBeHead(std::string_view begun) {
  if (begun == "\r") return true;  // half of an empty line
  // A verb is a token (RFC 9110 section 5.6.2), of letters in practice.
  if (!begun.empty() && !absl::ascii_isalpha(static_cast<unsigned char>(begun.front()))) return false;
  for (size_t at = begun.find('\n'); at != std::string_view::npos; at = begun.find('\n', at + 1)) {
    if (at == 0 || begun[at - 1] != '\r') return false;
  }
  return true;
}

std::string WhyBadHead(unsigned version, const Headers& headers) {
  if (version != 11 && version != 10) return "an HTTP version that is neither 1.1 nor 1.0";
  std::set<std::string_view> once;
  for (const auto& [name, value] : headers) {
    if (ComesOnce(name) && !once.insert(name).second) return absl::StrCat("a second header ", name);
    if (name == "content-length" && (value.empty() || value.find_first_not_of("0123456789") != std::string::npos)) {
      return "a Content-Length that is not one number";
    }
    // RFC 9112 section 6.1.
    if (name == "transfer-encoding" && version < 11) return "a Transfer-Encoding of HTTP/1.0";
  }
  if (version == 11 && !once.contains("host")) return "no header host";
  return "";
}

}  // namespace warren::gateway
