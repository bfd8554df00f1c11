#ifndef WARREN_CLIENT_LIB_EXEC_H_
#define WARREN_CLIENT_LIB_EXEC_H_

// A command in a namespace of some host, with its streams, as calls that block.
//
//   v1::SessionStart start;                                  // name, command.argv, stdin, terminal
//   auto session = client.Exec(start, absl::Now() + absl::Minutes(1));
//   while (true) {
//     auto said = session->Next();
//     if (!said.ok()) return said.status();                  // it did not run, or was ended: why
//     if (said->has_stdout()) ...                            // said->stdout()
//     if (said->has_exit()) return said->exit().code();
//   }
//
// A command is never run twice: only reaching the server is tried again, with the pauses of RetryOptions, until the
// time given to Exec. From then on a lost connection is the end of the session and of the command, UNAVAILABLE.
//
// Threads: Next for one thread at a time, everything else for any, also while Next waits. A session may outlive its
// Client. Cost: one stream; up to four messages are read ahead, then a caller that does not call Next stops the command
// at its next write. Each message is copied once, out of gRPC's buffers. Metrics: none.

#include <string>
#include <string_view>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "warren/v1/exec.pb.h"

namespace warren::client {

class ExecSession {
 public:
  // Cancels.
  virtual ~ExecSession() = default;

  // What the command says next, waited for: started, stdout, stderr, at last exit. After exit OUT_OF_RANGE.
  //
  // Errors are final: those of Exec.Session (proto/warren/v1/exec.proto); UNAVAILABLE: the server was not reached
  // (reached() is false), or was lost; CANCELLED: Cancel was called; INTERNAL: the server ended the session without
  // saying how the command ended.
  virtual absl::StatusOr<v1::SessionResponse> Next() = 0;

  // The call was begun: the command may run, or have run.
  virtual bool reached() const = 0;

  // The calls below return FAILED_PRECONDITION once the session is over, which Next explains.

  // Hands data to the command's standard input. Waits while what was handed over before is still under way, and until
  // the call is begun. Larger than what one message may hold (1 MiB) it becomes several.
  virtual absl::Status Send(std::string_view data) = 0;
  // Standard input ends, after all that was sent. Waits as Send does.
  virtual absl::Status EndStdin() = 0;

  // These two do not wait, and overtake standard input that is not under way yet.
  virtual absl::Status Resize(const v1::TerminalSize& size) = 0;
  // name: "INT", "SIGINT"... RESOURCE_EXHAUSTED: too many are waiting to be sent.
  virtual absl::Status Signal(std::string_view name) = 0;

  // Ends the session, and with it the command. Whoever waits in a call returns, within a second if that is for the
  // server to be reached.
  virtual void Cancel() = 0;
};

}  // namespace warren::client

#endif  // WARREN_CLIENT_LIB_EXEC_H_
