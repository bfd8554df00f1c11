#include "agent/kernel/netns_watch.h"

#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <linux/magic.h>
#include <poll.h>
#include <sys/epoll.h>
#include <sys/inotify.h>
#include <sys/stat.h>
#include <sys/timerfd.h>
#include <sys/vfs.h>
#include <unistd.h>

#include <algorithm>
#include <utility>

#include "agent/kernel/error.h"
#include "agent/kernel/netns_name.h"

namespace warren::kernel {
namespace {

constexpr uint32_t kNames = IN_CREATE | IN_DELETE | IN_MOVED_FROM | IN_MOVED_TO;
// Looking at what stays no namespace takes no more than this share of the time.
constexpr int kShare = 100;

enum class Is { kNothing, kNamespace, kOther };

Is LookAt(const std::string& path) {
  struct stat st;
  if (lstat(path.c_str(), &st) != 0) return Is::kNothing;
  struct statfs fs;
  const bool is_namespace = S_ISREG(st.st_mode) && statfs(path.c_str(), &fs) == 0 && fs.f_type == NSFS_MAGIC;
  return is_namespace ? Is::kNamespace : Is::kOther;
}

}  // namespace

absl::StatusOr<NetnsWatch> NetnsWatch::Open(std::string directory) {
  UniqueFd inotify(inotify_init1(IN_NONBLOCK | IN_CLOEXEC));
  if (!inotify.valid()) return ErrnoError(errno, "watching for namespaces (inotify)");
  UniqueFd epoll(epoll_create1(EPOLL_CLOEXEC));
  if (!epoll.valid()) return ErrnoError(errno, "watching for namespaces (epoll)");
  UniqueFd timer(timerfd_create(CLOCK_MONOTONIC, TFD_NONBLOCK | TFD_CLOEXEC));
  if (!timer.valid()) return ErrnoError(errno, "watching for namespaces (timerfd)");
  for (const int fd : {inotify.get(), timer.get()}) {
    epoll_event event{};
    event.events = EPOLLIN;
    if (epoll_ctl(epoll.get(), EPOLL_CTL_ADD, fd, &event) != 0) {
      return ErrnoError(errno, "watching for namespaces (epoll)");
    }
  }
  NetnsWatch watch(std::move(directory), std::move(epoll), std::move(inotify), std::move(timer));
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
          others_.erase(name);
        } else {
          came.insert(name);
        }
      }
    }
  }
  uint64_t expirations;
  (void)!read(timer_.get(), &expirations, sizeof expirations);
  for (const std::string& name : came) {
    others_.erase(name);
    Await(name);
  }
  LookAtAwaited(news);
  LookAtOthers(news);
  HearMounts();
  SetTimer();
  return news;
}

void NetnsWatch::Await(const std::string& name, bool old) {
  if (IsOutOfTheWay(name) || others_.contains(name)) return;
  // Listening comes before looking, which Read does.
  if (old) {
    awaited_.erase(name);
    others_.insert(name);
    mounts_changed_ = true;
  } else {
    awaited_.try_emplace(name, Clock::now() + kPatience);
  }
  HearMounts();
  if (!timer_set_) SetTimer();
}

void NetnsWatch::LookAtAwaited(News& news) {
  const Clock::time_point now = Clock::now();
  for (auto name = awaited_.begin(); name != awaited_.end();) {
    const Is is = LookAt(directory_ + "/" + name->first);
    if (is == Is::kOther && now < name->second) {
      ++name;
      continue;
    }
    if (is != Is::kNothing) news.names.insert(name->first);
    if (is == Is::kOther) {
      others_.insert(name->first);
      mounts_changed_ = true;
    }
    name = awaited_.erase(name);
  }
}

void NetnsWatch::LookAtOthers(News& news) {
  const Clock::time_point begin = Clock::now();
  if (others_.empty() || begin < look_at_others_) return;
  look_at_others_ = begin + kPatience;
  if (!mounts_changed_ && !woken_by_mounts_) {
    pollfd mounts{mounts_.get(), POLLPRI, 0};
    if (mounts_.valid() && poll(&mounts, 1, 0) == 0) return;
  }
  mounts_changed_ = false;
  for (auto name = others_.begin(); name != others_.end();) {
    const Is is = LookAt(directory_ + "/" + *name);
    if (is == Is::kOther) {
      ++name;
      continue;
    }
    news.names.insert(*name);
    name = others_.erase(name);
  }
  const Clock::time_point end = Clock::now();
  look_at_others_ = end + std::max<Clock::duration>(kPatience, (end - begin) * kShare);
}

void NetnsWatch::HearMounts() {
  if (awaited_.empty() && others_.empty()) {
    mounts_.reset();  // leaves the epoll set by itself
    woken_by_mounts_ = false;
    return;
  }
  if (!mounts_.valid()) mounts_.reset(open("/proc/thread-self/mountinfo", O_RDONLY | O_CLOEXEC));
  const bool wake = !awaited_.empty();
  if (!mounts_.valid() || wake == woken_by_mounts_) return;
  epoll_event event{};
  event.events = EPOLLPRI;
  if (epoll_ctl(epoll_.get(), wake ? EPOLL_CTL_ADD : EPOLL_CTL_DEL, mounts_.get(), &event) == 0) {
    woken_by_mounts_ = wake;
    // The epoll set may have been told of mounts that were made since.
    if (!wake) mounts_changed_ = true;
  }
}

void NetnsWatch::SetTimer() {
  Clock::time_point next = Clock::time_point::max();
  for (const auto& [name, until] : awaited_) next = std::min(next, until);
  if (!others_.empty()) next = std::min(next, std::max(look_at_others_, Clock::now() + kPatience));
  const bool wanted = next != Clock::time_point::max();
  if (!wanted && !timer_set_) return;
  timer_set_ = wanted;
  itimerspec when{};
  if (wanted) {
    const auto left = std::max<Clock::duration>(next - Clock::now(), std::chrono::milliseconds(1));
    const auto seconds = std::chrono::duration_cast<std::chrono::seconds>(left);
    when.it_value.tv_sec = seconds.count();
    when.it_value.tv_nsec = std::chrono::nanoseconds(left - seconds).count();
  }
  timerfd_settime(timer_.get(), 0, &when, nullptr);
}

}  // namespace warren::kernel
