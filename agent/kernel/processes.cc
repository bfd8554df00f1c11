#include "agent/kernel/processes.h"

#include <sys/stat.h>

#include <charconv>
#include <filesystem>
#include <fstream>

#include "absl/strings/numbers.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/str_split.h"

namespace warren::kernel {
namespace {

namespace fs = std::filesystem;

bool IsNumber(const std::string& text) {
  return !text.empty() && text.find_first_not_of("0123456789") == std::string::npos;
}

}  // namespace

std::string Holder::ToString() const {
  return pid != 0 ? absl::StrCat("pid ", pid, " (", what, ")") : absl::StrCat("mount ", what);
}

std::vector<Holder> ProcessesIn(const std::set<ino_t>& inodes) {
  std::vector<Holder> found;
  std::error_code ignored;                                           // processes come and go while we look
  const std::string self = fs::read_symlink("/proc/self", ignored);  // by the number that this /proc knows us by
  for (fs::directory_iterator process("/proc", ignored), end; process != end; process.increment(ignored)) {
    const std::string pid = process->path().filename();
    if (!IsNumber(pid) || pid == self) continue;
    std::set<ino_t> here;
    for (fs::directory_iterator task(process->path() / "task", ignored); task != end; task.increment(ignored)) {
      struct stat st;
      if (stat((task->path() / "ns/net").c_str(), &st) == 0 && inodes.contains(st.st_ino)) here.insert(st.st_ino);
    }
    for (const ino_t inode : here) {
      Holder holder{inode, 0, ""};
      if (!absl::SimpleAtoi(pid, &holder.pid)) continue;
      std::ifstream comm(process->path() / "comm");
      std::getline(comm, holder.what);
      found.push_back(std::move(holder));
    }
  }
  return found;
}

std::vector<Holder> MountsOf(const std::set<ino_t>& inodes) {
  std::vector<Holder> found;
  std::ifstream file("/proc/self/mountinfo");
  for (std::string line; std::getline(file, line);) {
    const std::vector<std::string> fields = absl::StrSplit(line, ' ');
    // Field 4 is the root of the mount, "net:[4026531840]" for one of a network namespace; field 5 where it is.
    if (fields.size() < 5 || fields[3].rfind("net:[", 0) != 0) continue;
    uint64_t inode = 0;
    if (!absl::SimpleAtoi(fields[3].substr(5, fields[3].size() - 6), &inode) || !inodes.contains(inode)) continue;
    found.push_back({static_cast<ino_t>(inode), 0, fields[4]});
  }
  return found;
}

}  // namespace warren::kernel
