#include "agent/kernel/mount_watch.h"

#include <fcntl.h>
#include <poll.h>

namespace warren::kernel {

MountWatch::MountWatch() : mounts_(open("/proc/thread-self/mountinfo", O_RDONLY | O_CLOEXEC)) {}

bool MountWatch::Changed() {
  if (!mounts_.valid()) return true;
  pollfd wait{mounts_.get(), POLLPRI, 0};
  return poll(&wait, 1, 0) != 0;
}

}  // namespace warren::kernel
