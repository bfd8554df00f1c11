#ifndef WARREN_AGENT_EXEC_COMMANDS_H_
#define WARREN_AGENT_EXEC_COMMANDS_H_

// The commands that run in this host's namespaces for callers of Exec: starts each through warren-nsexec, moves its
// streams, keeps the limits, writes the audit log, and sees to it that nothing of it is left when its session is over.
// Knows no gRPC: a session's stream is a Caller.
//
// A session is hung up (SIGHUP to all that the command started, SIGKILL after the grace) when its caller is gone, its
// time is over, its namespace is deleted, or the agent stops. One whose helper died, of whatever, is killed at once.
//
// Threading: thread-safe; one thread of its own (and the audit log's), which runs all sessions and never waits for one.
// Cost: a session that is silent 4.5 KiB, four descriptors and its helper, of 155 KiB. Output passes in messages of up
// to 256 KiB, two a session at most: 2,200-2,800 MB/s on two cores, to a caller that drops it.

#include <chrono>
#include <cstdint>
#include <memory>
#include <string>
#include <vector>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "absl/time/time.h"
#include "proto/common/logging.h"
#include "warren/v1/agents.pb.h"
#include "warren/v1/exec.pb.h"

namespace warren::exec {

// The way back to who asked. Called on the thread of Commands, which it must not block; one Read and one Write at a
// time.
class Caller {
 public:
  virtual ~Caller() = default;
  // Answered by Session::Received, or Gone.
  virtual void Read() = 0;
  // Answered by Session::Written, or Gone.
  virtual void Write(v1::SessionResponse message) = 0;
  // Nothing more is written.
  virtual void End() = 0;
  // Breaks off whatever is under way.
  virtual void Cancel() = 0;
};

// One command, for its Caller to talk to. Any thread; nothing after Gone.
class Session {
 public:
  virtual ~Session() = default;
  virtual void Received(v1::SessionRequest message) = 0;
  virtual void Written() = 0;
  // The stream is over. Once, also after Caller::End.
  virtual void Gone(absl::Status why) = 0;
};

// What is told to whoever counts. On the thread of Commands; must not block.
class Observer {
 public:
  virtual ~Observer() = default;
  virtual void OnStarted() {}
  // A session is over. `reason`: "ok" when the command ended by itself, else the reason of the error, in the words of
  // google.rpc.ErrorInfo, or its code.
  virtual void OnEnded(bool started, const std::string& reason, int64_t bytes_in, int64_t bytes_out) {
    (void)started, (void)reason, (void)bytes_in, (void)bytes_out;
  }
};

struct Options {
  std::string host;
  std::string netns_dir = "/run/netns";
  std::string parked_dir;                     // where namespaces lie whose deletion may yet be undone; empty: nowhere
  std::string helper;                         // the program warren-nsexec
  std::string audit_log;                      // a file
  std::string mark;                           // tells this agent's cgroups from another's
  std::vector<std::string> allowed_commands;  // as AllowList has them
  std::vector<std::string> allowed_users;
  bool netns_etc = false;
  bool use_cgroups = true;  // where there are any
  size_t max_sessions = 256;
  absl::Duration max_duration = absl::InfiniteDuration();
  absl::Duration idle_timeout = absl::InfiniteDuration();
  int64_t output_rate = 0;  // bytes a second of a session; 0: as fast as it goes
  absl::Duration grace = absl::Seconds(2);
  Logger logger = Logger::Null();
};

class Commands {
 public:
  // Kills what an agent of the same mark left in cgroups. INVALID_ARGUMENT: a list of what is allowed is none.
  // FAILED_PRECONDITION: the helper is not there. Otherwise as the system refuses the audit log. The observer outlives
  // it.
  static absl::StatusOr<std::unique_ptr<Commands>> Start(Options options, Observer& observer);
  // Stops, without patience. Every Caller must have said Gone by then, and have let go of its session.
  virtual ~Commands() = default;

  // Begins a session: reads its start, and goes on from there. Never fails: errors are sent to the caller.
  virtual std::shared_ptr<Session> Open(v1::OpenExec open, std::shared_ptr<Caller> caller) = 0;

  virtual size_t sessions() const = 0;

  // Hangs all up, takes no more, and waits as long as `patience` for the last to be gone. Helpers that are left go on
  // by themselves. Idempotent.
  virtual void Stop(absl::Duration patience) = 0;
};

}  // namespace warren::exec

#endif  // WARREN_AGENT_EXEC_COMMANDS_H_
