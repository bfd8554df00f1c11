#ifndef WARREN_SERVER_API_EXEC_SERVICE_H_
#define WARREN_SERVER_API_EXEC_SERVICE_H_

#include <memory>
#include <string>

#include "server/api/call.h"
#include "server/api/exec_request.h"
#include "server/api/exec_stream.h"
#include "server/auth/exec_access.h"
#include "server/exec/sessions.h"
#include "warren/v1/exec.grpc.pb.h"

namespace warren::api {

// warren.v1.Exec: who may, what is asked, then a relay between the caller and the agent, which is one for both calls:
// in Run the server itself is the caller. What passes is bounded by one message each way; nothing of a session is
// parsed but its first message. Thread-safe.
class ExecService
    : public v1::Exec::WithRawCallbackMethod_Session<v1::Exec::WithCallbackMethod_Run<v1::Exec::Service>> {
 public:
  // The sessions and the observer (which may be null) outlive the gRPC server.
  ExecService(const Rooms& rooms, exec::Sessions& sessions, auth::ExecAccess access, exec::ExecObserver* observer)
      : rooms_(rooms), sessions_(sessions), access_(std::move(access)), observer_(observer) {}

  grpc::ServerUnaryReactor* Run(grpc::CallbackServerContext* context, const v1::RunRequest* request,
                                v1::RunResponse* response) override;
  // Reads serialized v1::SessionRequests, writes v1::SessionResponses.
  ExecReactor* Session(grpc::CallbackServerContext* context) override;

  // For the calls themselves.
  //
  // PERMISSION_DENIED (EXEC_NOT_OFFERED).
  absl::StatusOr<exec::Asker> CheckAccess(const grpc::ServerContextBase& context) const;
  // From here on the agent may attach the relay. Errors as Sessions::Open; NOT_FOUND (NAMESPACE_NOT_FOUND): the host is
  // connected and has told all its namespaces, and it is not among them. (Otherwise the agent is who says.)
  absl::Status Open(exec::Asker asker, ExecRequest request, const std::shared_ptr<ExecRelay>& relay) const;

 private:
  const Rooms rooms_;
  exec::Sessions& sessions_;
  const auth::ExecAccess access_;
  exec::ExecObserver* const observer_;
};

}  // namespace warren::api

#endif  // WARREN_SERVER_API_EXEC_SERVICE_H_
