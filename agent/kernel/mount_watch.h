#ifndef WARREN_AGENT_KERNEL_MOUNT_WATCH_H_
#define WARREN_AGENT_KERNEL_MOUNT_WATCH_H_

// Whether anything has been mounted or unmounted since it was last asked (mountinfo and POLLPRI, proc(5)): a name of a
// namespace may come to stand for another, or for none, without its directory telling. One thread; 1 µs.

#include <utility>

#include "proto/common/unique_fd.h"

namespace warren::kernel {

class MountWatch {
 public:
  // In the calling thread's mount namespace. Without /proc it is never sure that nothing has.
  MountWatch();

  bool Changed();

 private:
  UniqueFd mounts_;
};

}  // namespace warren::kernel

#endif  // WARREN_AGENT_KERNEL_MOUNT_WATCH_H_
