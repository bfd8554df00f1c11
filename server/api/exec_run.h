#ifndef WARREN_SERVER_API_EXEC_RUN_H_
#define WARREN_SERVER_API_EXEC_RUN_H_

#include <grpcpp/server_context.h>
#include <grpcpp/support/server_callback.h>

#include "server/exec/observer.h"
#include "warren/v1/exec.pb.h"

namespace warren::api {

class ExecService;

// Exec.Run: a relay whose caller is the server. It says all at once, keeps of the output what was asked for, counts the
// rest, and answers when the command is over. Memory: at most max_output_bytes twice, and one message.
grpc::ServerUnaryReactor* StartRun(const ExecService& service, exec::ExecObserver* observer,
                                   grpc::CallbackServerContext* context, const v1::RunRequest& request,
                                   v1::RunResponse* response);

}  // namespace warren::api

#endif  // WARREN_SERVER_API_EXEC_RUN_H_
