#ifndef WARREN_AGENT_KERNEL_NETNS_WATCH_H_
#define WARREN_AGENT_KERNEL_NETNS_WATCH_H_

// Which names of namespaces come and go in a directory (inotify(7)). A name comes as a plain file and becomes a
// namespace with the mount on it, which the directory does not tell: until then it is waited for, and mountinfo says
// when something was mounted (POLLPRI, proc(5)). A directory that is not there yet is watched for in its parent.
//
// Threading: one thread; the descriptor may be polled by another meanwhile. Cost: one watch, and 5 µs a name.

#include <set>
#include <string>

#include "absl/status/statusor.h"
#include "proto/common/unique_fd.h"

namespace warren::kernel {

class NetnsWatch {
 public:
  static absl::StatusOr<NetnsWatch> Open(std::string directory);

  struct News {
    // Came, went, or were replaced; without those that wait for their mount.
    std::set<std::string> names;
    bool lost = false;  // there were others, too
  };
  // What there is by now.
  News Read();
  // Something is there under this name that is no namespace (yet).
  void Await(const std::string& name);

  // Readable when there may be news.
  int fd() const { return epoll_.get(); }

 private:
  NetnsWatch(std::string directory, UniqueFd epoll, UniqueFd inotify)
      : directory_(std::move(directory)), epoll_(std::move(epoll)), inotify_(std::move(inotify)) {}
  void Begin();
  // Hears of mounts only while somebody waits for one: there are many.
  void HearMounts(bool wanted);

  std::string directory_;
  UniqueFd epoll_;  // of the two below
  UniqueFd inotify_;
  UniqueFd mounts_;
  int watch_ = -1;         // of the directory
  int parent_watch_ = -1;  // while there is none
  std::set<std::string> awaited_;
};

}  // namespace warren::kernel

#endif  // WARREN_AGENT_KERNEL_NETNS_WATCH_H_
