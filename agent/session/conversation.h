#ifndef WARREN_AGENT_SESSION_CONVERSATION_H_
#define WARREN_AGENT_SESSION_CONVERSATION_H_

// One session's sense: what the server's messages mean. Knows no gRPC.
//
// Threading: OnMessage from one thread at a time, End after the last; the rest from any.

#include <atomic>
#include <functional>
#include <memory>

#include "absl/status/status.h"
#include "absl/time/time.h"
#include "agent/executor/executor.h"
#include "agent/session/outbox.h"
#include "agent/session/reporter.h"
#include "warren/v1/agents.pb.h"

namespace warren::session {

class Conversation {
 public:
  // Told of each OpenExec; must not block.
  using OnOpenExec = std::function<void(v1::OpenExec open)>;
  // Told of each FindHolders, and where the answer goes; must not block.
  using OnFindHolders = std::function<void(v1::FindHolders question, const std::shared_ptr<Outbox>& outbox)>;

  // Says Hello.
  Conversation(v1::Hello hello, executor::Executor& executor, Reporter& reporter, std::shared_ptr<Outbox> outbox,
               OnOpenExec open_exec = nullptr, OnFindHolders find_holders = nullptr);

  // An error ends the session: FAILED_PRECONDITION when the server does not keep to the protocol, RESOURCE_EXHAUSTED
  // when it asks faster than it takes answers.
  absl::Status OnMessage(v1::ServerMessage message);
  // The stream is over: what was queued is dropped, for the next session brings it again.
  void End();

  bool welcomed() const { return welcomed_; }
  // As the server wants it; good once welcomed.
  absl::Duration heartbeat_interval() const { return heartbeat_interval_; }

 private:
  absl::Status OnWelcome(const v1::Welcome& welcome);
  absl::Status OnCancel(const v1::CancelRequest& request);

  executor::Executor& executor_;
  Reporter& reporter_;
  const std::shared_ptr<Outbox> outbox_;
  const OnOpenExec open_exec_;
  const OnFindHolders find_holders_;
  absl::Duration heartbeat_interval_;
  std::atomic<bool> welcomed_ = false;  // publishes heartbeat_interval_
};

}  // namespace warren::session

#endif  // WARREN_AGENT_SESSION_CONVERSATION_H_
