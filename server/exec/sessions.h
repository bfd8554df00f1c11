#ifndef WARREN_SERVER_EXEC_SESSIONS_H_
#define WARREN_SERVER_EXEC_SESSIONS_H_

// The sessions of Exec: how many there may be, which agent is asked for each, and which stream of it belongs to which.
//
// A session is opened for a caller: the host is asked to attach it, which it does by a call of its own that names the
// session's id. That must come soon (attach_timeout), or the session is ended; nothing is queued for a host that is
// away. The id is a random UUID that only this agent is told, and works once. What passes between the two is not this
// class's business: that is a Relay (relay.h).
//
// Threading: every method may be called from any thread; sessions are ended, and hosts are asked, under no lock; slots
// may be let go of under any but this class's. One thread of its own ends those that were not attached. Cost: some 300
// bytes a session.
//
// Metrics: warren_exec_sessions, by the observer.

#include <chrono>
#include <cstddef>
#include <cstdint>
#include <map>
#include <memory>
#include <set>
#include <string>
#include <thread>
#include <utility>
#include <vector>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "absl/time/time.h"
#include "proto/common/logging.h"
#include "proto/common/mutex.h"
#include "server/exec/exec_hosts.h"
#include "server/exec/observer.h"

namespace warren::exec {

// What is open: a relay, or a test's.
class Session {
 public:
  virtual ~Session() = default;
  // It is over, whatever became of it. Idempotent; from any thread.
  virtual void End(const absl::Status& why) = 0;
};

// Who asks for what host.
struct Asker {
  std::string host;
  std::string caller;  // "uid 1000": counted by it
  std::string source;  // "unix:1234": for the audit log of the host
};

class Sessions {
 public:
  struct Options {
    size_t max_per_host = 256;
    size_t max_per_caller = 256;
    size_t max_total = 10000;
    absl::Duration attach_timeout = absl::Seconds(10);
    Logger logger = Logger::Null();
    ExecObserver* observer = nullptr;  // outlives it
  };
  // A session's place in the limits; it is free again when this is destroyed.
  using Slot = std::shared_ptr<const void>;

  // The hosts outlive it. It outlives every slot.
  Sessions(ExecHosts& hosts, Options options);
  // Shuts down.
  ~Sessions();
  Sessions(const Sessions&) = delete;
  Sessions& operator=(const Sessions&) = delete;

  // Asks the host's agent to attach the session; it may do so before this returns. When it has not in time the session
  // is ended with UNAVAILABLE (HOST_NOT_ANSWERING). Not kept alive by this.
  //
  // UNAVAILABLE (HOST_WENT_AWAY): the agent went while it was asked. RESOURCE_EXHAUSTED (TOO_MANY_SESSIONS): a limit,
  // naming it and its flag, with google.rpc.RetryInfo. UNAVAILABLE (SERVER_STOPPING): shutting down. Others as
  // ExecHosts::OpenExec.
  absl::StatusOr<Slot> Open(const Asker& asker, const std::shared_ptr<Session>& session);

  // The session with that id, for the agent that calls: what Open was given. NOT_FOUND (EXEC_SESSION_NOT_FOUND): there
  // is none, or it was attached before.
  absl::StatusOr<std::shared_ptr<Session>> Attach(const std::string& id);

  // The agent's session of that number, which ExecHosts::OpenExec returned, is over: what it was asked for and has not
  // attached is ended with UNAVAILABLE (HOST_WENT_AWAY).
  void AgentGone(const std::string& host, uint64_t agent_session);

  // Ends every session with UNAVAILABLE (SERVER_STOPPING) and opens no more. Idempotent; from one thread.
  void Shutdown();

 private:
  using Steady = std::chrono::steady_clock::time_point;
  struct Entry {
    Asker asker;
    std::weak_ptr<Session> session;
    Steady attach_by;
    uint64_t agent_session = 0;  // which was asked; 0: not yet known
    bool attached = false;       // or not to be any more
  };
  class Place;

  absl::Status CheckLimits(const Asker& asker) const ABSL_EXCLUSIVE_LOCKS_REQUIRED(mutex_);
  void Free(const std::string& id);
  void EndLateOnes();

  ExecHosts& hosts_;
  const Options options_;

  Mutex mutex_;
  CondVar changed_;
  bool stopping_ ABSL_GUARDED_BY(mutex_) = false;
  std::map<std::string, Entry> entries_ ABSL_GUARDED_BY(mutex_);              // by id
  std::set<std::pair<Steady, std::string>> waiting_ ABSL_GUARDED_BY(mutex_);  // ids not attached, by when they must
  std::map<std::string, size_t> by_host_ ABSL_GUARDED_BY(mutex_);             // none is 0
  std::map<std::string, uint64_t> gone_ ABSL_GUARDED_BY(mutex_);  // agent's newest that is over, by host with sessions
  std::map<std::string, size_t> by_caller_ ABSL_GUARDED_BY(mutex_);  // none is 0
  std::jthread thread_;                                              // last: it uses the rest
};

// NOT_FOUND (EXEC_SESSION_NOT_FOUND): what agents are told of a session that is over, or was attached before.
absl::Status NoSuchSession();

}  // namespace warren::exec

#endif  // WARREN_SERVER_EXEC_SESSIONS_H_
