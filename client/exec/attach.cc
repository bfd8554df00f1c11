#include "client/exec/attach.h"

#include <unistd.h>

#include <atomic>
#include <cerrno>
#include <chrono>
#include <cstring>
#include <string>
#include <string_view>
#include <thread>
#include <vector>

#include "client/exec/escape.h"
#include "client/exec/raw_terminal.h"
#include "client/exec/stop.h"
#include "client/exec/write_all.h"
#include "proto/common/mutex.h"

namespace warren::cli {
namespace {

constexpr size_t kPiece = 64 << 10;
// So many SIGINT and SIGTERM are sent on; one more ends the session.
constexpr int kMostSent = 2;
// A session that is cancelled is over within a second.
constexpr std::chrono::milliseconds kStuck{2000};
constexpr int kSignalled = 128;  // as shells have it

bool Asks(int signal) { return signal == SIGINT || signal == SIGTERM; }

class Attachment {
 public:
  Attachment(client::ExecSession& session, const Here& here, const CaughtSignals& signals)
      : session_(session), here_(here), signals_(signals), terminal_(here.in) {}

  Outcome Run() {
    Outcome outcome;
    std::jthread heeding([this] { HeedSignals(); });
    std::jthread typing;
    while (true) {
      const auto said = session_.Next();
      if (!said.ok()) {
        // After exit there is nothing more to say.
        outcome.status = absl::IsOutOfRange(said.status()) ? absl::OkStatus() : said.status();
        break;
      }
      if (said->has_started()) {
        outcome.started = started_ = true;
        if (here_.terminal) outcome.status = BecomeTerminal();
        if (!outcome.status.ok()) break;
        if (here_.in >= 0) typing = std::jthread([this] { PassInput(); });
      } else if (said->has_exit()) {
        outcome.exit = said->exit();
      } else if (said->has_stdout() || said->has_stderr()) {
        const int error = said->has_stdout() ? Write(here_.out, said->stdout()) : Write(here_.err, said->stderr());
        if (error == EPIPE) {
          End(SIGPIPE);
        } else if (error != 0 && outcome.write_error == 0) {
          outcome.write_error = error;
          session_.Cancel();
        }
      }
    }
    stop_.Say();
    outcome.ended_by_signal = ended_by_;
    return outcome;
  }

 private:
  // 0, or an errno.
  int Write(std::ostream& stream, std::string_view data) {
    MutexLock lock(&output_);
    return WriteAll(stream, data);
  }

  void End(int signal) {
    int none = 0;
    ended_by_.compare_exchange_strong(none, signal);
    session_.Cancel();
    if (signal == SIGPIPE || stop_.IsSaidWithin(kStuck)) return;
    // Who should read the output does not: the thread that writes it will not come back.
    terminal_.Leave();
    _exit(kSignalled + signal);
  }

  // Also after the shell that this process was stopped in has set the terminal for itself.
  absl::Status BecomeTerminal() {
    if (absl::Status raw = terminal_.Enter(); !raw.ok()) {
      session_.Cancel();
      return raw;
    }
    session_.Resize(terminal_.Size()).IgnoreError();
    return absl::OkStatus();
  }

  void PassInput() {
    std::vector<char> buffer(kPiece);
    Escape escape;
    while (stop_.WaitFor(here_.in)) {
      const ssize_t got = read(here_.in, buffer.data(), buffer.size());
      if (got < 0 && (errno == EINTR || errno == EAGAIN)) continue;
      if (got <= 0) {
        session_.EndStdin().IgnoreError();
        return;
      }
      std::string_view text(buffer.data(), static_cast<size_t>(got));
      if (!(here_.terminal ? Typed(escape, text) : session_.Send(text).ok())) return;
    }
  }

  // False: there is nobody to type for any more.
  bool Typed(Escape& escape, std::string_view text) {
    while (!text.empty()) {
      const Escape::Read read = escape.Typed(text);
      text.remove_prefix(read.used);
      if (!read.pass.empty() && !session_.Send(read.pass).ok()) return false;
      if (read.wish == Escape::Wish::kEnd) return session_.Cancel(), false;
      if (read.wish == Escape::Wish::kHelp) Write(here_.err, kEscapeHelp);
      if (read.wish == Escape::Wish::kSuspend) {
        terminal_.Leave();
        // To this thread, which then goes no further; kill(2) would stop it some time after its return.
        raise(SIGTSTP);
        // Here again, or nobody was there to stop it. In the background it is for HeedSignals to say what next.
        if (!terminal_.InBackground() && !BecomeTerminal().ok()) return false;
      }
    }
    return true;
  }

  void HeedSignals() {
    int asked = 0;
    while (signals_.fd() >= 0 && stop_.WaitFor(signals_.fd())) {
      const int signal = signals_.Take();
      if (signal == 0) continue;
      if (signal == SIGWINCH || signal == SIGCONT) {
        if (here_.terminal && started_ && ended_by_ == 0) TakeTerminalAgain();
      } else if (IsForUs(signal) || (Asks(signal) && asked++ == kMostSent)) {
        End(signal);
      } else {
        session_.Signal(sigabbrev_np(signal)).IgnoreError();
      }
    }
  }

  bool IsForUs(int signal) const {
    return !started_ || signal == SIGHUP || (here_.terminal && signal != SIGUSR1 && signal != SIGUSR2);
  }

  // Resumed in the background this process is stopped, as whoever sets modes there, but not in the midst of that: then
  // not even SIGTERM would be heeded.
  void TakeTerminalAgain() {
    if (terminal_.InBackground()) {
      raise(SIGTTOU);
    } else {
      BecomeTerminal().IgnoreError();
    }
  }

  client::ExecSession& session_;
  const Here here_;
  const CaughtSignals& signals_;
  const Stop stop_;
  RawTerminal terminal_;
  std::atomic<bool> started_ = false;
  std::atomic<int> ended_by_ = 0;
  Mutex output_;
};

}  // namespace

Outcome Attach(client::ExecSession& session, const Here& here, const CaughtSignals& signals) {
  return Attachment(session, here, signals).Run();
}

}  // namespace warren::cli
