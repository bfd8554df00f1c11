#include "agent/nsexec/family.h"

#include <dirent.h>
#include <signal.h>
#include <stdlib.h>

#include <cstdio>
#include <map>
#include <memory>
#include <set>
#include <string_view>

namespace warren::nsexec {
namespace {

// 0: it is gone.
pid_t ParentOf(const char* pid) {
  const std::string path = std::string("/proc/") + pid + "/stat";
  const std::unique_ptr<FILE, int (*)(FILE*)> file(fopen(path.c_str(), "re"), fclose);
  if (file == nullptr) return 0;
  char text[512];
  const size_t size = fread(text, 1, sizeof text - 1, file.get());
  text[size] = '\0';
  // "PID (COMMAND) STATE PPID ...": the command may hold anything.
  const size_t end = std::string_view(text, size).rfind(')');
  int parent = 0;
  if (end == std::string_view::npos || sscanf(text + end + 1, " %*c %d", &parent) != 1) return 0;
  return parent;
}

// Everybody's children.
std::multimap<pid_t, pid_t> AllChildren() {
  std::multimap<pid_t, pid_t> children;
  const std::unique_ptr<DIR, int (*)(DIR*)> proc(opendir("/proc"), closedir);
  while (const dirent* entry = proc == nullptr ? nullptr : readdir(proc.get())) {
    if (entry->d_name[0] < '1' || entry->d_name[0] > '9') continue;
    if (const pid_t parent = ParentOf(entry->d_name); parent != 0) {
      children.emplace(parent, static_cast<pid_t>(atoi(entry->d_name)));
    }
  }
  return children;
}

void Append(const std::multimap<pid_t, pid_t>& all, pid_t pid, std::vector<pid_t>& children) {
  const auto [begin, end] = all.equal_range(pid);
  for (auto child = begin; child != end; ++child) children.push_back(child->second);
}

}  // namespace

std::vector<pid_t> Children(pid_t pid) {
  std::vector<pid_t> found;
  Append(AllChildren(), pid, found);
  return found;
}

std::vector<pid_t> Descendants(pid_t pid) {
  const std::multimap<pid_t, pid_t> all = AllChildren();
  std::vector<pid_t> found;
  Append(all, pid, found);
  for (size_t next = 0; next < found.size(); ++next) Append(all, pid_t{found[next]}, found);
  return found;
}

void SignalAll(const std::vector<pid_t>& pids, int signal) {
  for (const pid_t pid : pids) kill(pid, signal);
}

void KillDescendants(pid_t pid) {
  constexpr int kRounds = 100;  // whoever is born stopped cannot have children
  std::set<pid_t> seen;
  for (int round = 0; round < kRounds; ++round) {
    const size_t before = seen.size();
    for (const pid_t each : Descendants(pid)) {
      if (seen.insert(each).second) kill(each, SIGSTOP);
    }
    if (seen.size() == before) break;
  }
  for (const pid_t each : seen) kill(each, SIGKILL);
}

}  // namespace warren::nsexec
