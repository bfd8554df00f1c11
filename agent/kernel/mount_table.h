#ifndef WARREN_AGENT_KERNEL_MOUNT_TABLE_H_
#define WARREN_AGENT_KERNEL_MOUNT_TABLE_H_

// Mounts of network namespaces as one process sees them (proc(5), mountinfo). Any thread. Cost: some 1 µs a mount.

#include <sys/types.h>

#include <string>
#include <vector>

namespace warren::kernel {

struct NetnsMount {
  int id = 0;        // of the mount, unique on the machine as long as it is there
  ino_t inode = 0;   // of the namespace
  std::string path;  // from the root of that process
  // Peer groups of the mount that it is on: what the parent shares ("shared:7"), or hears from ("master:7").
  std::vector<int> shared, master;
};

// `process` is a folder of /proc. Empty where it is gone; `refused` gets the errno where it may not be looked at.
std::vector<NetnsMount> NetnsMountsOf(const std::string& process, int* refused = nullptr);

}  // namespace warren::kernel

#endif  // WARREN_AGENT_KERNEL_MOUNT_TABLE_H_
