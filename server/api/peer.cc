#include "server/api/peer.h"

#include <arpa/inet.h>
#include <netinet/in.h>

#include <string>
#include <string_view>

#include "absl/strings/match.h"
#include "absl/strings/numbers.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/str_replace.h"
#include "absl/strings/strip.h"
#include "server/api/unix_listener.h"

namespace warren::api {
namespace {

using auth::Peer;

// What gRPC calls the peer of a channel that is no connection.
constexpr char kInProcess[] = "unknown";

bool IsLoopback(const std::string& address) {
  in_addr v4{};
  if (inet_pton(AF_INET, address.c_str(), &v4) == 1) return (ntohl(v4.s_addr) >> 24) == 127;
  in6_addr v6{};
  if (inet_pton(AF_INET6, address.c_str(), &v6) != 1) return false;
  return IN6_IS_ADDR_LOOPBACK(&v6) || (IN6_IS_ADDR_V4MAPPED(&v6) && v6.s6_addr[12] == 127);
}

// "127.0.0.1:40123", "[::1]:40123"; an IPv6 address may be without brackets.
Peer OfAddress(std::string text) {
  Peer peer;
  const size_t colon = text.rfind(':');
  std::string address = text.substr(0, colon);
  if (address.size() > 2 && address.front() == '[' && address.back() == ']') {
    address = address.substr(1, address.size() - 2);
  }
  if (colon != std::string::npos && IsLoopback(address)) peer.way = Peer::Way::kLoopback;
  peer.source = std::move(text);
  return peer;
}

Peer OfDescriptor(absl::string_view number) {
  Peer peer;
  int fd = -1;
  if (!absl::SimpleAtoi(number, &fd)) return peer;
  const auto who = CredentialsOf(fd);
  if (!who) return peer;
  peer.way = Peer::Way::kUnix;
  peer.uid = who->uid;
  peer.source = absl::StrCat("unix:", who->pid);
  return peer;
}

Peer OfGateway(const grpc::ServerContextBase& context) {
  const auto [begin, end] = context.client_metadata().equal_range("x-forwarded-for");
  if (begin == end || std::next(begin) != end) return {};
  return OfAddress(std::string(begin->second.data(), begin->second.size()));
}

}  // namespace

Peer PeerOf(const grpc::ServerContextBase& context) {
  const std::string text = context.peer();
  absl::string_view rest = text;
  if (absl::ConsumePrefix(&rest, "fd:")) return OfDescriptor(rest);
  if (absl::ConsumePrefix(&rest, "ipv4:") || absl::ConsumePrefix(&rest, "ipv6:")) {
    return OfAddress(absl::StrReplaceAll(rest, {{"%5B", "["}, {"%5D", "]"}}));
  }
  return text == kInProcess ? OfGateway(context) : Peer();
}

}  // namespace warren::api
