#include "proto/common/private_dir.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>
#include <memory>
#include <optional>
#include <utility>

#include "absl/strings/match.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/str_format.h"
#include "proto/common/unique_fd.h"

namespace warren {
namespace {

constexpr mode_t kOthers = 077;
constexpr mode_t kPermissions = 07777;

absl::Status System(const std::string& doing) { return absl::ErrnoToStatus(errno, doing); }

bool IsTrusted(const struct stat& st) { return st.st_uid == geteuid() || st.st_uid == 0; }

absl::Status NotOurs(const std::string& path, const struct stat& st) {
  return absl::FailedPreconditionError(absl::StrCat(path, " belongs to user ", st.st_uid,
                                                    ", who could change it under ", "this program; chown it to user ",
                                                    geteuid(), " after a look at what is in it"));
}

std::string Changed(const std::string& path, mode_t before, mode_t after) {
  return absl::StrFormat("%s was %#o, is %#o now", path, before & kPermissions, after);
}

absl::Status MakeDirectories(const std::string& path) {
  for (size_t slash = path.find('/', 1);; slash = path.find('/', slash + 1)) {
    const std::string part = path.substr(0, slash);
    const bool last = slash == std::string::npos || slash + 1 == path.size();
    if (mkdir(part.c_str(), last ? 0700 : 0755) != 0 && errno != EEXIST) return System(absl::StrCat("making ", part));
    if (last) return absl::OkStatus();
  }
}

struct Entry {
  std::string name;
  struct stat st;
};

absl::StatusOr<std::vector<Entry>> List(int fd, const std::string& path) {
  UniqueFd again(openat(fd, ".", O_RDONLY | O_DIRECTORY | O_CLOEXEC));
  const std::unique_ptr<DIR, int (*)(DIR*)> dir(again.valid() ? fdopendir(again.get()) : nullptr, closedir);
  if (dir == nullptr) return System(absl::StrCat("listing ", path));
  (void)again.release();  // closed with the directory
  std::vector<Entry> entries;
  while (const dirent* entry = readdir(dir.get())) {
    Entry found{entry->d_name, {}};
    if (found.name == "." || found.name == "..") continue;
    if (fstatat(fd, entry->d_name, &found.st, AT_SYMLINK_NOFOLLOW) != 0) {
      if (errno == ENOENT) continue;
      return System(absl::StrCat("looking at ", path, "/", found.name));
    }
    entries.push_back(std::move(found));
  }
  return entries;
}

}  // namespace

absl::StatusOr<std::vector<std::string>> KeepPrivate(const std::string& path, const std::vector<std::string>& own) {
  if (auto s = MakeDirectories(path); !s.ok()) return s;
  struct stat st;
  if (lstat(path.c_str(), &st) != 0) return System(absl::StrCat("looking at ", path));
  // One that leads to a directory of ours elsewhere is the administrator's to make.
  if (S_ISLNK(st.st_mode) && !IsTrusted(st)) return NotOurs(path, st);
  const UniqueFd fd(open(path.c_str(), O_RDONLY | O_DIRECTORY | O_CLOEXEC));
  if (!fd.valid() || fstat(fd.get(), &st) != 0) return System(absl::StrCat("opening ", path));
  if (!IsTrusted(st)) return NotOurs(path, st);
  const bool group_writes = (st.st_mode & S_IWGRP) != 0 && st.st_gid != getegid() && st.st_gid != 0;
  if ((st.st_mode & S_IWOTH) != 0 || group_writes) {
    return absl::FailedPreconditionError(absl::StrFormat(
        "others may write into %s (its mode is %#o): look at what is in it, then chmod 700 it, or give this "
        "program a directory of its own",
        path, st.st_mode & kPermissions));
  }
  auto entries = List(fd.get(), path);
  if (!entries.ok()) return entries.status();
  const auto is_own = [&](const Entry& entry) {
    return std::any_of(own.begin(), own.end(),
                       [&](const std::string& begin) { return absl::StartsWith(entry.name, begin); });
  };
  const bool open_to_others = (st.st_mode & kOthers) != 0;
  if (open_to_others && !entries->empty() && std::none_of(entries->begin(), entries->end(), is_own)) {
    return absl::FailedPreconditionError(absl::StrFormat(
        "%s is open to others (its mode is %#o) and holds \"%s\", which is not of this program: give it a "
        "directory of its own, or chmod 700 this one",
        path, st.st_mode & kPermissions, entries->front().name));
  }
  for (const Entry& entry : *entries) {
    if (is_own(entry) && !IsTrusted(entry.st)) return NotOurs(absl::StrCat(path, "/", entry.name), entry.st);
  }
  std::vector<std::string> changed;
  if (open_to_others) {
    if (fchmod(fd.get(), 0700) != 0) return System(absl::StrCat("making ", path, " private"));
    changed.push_back(Changed(path, st.st_mode, 0700));
  }
  for (const Entry& entry : *entries) {
    // Nobody else comes in here any more to put another file in its place.
    if (!S_ISREG(entry.st.st_mode) || (entry.st.st_mode & kOthers) == 0 || !IsTrusted(entry.st)) continue;
    if (fchmodat(fd.get(), entry.name.c_str(), 0600, 0) != 0 && errno != ENOENT) {
      return System(absl::StrCat("making ", path, "/", entry.name, " private"));
    }
    changed.push_back(Changed(absl::StrCat(path, "/", entry.name), entry.st.st_mode, 0600));
  }
  return changed;
}

absl::Status MakePrivateFile(const std::string& path) {
  const UniqueFd fd(open(path.c_str(), O_WRONLY | O_CREAT | O_NOFOLLOW | O_CLOEXEC | O_NONBLOCK, 0600));
  if (fd.valid() || errno == EISDIR || errno == ENXIO) return absl::OkStatus();  // not a file: for who opens it to say
  return System(absl::StrCat("making ", path));
}

}  // namespace warren
