#ifndef WARREN_SERVER_API_GRPC_SERVER_H_
#define WARREN_SERVER_API_GRPC_SERVER_H_

// Listens for gRPC: the given services, and with them health and reflection, so that grpcurl needs no proto files.
// Connections to unix sockets are accepted here and given to gRPC, so that calls know who connected (peer.h).
// Thread-safe but for Start and Shutdown; a thread a unix socket, which accepts.

#include <grpcpp/server.h>
#include <grpcpp/support/server_interceptor.h>

#include <memory>
#include <string>
#include <vector>

#include "absl/status/statusor.h"
#include "absl/time/time.h"
#include "proto/common/listen_address.h"
#include "server/api/unix_listener.h"

namespace warren::api {

class GrpcServer {
 public:
  struct Options {
    std::vector<ListenAddress> addresses;  // port 0: a free one. Unix sockets get mode 0660
    std::vector<grpc::Service*> services;  // outlive the server
    std::vector<std::unique_ptr<grpc::experimental::ServerInterceptorFactoryInterface>> interceptors;
    size_t max_message_bytes = size_t{4} << 20;
    int max_metadata_bytes = 16 << 10;  // of a call
    int max_calls_per_connection = 10000;
    int stream_window_bytes = 256 << 10;  // what a stream may have been sent and nobody has read
  };

  // FAILED_PRECONDITION: an address is in use or not to be had, with the system's reason. Stale unix sockets are
  // removed.
  static absl::StatusOr<std::unique_ptr<GrpcServer>> Start(Options options);
  // Shuts down without grace, unless that was done before.
  ~GrpcServer();

  // Where it listens, with the ports in use.
  const std::vector<std::string>& addresses() const { return addresses_; }

  // To this server without a socket; its calls pass the interceptors as others do.
  std::shared_ptr<grpc::Channel> InProcessChannel();

  // What the health service says from now on; SERVING at first. Watches of it see the change.
  void SetServing(bool serving);
  // Takes no more calls, waits for those under way until the grace is over, then cancels them and waits for that.
  void Shutdown(absl::Duration grace);

 private:
  GrpcServer() = default;

  std::unique_ptr<grpc::Server> server_;
  std::vector<std::string> addresses_;
  std::vector<std::unique_ptr<UnixListener>> unix_listeners_;
  bool shut_down_ = false;
};

}  // namespace warren::api

#endif  // WARREN_SERVER_API_GRPC_SERVER_H_
