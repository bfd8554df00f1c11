#include "client/exec/caught_signals.h"

#include <sys/signalfd.h>
#include <unistd.h>

#include <initializer_list>

namespace warren::cli {

CaughtSignals::CaughtSignals() {
  sigset_t caught;
  sigemptyset(&caught);
  for (const int number : {SIGINT, SIGTERM, SIGHUP, SIGQUIT, SIGUSR1, SIGUSR2, SIGWINCH, SIGCONT}) {
    struct sigaction action = {};
    // A blocked signal is kept even where it is ignored.
    if (sigaction(number, nullptr, &action) == 0 && action.sa_handler != SIG_IGN) sigaddset(&caught, number);
  }
  pthread_sigmask(SIG_BLOCK, &caught, &before_);
  fd_ = signalfd(-1, &caught, SFD_CLOEXEC | SFD_NONBLOCK);
  struct sigaction ignore = {};
  ignore.sa_handler = SIG_IGN;
  sigaction(SIGPIPE, &ignore, &pipe_before_);
}

CaughtSignals::~CaughtSignals() {
  while (Take() != 0) {
  }
  if (fd_ >= 0) close(fd_);
  sigaction(SIGPIPE, &pipe_before_, nullptr);
  pthread_sigmask(SIG_SETMASK, &before_, nullptr);
}

int CaughtSignals::Take() const {
  signalfd_siginfo info = {};
  if (fd_ < 0 || read(fd_, &info, sizeof(info)) != sizeof(info)) return 0;
  return static_cast<int>(info.ssi_signo);
}

}  // namespace warren::cli
