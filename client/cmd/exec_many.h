#ifndef WARREN_CLIENT_CMD_EXEC_MANY_H_
#define WARREN_CLIENT_CMD_EXEC_MANY_H_

// One command in many namespaces, as `ip -all netns exec`, but on any number of hosts and several at once: every line
// of output with its namespace in front, and at last a summary on standard error.
//
// Threads: one for each that runs at once; the caller's waits for them and for signals. Cost: a session each
// (client/lib/exec.h), over one connection.

#include <string>

#include "absl/status/status.h"
#include "client/args/exec_args.h"
#include "client/cmd/context.h"
#include "warren/v1/exec.pb.h"

namespace warren::cli {

struct Many {
  Targets targets;
  std::string filter;  // of ListNamespaces, as well
  int parallel = 1;
};

// Returns 0: all returned 0. 1: some did not. kExitNotRun: some were not run, or there are none. 128+N: ended by signal
// N of this process's.
int RunMany(Context& context, const std::string& name, const Many& many, const v1::Command& command);

// The exit code for a command that was not run, or not to its end: that of env(1) and timeout(1).
int ExitCodeOf(const absl::Status& status);

}  // namespace warren::cli

#endif  // WARREN_CLIENT_CMD_EXEC_MANY_H_
