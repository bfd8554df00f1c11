#include "agent/exec/helper.h"

#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <spawn.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

#include <fstream>
#include <string>
#include <utility>

#include "absl/strings/str_cat.h"
#include "proto/common/unique_fd.h"

namespace warren::exec {
namespace {

// After the grace of what was hung up.
constexpr std::chrono::milliseconds kLate{1000};

// proc_pid_stat(5): 'T' stopped by a signal, 't' by who traces it; 0: it is gone.
char StateOf(pid_t pid) {
  std::ifstream file(absl::StrCat("/proc/", pid, "/stat"));
  std::string text;
  std::getline(file, text);
  const size_t name_end = text.rfind(')');
  return name_end != std::string::npos && name_end + 2 < text.size() ? text[name_end + 2] : '\0';
}

absl::Status Failed(int error, const std::string& program) {
  const std::string message = absl::StrCat("starting ", program, ": ", strerror(error));
  if (error == ENOENT || error == EACCES || error == ENOEXEC) {
    return absl::FailedPreconditionError(
        absl::StrCat(message, "; it belongs beside warren-agent, or where --exec-helper says"));
  }
  return absl::ResourceExhaustedError(message);
}

// The one descriptor that it is born with, beside a log to complain to. Nothing is done between fork and exec that
// could meet a lock that another thread held: that is the C library's business.
int Spawn(const std::string& program, int control, pid_t* pid) {
  posix_spawn_file_actions_t actions;
  posix_spawnattr_t attributes;
  posix_spawn_file_actions_init(&actions);
  posix_spawnattr_init(&attributes);
  posix_spawn_file_actions_addopen(&actions, 0, "/dev/null", O_RDWR, 0);
  posix_spawn_file_actions_adddup2(&actions, 0, 1);
  posix_spawn_file_actions_adddup2(&actions, control, nsexec::kControlFd);
  sigset_t none, all;
  sigemptyset(&none);
  sigfillset(&all);
  posix_spawnattr_setsigmask(&attributes, &none);
  posix_spawnattr_setsigdefault(&attributes, &all);
  posix_spawnattr_setflags(&attributes, POSIX_SPAWN_SETSID | POSIX_SPAWN_SETSIGMASK | POSIX_SPAWN_SETSIGDEF);
  char* const argv[] = {const_cast<char*>("warren-nsexec"), nullptr};
  char* const env[] = {nullptr};
  const int error = posix_spawn(pid, program.c_str(), &actions, &attributes, argv, env);
  posix_spawnattr_destroy(&attributes);
  posix_spawn_file_actions_destroy(&actions);
  return error;
}

}  // namespace

absl::StatusOr<std::shared_ptr<Helper>> Helper::Start(boost::asio::io_context& io, const std::string& program,
                                                      const nsexec::Order& order, const nsexec::OrderFds& fds,
                                                      Callbacks callbacks) {
  int ends[2];
  if (socketpair(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC, 0, ends) != 0) return Failed(errno, program);
  UniqueFd ours(ends[0]);
  const UniqueFd theirs(ends[1]);
  std::shared_ptr<Helper> helper(new Helper(io, std::move(callbacks)));
  if (const int error = Spawn(program, theirs.get(), &helper->pid_)) return Failed(error, program);
  // From here on there is a process, which ends by itself when its socket does.
  UniqueFd process(static_cast<int>(syscall(SYS_pidfd_open, helper->pid_, 0)));
  const int error = process.valid() ? nsexec::SendOrder(ours.get(), order, fds) : errno;
  if (error != 0) {
    ours.reset();
    waitpid(helper->pid_, nullptr, 0);
    return Failed(error, program);
  }
  fcntl(ours.get(), F_SETFL, O_NONBLOCK);
  boost::system::error_code ignored;
  helper->control_.assign(ours.release(), ignored);
  helper->process_.assign(process.release(), ignored);
  helper->Listen();
  helper->AwaitEnd();
  return helper;
}

void Helper::Signal(int number) { nsexec::SendRequest(control_.native_handle(), {nsexec::Request::kSignal, number}); }

void Helper::HangUp(std::chrono::milliseconds grace) {
  const nsexec::Request request = {nsexec::Request::kHangUp, static_cast<int32_t>(grace.count())};
  // There may be no room behind signals that it has not read; their end says the same.
  if (nsexec::SendRequest(control_.native_handle(), request) != 0) shutdown(control_.native_handle(), SHUT_WR);
  // Nobody else: SIGCONT also takes back a SIGSTOP that is on its way, which is how a debugger, or a leak checker at
  // its end, begins to trace it (ptrace(2), PTRACE_ATTACH), and would then wait for it for good.
  if (StateOf(pid_) == 'T') kill(pid_, SIGCONT);
  ExpectEnd(grace + kLate);
}

void Helper::ExpectEnd(std::chrono::milliseconds within) {
  late_.expires_after(within);
  late_.async_wait([self = shared_from_this()](boost::system::error_code error) {
    if (error || !self->process_.is_open()) return;
    // Not one that waits for what the kernel does not let go of.
    const char state = StateOf(self->pid_);
    if (state == 'T' || state == 't') kill(self->pid_, SIGKILL);
    self->ExpectEnd(kLate);
  });
}

void Helper::Listen() {
  control_.async_wait(boost::asio::posix::stream_descriptor::wait_read,
                      [self = shared_from_this()](boost::system::error_code error) {
                        if (error) return;
                        self->TakeEvents();
                      });
}

void Helper::TakeEvents() {
  while (true) {
    nsexec::Event event;
    const int error = nsexec::ReceiveEvent(control_.native_handle(), event);
    if (error == EAGAIN) return Listen();
    if (error != 0) return;
    finished_ = finished_ || event.kind == nsexec::Event::kGone || event.kind == nsexec::Event::kFailed;
    callbacks_.event(event);
  }
}

void Helper::AwaitEnd() {
  process_.async_wait(boost::asio::posix::stream_descriptor::wait_read,
                      [self = shared_from_this()](boost::system::error_code error) {
                        if (error) return;
                        int status = 0;
                        const bool exited = waitpid(self->pid_, &status, WNOHANG) == self->pid_ && WIFEXITED(status);
                        // What it said last.
                        self->TakeEvents();
                        boost::system::error_code ignored;
                        self->control_.close(ignored);
                        self->process_.close(ignored);
                        self->late_.cancel();
                        const Callbacks callbacks = std::exchange(self->callbacks_, {});
                        callbacks.ended(self->finished_, !exited);
                      });
}

}  // namespace warren::exec
