#ifndef WARREN_SERVER_EXEC_EXEC_HOSTS_H_
#define WARREN_SERVER_EXEC_EXEC_HOSTS_H_

// What sessions need of whoever talks to the agents.

#include <cstdint>
#include <string>

#include "absl/status/statusor.h"
#include "warren/v1/agents.pb.h"

namespace warren::exec {

// Threading: called from any thread, never under a lock of the sessions; must not block.
class ExecHosts {
 public:
  virtual ~ExecHosts() = default;

  // Asks the host's agent to attach a session, and returns the number of the agent's session that was told, or will be
  // at once (Sessions::AgentGone). Never kept for later.
  //
  // NOT_FOUND (HOST_NOT_FOUND): there is no such host. UNAVAILABLE (HOST_AWAY): its agent is not connected.
  // FAILED_PRECONDITION (CAPABILITY_MISSING): it runs no commands. RESOURCE_EXHAUSTED: too much is waiting to be sent
  // to it.
  virtual absl::StatusOr<uint64_t> OpenExec(const std::string& host, const v1::OpenExec& open) = 0;
};

}  // namespace warren::exec

#endif  // WARREN_SERVER_EXEC_EXEC_HOSTS_H_
