#ifndef WARREN_PROTO_COMMON_DESCRIPTORS_H_
#define WARREN_PROTO_COMMON_DESCRIPTORS_H_

// Lets the process open as many descriptors as the hard limit permits, and makes room in its table of descriptors while
// it still has one thread. The kernel grows the table in steps
// (256, 512, 1,024...), and in a process with several threads each step waits for a grace period of RCU, some 16 ms,
// with whoever opens something (fs/file.c, expand_fdtable).

#include <fcntl.h>
#include <sys/resource.h>
#include <unistd.h>

#include <algorithm>

namespace warren {

// For so many; as many as may be opened where that is less.
inline void MakeRoomForDescriptors(rlim_t count) {
  rlimit limit{};
  if (getrlimit(RLIMIT_NOFILE, &limit) != 0) return;
  limit.rlim_cur = limit.rlim_max;
  (void)setrlimit(RLIMIT_NOFILE, &limit);
  if (getrlimit(RLIMIT_NOFILE, &limit) != 0 || limit.rlim_cur == 0) return;
  const int last = static_cast<int>(std::min(count, limit.rlim_cur) - 1);
  const int any = open("/dev/null", O_RDONLY | O_CLOEXEC);
  const int high = fcntl(any, F_DUPFD_CLOEXEC, last);
  for (const int fd : {any, high}) {
    if (fd >= 0) close(fd);
  }
}

}  // namespace warren

#endif  // WARREN_PROTO_COMMON_DESCRIPTORS_H_
