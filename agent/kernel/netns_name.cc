#include "agent/kernel/netns_name.h"

#include <errno.h>
#include <fcntl.h>
#include <linux/magic.h>
#include <stdio.h>
#include <sys/stat.h>
#include <sys/vfs.h>
#include <unistd.h>

#include <filesystem>

#include "absl/strings/str_cat.h"
#include "agent/kernel/error.h"
#include "proto/common/string_view.h"
#include "proto/common/unique_fd.h"

namespace warren::kernel {
namespace {

std::string KindOf(mode_t mode) {
  if (S_ISREG(mode)) return "a plain file";
  if (S_ISDIR(mode)) return "a directory";
  if (S_ISFIFO(mode)) return "a FIFO";
  if (S_ISSOCK(mode)) return "a socket";
  return "a device";
}

}  // namespace

absl::Status NoNetns::ToStatus(std::string_view shown_name) const {
  const char* remedy = mounted  ? "unmount it by hand, and the name is free"
                       : filled ? "there is something in it: move it away by hand, and the name is free"
                                : "DeleteNamespace with force removes it";
  return absl::FailedPreconditionError(
      absl::StrCat("the name ", AbslView(shown_name), " stands for no network namespace but for ", what, "; ", remedy));
}

NoNetns LookAtName(const NetnsDir& dir, std::string_view name) {
  NoNetns found;
  if (name.find('/') != std::string_view::npos || name == "." || name == "..") return found;  // no name in there
  const std::string path = dir.PathOf(name);
  const UniqueFd fd(open(path.c_str(), O_PATH | O_NOFOLLOW | O_CLOEXEC));
  struct statx st;
  if (!fd.valid() || statx(fd.get(), "", AT_EMPTY_PATH, STATX_BASIC_STATS, &st) != 0) return found;
  found.changed_at = absl::FromUnixSeconds(st.stx_ctime.tv_sec) + absl::Nanoseconds(st.stx_ctime.tv_nsec);
  if (S_ISLNK(st.stx_mode)) {
    char target[512];
    const ssize_t length = readlinkat(fd.get(), "", target, sizeof target);
    found.what =
        absl::StrCat("a symbolic link to ", absl::string_view(target, length < 0 ? 0 : static_cast<size_t>(length)),
                     ": those are not followed");
    return found;
  }
  struct statfs fs;
  const bool on_nsfs = fstatfs(fd.get(), &fs) == 0 && fs.f_type == NSFS_MAGIC;
  if (on_nsfs) {
    if (dir.Open(name).ok()) return {};
    found.what = "a namespace of another kind";
    found.mounted = true;
    return found;
  }
  found.mounted = (st.stx_attributes & STATX_ATTR_MOUNT_ROOT) != 0;
  found.what = KindOf(st.stx_mode);
  if (found.mounted) {
    absl::StrAppend(&found.what, " that is mounted there");
  } else if (S_ISREG(st.stx_mode)) {
    absl::StrAppend(&found.what, ": nothing is mounted on it");
  }
  std::error_code error;
  found.filled = S_ISDIR(st.stx_mode) && !std::filesystem::is_empty(path, error) && !error;
  return found;
}

absl::Status RenameInDir(const NetnsDir& dir, std::string_view from, std::string_view to) {
  if (renameat2(AT_FDCWD, dir.PathOf(from).c_str(), AT_FDCWD, dir.PathOf(to).c_str(), RENAME_NOREPLACE) == 0) {
    return absl::OkStatus();
  }
  return ErrnoError(errno, absl::StrCat("renaming ", dir.PathOf(from), " to ", AbslView(to)));
}

absl::Status RemoveFromDir(const NetnsDir& dir, std::string_view name) {
  const std::string path = dir.PathOf(name);
  if (unlink(path.c_str()) == 0 || errno == ENOENT) return absl::OkStatus();
  // A directory (unlink(2)).
  if (errno == EISDIR && rmdir(path.c_str()) == 0) return absl::OkStatus();
  return ErrnoError(errno, absl::StrCat("removing ", path));
}

bool IsOutOfTheWay(std::string_view name) { return name.substr(0, kOutOfTheWay.size()) == kOutOfTheWay; }

}  // namespace warren::kernel
