#include "client/cmd/exec_many.h"

#include <unistd.h>

#include <algorithm>
#include <atomic>
#include <cerrno>
#include <chrono>
#include <cstring>
#include <memory>
#include <set>
#include <string_view>
#include <thread>
#include <utility>
#include <vector>

#include "absl/strings/str_cat.h"
#include "absl/strings/str_join.h"
#include "client/cmd/listing.h"
#include "client/exec/caught_signals.h"
#include "client/exec/prefixed_lines.h"
#include "client/exec/stop.h"
#include "client/exec/write_all.h"
#include "client/lib/status.h"
#include "proto/common/flags.h"
#include "proto/common/mutex.h"
#include "proto/common/names.h"

namespace warren::cli {
namespace {

// Sessions that are cancelled are over within a second.
constexpr std::chrono::milliseconds kStuck{2000};

struct Target {
  std::string name;   // "hosts/h1/namespaces/red"
  std::string place;  // "h1/red"
  std::string host;
  uint64_t cookie = 0;
};

struct Result {
  absl::Status status = absl::CancelledError("not begun");
  v1::ExitStatus exit;
};

bool Succeeded(const Result& result) {
  return result.status.ok() && result.exit.code() == 0 && result.exit.signal_number() == 0;
}

absl::StatusOr<std::vector<Target>> Find(client::Client& client, const Many& many, absl::Time deadline) {
  const auto parent = ParentOf(many.targets.host());
  if (!parent.ok()) return parent.status();
  v1::ListNamespacesRequest request;
  request.set_parent(*parent);
  request.set_filter(many.filter);
  request.set_view(v1::NAMESPACE_VIEW_BASIC);
  const auto listed = client.ListNamespaces(request, deadline);
  if (!listed.ok()) return listed.status();
  std::vector<Target> found;
  for (const v1::Namespace& netns : *listed) {
    const auto name = ParseNamespace(netns.name());
    // What has the name of a namespace and is none.
    if (!netns.unusable_reason().empty()) continue;
    if (!name.ok() || !many.targets.Match(name->host, name->id)) continue;
    found.push_back({netns.name(), absl::StrCat(name->host, "/", name->id), name->host, netns.identity().cookie()});
  }
  return found;
}

// Runs them; see RunMany.
class FanOut {
 public:
  FanOut(client::Client& client, Context& context, const v1::Command& command, const std::vector<Target>& targets)
      : client_(client), context_(context), command_(command), targets_(targets), results_(targets.size()) {}

  // Returns the signal it was ended by, or 0.
  int Run(int parallel, const CaughtSignals& signals) {
    const int count = std::min<int>(parallel, static_cast<int>(targets_.size()));
    std::atomic<int> working = count;
    std::vector<std::jthread> workers;
    for (int i = 0; i < count; ++i) {
      workers.emplace_back([this, &working] {
        for (size_t next = next_++; next < targets_.size() && ended_by_ == 0; next = next_++) RunOne(next);
        if (--working == 0) done_.Say();
      });
    }
    while (done_.WaitFor(signals.fd())) {
      const int signal = signals.Take();
      if (signal == 0 || signal == SIGWINCH || signal == SIGCONT) continue;
      End(signal);
      // Who should read the output does not: those that write it will not come back.
      if (!done_.IsSaidWithin(kStuck)) _exit(kExitSignalled + signal);
    }
    workers.clear();
    return ended_by_;
  }

  const std::vector<Result>& results() const { return results_; }
  // An errno; 0: all output was written.
  int write_error() const { return write_error_; }

 private:
  // A host that has no place for one more at this moment has one soon: some of these commands are over by then.
  void RunOne(size_t index) {
    const absl::Time give_up = absl::Now() + context_.timeout();
    while (true) {
      TryOne(index);
      const auto delay = client::RetryDelay(results_[index].status);
      if (!delay || absl::Now() + *delay > give_up) return;
      MutexLock lock(&mutex_);
      const auto again = std::chrono::steady_clock::now() + absl::ToChronoNanoseconds(*delay);
      bool waiting = true;
      while (waiting && ended_by_ == 0) waiting = changed_.WaitUntil(&mutex_, again);
      if (ended_by_ != 0) return;
    }
  }

  void TryOne(size_t index) {
    const Target& target = targets_[index];
    v1::SessionStart start;
    start.set_name(target.name);
    start.set_namespace_cookie(target.cookie);
    *start.mutable_command() = command_;
    const auto session = client_.Exec(std::move(start), absl::Now() + context_.timeout());
    {
      MutexLock lock(&mutex_);
      if (ended_by_ != 0) return;
      running_.insert(session.get());
    }
    PrefixedLines out(absl::StrCat(target.place, ": "));
    PrefixedLines err(absl::StrCat(target.place, ": "));
    Result& result = results_[index];
    while (true) {
      const auto said = session->Next();
      if (!said.ok()) {
        result.status = absl::IsOutOfRange(said.status()) ? absl::OkStatus() : said.status();
        break;
      }
      if (said->has_exit()) result.exit = said->exit();
      if (said->has_stdout()) Write(context_.streams().out, out.Add(said->stdout()));
      if (said->has_stderr()) Write(context_.streams().err, err.Add(said->stderr()));
    }
    Write(context_.streams().out, out.Rest());
    Write(context_.streams().err, err.Rest());
    MutexLock lock(&mutex_);
    running_.erase(session.get());
  }

  // Lines of several never mix within one.
  void Write(std::ostream& stream, const std::string& lines) {
    if (lines.empty()) return;
    int error = 0;
    {
      MutexLock lock(&output_);
      error = WriteAll(stream, lines);
      if (error != 0 && write_error_ == 0) write_error_ = error;
    }
    if (error != 0) End(SIGPIPE);
  }

  void End(int signal) {
    MutexLock lock(&mutex_);
    int none = 0;
    ended_by_.compare_exchange_strong(none, signal);
    for (client::ExecSession* session : running_) session->Cancel();
    changed_.SignalAll();
  }

  client::Client& client_;
  Context& context_;
  const v1::Command& command_;
  const std::vector<Target>& targets_;
  std::vector<Result> results_;  // each its worker's until Run returns
  const Stop done_;
  std::atomic<size_t> next_ = 0;
  std::atomic<int> ended_by_ = 0;
  std::atomic<int> write_error_ = 0;  // the first
  Mutex output_;
  Mutex mutex_;
  CondVar changed_;
  std::set<client::ExecSession*> running_ ABSL_GUARDED_BY(mutex_);
};

std::string Counted(size_t count, std::string_view what) {
  return absl::StrCat(count, " ", std::string(what), count == 1 ? "" : "s");
}

// A line for each that did not succeed, after one of numbers; returns the exit code.
int Summarize(Context& context, const std::string& name, const std::vector<Target>& targets,
              const std::vector<Result>& results) {
  std::set<std::string> hosts;
  std::vector<std::string> lines = {""};
  size_t failed = 0;
  size_t not_run = 0;
  for (size_t i = 0; i < targets.size(); ++i) {
    const Result& result = results[i];
    hosts.insert(targets[i].host);
    if (Succeeded(result)) continue;
    std::string why;
    if (!result.status.ok()) {
      ++not_run;
      why = absl::StrCat(absl::StatusCodeToString(result.status.code()), ": ", result.status.message());
    } else {
      ++failed;
      why = result.exit.signal_number() != 0 ? absl::StrCat("killed by ", result.exit.signal())
                                             : absl::StrCat("exit code ", result.exit.code());
    }
    lines.push_back(absl::StrCat("  ", targets[i].place, ": ", why));
  }
  std::vector<std::string> parts = {absl::StrCat(targets.size() - failed - not_run, " succeeded")};
  if (failed > 0) parts.push_back(absl::StrCat(failed, " failed"));
  if (not_run > 0) parts.push_back(absl::StrCat(not_run, " not run to the end"));
  lines[0] = absl::StrCat(Counted(targets.size(), "namespace"), " on ", Counted(hosts.size(), "host"), ": ",
                          absl::StrJoin(parts, ", "));
  context.Complain(name, lines);
  return not_run > 0 ? kExitNotRun : failed > 0 ? kExitFailed : kExitOk;
}

}  // namespace

int RunMany(Context& context, const std::string& name, const Many& many, const v1::Command& command) {
  const CaughtSignals signals;
  int code = kExitOk;
  client::Client* client = context.Connect(&code);
  if (client == nullptr) return kExitNotRun;
  const auto targets = Find(*client, many, context.deadline());
  if (!targets.ok()) return context.Fail(name, targets.status()), kExitNotRun;
  if (targets->empty()) {
    context.Complain(name, {"no namespace matches; `warren netns list` shows those there are"});
    return kExitNotRun;
  }
  FanOut fan_out(*client, context, command, *targets);
  const int signal = fan_out.Run(many.parallel, signals);
  if (const int error = fan_out.write_error(); error != 0) {
    if (error == EPIPE) return kExitSignalled + SIGPIPE;
    context.Complain(name, {absl::StrCat("writing what the commands wrote: ", strerror(error))});
    return kExitNotRun;
  }
  const int outcome = Summarize(context, name, *targets, fan_out.results());
  return signal != 0 ? kExitSignalled + signal : outcome;
}

int ExitCodeOf(const absl::Status& status) {
  const std::string reason = ReasonOf(status);
  if (reason == "COMMAND_NOT_FOUND") return kExitCommandNotFound;
  if (reason == "COMMAND_NOT_EXECUTABLE") return kExitNotExecutable;
  return absl::IsDeadlineExceeded(status) ? kExitTimedOut : kExitNotRun;
}

}  // namespace warren::cli
