#ifndef WARREN_AGENT_SESSION_EXEC_CALLS_H_
#define WARREN_AGENT_SESSION_EXEC_CALLS_H_

// The streams of Exec: for each session that the server asks for, one AttachExec call between its caller and Commands.
// They have a connection of their own, made when the first is wanted, so that what they carry delays no intent; one
// that is lost ends them, and so hangs their commands up.
//
// Threading: thread-safe; no call blocks but Stop.

#include <grpcpp/channel.h>

#include <memory>
#include <set>
#include <string>

#include "agent/exec/commands.h"
#include "proto/common/mutex.h"
#include "warren/v1/agents.pb.h"

namespace warren::session {

class ExecCall;

class ExecCalls {
 public:
  // `target` as DialTarget has it. Commands outlives it.
  ExecCalls(std::string target, exec::Commands& commands) : target_(std::move(target)), commands_(commands) {}
  ~ExecCalls() { Stop(); }

  void Open(v1::OpenExec open);

  // Breaks off those there are, waits for that, and takes no more. Idempotent.
  void Stop();

 private:
  friend class ExecCall;
  void Ended(const std::shared_ptr<ExecCall>& call);

  const std::string target_;
  exec::Commands& commands_;
  Mutex mutex_;
  CondVar changed_;
  bool stopping_ ABSL_GUARDED_BY(mutex_) = false;
  std::shared_ptr<grpc::Channel> channel_ ABSL_GUARDED_BY(mutex_);
  std::set<std::shared_ptr<ExecCall>> calls_ ABSL_GUARDED_BY(mutex_);
};

}  // namespace warren::session

#endif  // WARREN_AGENT_SESSION_EXEC_CALLS_H_
