#include "agent/kernel/netns_watch.h"

#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <linux/magic.h>
#include <poll.h>
#include <sys/epoll.h>
#include <sys/inotify.h>
#include <sys/stat.h>
#include <sys/vfs.h>

#include <utility>

#include "agent/kernel/error.h"

namespace warren::kernel {
namespace {

constexpr uint32_t kNames = IN_CREATE | IN_DELETE | IN_MOVED_FROM | IN_MOVED_TO;
// Files that nobody mounts anything on are not worth more.
constexpr size_t kMaxAwaited = 4096;

bool IsNamespace(const std::string& path) {
  struct statfs fs;
  return statfs(path.c_str(), &fs) == 0 && fs.f_type == NSFS_MAGIC;
}

bool IsThere(const std::string& path) {
  struct stat st;
  return lstat(path.c_str(), &st) == 0 && S_ISREG(st.st_mode);
}

}  // namespace

absl::StatusOr<NetnsWatch> NetnsWatch::Open(std::string directory) {
  UniqueFd inotify(inotify_init1(IN_NONBLOCK | IN_CLOEXEC));
  if (!inotify.valid()) return ErrnoError(errno, "watching for namespaces (inotify)");
  UniqueFd epoll(epoll_create1(EPOLL_CLOEXEC));
  if (!epoll.valid()) return ErrnoError(errno, "watching for namespaces (epoll)");
  epoll_event event{};
  event.events = EPOLLIN;
  if (epoll_ctl(epoll.get(), EPOLL_CTL_ADD, inotify.get(), &event) != 0) {
    return ErrnoError(errno, "watching for namespaces (epoll)");
  }
  NetnsWatch watch(std::move(directory), std::move(epoll), std::move(inotify));
  watch.Begin();
  return watch;
}

void NetnsWatch::Begin() {
  watch_ = inotify_add_watch(inotify_.get(), directory_.c_str(), kNames | IN_DELETE_SELF | IN_MOVE_SELF | IN_ONLYDIR);
  if (watch_ >= 0) {
    if (parent_watch_ >= 0) inotify_rm_watch(inotify_.get(), std::exchange(parent_watch_, -1));
    return;
  }
  const std::string parent = directory_.substr(0, directory_.rfind('/'));
  parent_watch_ =
      inotify_add_watch(inotify_.get(), parent.empty() ? "/" : parent.c_str(), IN_CREATE | IN_MOVED_TO | IN_ONLYDIR);
  // It may have come in between.
  if (parent_watch_ >= 0) {
    watch_ = inotify_add_watch(inotify_.get(), directory_.c_str(), kNames | IN_DELETE_SELF | IN_MOVE_SELF | IN_ONLYDIR);
  }
}

NetnsWatch::News NetnsWatch::Read() {
  News news;
  std::set<std::string> came;
  alignas(inotify_event) char buffer[16 * (sizeof(inotify_event) + NAME_MAX + 1)];
  while (true) {
    const ssize_t got = read(inotify_.get(), buffer, sizeof buffer);
    if (got < 0 && errno == EINTR) continue;
    if (got <= 0) break;
    for (ssize_t at = 0; at < got;) {
      const auto* event = reinterpret_cast<const inotify_event*>(buffer + at);
      at += static_cast<ssize_t>(sizeof *event + event->len);
      if (event->mask & IN_Q_OVERFLOW) news.lost = true;
      if (event->wd == parent_watch_ && watch_ < 0) {
        Begin();
        news.lost |= watch_ >= 0;
      } else if (event->wd == watch_ && (event->mask & (IN_IGNORED | IN_DELETE_SELF | IN_MOVE_SELF)) != 0) {
        if (event->mask & IN_MOVE_SELF) inotify_rm_watch(inotify_.get(), watch_);
        watch_ = -1;
        Begin();
        news.lost = true;
      } else if (event->wd == watch_ && event->len > 0) {
        const std::string name(event->name);
        if (event->mask & (IN_DELETE | IN_MOVED_FROM)) {
          news.names.insert(name);
          came.erase(name);
          awaited_.erase(name);
        } else {
          came.insert(name);
        }
      }
    }
  }
  for (const std::string& name : came) Await(name);
  for (auto name = awaited_.begin(); name != awaited_.end();) {
    const std::string path = directory_ + "/" + *name;
    if (IsNamespace(path)) {
      news.names.insert(*name);
    } else if (IsThere(path)) {
      ++name;
      continue;
    }
    name = awaited_.erase(name);
  }
  HearMounts(!awaited_.empty());
  return news;
}

void NetnsWatch::Await(const std::string& name) {
  if (awaited_.size() >= kMaxAwaited) return;
  // Listening comes before looking, which Read does.
  awaited_.insert(name);
  HearMounts(true);
}

void NetnsWatch::HearMounts(bool wanted) {
  if (wanted == mounts_.valid()) return;
  if (!wanted) return mounts_.reset();  // leaves the epoll set by itself
  UniqueFd mounts(open("/proc/thread-self/mountinfo", O_RDONLY | O_CLOEXEC));
  epoll_event event{};
  event.events = EPOLLPRI;
  if (mounts.valid() && epoll_ctl(epoll_.get(), EPOLL_CTL_ADD, mounts.get(), &event) == 0) mounts_ = std::move(mounts);
}

}  // namespace warren::kernel
