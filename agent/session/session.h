#ifndef WARREN_AGENT_SESSION_SESSION_H_
#define WARREN_AGENT_SESSION_SESSION_H_

// Keeps the agent connected: dials the server for ever, one session after another, with growing pauses between attempts
// that fail; says Heartbeat when nothing else was said. Without a server the host keeps what it has, and the executor
// finishes what it holds.
//
// A session is given up when the server has not said Welcome within 10 s or does not answer pings (channel.h).
//
// Threading: one thread of its own, and gRPC's. Stop from one thread, Health from any.
// Logs: "connected" with each Welcome, "disconnected" with the reason when such a session ends; a refusal by the server
// as a warning with its words.

#include <memory>
#include <string>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "agent/executor/executor.h"
#include "agent/session/conversation.h"
#include "agent/session/observer.h"
#include "agent/session/reporter.h"
#include "proto/common/logging.h"
#include "warren/v1/agents.pb.h"

namespace warren::session {

class Session {
 public:
  struct Options {
    std::string server;  // HOST:PORT or unix:PATH
    v1::Hello hello;
    absl::Duration welcome_timeout = absl::Seconds(10);
    Conversation::OnOpenExec open_exec;        // null: no commands are run here
    Conversation::OnFindHolders find_holders;  // null: they cannot be looked for
    Logger logger = Logger::Null();
  };

  // INVALID_ARGUMENT for a bad address; an unreachable server is no error. The others outlive the session.
  static absl::StatusOr<std::unique_ptr<Session>> Start(Options options, executor::Executor& executor,
                                                        Reporter& reporter, Observer& observer);
  virtual ~Session() = default;

  // OK while a session lives; otherwise UNAVAILABLE with the reason why there is none.
  virtual absl::Status Health() const = 0;

  // Ends the session and dials no more. Idempotent.
  virtual void Stop() = 0;
};

}  // namespace warren::session

#endif  // WARREN_AGENT_SESSION_SESSION_H_
