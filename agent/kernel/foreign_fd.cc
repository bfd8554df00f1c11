#include "agent/kernel/foreign_fd.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <linux/kcmp.h>
#include <linux/sockios.h>
#include <stdlib.h>
#include <sys/ioctl.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/sysmacros.h>
#include <unistd.h>

#include <cstdint>
#include <memory>
#include <utility>

#include "absl/strings/numbers.h"
#include "absl/strings/str_cat.h"
#include "agent/kernel/error.h"

#ifndef SIOCGSKNS
#define SIOCGSKNS 0x894C
#endif

namespace warren::kernel {
namespace {

// PIDFD_THREAD, since 6.9.
constexpr unsigned kPidfdThread = O_EXCL;
// drivers/net/tun.c: a misc device (include/linux/miscdevice.h, TUN_MINOR).
constexpr unsigned kMiscMajor = 10, kTunMinor = 200;

// A descriptor of the namespace that whatever is behind `fd` belongs to. It has to be known to be one that understands.
absl::StatusOr<uint64_t> CookieByIoctl(NetnsWorker& worker, int fd) {
  Netns netns{UniqueFd(ioctl(fd, SIOCGSKNS)), 0};
  if (!netns.fd.valid()) return ErrnoError(errno, "asking for the namespace of a socket");
  struct stat st;
  if (fstat(netns.fd.get(), &st) != 0) return ErrnoError(errno, "looking at a namespace");
  netns.inode = st.st_ino;
  return worker.CookieOf(netns);
}

}  // namespace

absl::Status ForEachFd(pid_t tid, const std::function<bool(int number, std::string_view link)>& visit) {
  const std::string path = absl::StrCat("/proc/", tid, "/fd");
  const std::unique_ptr<DIR, int (*)(DIR*)> dir(opendir(path.c_str()), closedir);
  if (dir == nullptr) return ErrnoError(errno, absl::StrCat("listing ", path));
  while (true) {
    errno = 0;
    const dirent* entry = readdir(dir.get());
    if (entry == nullptr) return errno == 0 ? absl::OkStatus() : ErrnoError(errno, absl::StrCat("listing ", path));
    if (entry->d_name[0] == '.') continue;
    // Read, not followed: what a descriptor leads to may be a file system that does not answer.
    char link[PATH_MAX];
    const ssize_t length = readlinkat(dirfd(dir.get()), entry->d_name, link, sizeof link);
    if (length < 0) {
      if (errno == ENOENT) continue;
      return ErrnoError(errno, absl::StrCat("reading ", path, "/", entry->d_name));
    }
    if (!visit(atoi(entry->d_name), {link, static_cast<size_t>(length)})) return absl::OkStatus();
  }
}

ino_t InodeOfFd(pid_t tid, int number) {
  const UniqueFd fd(open(absl::StrCat("/proc/", tid, "/fdinfo/", number).c_str(), O_RDONLY | O_CLOEXEC));
  char text[256];
  const ssize_t length = fd.valid() ? read(fd.get(), text, sizeof text) : 0;
  if (length <= 0) return 0;
  // "ino:\t4026532008" in the first lines, since 5.14 (fs/proc/fd.c, seq_show).
  const std::string_view info(text, static_cast<size_t>(length));
  const size_t at = info.find("\nino:\t");
  uint64_t inode = 0;
  if (at == std::string_view::npos) return 0;
  const std::string_view rest = info.substr(at + 6, info.find('\n', at + 1) - at - 6);
  return absl::SimpleAtoi(absl::string_view(rest.data(), rest.size()), &inode) ? inode : 0;
}

bool ShareFds(pid_t one, pid_t other) {
  const long compared = syscall(SYS_kcmp, one, other, KCMP_FILES, 0, 0);
  return compared == 0 || compared == -1;
}

absl::StatusOr<UniqueFd> ForeignFds::Get(int number) {
  if (!pidfd_.valid()) {
    pidfd_.reset(static_cast<int>(syscall(SYS_pidfd_open, tid_, pid_ == tid_ ? 0 : kPidfdThread)));
    if (!pidfd_.valid()) {
      return ErrnoError(errno == EINVAL ? EOPNOTSUPP : errno, absl::StrCat("opening thread ", tid_));
    }
  }
  UniqueFd fd(static_cast<int>(syscall(SYS_pidfd_getfd, pidfd_.get(), number, 0)));
  if (!fd.valid()) return ErrnoError(errno, absl::StrCat("looking at descriptor ", number));
  return fd;
}

absl::StatusOr<uint64_t> CookieOfSocket(NetnsWorker& worker, int fd) {
  uint64_t cookie = 0;
  socklen_t length = sizeof cookie;
  if (getsockopt(fd, SOL_SOCKET, SO_NETNS_COOKIE, &cookie, &length) == 0) return cookie;
  if (errno == ENOTSOCK) return ErrnoError(EINVAL, "asking for the namespace of a socket");
  return CookieByIoctl(worker, fd);
}

absl::StatusOr<uint64_t> CookieOfTun(NetnsWorker& worker, int fd) {
  struct stat st;
  if (fstat(fd, &st) != 0) return ErrnoError(errno, "looking at a device");
  if (!S_ISCHR(st.st_mode) || st.st_rdev != makedev(kMiscMajor, kTunMinor)) {
    return ErrnoError(EINVAL, "asking for the namespace of a device");
  }
  return CookieByIoctl(worker, fd);
}

}  // namespace warren::kernel
