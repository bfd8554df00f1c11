#ifndef WARREN_SERVER_HOSTS_AGENT_SESSION_H_
#define WARREN_SERVER_HOSTS_AGENT_SESSION_H_

// One agent's session: what it has said, what is to be said to it, how it ends. The registry decides; this keeps the
// rules of the stream (one read and one write at a time, one end) and its bounded outgoing queue.
//
// Threading: any thread. The stream is called under the session's lock, the registry never is.

#include <chrono>
#include <cstdint>
#include <functional>
#include <memory>
#include <string>
#include <vector>

#include "absl/status/status.h"
#include "absl/time/time.h"
#include "proto/common/mutex.h"
#include "server/hosts/agent_stream.h"
#include "server/hosts/host_listener.h"
#include "server/hosts/outbox.h"
#include "server/intents/dispatcher.h"
#include "warren/v1/agents.pb.h"

namespace warren::hosts {

class AgentSession;

// What a session reports, never under its lock.
class SessionOwner {
 public:
  virtual ~SessionOwner() = default;

  // The first message. Not OK: the session ends with it.
  virtual absl::Status OnHello(const std::shared_ptr<AgentSession>& session, v1::Hello hello) = 0;
  // Every other one that is not a heartbeat.
  virtual absl::Status OnMessage(AgentSession& session, v1::AgentMessage message) = 0;
  // It has ended: nothing more is sent or heard. Once.
  virtual void OnEnded(const std::shared_ptr<AgentSession>& session, const absl::Status& why) = 0;
  // Its stream is gone. Once, after OnEnded.
  virtual void OnClosed(const std::shared_ptr<AgentSession>& session) = 0;
};

class AgentSession : public std::enable_shared_from_this<AgentSession> {
 public:
  using Steady = std::chrono::steady_clock::time_point;
  struct Clocks {
    std::function<absl::Time()> wall;
    std::function<Steady()> steady;
  };

  AgentSession(AgentStream& stream, SessionOwner& owner, Clocks clocks, const Outbox::Limits& limits);

  // From the stream.
  void Begin();
  void Received(v1::AgentMessage message);
  void Written(bool ok);
  // It was closed by the agent (OK), or broke.
  void PeerGone(const absl::Status& why);
  // The stream is not called any more.
  void Closed();

  // From the registry. Says whose session it is; false: it has ended. (The only call made under the registry's lock.)
  [[nodiscard]] bool Open(std::string host, uint64_t session);
  // The first message sent.
  void Welcome(v1::Welcome welcome);
  // Tells the listener, unless the session has ended; EndAnnounced tells it that, if Announce told it before.
  void Announce(HostListener& listener);
  void EndAnnounced(HostListener& listener);
  void Deliver(std::vector<intents::Delivery> deliveries);
  void AskCancel(int64_t sequence);
  void AcknowledgeResults(const std::vector<int64_t>& sequences);
  // RESOURCE_EXHAUSTED: too much is waiting to be sent. ABORTED: it has ended.
  absl::Status OpenExec(const v1::OpenExec& open);
  absl::Status FindHolders(const v1::FindHolders& question);
  // Idempotent: the first reason counts.
  void End(const absl::Status& why);
  // Ends a session that has been silent since before `silent_since`; breaks off the stream of one that was ended before
  // `ended_by` and is still there.
  void CheckLiveness(Steady silent_since, Steady ended_by, const absl::Status& why);

  // Of an opened session.
  std::string host() const;
  uint64_t number() const;
  absl::Time last_heard() const;
  bool ended() const;

 private:
  // Writes what comes next, if nothing is being written.
  void Pump() ABSL_EXCLUSIVE_LOCKS_REQUIRED(mutex_);
  void FinishStream() ABSL_EXCLUSIVE_LOCKS_REQUIRED(mutex_);
  // What somebody waits for.
  template <typename Message>
  absl::Status SendOrRefuse(const Message& message);
  // `add` puts something into the outbox; false: it is full.
  void Send(const std::function<bool(Outbox&)>& add);

  SessionOwner& owner_;
  const Clocks clocks_;

  // Held while the listener is told, so that it hears of the end after the beginning.
  Mutex announce_mutex_;
  bool announced_ ABSL_GUARDED_BY(announce_mutex_) = false;
  bool withdrawn_ ABSL_GUARDED_BY(announce_mutex_) = false;

  mutable Mutex mutex_;
  AgentStream* stream_ ABSL_GUARDED_BY(mutex_);  // null: closed
  Outbox outbox_ ABSL_GUARDED_BY(mutex_);
  bool opened_ ABSL_GUARDED_BY(mutex_) = false;
  bool writing_ ABSL_GUARDED_BY(mutex_) = false;
  bool ended_ ABSL_GUARDED_BY(mutex_) = false;
  bool finished_ ABSL_GUARDED_BY(mutex_) = false;
  absl::Status why_ ABSL_GUARDED_BY(mutex_);
  std::string host_ ABSL_GUARDED_BY(mutex_);
  uint64_t number_ ABSL_GUARDED_BY(mutex_) = 0;
  Steady heard_ ABSL_GUARDED_BY(mutex_);
  absl::Time heard_wall_ ABSL_GUARDED_BY(mutex_);
  Steady ended_at_ ABSL_GUARDED_BY(mutex_);
};

}  // namespace warren::hosts

#endif  // WARREN_SERVER_HOSTS_AGENT_SESSION_H_
