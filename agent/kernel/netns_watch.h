#ifndef WARREN_AGENT_KERNEL_NETNS_WATCH_H_
#define WARREN_AGENT_KERNEL_NETNS_WATCH_H_

// Which names of namespaces come and go in a directory (inotify(7)). A name comes as a plain file and becomes a
// namespace with the mount on it, which the directory does not tell: mountinfo says when something was mounted
// (POLLPRI, proc(5)). A name that is no namespace after a second of waiting is told as it is, and from then on looked
// at once in a while only, so that no number of such files keeps the others from being seen. A directory that is not
// there yet is watched for in its parent.
//
// Threading: one thread; the descriptor may be polled by another meanwhile. Cost: one watch, and 5 µs a name; of names
// that stay none at most 1% of the time, and a namespace mounted on one of those is seen after a second or, of more
// than a thousand, some more.

#include <chrono>
#include <map>
#include <set>
#include <string>

#include "absl/status/statusor.h"
#include "proto/common/unique_fd.h"

namespace warren::kernel {

class NetnsWatch {
 public:
  // How long what has come is given to become a namespace.
  static constexpr std::chrono::seconds kPatience{1};

  static absl::StatusOr<NetnsWatch> Open(std::string directory);

  struct News {
    // Came, went, or were replaced; without those that may yet become a namespace.
    std::set<std::string> names;
    bool lost = false;  // there were others, too
  };
  // What there is by now.
  News Read();
  // Something is there under this name that is no namespace (yet). One that has been so for a while is `old`: it is
  // told when it becomes one, and not before.
  void Await(const std::string& name, bool old = false);
  // It may yet become one, and is told then or when it did not.
  bool Awaits(const std::string& name) const { return awaited_.contains(name); }

  // Readable when there may be news.
  int fd() const { return epoll_.get(); }

 private:
  using Clock = std::chrono::steady_clock;

  NetnsWatch(std::string directory, UniqueFd epoll, UniqueFd inotify, UniqueFd timer)
      : directory_(std::move(directory)),
        epoll_(std::move(epoll)),
        inotify_(std::move(inotify)),
        timer_(std::move(timer)) {}
  void Begin();
  // Those that are told: what of the others has become a namespace, is gone, or has been waited for in vain.
  void LookAtAwaited(News& news);
  void LookAtOthers(News& news);
  // Hears of mounts: wakes up for each while somebody waits for one that is about to come, since there are many.
  void HearMounts();
  void SetTimer();

  std::string directory_;
  UniqueFd epoll_;  // of the others
  UniqueFd inotify_;
  UniqueFd timer_;
  UniqueFd mounts_;  // valid while there is a name that is no namespace
  bool woken_by_mounts_ = false;
  bool mounts_changed_ = false;  // since the others were looked at, as far as was heard
  bool timer_set_ = false;
  int watch_ = -1;                                    // of the directory
  int parent_watch_ = -1;                             // while there is none
  std::map<std::string, Clock::time_point> awaited_;  // until when
  std::set<std::string> others_;                      // told to be no namespace
  Clock::time_point look_at_others_{};                // not before
};

}  // namespace warren::kernel

#endif  // WARREN_AGENT_KERNEL_NETNS_WATCH_H_
