#ifndef WARREN_AGENT_NSEXEC_MOUNTS_H_
#define WARREN_AGENT_NSEXEC_MOUNTS_H_

#include <string>

#include "agent/nsexec/failure.h"

namespace warren::nsexec {

// A mount namespace of the command's own, as ip-netns(8) makes it: what is mounted or unmounted on the host is seen
// there, not the other way round; /sys shows the network namespace that the calling thread has joined, and keeps what
// is mounted below it (cgroups, bpf...), which `ip netns exec` loses. With `etc`, what is in /etc/netns/NAME stands in
// for what has the same name in /etc. One thread, the only one of its process.
//
// kMounts with the kernel's errno, and what could not be mounted.
// Cost: the copy of the host's mounts, which is not to be seen with 100 named namespaces and takes 20 ms with 10,000.
Result EnterMounts(const std::string& netns, bool etc);

}  // namespace warren::nsexec

#endif  // WARREN_AGENT_NSEXEC_MOUNTS_H_
