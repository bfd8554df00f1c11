#ifndef WARREN_AGENT_NSEXEC_CGROUP_H_
#define WARREN_AGENT_NSEXEC_CGROUP_H_

// A control group (v2, cgroups(7)) for each command, so that all it started can be killed at once, whatever it did to
// hide. Plain functions on paths; thread-safe. Results are 0 or an errno.

#include <string>
#include <vector>

namespace warren::nsexec {

// The directory of this process's own cgroup, below which others can be made; empty: there is none, it may not be
// written, or the kernel is too old to kill a cgroup (before 5.14).
std::string OwnCgroup();

int MakeCgroup(const std::string& path);
// Puts the calling process into it, and with it all that it starts.
int EnterCgroup(const std::string& path);
// SIGKILL to all in it and below, forks that are under way included.
int KillCgroup(const std::string& path);
// EBUSY: somebody is in it.
int RemoveCgroup(const std::string& path);
// Who is in it, or below.
std::vector<int> ProcessesOfCgroup(const std::string& path);
// Those directly below `parent` whose name begins so.
std::vector<std::string> CgroupsBelow(const std::string& parent, const std::string& prefix);

}  // namespace warren::nsexec

#endif  // WARREN_AGENT_NSEXEC_CGROUP_H_
