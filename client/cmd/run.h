#ifndef WARREN_CLIENT_CMD_RUN_H_
#define WARREN_CLIENT_CMD_RUN_H_

// The `warren` command: reads the line, asks the server, prints. One thread. Metrics: none.

#include <istream>
#include <ostream>

#include "client/lib/retry.h"
#include "client/output/terminal.h"

namespace warren::cli {

struct Streams {
  std::istream& in;
  std::ostream& out;  // what was asked for
  std::ostream& err;  // what went wrong, and what else a person should know
  Terminal out_terminal = {};
  Terminal err_terminal = {};
  int in_fd = -1;  // what `in` reads; for commands that run elsewhere
};

// Exit codes beyond proto/common/flags.h's 0 done, 1 refused or failed, 2 usage.
inline constexpr int kExitUnreachable = 3;  // no answer, or not within --timeout
// Of `exec` and `shell`, which otherwise end as the command does.
inline constexpr int kExitTimedOut = 124;         // it took longer than it may
inline constexpr int kExitNotRun = 125;           // it was not run, or not to its end, for any other reason
inline constexpr int kExitNotExecutable = 126;    // it is there, but no program
inline constexpr int kExitCommandNotFound = 127;  // it is not there
inline constexpr int kExitSignalled = 128;        // and the number of the signal that killed it

// retry gives the clock and the sleeper that --timeout goes by, so that tests neither wait nor depend on time.
int RunWarren(int argc, const char* const* argv, Streams streams, client::RetryOptions retry = {});

}  // namespace warren::cli

#endif  // WARREN_CLIENT_CMD_RUN_H_
