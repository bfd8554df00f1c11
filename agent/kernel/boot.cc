#include "agent/kernel/boot.h"

#include <errno.h>
#include <sys/utsname.h>
#include <time.h>

#include <fstream>

#include "agent/kernel/error.h"

namespace warren::kernel {

absl::StatusOr<std::string> BootId() {
  std::ifstream file("/proc/sys/kernel/random/boot_id");
  std::string id;
  if (!std::getline(file, id) || id.empty()) return ErrnoError(ENOENT, "reading the boot id (is /proc mounted?)");
  return id;
}

absl::Duration Uptime() {
  timespec now{};
  clock_gettime(CLOCK_MONOTONIC, &now);
  return absl::DurationFromTimespec(now);
}

std::string KernelRelease() {
  utsname names;
  return uname(&names) == 0 ? names.release : "";
}

}  // namespace warren::kernel
