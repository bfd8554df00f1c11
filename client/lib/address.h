#ifndef WARREN_CLIENT_LIB_ADDRESS_H_
#define WARREN_CLIENT_LIB_ADDRESS_H_

// Which server to talk to. Thread-safe.

#include <string>
#include <string_view>

#include "absl/status/statusor.h"

namespace warren::client {

inline constexpr char kDefaultSocket[] = "/run/warren/server.sock";
inline constexpr char kDefaultTcp[] = "127.0.0.1:7600";

// "unix:SOCKET" when that socket exists, else 127.0.0.1:7600.
std::string DefaultServer(const std::string& socket = kDefaultSocket);

// What gRPC dials for "HOST:PORT", "[IPV6]:PORT" or "unix:PATH". INVALID_ARGUMENT with the expected forms (port 0
// included); PERMISSION_DENIED when this user may not write to the socket, which no retry would mend.
absl::StatusOr<std::string> DialTarget(std::string_view server);

}  // namespace warren::client

#endif  // WARREN_CLIENT_LIB_ADDRESS_H_
