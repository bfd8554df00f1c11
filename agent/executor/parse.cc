#include "agent/executor/parse.h"

#include <sys/socket.h>

#include <algorithm>
#include <utility>

#include "absl/strings/str_cat.h"

namespace warren::executor {
namespace {

absl::Status Bad(const std::string& text, const char* what) {
  return absl::InvalidArgumentError(absl::StrCat("\"", text, "\" is not ", what));
}

uint32_t Lifetime(bool given, const google::protobuf::Duration& duration, uint32_t otherwise) {
  if (!given) return otherwise;
  return static_cast<uint32_t>(std::clamp<int64_t>(duration.seconds(), 0, kernel::kForever - 1));
}

// What AddRoute and DeleteRoute have in common.
template <typename Operation>
absl::StatusOr<kernel::NewRoute> ParseCommon(const Operation& operation) {
  kernel::NewRoute route;
  route.table = operation.table() == 0 ? kernel::kMainTable : operation.table();
  route.metric = operation.metric();
  for (const auto& [text, ip] : {std::pair{&operation.via(), &route.via}, std::pair{&operation.src(), &route.source}}) {
    if (text->empty()) continue;
    const auto parsed = kernel::ParseIp(*text);
    if (!parsed) return Bad(*text, "an address");
    // In IPv4 the kernel takes it for none at all.
    if (parsed->bytes == std::string(parsed->bytes.size(), '\0')) {
      return Bad(*text,
                 ip == &route.via ? "a gateway; leave via out for a route without one" : "a source; leave src out");
    }
    *ip = *parsed;
  }
  if (operation.destination() == "default") {
    route.family = route.source.family != 0 ? route.source.family : route.via.family != 0 ? route.via.family : AF_INET;
    route.destination = {{route.family, std::string(route.family == AF_INET ? 4 : 16, '\0')}, 0};
  } else {
    const auto prefix = kernel::ParsePrefix(operation.destination());
    if (!prefix) return Bad(operation.destination(), "a prefix");
    route.destination = *prefix;
    route.family = prefix->ip.family;
  }
  return route;
}

}  // namespace

absl::StatusOr<ParsedAddress> ParseAddress(const std::string& address, const std::string& peer) {
  ParsedAddress parsed;
  const auto local = kernel::ParsePrefix(address);
  if (!local) return Bad(address, "an address");
  parsed.local = *local;
  if (peer.empty()) return parsed;
  const auto far = kernel::ParsePrefix(peer);
  if (!far || far->ip.family != local->ip.family) return Bad(peer, "an address of the same family");
  if (peer.find('/') != std::string::npos) parsed.local.length = far->length;
  if (far->ip != local->ip) parsed.peer = far->ip;
  return parsed;
}

absl::StatusOr<kernel::NewAddress> ParseNewAddress(const v1::AddAddress& operation) {
  auto parsed = ParseAddress(operation.address(), operation.peer());
  if (!parsed.ok()) return parsed.status();
  kernel::NewAddress address;
  address.local = parsed->local;
  address.peer = parsed->peer;
  address.nodad = operation.nodad();
  address.valid_lifetime = Lifetime(operation.has_valid_lifetime(), operation.valid_lifetime(), kernel::kForever);
  address.preferred_lifetime =
      Lifetime(operation.has_preferred_lifetime(), operation.preferred_lifetime(), address.valid_lifetime);
  return address;
}

absl::StatusOr<kernel::NewRoute> ParseRoute(const v1::AddRoute& operation) {
  auto route = ParseCommon(operation);
  if (route.ok()) route->onlink = operation.onlink();
  return route;
}

absl::StatusOr<kernel::NewRoute> ParseRoute(const v1::DeleteRoute& operation) { return ParseCommon(operation); }

}  // namespace warren::executor
