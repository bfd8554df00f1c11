#ifndef WARREN_SERVER_API_PEER_H_
#define WARREN_SERVER_API_PEER_H_

#include <grpcpp/server_context.h>

#include "server/auth/exec_access.h"

namespace warren::api {

// The other end of a call:
//
//   on a unix socket      the user and the process that connected. The connection's descriptor, which GrpcServer gave
//   to
//                         gRPC, is asked: gRPC closes it when its last call is gone, so while there is a context the
//                         number that gRPC calls the peer by is this connection's and no other's
//   by TCP                its address
//   through the gateway   the address of the HTTP client, which the gateway puts into metadata x-forwarded-for.
//   Believed
//                         of calls without a connection alone, that is of GrpcServer::InProcessChannel's
//
// Thread-safe; two system calls for a unix socket.
auth::Peer PeerOf(const grpc::ServerContextBase& context);

}  // namespace warren::api

#endif  // WARREN_SERVER_API_PEER_H_
