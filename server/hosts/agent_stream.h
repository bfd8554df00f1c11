#ifndef WARREN_SERVER_HOSTS_AGENT_STREAM_H_
#define WARREN_SERVER_HOSTS_AGENT_STREAM_H_

// The stream to one agent, as a session needs it: gRPC's is one, a test's another.

#include "absl/status/status.h"
#include "warren/v1/agents.pb.h"

namespace warren::hosts {

// Threading: one call at a time, under a lock of the session; calls must not block, nor call back from within. None
// comes after AgentSession::Closed.
class AgentStream {
 public:
  virtual ~AgentStream() = default;

  // Reads the next message; answered by AgentSession::Received or PeerGone. One at a time; not after Finish.
  virtual void StartRead() = 0;
  // Writes a message, answered by AgentSession::Written. One at a time; not after Finish.
  virtual void StartWrite(v1::ServerMessage message) = 0;
  // Ends the stream. Once, with no write under way.
  virtual void Finish(const absl::Status& status) = 0;
  // Breaks off what is under way; the peer may not hear why.
  virtual void Cancel() = 0;
};

}  // namespace warren::hosts

#endif  // WARREN_SERVER_HOSTS_AGENT_STREAM_H_
