#include "tests/support/netns_sysctls.h"

#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <unistd.h>

#include <filesystem>

#include "proto/common/unique_fd.h"

namespace warren {
namespace {

constexpr char kNet[] = "/proc/sys/net";

std::string Read(const std::string& path) {
  // Some can only be written.
  const UniqueFd file(open(path.c_str(), O_RDONLY | O_CLOEXEC));
  char value[4096];
  const ssize_t got = file.valid() ? read(file.get(), value, sizeof value) : -1;
  return got < 0 ? strerror(errno) : std::string(value, static_cast<size_t>(got));
}

}  // namespace

NetnsSysctls ReadNetnsSysctls() {
  NetnsSysctls all;
  for (const auto& entry : std::filesystem::recursive_directory_iterator(kNet)) {
    if (!entry.is_directory()) all[entry.path().lexically_relative(kNet)] = Read(entry.path());
  }
  return all;
}

std::string Difference(const NetnsSysctls& before, const NetnsSysctls& after) {
  std::string lines;
  const auto value = [](const NetnsSysctls& all, const std::string& name) {
    const auto found = all.find(name);
    return found == all.end() ? "(none)" : found->second;
  };
  NetnsSysctls names = before;
  names.insert(after.begin(), after.end());
  for (const auto& [name, unused] : names) {
    if (value(before, name) == value(after, name)) continue;
    lines += name + ": " + value(before, name) + " -> " + value(after, name) + "\n";
  }
  return lines;
}

}  // namespace warren
