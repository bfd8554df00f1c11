#ifndef WARREN_SERVER_GATEWAY_METADATA_H_
#define WARREN_SERVER_GATEWAY_METADATA_H_

// HTTP headers as gRPC metadata, and back. Handed on as they are: Authorization, Traceparent, Tracestate, X-Request-Id;
// and "Grpc-Metadata-Colour: red" as colour=red. What the server sends at first comes back as Grpc-Metadata-..., what
// it sends at last as Grpc-Trailer-.... gRPC's own keys and binary ones ("-bin") stay where they are. Pure functions.

#include <grpcpp/client_context.h>

#include "server/gateway/http.h"

namespace warren::gateway {

// The peer goes along as x-forwarded-for, which no header can become: the server believes it.
void HandOn(const HttpRequest& request, grpc::ClientContext& context);

// Of a call that has begun to answer.
void HandBackInitial(const grpc::ClientContext& context, Headers& headers);
// Of a call that is over.
void HandBackTrailing(const grpc::ClientContext& context, Headers& headers);

}  // namespace warren::gateway

#endif  // WARREN_SERVER_GATEWAY_METADATA_H_
