#include "agent/session/conversation.h"

#include <algorithm>
#include <utility>
#include <vector>

namespace warren::session {
namespace {

constexpr absl::Duration kDefaultHeartbeat = absl::Seconds(5);
constexpr absl::Duration kShortestHeartbeat = absl::Milliseconds(50);
constexpr absl::Duration kLongestHeartbeat = absl::Minutes(5);
// Answers that wait for a server that does not read them.
constexpr size_t kMaxWaiting = 20000;

}  // namespace

Conversation::Conversation(v1::Hello hello, executor::Executor& executor, Reporter& reporter,
                           std::shared_ptr<Outbox> outbox, OnOpenExec open_exec, OnFindHolders find_holders)
    : executor_(executor),
      reporter_(reporter),
      outbox_(std::move(outbox)),
      open_exec_(std::move(open_exec)),
      find_holders_(std::move(find_holders)) {
  v1::AgentMessage message;
  *message.mutable_hello() = std::move(hello);
  outbox_->Put(std::move(message));
}

absl::Status Conversation::OnMessage(v1::ServerMessage message) {
  if (!welcomed_ && message.kind_case() != v1::ServerMessage::kWelcome) {
    return absl::FailedPreconditionError("the server said something before Welcome; is it a Warren server?");
  }
  switch (message.kind_case()) {
    case v1::ServerMessage::kWelcome:
      return OnWelcome(message.welcome());
    case v1::ServerMessage::kDeliver: {
      auto& intents = *message.mutable_deliver()->mutable_intents();
      executor_.Submit({std::make_move_iterator(intents.begin()), std::make_move_iterator(intents.end())});
      return absl::OkStatus();
    }
    case v1::ServerMessage::kResultsAcknowledged: {
      const auto& sequences = message.results_acknowledged().sequences();
      executor_.Acknowledge({sequences.begin(), sequences.end()});
      return absl::OkStatus();
    }
    case v1::ServerMessage::kCancel:
      return OnCancel(message.cancel());
    case v1::ServerMessage::kOpenExec:
      // Of an agent that runs no commands it is not asked; the server gives up after a while.
      if (open_exec_) open_exec_(std::move(*message.mutable_open_exec()));
      return absl::OkStatus();
    case v1::ServerMessage::kFindHolders: {
      if (find_holders_) {
        find_holders_(std::move(*message.mutable_find_holders()), outbox_);
        return absl::OkStatus();
      }
      v1::AgentMessage answer;
      answer.mutable_holders_answer()->set_query(message.find_holders().query());
      answer.mutable_holders_answer()->set_code(static_cast<int>(absl::StatusCode::kUnimplemented));
      answer.mutable_holders_answer()->set_message("this agent cannot look for holders");
      outbox_->Put(std::move(answer));
      return absl::OkStatus();
    }
    case v1::ServerMessage::KIND_NOT_SET:
      break;  // from a newer server; what an agent must understand comes with another version of the service
  }
  return absl::OkStatus();
}

absl::Status Conversation::OnWelcome(const v1::Welcome& welcome) {
  if (welcomed_) return absl::FailedPreconditionError("the server said Welcome twice");
  const auto& asked = welcome.heartbeat_interval();
  const absl::Duration interval = absl::Seconds(asked.seconds()) + absl::Nanoseconds(asked.nanos());
  heartbeat_interval_ = interval <= absl::ZeroDuration() ? kDefaultHeartbeat
                                                         : std::clamp(interval, kShortestHeartbeat, kLongestHeartbeat);
  welcomed_ = true;
  reporter_.BeginSession(outbox_);
  return absl::OkStatus();
}

absl::Status Conversation::OnCancel(const v1::CancelRequest& request) {
  if (outbox_->size() > kMaxWaiting) {
    return absl::ResourceExhaustedError("the server asks to cancel faster than it takes answers");
  }
  // The answer goes before the result that says CANCELLED.
  const Reporter::Hold hold(reporter_);
  const executor::Executor::CancelOutcome outcome = executor_.Cancel(request.sequence());
  v1::AgentMessage message;
  v1::CancelAnswer* answer = message.mutable_cancel_answer();
  answer->set_sequence(request.sequence());
  answer->set_cancelled(outcome.cancelled);
  if (!outcome.cancelled) answer->set_reason(outcome.reason);
  outbox_->Put(std::move(message));
  return absl::OkStatus();
}

void Conversation::End() {
  outbox_->Close();
  reporter_.EndSession();
  executor_.DropQueued();
}

}  // namespace warren::session
