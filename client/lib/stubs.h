#ifndef WARREN_CLIENT_LIB_STUBS_H_
#define WARREN_CLIENT_LIB_STUBS_H_

// The API's stubs over one channel, and one call on them. Not installed: it knows gRPC.

#include <grpcpp/grpcpp.h>

#include <memory>

#include "absl/status/statusor.h"
#include "absl/time/time.h"
#include "client/lib/client.h"
#include "client/lib/retry.h"
#include "client/lib/status.h"
#include "warren/v1/exec.grpc.pb.h"
#include "warren/v1/hosts.grpc.pb.h"
#include "warren/v1/intents.grpc.pb.h"
#include "warren/v1/namespaces.grpc.pb.h"

namespace warren::client {

// Shared with watches and sessions, which may outlive the Client.
struct Client::Stubs {
  std::shared_ptr<grpc::Channel> channel;
  std::shared_ptr<v1::Exec::Stub> exec;
  std::shared_ptr<v1::Hosts::Stub> hosts;
  std::shared_ptr<v1::Intents::Stub> intents;
  std::shared_ptr<v1::Namespaces::Stub> namespaces;
};

inline void SetDeadline(grpc::ClientContext& context, absl::Time deadline) {
  if (deadline != absl::InfiniteFuture()) context.set_deadline(absl::ToChronoTime(deadline));
}

// One RPC, retried.
template <typename Stub, typename Request, typename Response>
absl::StatusOr<Response> Call(const RetryOptions& retry, Stub& stub,
                              grpc::Status (Stub::*method)(grpc::ClientContext*, const Request&, Response*),
                              const Request& request, absl::Time deadline) {
  Response response;
  const absl::Status status = WithRetries(retry, deadline, [&] {
    grpc::ClientContext context;
    SetDeadline(context, deadline);
    return FromGrpc((stub.*method)(&context, request, &response));
  });
  if (!status.ok()) return status;
  return response;
}

}  // namespace warren::client

#endif  // WARREN_CLIENT_LIB_STUBS_H_
