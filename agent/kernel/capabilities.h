#ifndef WARREN_AGENT_KERNEL_CAPABILITIES_H_
#define WARREN_AGENT_KERNEL_CAPABILITIES_H_

// What the calling thread may do (capabilities(7)). Threading: any. Cost: one system call.

#include <string>
#include <vector>

namespace warren::kernel {

// Of CAP_NET_ADMIN and CAP_SYS_ADMIN, without which little of this room works, those that are not effective.
std::vector<std::string> MissingCapabilities();

}  // namespace warren::kernel

#endif  // WARREN_AGENT_KERNEL_CAPABILITIES_H_
