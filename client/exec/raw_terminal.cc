#include "client/exec/raw_terminal.h"

#include <signal.h>
#include <sys/ioctl.h>
#include <unistd.h>

#include <cerrno>
#include <cstring>

#include "absl/strings/str_cat.h"

namespace warren::cli {
namespace {

// What has been typed or written is not lost (TCSADRAIN), and a signal does not keep the modes from being set.
bool SetModes(int fd, const termios& modes) {
  int result = -1;
  do {
    result = tcsetattr(fd, TCSADRAIN, &modes);
  } while (result != 0 && errno == EINTR);
  return result == 0;
}

absl::Status Refused(const char* what) {
  return absl::FailedPreconditionError(absl::StrCat("cannot ", what, " the terminal: ", strerror(errno)));
}

}  // namespace

absl::Status RawTerminal::Enter() {
  MutexLock lock(&mutex_);
  if (!known_) {
    if (tcgetattr(fd_, &before_) != 0) return Refused("read the modes of");
    known_ = true;
  }
  termios raw = before_;
  cfmakeraw(&raw);
  if (!SetModes(fd_, raw)) return Refused("set the modes of");
  raw_ = true;
  return absl::OkStatus();
}

void RawTerminal::Leave() {
  MutexLock lock(&mutex_);
  if (!raw_) return;
  raw_ = false;
  // A process in the background that sets modes is stopped by SIGTTOU, unless it blocks that (termios(3)).
  sigset_t stop, old;
  sigemptyset(&stop);
  sigaddset(&stop, SIGTTOU);
  pthread_sigmask(SIG_BLOCK, &stop, &old);
  SetModes(fd_, before_);
  pthread_sigmask(SIG_SETMASK, &old, nullptr);
}

bool RawTerminal::InBackground() const {
  const pid_t foreground = tcgetpgrp(fd_);
  return foreground >= 0 && foreground != getpgrp();
}

v1::TerminalSize RawTerminal::Size() const {
  v1::TerminalSize size;
  winsize window = {};
  if (ioctl(fd_, TIOCGWINSZ, &window) == 0) {
    size.set_rows(window.ws_row);
    size.set_columns(window.ws_col);
  }
  return size;
}

}  // namespace warren::cli
