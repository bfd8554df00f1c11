#include "proto/common/file_lock.h"

#include <fcntl.h>
#include <sys/file.h>
#include <unistd.h>

#include <cerrno>
#include <chrono>
#include <cstring>
#include <thread>

#include "absl/strings/ascii.h"
#include "absl/strings/str_cat.h"

namespace warren {
namespace {

// A child that the holder was starting when it was killed has the lock, too, until it executes its program.
constexpr std::chrono::milliseconds kPatience{1000};
constexpr std::chrono::milliseconds kAgain{10};

}  // namespace

absl::StatusOr<FileLock> FileLock::Acquire(const std::string& path) {
  UniqueFd fd(open(path.c_str(), O_RDWR | O_CREAT | O_CLOEXEC | O_NOFOLLOW, 0600));
  if (!fd.valid()) {
    return absl::FailedPreconditionError(absl::StrCat("lock file ", path, " cannot be opened: ", strerror(errno),
                                                      "; the state directory must exist and be writable"));
  }
  const auto until = std::chrono::steady_clock::now() + kPatience;
  while (flock(fd.get(), LOCK_EX | LOCK_NB) != 0) {
    if (errno == EINTR) continue;
    if (errno != EWOULDBLOCK) {
      return absl::FailedPreconditionError(absl::StrCat("lock file ", path, " cannot be locked: ", strerror(errno)));
    }
    if (std::chrono::steady_clock::now() < until) {
      std::this_thread::sleep_for(kAgain);
      continue;
    }
    char pid[32] = {};
    const ssize_t size = pread(fd.get(), pid, sizeof(pid) - 1, 0);
    return absl::FailedPreconditionError(
        absl::StrCat("lock file ", path, " is in use by ",
                     size > 0 ? absl::StrCat("another process, pid ", std::string(absl::StripAsciiWhitespace(pid)))
                              : "another process",
                     ": one process at a time may use this state directory"));
  }
  // Only to tell people who holds it: a full disk must not keep the server from starting.
  const std::string pid = absl::StrCat(getpid(), "\n");
  if (ftruncate(fd.get(), 0) == 0) (void)!pwrite(fd.get(), pid.data(), pid.size(), 0);
  return FileLock(std::move(fd));
}

}  // namespace warren
