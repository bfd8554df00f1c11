#ifndef WARREN_AGENT_EXEC_STREAMS_H_
#define WARREN_AGENT_EXEC_STREAMS_H_

// A command's standard streams: pipes, or a pseudo-terminal (pty(7)). Plain functions; thread-safe.

#include <optional>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "agent/nsexec/wire.h"
#include "proto/common/unique_fd.h"
#include "warren/v1/exec.pb.h"

namespace warren::exec {

struct Streams {
  nsexec::OrderFds theirs;  // in, out, err
  // Ours, which do not block. With a terminal, `out` is the master and the others are none; without standard input,
  // `in` is none.
  UniqueFd in, out, err;
};

// A pipe of a MiB for each output, so that a command which writes much is seldom stopped. RESOURCE_EXHAUSTED: no more
// descriptors or terminals.
absl::StatusOr<Streams> MakePipes(bool with_stdin);
absl::StatusOr<Streams> MakeTerminal(const v1::TerminalSize& size);

// Tells the terminal's new size; whoever is in the foreground there gets SIGWINCH.
void ResizeTerminal(int master, const v1::TerminalSize& size);

}  // namespace warren::exec

#endif  // WARREN_AGENT_EXEC_STREAMS_H_
