#include "tests/agent/kernel/witness.h"

#include <gtest/gtest.h>
#include <stdio.h>
#include <sys/wait.h>

#include <filesystem>
#include <iterator>

namespace warren::kernel {

Ran Try(const std::string& command) {
  Ran ran;
  FILE* pipe = popen(("exec 2>&1; " + command).c_str(), "re");
  if (pipe == nullptr) return {127, "popen failed"};
  char buffer[4096];
  for (size_t got; (got = fread(buffer, 1, sizeof buffer, pipe)) > 0;) ran.output.append(buffer, got);
  const int status = pclose(pipe);
  ran.code = WIFEXITED(status) ? WEXITSTATUS(status) : 128;
  while (!ran.output.empty() && ran.output.back() == '\n') ran.output.pop_back();
  return ran;
}

std::string Sh(const std::string& command) {
  Ran ran = Try(command);
  EXPECT_EQ(ran.code, 0) << command << "\n" << ran.output;
  return ran.output;
}

std::string Ip(const std::string& args, const std::string& filter) {
  // Not a pipe, which would hide that ip failed; an empty list of ip's is no output at all.
  return Sh("json=$(ip -d -j " + args + ") && printf %s \"${json:-[]}\" | jq -rc '" + filter + "'");
}

bool RenamesLinksThatAreUp() {
  static const bool renames =
      Try("unshare --net sh -c 'ip link add old up type bridge && ip link set old name new'").code == 0;
  return renames;
}

int OpenDescriptors() {
  // One of them is the directory being read.
  const std::filesystem::directory_iterator entries("/proc/self/fd");
  return static_cast<int>(std::distance(begin(entries), end(entries))) - 1;
}

}  // namespace warren::kernel
