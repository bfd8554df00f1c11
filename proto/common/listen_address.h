#ifndef WARREN_PROTO_COMMON_LISTEN_ADDRESS_H_
#define WARREN_PROTO_COMMON_LISTEN_ADDRESS_H_

// Where to listen or dial: "HOST:PORT", "[::1]:PORT" or "unix:PATH". Pure; thread-safe.

#include <string>
#include <string_view>

#include "absl/status/statusor.h"

namespace warren {

struct ListenAddress {
  bool is_unix = false;
  std::string path;  // unix only
  std::string host;  // without brackets
  int port = 0;      // 0: any free one

  // As gRPC and people write it.
  std::string ToString() const;
  // A unix socket, "localhost", 127.0.0.0/8 or ::1.
  bool IsLocal() const;
};

// INVALID_ARGUMENT with the expected forms.
absl::StatusOr<ListenAddress> ParseListenAddress(std::string_view text);

// What gRPC dials for it. INVALID_ARGUMENT for port 0, where nobody can listen.
absl::StatusOr<std::string> DialTarget(const ListenAddress& address);

}  // namespace warren

#endif  // WARREN_PROTO_COMMON_LISTEN_ADDRESS_H_
