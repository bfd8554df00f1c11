#ifndef WARREN_AGENT_KERNEL_EVENT_SOCKET_H_
#define WARREN_AGENT_KERNEL_EVENT_SOCKET_H_

// The one socket on which an agent hears what changes in network namespaces: in the host's own, and in those that it
// has an nsid for (NETLINK_LISTEN_ALL_NSID). The kernel queues an event before the call that caused it returns, so that
// whoever reads after a change hears of it; what the kernel does in the background (a carrier, duplicate detection,
// freeing) comes later.
//
// One for all who listen, since each costs those who change things: for every event of a group and every such socket in
// it the kernel walks through all ids that the host has, with RTNL held (do_one_broadcast, peernet2id: 10 ns each,
// twice), some 25 events a router. For the same reason whoever does not need to hear of other namespaces for a while
// says so (HearAll), and groups that nobody wants are left.
//
// Threading: any thread. Whoever reads hands over to all; so a listener is called on any thread that reads, one at a
// time, and calls nothing of this from there. Needs CAP_NET_BROADCAST; PERMISSION_DENIED without. Cost: 1-2 µs an
// event, and some 1-2 KiB of the receive buffer while it has not been read. Nothing of a namespace without an nsid is
// heard.

#include <linux/netlink.h>

#include <memory>
#include <set>
#include <vector>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "agent/kernel/netlink.h"
#include "proto/common/mutex.h"

namespace warren::kernel {

class EventSocket {
 public:
  // Where an event is from when it is from the host's own namespace.
  static constexpr int kOwnNamespace = -1;

  class Listener {
   public:
    virtual ~Listener() = default;
    // In the order of the kernel: the nsid of the namespace it is from, and the message, of any group that somebody
    // listens to.
    virtual void OnEvent(int origin, nlmsghdr* message) = 0;
    // Some are missing, since they came faster than they were read.
    virtual void OnLost() = 0;
    // Some of these calls have just been made because somebody else has read.
    virtual void OnReadByOther() = 0;
  };

  // On a thread in the host's namespace. The buffer, in bytes, is for what nobody has read yet, beyond the system's
  // limit too.
  static absl::StatusOr<std::shared_ptr<EventSocket>> Open(int receive_buffer = 32 << 20);

  // Of which namespaces one hears: the host's own; others too while somebody else hears those; all.
  enum class Scope { kOwn, kAlong, kAll };
  // From now on it hears these groups (RTNLGRP_*), and nothing of before; of other namespaces as well. Until Remove,
  // after which it is not called any more.
  absl::Status Add(Listener& listener, std::set<int> groups, Scope scope = Scope::kAll);
  void Remove(Listener& listener);
  // Whether other namespaces are heard, or the host's own alone.
  absl::Status HearAll(Listener& listener, bool all);

  // Hands over all there is by now, without waiting for more.
  absl::Status Read(Listener& by);

  // Readable when there is something to be read.
  int fd() const { return fd_; }

 private:
  struct Registered {
    Listener* listener = nullptr;
    std::set<int> groups;
    Scope scope = Scope::kAll;
  };

  EventSocket(Netlink socket, int own_nsid);
  absl::Status ReadAll(const Listener* by) ABSL_EXCLUSIVE_LOCKS_REQUIRED(mutex_);
  // Listens to what is wanted by now.
  absl::Status Tune() ABSL_EXCLUSIVE_LOCKS_REQUIRED(mutex_);
  absl::Status ListenToAll(bool all) ABSL_EXCLUSIVE_LOCKS_REQUIRED(mutex_);
  absl::Status LeaveOthers() ABSL_EXCLUSIVE_LOCKS_REQUIRED(mutex_);

  const int fd_;
  const int own_nsid_;  // what the host's namespace calls itself
  Mutex mutex_;
  const Netlink socket_;
  std::vector<char> buffer_ ABSL_GUARDED_BY(mutex_);
  std::vector<Registered> listeners_ ABSL_GUARDED_BY(mutex_);
  std::set<int> groups_ ABSL_GUARDED_BY(mutex_);
  bool all_ ABSL_GUARDED_BY(mutex_) = false;
};

// Or why nobody hears.
using SharedEvents = absl::StatusOr<std::shared_ptr<EventSocket>>;
inline SharedEvents NobodyListens() { return absl::FailedPreconditionError("nobody listens"); }

}  // namespace warren::kernel

#endif  // WARREN_AGENT_KERNEL_EVENT_SOCKET_H_
