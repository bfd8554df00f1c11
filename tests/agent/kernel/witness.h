#ifndef WARREN_TESTS_AGENT_KERNEL_WITNESS_H_
#define WARREN_TESTS_AGENT_KERNEL_WITNESS_H_

// What the kernel says when somebody else asks: runs commands (ip, jq) in the calling thread's namespaces. A command
// that fails where it must not is a failed test, with its output. One thread at a time.

#include <string>

namespace warren::kernel {

struct Ran {
  int code = 0;
  std::string output;  // both streams, without the last newline
};
Ran Try(const std::string& command);

// Runs a command that must succeed and returns its output.
std::string Sh(const std::string& command);

// `ip -j ARGS`, filtered by jq (raw, compact): Ip("link show eth0", ".[0].mtu") is "1500".
std::string Ip(const std::string& args, const std::string& filter);

// Whether this kernel does: Linux 6.2 and later.
bool RenamesLinksThatAreUp();

// Descriptors open in this process.
int OpenDescriptors();

}  // namespace warren::kernel

#endif  // WARREN_TESTS_AGENT_KERNEL_WITNESS_H_
