#include "server/api/grpc_server.h"

#include <errno.h>
#include <grpc/grpc.h>
#include <grpcpp/ext/proto_server_reflection_plugin.h>
#include <grpcpp/health_check_service_interface.h>
#include <grpcpp/security/server_credentials.h>
#include <grpcpp/server_builder.h>
#include <netdb.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>
#include <unistd.h>

#include <chrono>
#include <filesystem>
#include <utility>

#include "absl/strings/str_cat.h"
#include "absl/time/clock.h"
#include "grpc/health/v1/health.pb.h"
#include "proto/common/unique_fd.h"
#include "server/api/socket_file.h"

namespace warren::api {
namespace {

// Agents may ask as often as this whether the server is still there.
constexpr int kMinPingMs = 5000;
constexpr mode_t kSocketUmask = 0117;  // 0660

// gRPC does not say why it cannot listen: try the same and tell.
std::string WhyNot(const ListenAddress& address) {
  if (address.is_unix) {
    sockaddr_un name{};
    name.sun_family = AF_UNIX;
    memcpy(name.sun_path, address.path.data(), address.path.size());
    const UniqueFd fd(socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0));
    if (bind(fd.get(), reinterpret_cast<const sockaddr*>(&name), sizeof name) != 0) return strerror(errno);
    unlink(address.path.c_str());
    return "unknown reason";
  }
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

// What gRPC is told; it takes "unix:PATH" and "HOST:PORT".
absl::Status MakeWay(const ListenAddress& address) {
  if (!address.is_unix) return absl::OkStatus();
  if (absl::Status status = RemoveStaleSocket(address.path); !status.ok()) return status;
  const std::filesystem::path parent = std::filesystem::path(address.path).parent_path();
  std::error_code error;
  if (!parent.empty() && !std::filesystem::is_directory(parent, error)) {
    return absl::FailedPreconditionError(
        absl::StrCat("cannot listen on ", address.ToString(), ": there is no directory ", parent.string()));
  }
  return absl::OkStatus();
}

class Umask {
 public:
  explicit Umask(mode_t mask) : before_(umask(mask)) {}
  ~Umask() { umask(before_); }
  Umask(const Umask&) = delete;
  Umask& operator=(const Umask&) = delete;

 private:
  const mode_t before_;
};

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
  // Two servers on one port would share its calls between them.
  builder.AddChannelArgument(GRPC_ARG_ALLOW_REUSEPORT, 0);
  builder.AddChannelArgument(GRPC_ARG_KEEPALIVE_PERMIT_WITHOUT_CALLS, 1);
  builder.AddChannelArgument(GRPC_ARG_HTTP2_MIN_RECV_PING_INTERVAL_WITHOUT_DATA_MS, kMinPingMs);
  for (grpc::Service* service : options.services) builder.RegisterService(service);
  builder.experimental().SetInterceptorCreators(std::move(options.interceptors));
  std::vector<int> ports(options.addresses.size(), 0);
  for (size_t i = 0; i < options.addresses.size(); ++i) {
    if (absl::Status status = MakeWay(options.addresses[i]); !status.ok()) return status;
    builder.AddListeningPort(options.addresses[i].ToString(), grpc::InsecureServerCredentials(), &ports[i]);
  }

  std::unique_ptr<GrpcServer> server(new GrpcServer());
  {
    const Umask mask(kSocketUmask);
    server->server_ = builder.BuildAndStart();
  }
  for (size_t i = 0; i < options.addresses.size(); ++i) {
    ListenAddress address = options.addresses[i];
    if (ports[i] == 0) {
      return absl::FailedPreconditionError(
          absl::StrCat("cannot listen for gRPC on ", address.ToString(), ": ", WhyNot(address)));
    }
    if (address.is_unix) {
      server->socket_files_.push_back(address.path);
    } else {
      address.port = ports[i];
    }
    server->addresses_.push_back(address.ToString());
  }
  if (server->server_ == nullptr) return absl::InternalError("gRPC would not start");
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
  server_->Shutdown(absl::ToChronoTime(absl::Now() + grace));
  server_->Wait();
  for (const std::string& path : socket_files_) unlink(path.c_str());
}

}  // namespace warren::api
