#ifndef WARREN_AGENT_KERNEL_BOOT_H_
#define WARREN_AGENT_KERNEL_BOOT_H_

#include <string>

#include "absl/status/statusor.h"
#include "absl/time/time.h"

namespace warren::kernel {

// /proc/sys/kernel/random/boot_id (random(4)): the same until the next boot.
absl::StatusOr<std::string> BootId();

// How long the kernel has run, without the time it was suspended: the clock of its own timers (CLOCK_MONOTONIC), the
// same for every process until the next boot.
absl::Duration Uptime();

// `uname -r`.
std::string KernelRelease();

}  // namespace warren::kernel

#endif  // WARREN_AGENT_KERNEL_BOOT_H_
