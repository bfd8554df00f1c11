// The `warren` command: wires standard streams to the command tree.

#include <fcntl.h>
#include <sys/syscall.h>
#include <unistd.h>

#include <iostream>

#include "client/cmd/run.h"
#include "proto/common/deadlock_checks.h"

namespace {

// The number of a standard stream that is closed would be that of the first file or socket that is opened, which would
// be taken for it. As one that can be used in the wrong direction only, it gives the errors that a closed one does;
// what nobody wants to be told is dropped.
//
// Libraries open descriptors before main: this comes before them, and so before the sanitizers are ready, too.
__attribute__((no_sanitize("address", "thread", "undefined"))) void FillStandardStreams(int, char**, char**) {
  if (syscall(SYS_fcntl, STDIN_FILENO, F_GETFD) < 0) syscall(SYS_openat, AT_FDCWD, "/dev/null", O_WRONLY);
  if (syscall(SYS_fcntl, STDOUT_FILENO, F_GETFD) < 0) syscall(SYS_openat, AT_FDCWD, "/dev/null", O_RDONLY);
  if (syscall(SYS_fcntl, STDERR_FILENO, F_GETFD) < 0) syscall(SYS_openat, AT_FDCWD, "/dev/null", O_WRONLY);
}
__attribute__((section(".preinit_array"), used)) void (*const fill_standard_streams)(int, char**,
                                                                                     char**) = FillStandardStreams;

}  // namespace

int main(int argc, char** argv) {
  using warren::cli::TerminalOf;
  warren::SkipDeadlockChecks();
  return warren::cli::RunWarren(
      argc, argv, {std::cin, std::cout, std::cerr, TerminalOf(STDOUT_FILENO), TerminalOf(STDERR_FILENO), STDIN_FILENO});
}
