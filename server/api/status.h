#ifndef WARREN_SERVER_API_STATUS_H_
#define WARREN_SERVER_API_STATUS_H_

// The one place where the rooms' errors become gRPC's. Pure; thread-safe.

#include <grpcpp/support/status.h>

#include "absl/status/status.h"

namespace warren::api {

// Same code and message; an error without a google.rpc.ErrorInfo gets one whose reason is its code, so that programs
// always find one. Payloads of google.rpc types travel as details in grpc-status-details-bin, a
// google.rpc.Status.
//
// Status and details are trailers, of which a client takes 8 KiB by default and fails the whole call otherwise: longer
// messages are cut (with "…"), a google.rpc.BadRequest loses its last violations (the last one left says how many), and
// any other detail that does not fit is left out.
grpc::Status ToGrpc(const absl::Status& status);

}  // namespace warren::api

#endif  // WARREN_SERVER_API_STATUS_H_
