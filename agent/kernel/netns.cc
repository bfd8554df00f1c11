#include "agent/kernel/netns.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <linux/magic.h>
#include <linux/nsfs.h>
#include <linux/openat2.h>
#include <sched.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/ioctl.h>
#include <sys/mount.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/vfs.h>
#include <unistd.h>

#include <fstream>
#include <memory>

#include "absl/strings/str_cat.h"
#include "agent/kernel/error.h"
#include "proto/common/string_view.h"

namespace warren::kernel {
namespace {

constexpr char kOwn[] = "/proc/thread-self/ns/net";

absl::StatusOr<Netns> Adopt(UniqueFd fd, std::string_view doing) {
  struct statfs fs;
  if (fstatfs(fd.get(), &fs) != 0) return ErrnoError(errno, doing);
  if (fs.f_type != NSFS_MAGIC || ioctl(fd.get(), NS_GET_NSTYPE) != CLONE_NEWNET) {
    return ErrnoError(EINVAL, absl::StrCat(AbslView(doing), ": it is not a network namespace"));
  }
  struct stat st;
  if (fstat(fd.get(), &st) != 0) return ErrnoError(errno, doing);
  return Netns{std::move(fd), st.st_ino};
}

absl::Status MountOn(const Netns& netns, const std::string& path, std::string_view doing) {
  const std::string source = absl::StrCat("/proc/self/fd/", netns.fd.get());
  if (mount(source.c_str(), path.c_str(), "none", MS_BIND, nullptr) != 0) return ErrnoError(errno, doing);
  return absl::OkStatus();
}

absl::Status MakeDirectories(const std::string& path) {
  for (size_t slash = path.find('/', 1);; slash = path.find('/', slash + 1)) {
    const std::string part = path.substr(0, slash);
    if (mkdir(part.c_str(), 0755) != 0 && errno != EEXIST) return ErrnoError(errno, absl::StrCat("making ", part));
    if (slash == std::string::npos) return absl::OkStatus();
  }
}

// Whether `path` is the root of a mount, and whether that mount is shared (proc(5), mountinfo). Looked up by the
// mount's id: by its path, one that another mount hides would be taken for it.
struct MountState {
  bool mounted = false;
  bool shared = false;
};
absl::StatusOr<MountState> FindMount(const std::string& path) {
  struct statx st;
  if (statx(AT_FDCWD, path.c_str(), 0, STATX_MNT_ID, &st) != 0)
    return ErrnoError(errno, absl::StrCat("looking at ", path));
  MountState state;
  state.mounted = (st.stx_attributes & STATX_ATTR_MOUNT_ROOT) != 0;
  const std::string id = absl::StrCat(st.stx_mnt_id, " ");
  std::ifstream file("/proc/thread-self/mountinfo");
  for (std::string line; std::getline(file, line);) {
    if (line.rfind(id, 0) == 0) state.shared = line.find(" shared:") != std::string::npos;
  }
  return state;
}

}  // namespace

absl::StatusOr<NetnsWorker> NetnsWorker::Create() {
  UniqueFd fd(open(kOwn, O_RDONLY | O_CLOEXEC));
  if (!fd.valid()) {
    return ErrnoError(errno, "opening the host's network namespace");
  }
  auto host = Adopt(std::move(fd), "opening the host's network namespace");
  if (!host.ok()) return host.status();
  return NetnsWorker(*std::move(host));
}

void NetnsWorker::Return() {
  if (setns(host_.fd.get(), CLONE_NEWNET) != 0) {
    perror("warren: cannot return to the host's network namespace");
    abort();
  }
}

absl::Status NetnsWorker::Within(const Netns& target, const std::function<absl::Status()>& work) {
  if (setns(target.fd.get(), CLONE_NEWNET) != 0) return ErrnoError(errno, "entering the namespace");
  struct stat st;
  absl::Status status;
  if (stat(kOwn, &st) != 0 || st.st_ino != target.inode) {
    status = ErrnoError(ESTALE, "entering the namespace: the thread is not where it should be");
  } else {
    status = work();
  }
  Return();
  return status;
}

absl::StatusOr<Netlink> NetnsWorker::OpenNetlink(const Netns& target) {
  absl::StatusOr<Netlink> netlink = absl::UnknownError("not opened");
  auto status = Within(target, [&] {
    netlink = Netlink::Open();
    return netlink.status();
  });
  if (!status.ok()) return status;
  return netlink;
}

absl::StatusOr<uint64_t> NetnsWorker::CookieOf(const Netns& target) {
  absl::StatusOr<uint64_t> cookie = absl::UnknownError("not read");
  auto status = Within(target, [&] {
    const UniqueFd any(socket(AF_UNIX, SOCK_DGRAM | SOCK_CLOEXEC, 0));
    if (!any.valid()) return ErrnoError(errno, "opening a socket");
    cookie = NetnsCookie(any.get());
    return cookie.status();
  });
  if (!status.ok()) return status;
  return cookie;
}

absl::StatusOr<NetnsWorker::Made> NetnsWorker::NewNetns() {
  if (unshare(CLONE_NEWNET) != 0) return ErrnoError(errno, "making a network namespace");
  UniqueFd fd(open(kOwn, O_RDONLY | O_CLOEXEC));
  const int error = errno;
  auto netlink = Netlink::Open();
  Return();
  if (!fd.valid()) return ErrnoError(error, "opening the new network namespace");
  auto netns = Adopt(std::move(fd), "opening the new network namespace");
  if (!netns.ok()) return netns.status();
  if (netns->inode == host_.inode) return ErrnoError(ESTALE, "making a network namespace");
  if (!netlink.ok()) return netlink.status();
  return Made{*std::move(netns), *std::move(netlink)};
}

std::string NetnsDir::PathOf(std::string_view name) const { return absl::StrCat(path_, "/", AbslView(name)); }

absl::Status NetnsDir::Prepare() const {
  if (auto s = MakeDirectories(path_); !s.ok()) return s;
  char real[PATH_MAX];
  if (realpath(path_.c_str(), real) == nullptr) return ErrnoError(errno, absl::StrCat("resolving ", path_));
  const auto state = FindMount(real);
  if (!state.ok()) return state.status();
  if (!state->mounted && mount(real, real, "none", MS_BIND | MS_REC, nullptr) != 0) {
    return ErrnoError(errno, absl::StrCat("binding ", real, " on itself"));
  }
  if (!(state->mounted && state->shared) && mount("", real, "none", MS_SHARED | MS_REC, nullptr) != 0) {
    return ErrnoError(errno, absl::StrCat("making ", real, " a shared mount"));
  }
  return absl::OkStatus();
}

absl::StatusOr<Netns> NetnsDir::Open(std::string_view name) const {
  const std::string doing = absl::StrCat("opening namespace ", AbslView(name));
  UniqueFd dir(open(path_.c_str(), O_PATH | O_DIRECTORY | O_CLOEXEC));
  if (!dir.valid()) return ErrnoError(errno, doing);
  open_how how{};
  how.flags = O_RDONLY | O_NONBLOCK | O_CLOEXEC;
  // Not NO_XDEV: every real namespace is on another file system.
  how.resolve = RESOLVE_BENEATH | RESOLVE_NO_SYMLINKS | RESOLVE_NO_MAGICLINKS;
  const std::string copy(name);
  UniqueFd fd(static_cast<int>(syscall(SYS_openat2, dir.get(), copy.c_str(), &how, sizeof how)));
  // ENXIO: a socket, or a device that is not there.
  if (!fd.valid()) return ErrnoError(errno == ENXIO ? EINVAL : errno, doing);
  return Adopt(std::move(fd), doing);
}

absl::Status NetnsDir::Bind(const Netns& netns, std::string_view name, std::string_view marker) const {
  const std::string path = PathOf(name);
  const std::string doing = absl::StrCat("naming namespace ", AbslView(name));
  UniqueFd file(open(path_.c_str(), O_TMPFILE | O_WRONLY | O_CLOEXEC, 0444));
  if (file.valid()) {
    if (write(file.get(), marker.data(), marker.size()) != static_cast<ssize_t>(marker.size())) {
      return ErrnoError(errno != 0 ? errno : EIO, doing);
    }
    const std::string source = absl::StrCat("/proc/self/fd/", file.get());
    if (linkat(AT_FDCWD, source.c_str(), AT_FDCWD, path.c_str(), AT_SYMLINK_FOLLOW) != 0) {
      return ErrnoError(errno, doing);
    }
  } else {
    // A file system without O_TMPFILE: the content comes a moment after the name.
    file.reset(open(path.c_str(), O_CREAT | O_EXCL | O_WRONLY | O_CLOEXEC, 0444));
    if (!file.valid()) return ErrnoError(errno, doing);
    if (write(file.get(), marker.data(), marker.size()) != static_cast<ssize_t>(marker.size())) {
      const int error = errno;
      unlink(path.c_str());
      return ErrnoError(error, doing);
    }
  }
  file.reset();
  auto status = MountOn(netns, path, doing);
  if (!status.ok()) unlink(path.c_str());
  return status;
}

absl::StatusOr<std::string> NetnsDir::Marker(std::string_view name) const {
  const std::string path = PathOf(name);
  UniqueFd fd(open(path.c_str(), O_RDONLY | O_NOFOLLOW | O_NONBLOCK | O_CLOEXEC));
  if (!fd.valid()) return ErrnoError(errno, absl::StrCat("reading the placeholder ", path));
  struct stat st;
  struct statfs fs;
  if (fstat(fd.get(), &st) != 0 || fstatfs(fd.get(), &fs) != 0 || !S_ISREG(st.st_mode) || fs.f_type == NSFS_MAGIC) {
    return ErrnoError(ENOENT, absl::StrCat("reading the placeholder ", path));
  }
  char content[512];
  const ssize_t got = read(fd.get(), content, sizeof content);
  if (got < 0) return ErrnoError(errno, absl::StrCat("reading the placeholder ", path));
  return std::string(content, static_cast<size_t>(got));
}

absl::Status NetnsDir::Unbind(std::string_view name) const {
  const std::string path = PathOf(name);
  // EINVAL: nothing is mounted there (umount(2)); the file is still to go.
  if (umount2(path.c_str(), MNT_DETACH | UMOUNT_NOFOLLOW) != 0 && errno != EINVAL) {
    return ErrnoError(errno, absl::StrCat("unmounting namespace ", AbslView(name)));
  }
  if (unlink(path.c_str()) != 0) return ErrnoError(errno, absl::StrCat("removing the name ", AbslView(name)));
  return absl::OkStatus();
}

bool NetnsDir::Has(std::string_view name) const {
  return faccessat(AT_FDCWD, PathOf(name).c_str(), F_OK, AT_SYMLINK_NOFOLLOW) == 0;
}

absl::StatusOr<std::vector<std::string>> NetnsDir::List(std::vector<std::string>* others) const {
  std::vector<std::string> names;
  const std::unique_ptr<DIR, int (*)(DIR*)> dir(opendir(path_.c_str()), closedir);
  if (dir == nullptr) {
    if (errno == ENOENT) return names;
    return ErrnoError(errno, absl::StrCat("listing ", path_));
  }
  // One statfs is enough to pass over what is certainly not a namespace; Open looks closer.
  while (const dirent* entry = readdir(dir.get())) {
    const std::string_view name = entry->d_name;
    if (name == "." || name == "..") continue;
    struct statfs fs;
    struct stat st;
    if (fstatat(dirfd(dir.get()), entry->d_name, &st, AT_SYMLINK_NOFOLLOW) != 0) continue;
    const bool is_namespace = S_ISREG(st.st_mode) && statfs(PathOf(name).c_str(), &fs) == 0 && fs.f_type == NSFS_MAGIC;
    if (is_namespace) names.emplace_back(name);
    if (!is_namespace && others != nullptr) others->emplace_back(name);
  }
  return names;
}

absl::StatusOr<Netns> OpenNetnsAt(const std::string& path) {
  UniqueFd fd(open(path.c_str(), O_RDONLY | O_NOFOLLOW | O_NONBLOCK | O_CLOEXEC));
  if (!fd.valid()) return ErrnoError(errno, absl::StrCat("opening ", path));
  return Adopt(std::move(fd), absl::StrCat("opening ", path));
}

absl::Status BindNetnsAt(const Netns& netns, const std::string& path) {
  if (auto s = MakeDirectories(path.substr(0, path.rfind('/'))); !s.ok()) return s;
  UniqueFd file(open(path.c_str(), O_CREAT | O_RDONLY | O_CLOEXEC, 0444));
  if (!file.valid()) return ErrnoError(errno, absl::StrCat("making ", path));
  return MountOn(netns, path, absl::StrCat("binding at ", path));
}

absl::Status UnbindNetnsAt(const std::string& path) {
  if (umount2(path.c_str(), MNT_DETACH | UMOUNT_NOFOLLOW) != 0 && errno != EINVAL && errno != ENOENT) {
    return ErrnoError(errno, absl::StrCat("unmounting ", path));
  }
  if (unlink(path.c_str()) != 0 && errno != ENOENT) return ErrnoError(errno, absl::StrCat("removing ", path));
  return absl::OkStatus();
}

}  // namespace warren::kernel
