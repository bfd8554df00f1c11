#ifndef WARREN_CLIENT_EXEC_ATTACH_H_
#define WARREN_CLIENT_EXEC_ATTACH_H_

// A remote command on this process's streams, terminal and signals, as if it ran here.
//
// With a terminal: raw while the command runs, its size passed on when it changes, "~." at the beginning of a line
// (client/exec/escape.h) to get away; SIGTERM and the like end the session. Without: SIGINT, SIGTERM and SIGQUIT are
// sent to the command, SIGHUP and the third SIGINT or SIGTERM end the session. SIGUSR1 and SIGUSR2 are always sent.
// Before the command runs, any of them ends it.
//
// Threads: the caller's writes what comes; one reads standard input, one the signals, both gone on return. Cost: two
// copies of each byte of output; standard input in pieces of 64 KiB.

#include <ostream>

#include "absl/status/status.h"
#include "client/exec/caught_signals.h"
#include "client/lib/exec.h"
#include "warren/v1/exec.pb.h"

namespace warren::cli {

struct Here {
  std::ostream& out;
  std::ostream& err;
  int in = -1;            // -1: standard input is not passed on
  bool terminal = false;  // `in` is a terminal, and the command has one
};

struct Outcome {
  absl::Status status;      // OK: the command is over, see exit
  v1::ExitStatus exit;      // how
  bool started = false;     // it ran at all
  int ended_by_signal = 0;  // the session was ended by this signal of this process's; SIGPIPE: nobody reads the output
  int write_error = 0;      // or since output could not be written: an errno, and not EPIPE
};

// Until the command is over, or the session is. Status: that of ExecSession::Next; CANCELLED: ended from here.
Outcome Attach(client::ExecSession& session, const Here& here, const CaughtSignals& signals);

}  // namespace warren::cli

#endif  // WARREN_CLIENT_EXEC_ATTACH_H_
