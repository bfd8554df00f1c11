#ifndef WARREN_AGENT_KERNEL_PROCESSES_H_
#define WARREN_AGENT_KERNEL_PROCESSES_H_

// Who is inside a network namespace, or holds it by a mount (proc(5), namespaces(7)). Any thread.
// Cost: one pass over /proc, some 5 µs a thread, whatever the number of namespaces asked about. Processes outside this
// pid namespace, and sockets that merely belong to the namespace, cannot be seen.

#include <sys/types.h>

#include <set>
#include <string>
#include <vector>

namespace warren::kernel {

struct Holder {
  ino_t inode = 0;   // of the namespace
  int pid = 0;       // 0: a mount
  std::string what;  // command name, or the mount point

  std::string ToString() const;  // "pid 4711 (bird)", "mount /run/x"
};

// Processes with at least one thread in one of the namespaces. Not this one, whose threads only pass through.
std::vector<Holder> ProcessesIn(const std::set<ino_t>& inodes);
// Mounts of the namespaces that this mount namespace can see.
std::vector<Holder> MountsOf(const std::set<ino_t>& inodes);

}  // namespace warren::kernel

#endif  // WARREN_AGENT_KERNEL_PROCESSES_H_
