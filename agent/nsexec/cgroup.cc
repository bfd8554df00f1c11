#include "agent/nsexec/cgroup.h"

#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cstdio>
#include <filesystem>
#include <fstream>
#include <sstream>
#include <string_view>

#include "proto/common/unique_fd.h"

namespace warren::nsexec {
namespace {

int WriteTo(const std::string& path, std::string_view text) {
  const UniqueFd file(open(path.c_str(), O_WRONLY | O_CLOEXEC));
  if (!file.valid()) return errno;
  return write(file.get(), text.data(), text.size()) < 0 ? errno : 0;
}

// Where the cgroup2 file system is mounted whole (mountinfo, proc(5): ID PARENT MAJOR:MINOR ROOT POINT ... - TYPE ...).
// Some of these may be covered by another mount, and lead elsewhere.
std::vector<std::string> MountPoints() {
  std::vector<std::string> points;
  std::ifstream mounts("/proc/self/mountinfo");
  for (std::string line; std::getline(mounts, line);) {
    if (line.find(" - cgroup2 ") == std::string::npos) continue;
    std::istringstream words(line);
    std::string id, parent, device, root, point;
    words >> id >> parent >> device >> root >> point;
    if (root == "/") points.push_back(point);
  }
  return points;
}

// The root has no cgroup.kill of its own, and whether a child may be made shows only when one is.
bool CanHaveChildren(const std::string& path) {
  const std::string trial = path + "/warren-trial-" + std::to_string(getpid());
  if (mkdir(trial.c_str(), 0755) != 0) return false;
  const bool can_kill = access((trial + "/cgroup.kill").c_str(), W_OK) == 0;
  rmdir(trial.c_str());
  return can_kill;
}

}  // namespace

std::string OwnCgroup() {
  std::ifstream own("/proc/self/cgroup");
  for (std::string line; std::getline(own, line);) {
    if (!line.starts_with("0::/")) continue;
    for (const std::string& mount : MountPoints()) {
      std::string path = mount + line.substr(3);
      if (path.back() == '/') path.pop_back();
      if (CanHaveChildren(path)) return path;
    }
  }
  return "";
}

int MakeCgroup(const std::string& path) { return mkdir(path.c_str(), 0755) == 0 ? 0 : errno; }
int EnterCgroup(const std::string& path) { return WriteTo(path + "/cgroup.procs", "0"); }
int KillCgroup(const std::string& path) { return WriteTo(path + "/cgroup.kill", "1"); }

int RemoveCgroup(const std::string& path) {
  // The command may have made some of its own.
  for (const std::string& child : CgroupsBelow(path, "")) RemoveCgroup(child);
  return rmdir(path.c_str()) == 0 ? 0 : errno;
}

std::vector<int> ProcessesOfCgroup(const std::string& path) {
  std::vector<int> pids;
  std::ifstream file(path + "/cgroup.procs");
  for (int pid = 0; file >> pid;) pids.push_back(pid);
  for (const std::string& child : CgroupsBelow(path, "")) {
    for (const int pid : ProcessesOfCgroup(child)) pids.push_back(pid);
  }
  return pids;
}

std::vector<std::string> CgroupsBelow(const std::string& parent, const std::string& prefix) {
  std::vector<std::string> found;
  std::error_code error, gone;
  std::filesystem::directory_iterator entry(parent, error);
  for (; !error && entry != std::filesystem::directory_iterator(); entry.increment(error)) {
    if (entry->is_directory(gone) && entry->path().filename().string().starts_with(prefix)) {
      found.push_back(entry->path().string());
    }
  }
  return found;
}

}  // namespace warren::nsexec
