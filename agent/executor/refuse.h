#ifndef WARREN_AGENT_EXECUTOR_REFUSE_H_
#define WARREN_AGENT_EXECUTOR_REFUSE_H_

// What Warren refuses by itself, in one wording.

#include <cstdint>
#include <string>
#include <vector>

#include "absl/status/status.h"
#include "agent/kernel/holders.h"
#include "agent/kernel/ip.h"
#include "agent/kernel/netns.h"

namespace warren::executor {

// ALREADY_EXISTS: it is there, allow_existing was said, but it is not as asked.
absl::Status ExistsButDiffers(const std::string& object, const std::vector<std::string>& differences);

// FAILED_PRECONDITION: it was not made through Warren, and force was not said.
absl::Status ForeignError(const std::string& object);

// FAILED_PRECONDITION: the kernel, which says only EINVAL, gives no IPv6 to a link with an MTU below 1280.
absl::Status CheckTakesAddress(const std::string& link, uint32_t mtu, const kernel::Ip& ip);

// FAILED_PRECONDITION naming the processes in a namespace (pid, command, and the thread where it is only one); OK when
// there are none.
absl::Status CheckNobodyIn(kernel::NetnsWorker& worker, const std::string& shown, const kernel::NetnsId& netns);

}  // namespace warren::executor

#endif  // WARREN_AGENT_EXECUTOR_REFUSE_H_
