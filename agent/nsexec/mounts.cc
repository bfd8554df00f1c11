#include "agent/nsexec/mounts.h"

#include <errno.h>
#include <fcntl.h>
#include <sched.h>
#include <sys/mount.h>
#include <sys/stat.h>
#include <sys/statvfs.h>

#include <array>
#include <filesystem>
#include <utility>
#include <vector>

#include "proto/common/unique_fd.h"

namespace warren::nsexec {
namespace {

constexpr char kSys[] = "/sys";
// Where systemd, or a container's runtime, mounts something below /sys. Asked for one by one: to read the list of all
// mounts takes 10 ms where there are 10,000 namespaces.
constexpr std::array kBelowSys = {"/sys/fs/cgroup",           "/sys/fs/bpf",       "/sys/fs/pstore",
                                  "/sys/fs/fuse/connections", "/sys/kernel/debug", "/sys/kernel/security",
                                  "/sys/kernel/tracing",      "/sys/kernel/config"};

Failure Failed(const std::string& what) { return {Step::kMounts, errno, what}; }

bool IsMount(const char* path, dev_t parent) {
  struct stat status {};
  return stat(path, &status) == 0 && status.st_dev != parent;
}

Result RemountSys() {
  struct stat sys {};
  if (stat(kSys, &sys) != 0) return {};  // a host without
  struct statvfs how {};
  const bool read_only = statvfs(kSys, &how) == 0 && (how.f_flag & ST_RDONLY) != 0;
  std::vector<std::pair<const char*, UniqueFd>> kept;
  for (const char* path : kBelowSys) {
    if (!IsMount(path, sys.st_dev)) continue;
    UniqueFd tree(open_tree(AT_FDCWD, path, OPEN_TREE_CLONE | OPEN_TREE_CLOEXEC | AT_RECURSIVE));
    if (tree.valid()) kept.emplace_back(path, std::move(tree));
  }
  // EINVAL: it was no mount.
  if (umount2(kSys, MNT_DETACH) != 0 && errno != EINVAL) return Failed(kSys);
  const unsigned long flags = MS_NOSUID | MS_NODEV | MS_NOEXEC | (read_only ? MS_RDONLY : 0);
  if (mount("sysfs", kSys, "sysfs", flags, nullptr) != 0) return Failed(kSys);
  // What cannot be put back is missing, no more: as `ip netns exec` leaves it.
  for (const auto& [path, tree] : kept) move_mount(tree.get(), "", AT_FDCWD, path, MOVE_MOUNT_F_EMPTY_PATH);
  return {};
}

Result BindEtc(const std::string& netns) {
  std::error_code error;
  std::filesystem::directory_iterator entry("/etc/netns/" + netns, error);
  if (error == std::errc::no_such_file_or_directory) return {};
  for (; !error && entry != std::filesystem::directory_iterator(); entry.increment(error)) {
    const std::string target = "/etc/" + entry->path().filename().string();
    if (mount(entry->path().c_str(), target.c_str(), "none", MS_BIND, nullptr) != 0) {
      return Failed(entry->path().string() + " over " + target);
    }
  }
  if (error) return Failure{Step::kMounts, error.value(), "/etc/netns/" + netns};
  return {};
}

}  // namespace

Result EnterMounts(const std::string& netns, bool etc) {
  if (unshare(CLONE_NEWNS) != 0) return Failed("a mount namespace");
  if (mount("", "/", "none", MS_SLAVE | MS_REC, nullptr) != 0) return Failed("/");
  if (auto failure = RemountSys()) return failure;
  return etc ? BindEtc(netns) : Result{};
}

}  // namespace warren::nsexec
