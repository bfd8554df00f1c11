#ifndef WARREN_AGENT_KERNEL_FOREIGN_FD_H_
#define WARREN_AGENT_KERNEL_FOREIGN_FD_H_

// Descriptors of other processes: which there are, and which network namespace a socket behind one belongs to. Any
// thread; RAII. EPERM, EACCES: without CAP_SYS_PTRACE what others have open is not shown (ptrace(2), access mode
// checks).

#include <sys/types.h>

#include <functional>
#include <string>
#include <string_view>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "agent/kernel/netns.h"
#include "proto/common/unique_fd.h"

namespace warren::kernel {

// Calls back with each descriptor's number and what it is a link to ("socket:[71]", "net:[4026532008]", "/etc/hosts"),
// until that returns false. NOT_FOUND (ENOENT, ESRCH): the thread is gone.
absl::Status ForEachFd(pid_t tid, const std::function<bool(int number, std::string_view link)>& visit);

// The inode behind one, without asking the file system, which may not answer; 0: closed meanwhile, or not told.
ino_t InodeOfFd(pid_t tid, int number);

// Whether two threads have the same table of descriptors (kcmp(2)). True as well where the kernel does not tell.
bool ShareFds(pid_t one, pid_t other);

// Opened when it is first needed.
class ForeignFds {
 public:
  // Of thread `tid` of process `pid`.
  ForeignFds(pid_t pid, pid_t tid) : pid_(pid), tid_(tid) {}
  // A descriptor of ours for the same file. FAILED_PRECONDITION (EOPNOTSUPP): a table that a thread has for itself, and
  // a kernel before 6.9; ENOSYS: one before 5.6.
  absl::StatusOr<UniqueFd> Get(int number);

 private:
  const pid_t pid_, tid_;
  UniqueFd pidfd_;
};

// The cookie of the namespace that a socket belongs to, or a tun device that is open (SO_NETNS_COOKIE, SIOCGSKNS).
// INVALID_ARGUMENT (EINVAL): it is neither.
absl::StatusOr<uint64_t> CookieOfSocket(NetnsWorker& worker, int fd);
absl::StatusOr<uint64_t> CookieOfTun(NetnsWorker& worker, int fd);

}  // namespace warren::kernel

#endif  // WARREN_AGENT_KERNEL_FOREIGN_FD_H_
