#ifndef WARREN_SERVER_EXEC_RELAY_H_
#define WARREN_SERVER_EXEC_RELAY_H_

// Passes the messages of one session of Exec between its caller and its agent. Each way for itself: one message is read
// from one end and written to the other, and when that is done the next is read. So whoever does not read stops the
// other, and what is held is one message each way, whatever flows. Messages are neither parsed nor copied: Bytes is a
// grpc::ByteBuffer in server/api, where the ends are gRPC's streams, and a std::string in tests.
//
// What ends it:
//   the agent half-closes after exit        the caller is finished with OK
//   the agent says error                    the caller is finished with that
//   the agent's stream ends without either  the caller is finished with UNAVAILABLE (HOST_WENT_AWAY)
//   the caller is gone, or its time over    the agent is finished with CANCELLED, and hangs the command up
//   End                                     both are finished with that
// A caller that half-closes ends the command's standard input, nothing else. What is being written to an agent when it
// is over is broken off: one that has said exit or error may find its call ended with CANCELLED rather than OK.
//
// Threading: every method may be called from any thread. The ends are called under the relay's lock. Each end keeps the
// relay alive until it is closed. Cost: a lock and two calls a message. Measured by tests/bench/exec_load on two cores
// that the caller and the agent share with the server, over loopback TCP: 430-600 MB/s of output in messages of 64 KiB,
// 670-1,280 MB/s in 256 KiB; the server's memory grows by 6 MiB meanwhile.
//
// Metrics: warren_exec_sessions_total and warren_exec_bytes_total, by the observer.

#include <cstddef>
#include <deque>
#include <memory>
#include <string>
#include <utility>

#include "absl/status/status.h"
#include "absl/strings/str_cat.h"
#include "proto/common/mutex.h"
#include "proto/common/status_payload.h"
#include "server/exec/observer.h"
#include "server/exec/sessions.h"
#include "server/exec/wire.h"

namespace warren::exec {

enum class Side { kCaller, kAgent };

// A message that was read.
template <typename Bytes>
struct Message {
  Bytes bytes;
  size_t size = 0;
  Kind kind = Kind::kOther;
  absl::Status error;  // of kError: what the caller is told
};

// One side's stream, as a relay needs it. Calls must not block, nor call back from within. None comes after
// Relay::Closed.
template <typename Bytes>
class RelayEnd {
 public:
  virtual ~RelayEnd() = default;

  // Reads the next message; answered by Relay::Received or ReadEnded, but not necessarily after Finish. One at a time.
  virtual void StartRead() = 0;
  // Writes what is in `bytes`, which it may take out of it; true: that is done. Otherwise answered by Relay::Written.
  // One at a time; not after Finish.
  virtual bool StartWrite(Bytes& bytes) = 0;
  // Ends the stream. Once, with no write under way.
  virtual void Finish(const absl::Status& status) = 0;
  // Breaks off the write that is under way, which is answered. The peer may not hear why.
  virtual void Cancel() = 0;
};

template <typename Bytes>
class Relay final : public Session {
 public:
  // `stdin_end` is what the agent is sent when the caller half-closes. Until Attach the caller's end is called to
  // finish it alone. The observer may be null; otherwise it outlives the relay.
  Relay(RelayEnd<Bytes>& caller, Bytes stdin_end, ExecObserver* observer)
      : observer_(observer), stdin_end_(std::move(stdin_end)) {
    caller_.end = &caller;
  }

  // Whose agent it is, and what it is sent before anything that the caller says. Once, before Sessions::Open.
  void Prepare(std::string host, std::deque<Bytes> first) {
    MutexLock lock(&mutex_);
    host_ = std::move(host);
    to_agent_ = std::move(first);
  }
  // Kept until the caller's end is finished: a caller that has heard the end finds its place free.
  void Keep(Sessions::Slot slot) {
    MutexLock lock(&mutex_);
    if (!caller_.finished) slot_ = std::move(slot);
  }
  // The agent has come: it begins. Once. False: it is over already, and the end is not called.
  bool Attach(RelayEnd<Bytes>& agent) {
    MutexLock lock(&mutex_);
    if (over_) return false;
    agent_.end = &agent;
    agent.StartRead();
    ToAgent();
    return true;
  }

  std::string host() const {
    MutexLock lock(&mutex_);
    return host_;
  }

  // From the ends.
  void Received(Side side, Message<Bytes>& message) {
    MutexLock lock(&mutex_);
    if (over_) return;
    if (side == Side::kCaller) {
      if (observer_ != nullptr) observer_->OnIn(message.size);
      stdin_ended_ |= message.kind == Kind::kStdinEnd;
      to_agent_.push_back(std::move(message.bytes));
      return ToAgent();
    }
    if (message.kind == Kind::kError) return Over(message.error, absl::OkStatus());
    started_ |= message.kind == Kind::kStarted;
    exited_ |= message.kind == Kind::kExit;
    if (observer_ != nullptr) observer_->OnOut(message.size);
    caller_.writing = !caller_.end->StartWrite(message.bytes);
    if (!caller_.writing) agent_.end->StartRead();
  }
  // It was half-closed, or broke.
  void ReadEnded(Side side) {
    MutexLock lock(&mutex_);
    if (over_) return;
    if (side == Side::kAgent) return AgentEnded();
    caller_ended_ = true;
    if (std::exchange(stdin_ended_, true)) return;
    to_agent_.push_back(std::move(stdin_end_));
    ToAgent();
  }
  void Written(Side side, bool ok) {
    MutexLock lock(&mutex_);
    Half& half = Of(side);
    half.writing = false;
    if (over_) return Finish(half);
    if (!ok) return side == Side::kAgent ? AgentEnded() : CallerGone();
    side == Side::kAgent ? ToAgent() : agent_.end->StartRead();
  }
  // It broke, or its time is over: what is under way fails.
  void Gone(Side side) {
    MutexLock lock(&mutex_);
    if (over_) return;
    side == Side::kAgent ? AgentEnded() : CallerGone();
  }
  // It is not called any more.
  void Closed(Side side) {
    MutexLock lock(&mutex_);
    Of(side).end = nullptr;
    if (!over_) side == Side::kAgent ? AgentEnded() : CallerGone();
  }

  void End(const absl::Status& why) override {
    MutexLock lock(&mutex_);
    if (!over_) Over(why, why);
  }

 private:
  struct Half {
    RelayEnd<Bytes>* end = nullptr;  // null: not there yet, or closed
    bool writing = false;
    bool finished = false;
    absl::Status why;  // once it is over
  };

  Half& Of(Side side) ABSL_EXCLUSIVE_LOCKS_REQUIRED(mutex_) { return side == Side::kAgent ? agent_ : caller_; }

  // Writes what comes next; when there is nothing, the caller is asked for it.
  void ToAgent() ABSL_EXCLUSIVE_LOCKS_REQUIRED(mutex_) {
    while (!to_agent_.empty() && !agent_.writing) {
      Bytes bytes = std::move(to_agent_.front());
      to_agent_.pop_front();
      agent_.writing = !agent_.end->StartWrite(bytes);
    }
    if (!agent_.writing && !caller_ended_) caller_.end->StartRead();
  }

  void AgentEnded() ABSL_EXCLUSIVE_LOCKS_REQUIRED(mutex_) {
    if (exited_) return Over(absl::OkStatus(), absl::OkStatus());
    Over(WithReason(absl::UnavailableError(absl::StrCat(
                        "host ", host_,
                        started_ ? " went away while the command ran; it is hung up there"
                                 : " went away while the command was being started; if it runs, it is hung up there")),
                    "HOST_WENT_AWAY", {{"host", host_}}),
         absl::CancelledError("the stream broke"));
  }
  void CallerGone() ABSL_EXCLUSIVE_LOCKS_REQUIRED(mutex_) {
    Over(absl::CancelledError("the caller went away"), absl::CancelledError("the caller went away"));
  }

  void Over(absl::Status caller, absl::Status agent) ABSL_EXCLUSIVE_LOCKS_REQUIRED(mutex_) {
    over_ = true;
    to_agent_.clear();
    if (observer_ != nullptr) observer_->OnEnded(caller.code());
    caller_.why = std::move(caller);
    agent_.why = std::move(agent);
    // The caller gets what it is being written first. The agent need not: its command is over, or to be hung up now,
    // and may be one that does not read.
    if (agent_.end != nullptr && agent_.writing) agent_.end->Cancel();
    Finish(agent_);
    Finish(caller_);
  }
  void Finish(Half& half) ABSL_EXCLUSIVE_LOCKS_REQUIRED(mutex_) {
    if (half.end == nullptr || half.writing || std::exchange(half.finished, true)) return;
    if (&half == &caller_) slot_.reset();
    half.end->Finish(half.why);
  }

  ExecObserver* const observer_;

  mutable Mutex mutex_;
  Half caller_ ABSL_GUARDED_BY(mutex_);
  Half agent_ ABSL_GUARDED_BY(mutex_);
  std::string host_ ABSL_GUARDED_BY(mutex_);
  Bytes stdin_end_ ABSL_GUARDED_BY(mutex_);
  std::deque<Bytes> to_agent_ ABSL_GUARDED_BY(mutex_);  // one, but for the first ones
  bool caller_ended_ ABSL_GUARDED_BY(mutex_) = false;   // nothing more comes from it
  bool stdin_ended_ ABSL_GUARDED_BY(mutex_) = false;
  bool started_ ABSL_GUARDED_BY(mutex_) = false;
  bool exited_ ABSL_GUARDED_BY(mutex_) = false;
  bool over_ ABSL_GUARDED_BY(mutex_) = false;
  Sessions::Slot slot_ ABSL_GUARDED_BY(mutex_);
};

}  // namespace warren::exec

#endif  // WARREN_SERVER_EXEC_RELAY_H_
