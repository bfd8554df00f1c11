#ifndef WARREN_SERVER_API_PEER_H_
#define WARREN_SERVER_API_PEER_H_

#include <grpcpp/server_context.h>

#include "server/auth/exec_access.h"

namespace warren::api {

// The other end of a call:
//
//   on a unix socket      the user and the process that connected, which the connection's descriptor is asked for.
//                         gRPC was given it by GrpcServer and closes it when its last call is gone: while there is a
//                         context, the number by which gRPC calls the peer is this connection's and no other's
//   by TCP                its address
//   through the gateway   the address of the HTTP client, which the gateway puts into metadata x-forwarded-for. That is
//                         believed of calls without a connection alone, those of GrpcServer::InProcessChannel
//
// Thread-safe; two system calls for a unix socket.
auth::Peer PeerOf(const grpc::ServerContextBase& context);

}  // namespace warren::api

#endif  // WARREN_SERVER_API_PEER_H_
