#include "tests/support/kill_before.h"

#include <fcntl.h>
#include <signal.h>
#include <sys/mount.h>
#include <sys/socket.h>
#include <sys/syscall.h>
#include <sys/types.h>
#include <unistd.h>

#include <array>
#include <atomic>
#include <cstddef>

namespace warren {
namespace {

enum Call { kMount, kUmount2, kLinkat, kUnlink, kUnshare, kSendmsg, kSendto, kPwrite64, kWrite, kCalls };
constexpr std::array<std::string_view, kCalls> kNames = {"mount",   "umount2", "linkat",   "unlink", "unshare",
                                                         "sendmsg", "sendto",  "pwrite64", "write"};

// What interposed functions know can only be global.
std::array<std::atomic<int>, kCalls> remaining{};  // 0: it is not counted

void Count(Call call) {
  if (remaining[call].load() > 0 && remaining[call].fetch_sub(1) == 1) kill(getpid(), SIGKILL);
}

}  // namespace

bool KillBefore(std::string_view call, int nth) {
  for (size_t i = 0; i < kCalls; ++i) {
    if (kNames[i] != call) continue;
    remaining[i] = nth;
    return true;
  }
  return false;
}

}  // namespace warren

// Their exceptions are libc's.
extern "C" {

int mount(const char* source, const char* target, const char* type, unsigned long flags, const void* data) noexcept {
  warren::Count(warren::kMount);
  return static_cast<int>(syscall(SYS_mount, source, target, type, flags, data));
}

int umount2(const char* target, int flags) noexcept {
  warren::Count(warren::kUmount2);
  return static_cast<int>(syscall(SYS_umount2, target, flags));
}

int linkat(int from_dir, const char* from, int to_dir, const char* to, int flags) noexcept {
  warren::Count(warren::kLinkat);
  return static_cast<int>(syscall(SYS_linkat, from_dir, from, to_dir, to, flags));
}

int unlink(const char* path) noexcept {
  warren::Count(warren::kUnlink);
  return static_cast<int>(syscall(SYS_unlinkat, AT_FDCWD, path, 0));
}

int unshare(int flags) noexcept {
  warren::Count(warren::kUnshare);
  return static_cast<int>(syscall(SYS_unshare, flags));
}

ssize_t sendmsg(int fd, const struct msghdr* message, int flags) {
  warren::Count(warren::kSendmsg);
  return syscall(SYS_sendmsg, fd, message, flags);
}

ssize_t sendto(int fd, const void* data, size_t size, int flags, const struct sockaddr* to, socklen_t length) {
  warren::Count(warren::kSendto);
  return syscall(SYS_sendto, fd, data, size, flags, to, length);
}

ssize_t pwrite64(int fd, const void* data, size_t size, off64_t at) {
  warren::Count(warren::kPwrite64);
  return syscall(SYS_pwrite64, fd, data, size, at);
}

ssize_t write(int fd, const void* data, size_t size) {
  warren::Count(warren::kWrite);
  return syscall(SYS_write, fd, data, size);
}

}  // extern "C"
