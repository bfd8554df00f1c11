#ifndef WARREN_AGENT_KERNEL_HOLDERS_H_
#define WARREN_AGENT_KERNEL_HOLDERS_H_

// What keeps a network namespace alive (network_namespaces(7)): processes and threads that live in it, descriptors of
// it
// (/proc/PID/ns/net that somebody has open), sockets and tun devices that belong to it, wherever the process that has
// them lives, and mounts of it in any mount namespace. docs/adr/0018 says what can not be found so.
//
// A namespace is told by its inode and its cookie together: the kernel gives inodes out again at once.
//
// Threading: the calling thread, which must be one for namespace work, since it enters what it compares. Nothing waits
// for anybody: links under /proc are read, not followed, except where they lead to sockets and namespaces. A socket is
// looked at through a descriptor of ours (pidfd_getfd(2)); a process that closes it in that moment has closed it a few
// µs later.
//
// Cost: some 15 µs a process of one thread for who lives there, 0.24 ms with its descriptors and sockets.

#include <sys/types.h>

#include <chrono>
#include <cstddef>
#include <cstdint>
#include <string>
#include <vector>

#include "agent/kernel/netns.h"

namespace warren::kernel {

struct NetnsId {
  ino_t inode = 0;
  uint64_t cookie = 0;  // SO_NETNS_COOKIE
};

struct Holder {
  size_t which = 0;     // of the namespaces that were asked about
  int pid = 0;          // in this pid namespace; 0: a mount in our own mount namespace, in which others live too
  std::string command;  // /proc/PID/comm; what is not UTF-8 is escaped, and so are control characters
  // "process", "thread 4712", "descriptor 7", "socket, descriptor 9", "tun device, descriptor 5", "mount /run/x in its
  // mount namespace"; with pid 0 "mount /run/x".
  std::string holds;

  std::string Who() const;       // "pid 4711 (bird)"; empty with pid 0
  std::string ToString() const;  // "pid 4711 (bird): socket, descriptor 9", "mount /run/x"
};

struct Holders {
  std::vector<Holder> found;               // by process
  std::vector<std::string> not_looked_at;  // what could not be looked at, and why, a line each
};

struct HolderSearch {
  // What was not looked at until then is said.
  std::chrono::steady_clock::time_point until = std::chrono::steady_clock::time_point::max();
  size_t most = 1000;
  // Where the first namespace has its name: that mount is none of its holders, nor are those that go with it.
  std::string name_path;
};

// This process is none of the holders: its threads only pass through. Of a process that lives in a namespace nothing
// else is told, and of one that has many descriptors of it the first few.
Holders FindHolders(NetnsWorker& worker, const std::vector<NetnsId>& netns, const HolderSearch& search = {});

// Only who lives there, processes and threads.
Holders FindInhabitants(NetnsWorker& worker, const std::vector<NetnsId>& netns);

}  // namespace warren::kernel

#endif  // WARREN_AGENT_KERNEL_HOLDERS_H_
