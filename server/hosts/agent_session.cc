#include "server/hosts/agent_session.h"

#include <utility>

#include "absl/strings/str_cat.h"
#include "proto/common/status_payload.h"

namespace warren::hosts {

AgentSession::AgentSession(AgentStream& stream, SessionOwner& owner, Clocks clocks, const Outbox::Limits& limits)
    : owner_(owner),
      clocks_(std::move(clocks)),
      stream_(&stream),
      outbox_(limits),
      heard_(clocks_.steady()),
      heard_wall_(clocks_.wall()) {}

void AgentSession::Begin() {
  MutexLock lock(&mutex_);
  if (stream_ != nullptr && !ended_) stream_->StartRead();
}

void AgentSession::Received(v1::AgentMessage message) {
  bool opened = false;
  {
    MutexLock lock(&mutex_);
    if (ended_) return;
    heard_ = clocks_.steady();
    heard_wall_ = clocks_.wall();
    opened = opened_;
  }
  absl::Status status;
  if (!opened) {
    status = message.has_hello() ? owner_.OnHello(shared_from_this(), std::move(*message.mutable_hello()))
                                 : absl::InvalidArgumentError("the first message of a stream must be hello");
  } else if (message.has_hello()) {
    status = absl::InvalidArgumentError("hello may only be the first message of a stream");
  } else if (message.kind_case() == v1::AgentMessage::KIND_NOT_SET) {
    status = absl::InvalidArgumentError("a message of a kind this server does not know; is the agent newer than it?");
  } else if (!message.has_heartbeat()) {
    status = owner_.OnMessage(*this, std::move(message));
  }
  if (!status.ok()) End(status);
  Begin();
}

void AgentSession::Written(bool ok) {
  bool broken = false;
  {
    MutexLock lock(&mutex_);
    writing_ = false;
    if (ended_) {
      FinishStream();
    } else if (ok) {
      Pump();
    } else {
      broken = true;
    }
  }
  if (broken) PeerGone(absl::CancelledError("the stream broke"));
}

void AgentSession::PeerGone(const absl::Status& why) { End(why); }

void AgentSession::Closed() {
  {
    MutexLock lock(&mutex_);
    stream_ = nullptr;
  }
  End(absl::CancelledError("the stream broke"));
  owner_.OnClosed(shared_from_this());
}

bool AgentSession::Open(std::string host, uint64_t session) {
  MutexLock lock(&mutex_);
  if (ended_) return false;
  opened_ = true;
  host_ = std::move(host);
  number_ = session;
  return true;
}

void AgentSession::Welcome(v1::Welcome welcome) {
  MutexLock lock(&mutex_);
  outbox_.Add(std::move(welcome));
  Pump();
}

void AgentSession::Announce(HostListener& listener) {
  MutexLock lock(&announce_mutex_);
  if (withdrawn_) return;
  announced_ = true;
  listener.HostConnected(host(), number());
}

void AgentSession::EndAnnounced(HostListener& listener) {
  MutexLock lock(&announce_mutex_);
  if (withdrawn_) return;
  withdrawn_ = true;
  if (announced_) listener.HostDisconnected(host(), number());
}

void AgentSession::Deliver(std::vector<intents::Delivery> deliveries) {
  Send([&](Outbox& outbox) { return outbox.Add(std::move(deliveries)); });
}

void AgentSession::AskCancel(int64_t sequence) {
  Send([&](Outbox& outbox) { return outbox.AddCancel(sequence); });
}

void AgentSession::AcknowledgeResults(const std::vector<int64_t>& sequences) {
  Send([&](Outbox& outbox) { return outbox.AddAcknowledged(sequences); });
}

absl::Status AgentSession::OpenExec(const v1::OpenExec& open) { return SendOrRefuse(open); }

absl::Status AgentSession::FindHolders(const v1::FindHolders& question) { return SendOrRefuse(question); }

template <typename Message>
absl::Status AgentSession::SendOrRefuse(const Message& message) {
  MutexLock lock(&mutex_);
  if (ended_) return absl::AbortedError("the session has ended");
  // Somebody who is told so may try again: no reason to end the session, as Send does.
  if (!outbox_.Add(message)) return ExhaustedError(absl::StrCat("host ", host_, " is busy"), absl::Seconds(1));
  Pump();
  return absl::OkStatus();
}

void AgentSession::Send(const std::function<bool(Outbox&)>& add) {
  {
    MutexLock lock(&mutex_);
    if (ended_) return;
    if (add(outbox_)) return Pump();
  }
  // It has lost nothing: what was not sent is handed out again to its next session.
  End(absl::ResourceExhaustedError(absl::StrCat(
      "host ", host(), ": too much is waiting to be sent to its agent, which reads too slowly; connect again")));
}

void AgentSession::Pump() {
  if (writing_ || ended_ || stream_ == nullptr) return;
  auto message = outbox_.Next(clocks_.wall());
  if (!message) return;
  writing_ = true;
  stream_->StartWrite(std::move(*message));
}

void AgentSession::FinishStream() {
  if (finished_ || writing_ || stream_ == nullptr) return;
  finished_ = true;
  stream_->Finish(why_);
}

void AgentSession::End(const absl::Status& why) {
  {
    MutexLock lock(&mutex_);
    if (ended_) return;
    ended_ = true;
    ended_at_ = clocks_.steady();
    why_ = why;
    FinishStream();
  }
  owner_.OnEnded(shared_from_this(), why);
}

void AgentSession::CheckLiveness(Steady silent_since, Steady ended_by, const absl::Status& why) {
  {
    MutexLock lock(&mutex_);
    if (ended_) {
      if (stream_ != nullptr && ended_at_ < ended_by) stream_->Cancel();
      return;
    }
    if (heard_ >= silent_since) return;
  }
  End(why);
}

std::string AgentSession::host() const {
  MutexLock lock(&mutex_);
  return host_;
}

uint64_t AgentSession::number() const {
  MutexLock lock(&mutex_);
  return number_;
}

absl::Time AgentSession::last_heard() const {
  MutexLock lock(&mutex_);
  return heard_wall_;
}

bool AgentSession::ended() const {
  MutexLock lock(&mutex_);
  return ended_;
}

}  // namespace warren::hosts
