#include "agent/session/session.h"

#include <algorithm>
#include <chrono>
#include <optional>
#include <thread>
#include <utility>

#include "absl/strings/str_cat.h"
#include "absl/time/clock.h"
#include "agent/session/backoff.h"
#include "agent/session/channel.h"
#include "agent/session/conversation.h"
#include "agent/session/outbox.h"
#include "agent/session/stream.h"
#include "proto/common/mutex.h"

namespace warren::session {
namespace {

// How long a server may take to end a session that the agent wants ended.
constexpr absl::Duration kGoodbye = absl::Seconds(1);
constexpr char kStopping[] = "the agent is stopping";

class Dialler : public Session {
 public:
  Dialler(Options options, std::string target, executor::Executor& executor, Reporter& reporter, Observer& observer)
      : options_(std::move(options)),
        target_(std::move(target)),
        executor_(executor),
        reporter_(reporter),
        observer_(observer),
        thread_([this] { Run(); }) {}
  ~Dialler() override { Stop(); }

  void Stop() override {
    {
      MutexLock lock(&mutex_);
      stopping_ = true;
      changed_.SignalAll();
    }
    if (thread_.joinable()) thread_.join();
  }

  absl::Status Health() const override {
    MutexLock lock(&mutex_);
    if (stopping_) return absl::UnavailableError(kStopping);
    if (connected_) return absl::OkStatus();
    return absl::UnavailableError(absl::StrCat("not connected to the server at ", options_.server, ": ", why_not_));
  }

 private:
  // What one session's callbacks tell the thread.
  struct Progress {
    std::optional<absl::Status> ended;
    bool welcomed = false;
  };

  void Run();
  // One session, from dialling to its end. True: the server had us.
  bool RunOnce(absl::Status* why);
  void OnWelcome(const std::string& peer);
  void LogEnd(bool welcomed, const absl::Status& why, absl::Duration pause);

  const Options options_;
  const std::string target_;
  executor::Executor& executor_;
  Reporter& reporter_;
  Observer& observer_;

  mutable Mutex mutex_;
  CondVar changed_;
  bool stopping_ ABSL_GUARDED_BY(mutex_) = false;
  bool connected_ ABSL_GUARDED_BY(mutex_) = false;
  std::string why_not_ ABSL_GUARDED_BY(mutex_) = "it has not answered yet";
  std::string last_failure_;  // the thread's

  std::jthread thread_;  // last: it uses all the others
};

void Dialler::Run() {
  Backoff backoff;
  for (bool first = true;; first = false) {
    if (!first) observer_.OnReconnect();
    absl::Status why;
    const bool welcomed = RunOnce(&why);
    if (welcomed) backoff.Reset();
    const absl::Duration pause = backoff.Next();
    {
      MutexLock lock(&mutex_);
      if (stopping_) why = absl::CancelledError(kStopping);
    }
    LogEnd(welcomed, why, pause);
    const auto until = std::chrono::steady_clock::now() + absl::ToChronoNanoseconds(pause);
    MutexLock lock(&mutex_);
    while (!stopping_) {
      if (!changed_.WaitUntil(&mutex_, until)) break;
    }
    if (stopping_) return;
  }
}

bool Dialler::RunOnce(absl::Status* why) {
  auto outbox = std::make_shared<Outbox>();
  Conversation conversation(options_.hello, executor_, reporter_, outbox, options_.open_exec, options_.find_holders);
  Progress progress;
  const auto on_message = [&](v1::ServerMessage message, const std::string& peer) {
    const bool before = conversation.welcomed();
    absl::Status status = conversation.OnMessage(std::move(message));
    if (status.ok() && !before && conversation.welcomed()) {
      {
        // Before anybody is told, who might stop us: a session that is said to live is left in good order.
        MutexLock lock(&mutex_);
        progress.welcomed = true;
        changed_.SignalAll();
      }
      OnWelcome(peer);
    }
    return status;
  };
  const auto on_end = [&](absl::Status status) {
    MutexLock lock(&mutex_);
    progress.ended = std::move(status);
    changed_.SignalAll();
  };
  const auto stream = std::make_shared<Stream>(Dial(target_), outbox, on_message, on_end);
  const absl::Time welcome_by = absl::Now() + options_.welcome_timeout;
  stream->Start();

  bool welcomed = false;
  bool leaving = false;
  absl::Time leave_by = absl::InfiniteFuture();
  while (true) {
    const absl::Time now = absl::Now();
    absl::Time wake = welcome_by;
    if (leaving) {
      wake = leave_by;
      if (wake <= now) {
        stream->Cancel(absl::CancelledError(kStopping));
        wake = leave_by = absl::InfiniteFuture();
      }
    } else if (welcomed) {
      wake = outbox->last_put() + conversation.heartbeat_interval();
      if (wake <= now) {
        v1::AgentMessage heartbeat;
        heartbeat.mutable_heartbeat();
        outbox->Put(std::move(heartbeat));
        continue;
      }
    } else if (wake <= now) {
      stream->Cancel(absl::DeadlineExceededError(
          absl::StrCat("no Welcome within ", absl::FormatDuration(options_.welcome_timeout))));
      wake = absl::InfiniteFuture();
    }
    MutexLock lock(&mutex_);
    while (!progress.ended && stopping_ == leaving && progress.welcomed == welcomed) {
      if (wake == absl::InfiniteFuture()) {
        changed_.Wait(&mutex_);
      } else if (!changed_.WaitFor(&mutex_, absl::ToChronoNanoseconds(wake - absl::Now()))) {
        break;
      }
    }
    if (stopping_ && !leaving) {
      leaving = true;
      leave_by = progress.welcomed ? absl::Now() + kGoodbye : absl::Now();
      if (progress.welcomed) stream->HalfClose();
    }
    welcomed = progress.welcomed;
    if (progress.ended) break;
  }
  conversation.End();
  {
    MutexLock lock(&mutex_);
    *why = *progress.ended;
    connected_ = false;
    why_not_ = why->ok() ? "it ended the session" : std::string(why->message());
  }
  if (welcomed) observer_.OnDisconnected();
  return welcomed;
}

void Dialler::OnWelcome(const std::string& peer) {
  if (const auto ip = PeerIp(peer)) executor_.SetServerAddress(*ip);
  {
    MutexLock lock(&mutex_);
    connected_ = true;
  }
  observer_.OnConnected();
  options_.logger.Info("connected", {{"server", options_.server}, {"peer", peer}});
}

void Dialler::LogEnd(bool welcomed, const absl::Status& why, absl::Duration pause) {
  const std::string reason(why.message());
  const std::string again = absl::FormatDuration(absl::Trunc(pause, absl::Milliseconds(1)));
  if (absl::IsCancelled(why) && reason == kStopping) {
    if (welcomed) options_.logger.Info("disconnected", {{"reason", reason}});
    return;
  }
  if (welcomed) {
    last_failure_.clear();
    options_.logger.Warn("disconnected", {{"reason", reason}, {"server", options_.server}, {"again_in", again}});
    return;
  }
  const bool refused = absl::IsAlreadyExists(why) || absl::IsInvalidArgument(why) || absl::IsPermissionDenied(why) ||
                       absl::IsUnauthenticated(why) || absl::IsFailedPrecondition(why);
  const std::string_view message = refused ? "refused by the server" : "cannot connect";
  // Once at full voice; a server that is away for a night is not worth thousands of lines.
  const bool news = std::exchange(last_failure_, reason) != reason;
  const Logger::Fields fields = {{"reason", reason}, {"server", options_.server}, {"again_in", again}};
  news ? options_.logger.Warn(message, fields) : options_.logger.Debug(message, fields);
}

}  // namespace

absl::StatusOr<std::unique_ptr<Session>> Session::Start(Options options, executor::Executor& executor,
                                                        Reporter& reporter, Observer& observer) {
  auto target = DialTarget(options.server);
  if (!target.ok()) return target.status();
  return std::make_unique<Dialler>(std::move(options), *std::move(target), executor, reporter, observer);
}

}  // namespace warren::session
