#include "agent/kernel/capabilities.h"

#include <linux/capability.h>
#include <sys/syscall.h>
#include <unistd.h>

namespace warren::kernel {

std::vector<std::string> MissingCapabilities() {
  __user_cap_header_struct header{_LINUX_CAPABILITY_VERSION_3, 0};
  __user_cap_data_struct data[_LINUX_CAPABILITY_U32S_3] = {};
  std::vector<std::string> missing;
  // Whoever cannot ask is not told that he lacks anything.
  if (syscall(SYS_capget, &header, data) != 0) return missing;
  const auto has = [&](int capability) {
    return (data[CAP_TO_INDEX(capability)].effective & CAP_TO_MASK(capability)) != 0;
  };
  if (!has(CAP_NET_ADMIN)) missing.emplace_back("CAP_NET_ADMIN");
  if (!has(CAP_SYS_ADMIN)) missing.emplace_back("CAP_SYS_ADMIN");
  return missing;
}

}  // namespace warren::kernel
