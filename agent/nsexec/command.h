#ifndef WARREN_AGENT_NSEXEC_COMMAND_H_
#define WARREN_AGENT_NSEXEC_COMMAND_H_

#include <string>
#include <vector>

#include "agent/nsexec/failure.h"
#include "agent/nsexec/user.h"

namespace warren::nsexec {

// The environment of a command: what every one gets, overridden by the order's.
std::vector<std::string> Environment(const Order& order, const User& user);

// Makes the calling process the command: session, streams, cgroup, network namespace, mounts, user, directory; then
// execve(2). Returns only with why it could not. What is open beyond the standard streams is closed with it.
Failure BecomeCommand(const Order& order, const OrderFds& fds);

}  // namespace warren::nsexec

#endif  // WARREN_AGENT_NSEXEC_COMMAND_H_
