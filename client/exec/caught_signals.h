#ifndef WARREN_CLIENT_EXEC_CAUGHT_SIGNALS_H_
#define WARREN_CLIENT_EXEC_CAUGHT_SIGNALS_H_

// While this lives, signals that would end the process, and those that tell of its terminal, are read from a descriptor
// instead (signalfd(2)): SIGINT, SIGTERM, SIGHUP, SIGQUIT, SIGUSR1, SIGUSR2, SIGWINCH, SIGCONT. SIGPIPE is ignored, so
// that output which nobody reads is an error of the write. Those that the process was started to ignore (nohup) stay
// ignored.
//
// To be made before the process has other threads, which then leave these signals alone, too. One thread.

#include <signal.h>

namespace warren::cli {

class CaughtSignals {
 public:
  CaughtSignals();
  ~CaughtSignals();
  CaughtSignals(const CaughtSignals&) = delete;
  CaughtSignals& operator=(const CaughtSignals&) = delete;

  // Readable when one is there. -1: the system has no descriptor left; then none is told.
  int fd() const { return fd_; }
  // The number of one that is there; 0: none is.
  int Take() const;

 private:
  int fd_ = -1;
  sigset_t before_ = {};
  struct sigaction pipe_before_ = {};
};

}  // namespace warren::cli

#endif  // WARREN_CLIENT_EXEC_CAUGHT_SIGNALS_H_
