#include "proto/common/shutdown.h"

#include <errno.h>
#include <signal.h>
#include <sys/signalfd.h>

#include "absl/status/status.h"

namespace warren {

absl::StatusOr<ShutdownSignal> ShutdownSignal::Create() {
  sigset_t set;
  sigemptyset(&set);
  sigaddset(&set, SIGTERM);
  sigaddset(&set, SIGINT);
  if (const int error = pthread_sigmask(SIG_BLOCK, &set, nullptr); error != 0) {
    return absl::ErrnoToStatus(error, "blocking SIGTERM and SIGINT");
  }
  // A peer that hangs up must be an error from write, not the end of the process.
  signal(SIGPIPE, SIG_IGN);
  UniqueFd fd(signalfd(-1, &set, SFD_CLOEXEC));
  if (!fd.valid()) return absl::ErrnoToStatus(errno, "signalfd");
  return ShutdownSignal(std::move(fd));
}

int ShutdownSignal::Wait() {
  signalfd_siginfo info;
  while (read(fd_.get(), &info, sizeof info) != sizeof info) {
  }
  return static_cast<int>(info.ssi_signo);
}

}  // namespace warren
