#ifndef WARREN_AGENT_KERNEL_UPPERS_H_
#define WARREN_AGENT_KERNEL_UPPERS_H_

// On which links of the host's namespace others stand that the kernel deletes with them (Link::lower), kept by events:
// asking the kernel takes a walk over all links of the host.
//
// Threading: any thread. Cost: a look through the attributes of each event of a link; a walk over all links at the
// first question and after lost events.

#include <map>

#include "absl/status/statusor.h"
#include "agent/kernel/event_socket.h"
#include "agent/kernel/netlink.h"
#include "proto/common/mutex.h"

namespace warren::kernel {

class Uppers : private EventSocket::Listener {
 public:
  // Without events each question is asked of the kernel.
  explicit Uppers(SharedEvents events);
  ~Uppers() override;
  Uppers(const Uppers&) = delete;
  Uppers& operator=(const Uppers&) = delete;

  // Whether a link of the host's has others on it, as of now. The socket is one of the host's namespace.
  absl::StatusOr<bool> StandOn(Netlink& host, int ifindex);

 private:
  void OnEvent(int origin, nlmsghdr* message) override;
  void OnLost() override;
  void OnReadByOther() override {}

  const SharedEvents events_;
  Mutex mutex_;
  bool known_ ABSL_GUARDED_BY(mutex_) = false;
  std::map<int, int> lowers_ ABSL_GUARDED_BY(mutex_);  // by the link that stands on it
};

}  // namespace warren::kernel

#endif  // WARREN_AGENT_KERNEL_UPPERS_H_
