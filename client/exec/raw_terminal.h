#ifndef WARREN_CLIENT_EXEC_RAW_TERMINAL_H_
#define WARREN_CLIENT_EXEC_RAW_TERMINAL_H_

// A terminal that hands over every key as it is typed, Ctrl-C too, and shows nothing by itself: what a remote terminal
// needs. However the object ends, the terminal is again as it was. Thread-safe.

#include <termios.h>

#include "absl/base/thread_annotations.h"
#include "absl/status/status.h"
#include "proto/common/mutex.h"
#include "warren/v1/exec.pb.h"

namespace warren::cli {

class RawTerminal {
 public:
  // Changes nothing yet. fd stays open for longer than this.
  explicit RawTerminal(int fd) : fd_(fd) {}
  // Leaves.
  ~RawTerminal() { Leave(); }
  RawTerminal(const RawTerminal&) = delete;
  RawTerminal& operator=(const RawTerminal&) = delete;

  // termios(3), cfmakeraw. Again after Leave, or after a shell has set the terminal for itself while this process was
  // stopped. FAILED_PRECONDITION: it is no terminal, or is gone.
  absl::Status Enter();
  // As it was before the first Enter, also from the background.
  void Leave();

  // It is this process's, but another job's turn (tcgetpgrp(3)).
  bool InBackground() const;
  // Zeros where it is not known.
  v1::TerminalSize Size() const;

 private:
  const int fd_;
  Mutex mutex_;
  bool known_ ABSL_GUARDED_BY(mutex_) = false;
  bool raw_ ABSL_GUARDED_BY(mutex_) = false;
  termios before_ ABSL_GUARDED_BY(mutex_) = {};
};

}  // namespace warren::cli

#endif  // WARREN_CLIENT_EXEC_RAW_TERMINAL_H_
