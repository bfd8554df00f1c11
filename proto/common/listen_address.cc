#include "proto/common/listen_address.h"

#include "absl/status/status.h"
#include "absl/strings/numbers.h"
#include "absl/strings/str_cat.h"

namespace warren {
namespace {

// sockaddr_un.sun_path holds 108 bytes with the final NUL (unix(7)).
constexpr size_t kMaxUnixPath = 107;

}  // namespace

std::string ListenAddress::ToString() const {
  if (is_unix) return absl::StrCat("unix:", path);
  if (host.find(':') != std::string::npos) return absl::StrCat("[", host, "]:", port);
  return absl::StrCat(host, ":", port);
}

bool ListenAddress::IsLocal() const {
  return is_unix || host == "localhost" || host == "::1" || host.rfind("127.", 0) == 0;
}

absl::StatusOr<ListenAddress> ParseListenAddress(std::string_view text) {
  const auto bad = [&](std::string_view why) {
    return absl::InvalidArgumentError(absl::StrCat("address \"", absl::string_view(text.data(), text.size()), "\" ",
                                                   absl::string_view(why.data(), why.size()),
                                                   "; expected HOST:PORT, [IPV6]:PORT or unix:PATH"));
  };
  ListenAddress address;
  if (text.substr(0, 5) == "unix:") {
    address.is_unix = true;
    address.path = text.substr(5);
    if (address.path.empty()) return bad("has no path");
    if (address.path.size() > kMaxUnixPath) return bad("has a path longer than 107 bytes");
    return address;
  }
  const size_t colon = text.rfind(':');
  if (colon == std::string_view::npos) return bad("has no port");
  std::string_view host = text.substr(0, colon);
  if (host.size() >= 2 && host.front() == '[' && host.back() == ']') {
    host = host.substr(1, host.size() - 2);
  } else if (host.find(':') != std::string_view::npos) {
    return bad("has an IPv6 address without brackets");
  }
  if (host.empty()) return bad("has no host");
  const std::string port(text.substr(colon + 1));
  if (!absl::SimpleAtoi(port, &address.port) || address.port < 0 || address.port > 65535) {
    return bad("has a port that is not 0-65535");
  }
  address.host = host;
  return address;
}

absl::StatusOr<std::string> DialTarget(const ListenAddress& address) {
  if (address.is_unix) return address.ToString();
  if (address.port == 0) {
    return absl::InvalidArgumentError(
        absl::StrCat("address \"", address.ToString(), "\" has port 0, where nobody listens"));
  }
  // Not left to gRPC's own parsing, which would take "dns://..." and other schemes as well.
  return absl::StrCat("dns:", address.ToString());
}

}  // namespace warren
