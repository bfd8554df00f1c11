#include "server/api/grpc_server.h"

#include <errno.h>
#include <grpc/grpc.h>
#include <grpcpp/ext/proto_server_reflection_plugin.h>
#include <grpcpp/health_check_service_interface.h>
#include <grpcpp/security/server_credentials.h>
#include <grpcpp/server_builder.h>
#include <grpcpp/server_posix.h>
#include <netdb.h>
#include <string.h>
#include <sys/socket.h>

#include <chrono>
#include <memory>
#include <utility>

#include "absl/strings/str_cat.h"
#include "absl/time/clock.h"
#include "grpc/health/v1/health.pb.h"
#include "proto/common/unique_fd.h"

namespace warren::api {
namespace {

// Agents may ask as often as this whether the server is still there.
constexpr int kMinPingMs = 5000;

// gRPC does not say why it cannot listen: try the same and tell.
std::string WhyNot(const ListenAddress& address) {
  addrinfo hints{};
  hints.ai_socktype = SOCK_STREAM;
  hints.ai_flags = AI_PASSIVE;
  addrinfo* found = nullptr;
  if (const int error = getaddrinfo(address.host.c_str(), std::to_string(address.port).c_str(), &hints, &found)) {
    return gai_strerror(error);
  }
  const std::unique_ptr<addrinfo, void (*)(addrinfo*)> owner(found, freeaddrinfo);
  for (const addrinfo* each = found; each != nullptr; each = each->ai_next) {
    const UniqueFd fd(socket(each->ai_family, SOCK_STREAM | SOCK_CLOEXEC, 0));
    const int on = 1;
    setsockopt(fd.get(), SOL_SOCKET, SO_REUSEADDR, &on, sizeof on);
    if (bind(fd.get(), each->ai_addr, each->ai_addrlen) != 0 || listen(fd.get(), 1) != 0) return strerror(errno);
  }
  return "unknown reason";
}

}  // namespace

absl::StatusOr<std::unique_ptr<GrpcServer>> GrpcServer::Start(Options options) {
  // For good: when gRPC's library is used no more it waits for its threads, one of which may be in a poll of 10 s that
  // a write larger than the socket's buffer began.
  static const bool kept = (grpc_init(), true);
  (void)kept;
  // Linked in so that reflection can describe the health service.
  grpc::health::v1::HealthCheckRequest::descriptor();
  grpc::EnableDefaultHealthCheckService(true);
  grpc::reflection::InitProtoReflectionServerBuilderPlugin();

  grpc::ServerBuilder builder;
  builder.SetMaxReceiveMessageSize(static_cast<int>(options.max_message_bytes));
  builder.AddChannelArgument(GRPC_ARG_MAX_METADATA_SIZE, options.max_metadata_bytes);
  builder.AddChannelArgument(GRPC_ARG_MAX_CONCURRENT_STREAMS, options.max_calls_per_connection);
  // Otherwise gRPC lets each stream have more under way the faster it is: tens of MiB on a fast network, which would be
  // the server's memory when the other side does not read.
  builder.AddChannelArgument(GRPC_ARG_HTTP2_BDP_PROBE, 0);
  builder.AddChannelArgument(GRPC_ARG_HTTP2_STREAM_LOOKAHEAD_BYTES, options.stream_window_bytes);
  // Two servers on one port would share its calls between them.
  builder.AddChannelArgument(GRPC_ARG_ALLOW_REUSEPORT, 0);
  builder.AddChannelArgument(GRPC_ARG_KEEPALIVE_PERMIT_WITHOUT_CALLS, 1);
  builder.AddChannelArgument(GRPC_ARG_HTTP2_MIN_RECV_PING_INTERVAL_WITHOUT_DATA_MS, kMinPingMs);
  for (grpc::Service* service : options.services) builder.RegisterService(service);
  builder.experimental().SetInterceptorCreators(std::move(options.interceptors));
  std::unique_ptr<GrpcServer> server(new GrpcServer());
  std::vector<int> ports(options.addresses.size(), 0);
  for (size_t i = 0; i < options.addresses.size(); ++i) {
    const ListenAddress& address = options.addresses[i];
    if (address.is_unix) {
      auto listener = UnixListener::Listen(address.path);
      if (!listener.ok()) return listener.status();
      server->unix_listeners_.push_back(*std::move(listener));
    } else {
      builder.AddListeningPort(address.ToString(), grpc::InsecureServerCredentials(), &ports[i]);
    }
  }
  server->server_ = builder.BuildAndStart();
  for (size_t i = 0; i < options.addresses.size(); ++i) {
    ListenAddress address = options.addresses[i];
    if (!address.is_unix) {
      if (ports[i] == 0) {
        return absl::FailedPreconditionError(
            absl::StrCat("cannot listen for gRPC on ", address.ToString(), ": ", WhyNot(address)));
      }
      address.port = ports[i];
    }
    server->addresses_.push_back(address.ToString());
  }
  if (server->server_ == nullptr) return absl::InternalError("gRPC would not start");
  for (const auto& listener : server->unix_listeners_) {
    // gRPC owns the descriptor from now on, and calls the peer by its number (peer.h).
    listener->Start(
        [grpc = server->server_.get()](UniqueFd fd) { grpc::AddInsecureChannelFromFd(grpc, fd.release()); });
  }
  return server;
}

GrpcServer::~GrpcServer() { Shutdown(absl::ZeroDuration()); }

std::shared_ptr<grpc::Channel> GrpcServer::InProcessChannel() {
  grpc::ChannelArguments arguments;
  arguments.SetMaxReceiveMessageSize(-1);  // it is the server's own answer
  // Between two parts of a process nothing is to be compressed or traced; deadlines count.
  arguments.SetInt(GRPC_ARG_MINIMAL_STACK, 1);
  arguments.SetInt(GRPC_ARG_ENABLE_DEADLINE_CHECKS, 1);
  return server_->InProcessChannel(arguments);
}

void GrpcServer::SetServing(bool serving) {
  if (auto* health = server_->GetHealthCheckService()) health->SetServingStatus(serving);
}

void GrpcServer::Shutdown(absl::Duration grace) {
  if (shut_down_ || server_ == nullptr) return;
  shut_down_ = true;
  for (const auto& listener : unix_listeners_) listener->Stop();
  server_->Shutdown(absl::ToChronoTime(absl::Now() + grace));
  server_->Wait();
}

}  // namespace warren::api
