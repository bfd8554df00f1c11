#include "agent/kernel/mount_table.h"

#include <errno.h>

#include <fstream>
#include <map>
#include <string_view>
#include <utility>

#include "absl/strings/numbers.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/str_split.h"

namespace warren::kernel {
namespace {

// Space, tab, newline and backslash are told in octal (fs/proc_namespace.c, mangle).
std::string Unmangle(std::string_view path) {
  std::string plain;
  for (size_t i = 0; i < path.size(); ++i) {
    const auto digit = [&](size_t at) { return at < path.size() && path[at] >= '0' && path[at] <= '7'; };
    if (path[i] == '\\' && digit(i + 1) && digit(i + 2) && digit(i + 3)) {
      plain += static_cast<char>((path[i + 1] - '0') * 64 + (path[i + 2] - '0') * 8 + (path[i + 3] - '0'));
      i += 3;
    } else {
      plain += path[i];
    }
  }
  return plain;
}

struct Groups {
  std::vector<int> shared, master;
};

// The optional fields, up to "-".
Groups GroupsOf(const std::vector<std::string>& fields) {
  Groups groups;
  for (size_t i = 6; i < fields.size() && fields[i] != "-"; ++i) {
    int number = 0;
    if (fields[i].rfind("shared:", 0) == 0 && absl::SimpleAtoi(fields[i].substr(7), &number)) {
      groups.shared.push_back(number);
    } else if (fields[i].rfind("master:", 0) == 0 && absl::SimpleAtoi(fields[i].substr(7), &number)) {
      groups.master.push_back(number);
    }
  }
  return groups;
}

}  // namespace

std::vector<NetnsMount> NetnsMountsOf(const std::string& process, int* refused) {
  std::vector<std::pair<NetnsMount, int>> found;  // and the parent of each
  std::map<int, Groups> others;
  errno = 0;
  std::ifstream file(absl::StrCat(process, "/mountinfo"));
  if (!file && refused != nullptr && (errno == EACCES || errno == EPERM)) *refused = errno;
  for (std::string line; std::getline(file, line);) {
    const std::vector<std::string> fields = absl::StrSplit(line, ' ');
    int id = 0, parent = 0;
    if (fields.size() < 7 || !absl::SimpleAtoi(fields[0], &id) || !absl::SimpleAtoi(fields[1], &parent)) continue;
    // Its root is "net:[4026531840]" (fs/nsfs.c, ns_dname); that of a file begins with a slash.
    uint64_t inode = 0;
    if (fields[3].rfind("net:[", 0) != 0) {
      others.emplace(id, GroupsOf(fields));
    } else if (absl::SimpleAtoi(fields[3].substr(5, fields[3].size() - 6), &inode)) {
      found.push_back({{id, static_cast<ino_t>(inode), Unmangle(fields[4]), {}, {}}, parent});
    }
  }
  std::vector<NetnsMount> mounts;
  for (auto& [mount, parent] : found) {
    if (const auto on = others.find(parent); on != others.end()) {
      mount.shared = on->second.shared;
      mount.master = on->second.master;
    }
    mounts.push_back(std::move(mount));
  }
  return mounts;
}

}  // namespace warren::kernel
