// The `warren` command: wires standard streams to the command tree.

#include <unistd.h>

#include <iostream>

#include "client/cmd/run.h"
#include "proto/common/deadlock_checks.h"

int main(int argc, char** argv) {
  using warren::cli::TerminalOf;
  warren::SkipDeadlockChecks();
  return warren::cli::RunWarren(
      argc, argv, {std::cin, std::cout, std::cerr, TerminalOf(STDOUT_FILENO), TerminalOf(STDERR_FILENO), STDIN_FILENO});
}
