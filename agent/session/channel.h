#ifndef WARREN_AGENT_SESSION_CHANNEL_H_
#define WARREN_AGENT_SESSION_CHANNEL_H_

// How the server is dialled.

#include <grpcpp/grpcpp.h>

#include <memory>
#include <optional>
#include <string>
#include <string_view>

#include "absl/status/statusor.h"
#include "agent/kernel/ip.h"

namespace warren::session {

// Checks "HOST:PORT" or "unix:PATH" and spells it for gRPC. INVALID_ARGUMENT otherwise.
absl::StatusOr<std::string> DialTarget(std::string_view server);

// A channel of its own, that shares nothing with one before it: when to try again is decided by the session's backoff,
// not by gRPC's. Connecting may take 5 s; a server that does not answer a ping within 5 s of 10 quiet ones is taken for
// dead. `stream_window`: how many bytes of a stream may have come that nobody has read; 0: what gRPC finds best, which
// is tens of MiB on a fast network.
std::shared_ptr<grpc::Channel> Dial(const std::string& target, int stream_window = 0);

// The address behind what gRPC calls a peer, "ipv4:192.0.2.1:7600" or "ipv6:%5B2001:db8::1%5D:7600"; none for a unix
// socket.
std::optional<kernel::Ip> PeerIp(std::string_view peer);

}  // namespace warren::session

#endif  // WARREN_AGENT_SESSION_CHANNEL_H_
