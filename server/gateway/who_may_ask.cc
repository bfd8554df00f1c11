#include "server/gateway/who_may_ask.h"

#include <arpa/inet.h>

#include <algorithm>

#include "absl/strings/match.h"

namespace warren::gateway {
namespace {

bool IsPort(std::string_view text) {
  return text.empty() || (text[0] == ':' && text.find_first_not_of("0123456789", 1) == std::string_view::npos);
}

bool IsAddress(int family, std::string_view text) {
  in6_addr address;
  return inet_pton(family, std::string(text).c_str(), &address) == 1;
}

}  // namespace

bool IsOurHost(std::string_view host, const std::vector<std::string>& names) {
  const auto listed = [&](std::string_view name) {
    return std::any_of(names.begin(), names.end(), [&](const std::string& one) {
      return one == "*" || absl::EqualsIgnoreCase(one, absl::string_view(name.data(), name.size()));
    });
  };
  if (host.empty() || listed("*")) return true;
  if (host.front() == '[') {
    const size_t end = host.find(']');
    return end != std::string_view::npos && IsAddress(AF_INET6, host.substr(1, end - 1)) &&
           IsPort(host.substr(end + 1));
  }
  const size_t colon = std::min(host.find(':'), host.size());
  const std::string_view name = host.substr(0, colon);
  return IsPort(host.substr(colon)) &&
         (absl::EqualsIgnoreCase(absl::string_view(name.data(), name.size()), "localhost") ||
          absl::EqualsIgnoreCase(absl::string_view(name.data(), name.size()), "localhost.") ||
          IsAddress(AF_INET, name) || listed(name));
}

bool IsListedOrigin(std::string_view origin, const std::vector<std::string>& origins) {
  return !origin.empty() && std::any_of(origins.begin(), origins.end(),
                                        [&](const std::string& one) { return one == "*" || one == origin; });
}

bool IsNamedOrigin(std::string_view origin, const std::vector<std::string>& origins) {
  return !origin.empty() && origin != "*" && std::find(origins.begin(), origins.end(), origin) != origins.end();
}

}  // namespace warren::gateway
