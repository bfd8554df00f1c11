#include "agent/nsexec/supervisor.h"

#include <errno.h>
#include <limits.h>
#include <poll.h>
#include <signal.h>
#include <sys/prctl.h>
#include <sys/signalfd.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <unistd.h>

#include <algorithm>
#include <chrono>
#include <optional>
#include <utility>

#include "agent/nsexec/cgroup.h"
#include "agent/nsexec/command.h"
#include "agent/nsexec/family.h"
#include "agent/nsexec/wire.h"
#include "proto/common/unique_fd.h"

namespace warren::nsexec {
namespace {

using Clock = std::chrono::steady_clock;

// Between two rounds of SIGKILL: the first reaches all but what was being born.
constexpr std::chrono::milliseconds kAgain{20};

Event EventOf(const Failure& failure) {
  return {Event::kFailed, static_cast<int32_t>(failure.step), failure.error, failure.about};
}

class Supervisor {
 public:
  Supervisor(int control, Order order) : control_(control), order_(std::move(order)) {}

  int Run(OrderFds fds);

 private:
  Result Prepare();
  Result Start(OrderFds fds);
  // The command runs by now, or says why not.
  void OnTold();
  // False: we have no children.
  bool Reap();
  bool LeftInCgroup();
  void OnRequest();
  void HangUp(std::chrono::milliseconds grace);
  void Kill();
  void Signal(int number);
  int Fail(const Failure& failure);

  const int control_;
  const Order order_;
  bool in_cgroup_ = false;
  bool agent_there_ = true;
  bool failed_ = false;
  UniqueFd signals_;
  UniqueFd told_;  // closed by execve(2), or says why it failed; none: that is known
  pid_t pid_ = 0;  // of the command; 0: it is over
  std::optional<Clock::time_point> kill_at_;
};

int Supervisor::Fail(const Failure& failure) {
  failed_ = true;
  SendEvent(control_, EventOf(failure));
  return 1;
}

Result Supervisor::Prepare() {
  sigset_t all;
  sigfillset(&all);
  sigprocmask(SIG_SETMASK, &all, nullptr);
  sigset_t child;
  sigemptyset(&child);
  sigaddset(&child, SIGCHLD);
  signals_.reset(signalfd(-1, &child, SFD_CLOEXEC | SFD_NONBLOCK));
  if (!signals_.valid() || prctl(PR_SET_CHILD_SUBREAPER, 1, 0, 0, 0) != 0) {
    return Failure{Step::kOrder, errno, "the helper"};
  }
  if (order_.cgroup.empty()) return {};
  if (const int error = MakeCgroup(order_.cgroup)) return Failure{Step::kCgroup, error, order_.cgroup};
  in_cgroup_ = true;
  return {};
}

int Supervisor::Run(OrderFds fds) {
  if (auto failure = Prepare()) return Fail(*failure);
  if (auto failure = Start(std::move(fds))) Fail(*failure);
  for (bool family = Reap(); family || LeftInCgroup(); family = Reap()) {
    pollfd ready[3] = {
        {signals_.get(), POLLIN, 0}, {agent_there_ ? control_ : -1, POLLIN, 0}, {told_.get(), POLLIN, 0}};
    // Of the death of who is not our child nothing tells.
    int64_t wait = family ? -1 : kAgain.count();
    if (kill_at_) {
      const auto left = std::chrono::ceil<std::chrono::milliseconds>(*kill_at_ - Clock::now());
      wait = std::clamp<int64_t>(left.count(), 0, family ? INT_MAX : kAgain.count());
    }
    poll(ready, 3, static_cast<int>(wait));
    if (ready[1].revents != 0) OnRequest();
    if (ready[2].revents != 0) OnTold();
    if (kill_at_ && Clock::now() >= *kill_at_) Kill();
  }
  if (!failed_) SendEvent(control_, {Event::kGone, 0, 0, ""});
  return 0;
}

Result Supervisor::Start(OrderFds fds) {
  int ends[2];
  if (socketpair(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC, 0, ends) != 0) {
    return Failure{Step::kOrder, errno, "a socket"};
  }
  told_.reset(ends[0]);
  const UniqueFd tell(ends[1]);
  pid_ = fork();
  if (pid_ < 0) {
    told_.reset();
    return Failure{Step::kOrder, errno, "a process"};
  }
  if (pid_ > 0) return {};
  SendEvent(tell.get(), EventOf(BecomeCommand(order_, fds)));
  _exit(127);
}

void Supervisor::OnTold() {
  Event event;
  failed_ = ReceiveEvent(told_.get(), event) == 0;
  told_.reset();
  SendEvent(control_, failed_ ? event : Event{Event::kStarted, pid_, 0, ""});
}

bool Supervisor::Reap() {
  signalfd_siginfo info;
  while (read(signals_.get(), &info, sizeof info) > 0) {
  }
  bool ended = false;
  while (true) {
    int status = 0;
    const pid_t pid = waitpid(-1, &status, WNOHANG);
    // Orphans become our children: when there are none, nothing is left of the family.
    if (pid < 0) return false;
    if (pid == 0) break;
    if (pid != pid_) continue;
    if (told_.valid()) OnTold();
    pid_ = 0;
    if (!failed_) SendEvent(control_, {Event::kExited, status, 0, ""});
    ended = true;
  }
  if (ended) HangUp(std::chrono::milliseconds(order_.grace_ms));
  return true;
}

// Orphans of who has joined another pid namespace become the children of its init.
bool Supervisor::LeftInCgroup() {
  if (!in_cgroup_ || RemoveCgroup(order_.cgroup) != EBUSY) return false;
  if (!kill_at_) HangUp(std::chrono::milliseconds(order_.grace_ms));
  return true;
}

void Supervisor::OnRequest() {
  Request request;
  if (ReceiveRequest(control_, request) != 0) {
    agent_there_ = false;
    return HangUp(std::chrono::milliseconds(order_.grace_ms));
  }
  if (request.kind == Request::kHangUp) return HangUp(std::chrono::milliseconds(request.value));
  if (request.kind == Request::kSignal && pid_ != 0) kill(-pid_, request.value);
}

void Supervisor::HangUp(std::chrono::milliseconds grace) {
  const Clock::time_point at = Clock::now() + grace;
  if (kill_at_) {
    kill_at_ = std::min(*kill_at_, at);
    return;
  }
  kill_at_ = at;
  Signal(SIGHUP);
  Signal(SIGCONT);
}

void Supervisor::Signal(int number) {
  SignalAll(in_cgroup_ ? ProcessesOfCgroup(order_.cgroup) : Descendants(getpid()), number);
}

void Supervisor::Kill() {
  if (in_cgroup_) KillCgroup(order_.cgroup);
  // Where the cgroup could be left by whoever is root in it, the family cannot.
  KillDescendants(getpid());
  kill_at_ = Clock::now() + kAgain;
}

}  // namespace

int Supervise(int control) {
  Order order;
  OrderFds fds;
  // The agent died, or thought better of it.
  if (ReceiveOrder(control, order, fds) != 0) return 1;
  return Supervisor(control, std::move(order)).Run(std::move(fds));
}

}  // namespace warren::nsexec
