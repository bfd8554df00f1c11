#include "agent/exec/streams.h"

#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <sys/ioctl.h>
#include <termios.h>
#include <unistd.h>

#include <algorithm>
#include <limits>
#include <utility>

#include "absl/strings/str_cat.h"

namespace warren::exec {
namespace {

constexpr int kPipeBytes = 1 << 20;

absl::Status Failed(const char* what) {
  const absl::Status status = absl::ErrnoToStatus(errno, absl::StrCat("making ", what, " for the command"));
  return absl::ResourceExhaustedError(status.message());
}

absl::Status MakePipe(UniqueFd& read_end, UniqueFd& write_end) {
  int ends[2];
  if (pipe2(ends, O_CLOEXEC) != 0) return Failed("a pipe");
  read_end.reset(ends[0]);
  write_end.reset(ends[1]);
  // Beyond a user's quota of pipes it stays as small as it is.
  fcntl(read_end.get(), F_SETPIPE_SZ, kPipeBytes);
  return absl::OkStatus();
}

void DoNotBlock(const UniqueFd& fd) { fcntl(fd.get(), F_SETFL, fcntl(fd.get(), F_GETFL) | O_NONBLOCK); }

unsigned short Clamp(uint32_t characters) {
  return static_cast<unsigned short>(std::min<uint32_t>(characters, std::numeric_limits<unsigned short>::max()));
}

}  // namespace

absl::StatusOr<Streams> MakePipes(bool with_stdin) {
  Streams streams;
  if (auto s = MakePipe(streams.out, streams.theirs.out); !s.ok()) return s;
  if (auto s = MakePipe(streams.err, streams.theirs.err); !s.ok()) return s;
  if (with_stdin) {
    if (auto s = MakePipe(streams.theirs.in, streams.in); !s.ok()) return s;
    DoNotBlock(streams.in);
  } else {
    streams.theirs.in.reset(open("/dev/null", O_RDONLY | O_CLOEXEC));
    if (!streams.theirs.in.valid()) return Failed("an empty standard input");
  }
  DoNotBlock(streams.out);
  DoNotBlock(streams.err);
  return streams;
}

absl::StatusOr<Streams> MakeTerminal(const v1::TerminalSize& size) {
  Streams streams;
  streams.out.reset(posix_openpt(O_RDWR | O_NOCTTY | O_CLOEXEC));
  if (!streams.out.valid() || grantpt(streams.out.get()) != 0 || unlockpt(streams.out.get()) != 0) {
    return Failed("a terminal");
  }
  // Not by its name, which leads elsewhere where /dev/pts is another mount (ioctl_tty(2)).
  for (UniqueFd* fd : {&streams.theirs.in, &streams.theirs.out, &streams.theirs.err}) {
    fd->reset(ioctl(streams.out.get(), TIOCGPTPEER, O_RDWR | O_NOCTTY | O_CLOEXEC));
    if (!fd->valid()) return Failed("a terminal");
  }
  ResizeTerminal(streams.out.get(), size);
  DoNotBlock(streams.out);
  return streams;
}

void ResizeTerminal(int master, const v1::TerminalSize& size) {
  winsize how{};
  how.ws_row = Clamp(size.rows());
  how.ws_col = Clamp(size.columns());
  ioctl(master, TIOCSWINSZ, &how);
}

}  // namespace warren::exec
