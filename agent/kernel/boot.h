#ifndef WARREN_AGENT_KERNEL_BOOT_H_
#define WARREN_AGENT_KERNEL_BOOT_H_

#include <string>

#include "absl/status/statusor.h"

namespace warren::kernel {

// /proc/sys/kernel/random/boot_id (random(4)): the same until the next boot.
absl::StatusOr<std::string> BootId();

// `uname -r`.
std::string KernelRelease();

}  // namespace warren::kernel

#endif  // WARREN_AGENT_KERNEL_BOOT_H_
