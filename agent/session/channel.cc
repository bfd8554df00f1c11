#include "agent/session/channel.h"

#include <grpc/grpc.h>

#include "absl/status/status.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/str_replace.h"
#include "proto/common/listen_address.h"

namespace warren::session {
namespace {

constexpr int kConnectMs = 5000;
constexpr int kKeepaliveMs = 10000;  // servers refuse pings that come more often than every 5 s
constexpr int kKeepaliveTimeoutMs = 5000;
constexpr int kMaxMessageBytes = 64 << 20;  // several intents of 1 MiB each

}  // namespace

absl::StatusOr<std::string> DialTarget(std::string_view server) {
  auto address = ParseListenAddress(server);
  if (!address.ok()) return address.status();
  return warren::DialTarget(*address);
}

std::shared_ptr<grpc::Channel> Dial(const std::string& target, int stream_window) {
  // For good: when the last channel is gone gRPC's library waits for its threads, one of which may be in a poll of 10 s
  // that a write larger than the socket's buffer began.
  static const bool kept = (grpc_init(), true);
  (void)kept;
  grpc::ChannelArguments arguments;
  arguments.SetInt(GRPC_ARG_ENABLE_HTTP_PROXY, 0);
  arguments.SetInt(GRPC_ARG_USE_LOCAL_SUBCHANNEL_POOL, 1);
  arguments.SetInt(GRPC_ARG_MIN_RECONNECT_BACKOFF_MS, kConnectMs);  // also how long one attempt may take
  arguments.SetInt(GRPC_ARG_KEEPALIVE_TIME_MS, kKeepaliveMs);
  arguments.SetInt(GRPC_ARG_KEEPALIVE_TIMEOUT_MS, kKeepaliveTimeoutMs);
  arguments.SetInt(GRPC_ARG_HTTP2_MAX_PINGS_WITHOUT_DATA, 0);
  arguments.SetMaxReceiveMessageSize(kMaxMessageBytes);
  arguments.SetMaxSendMessageSize(-1);  // the inventory of one namespace is as large as it is
  if (stream_window > 0) {
    arguments.SetInt(GRPC_ARG_HTTP2_BDP_PROBE, 0);
    arguments.SetInt(GRPC_ARG_HTTP2_STREAM_LOOKAHEAD_BYTES, stream_window);
  }
  return grpc::CreateCustomChannel(target, grpc::InsecureChannelCredentials(), arguments);
}

std::optional<kernel::Ip> PeerIp(std::string_view peer) {
  const size_t colon = peer.find(':');
  const std::string_view scheme = peer.substr(0, colon);
  if (scheme != "ipv4" && scheme != "ipv6") return std::nullopt;
  std::string text =
      absl::StrReplaceAll(std::string(peer.substr(colon + 1)), {{"%5B", "["}, {"%5D", "]"}, {"%25", "%"}});
  const size_t port = text.rfind(':');
  if (port == std::string::npos) return std::nullopt;
  text.resize(port);
  if (!text.empty() && text.front() == '[') text = text.substr(1, text.find(']') - 1);
  if (const size_t zone = text.find('%'); zone != std::string::npos) text.resize(zone);
  return kernel::ParseIp(text);
}

}  // namespace warren::session
