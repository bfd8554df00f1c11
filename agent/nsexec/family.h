#ifndef WARREN_AGENT_NSEXEC_FAMILY_H_
#define WARREN_AGENT_NSEXEC_FAMILY_H_

// All that a command started, its children's children included, however they daemonised: they are found in their
// cgroup, or, where there is none, as descendants of a subreaper (PR_SET_CHILD_SUBREAPER(2const)), which orphans cannot
// leave. Thread-safe. Cost: without a cgroup one pass over /proc, some 5 µs a process of the host.

#include <sys/types.h>

#include <string>
#include <vector>

namespace warren::nsexec {

// Of `pid`, zombies too.
std::vector<pid_t> Children(pid_t pid);
// Children, and theirs.
std::vector<pid_t> Descendants(pid_t pid);

// Sends it to each.
void SignalAll(const std::vector<pid_t>& pids, int signal);

// SIGKILL to all descendants. They are stopped first, so that none forks while others are being killed; one that was
// being born may be left: call it again until all are reaped.
void KillDescendants(pid_t pid);

}  // namespace warren::nsexec

#endif  // WARREN_AGENT_NSEXEC_FAMILY_H_
