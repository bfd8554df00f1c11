#ifndef WARREN_AGENT_KERNEL_RELEASE_H_
#define WARREN_AGENT_KERNEL_RELEASE_H_

// Waits until the kernel has let go of namespaces and links: deleting returns at once, freeing happens later in the
// background. Told by events (event_socket.h; RTM_DELNSID comes before the RTM_DELLINKs of what was inside), for any
// number of waits; looks for itself only when events were lost, and when time is over.
//
// Threading: any thread; one of them at a time may be in Next, which reads events for all who listen while something is
// awaited.
//
// Cost: a few µs for each event of a deletion on the host, however much is waited for. Looking for itself is one list
// of nsids (0.5 µs each) and one of links for each namespace concerned.

#include <cstdint>
#include <memory>
#include <set>
#include <string>
#include <utility>
#include <vector>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "absl/time/time.h"
#include "agent/kernel/event_socket.h"
#include "agent/kernel/netlink.h"
#include "agent/kernel/netns.h"

namespace warren::kernel {

struct Release {
  // As the host's namespace knows them.
  std::set<int> nsids;
  // Links by (nsid of their namespace, -1 for the host's own; ifindex). They are gone when their namespace is.
  std::set<std::pair<int, int>> links;

  bool empty() const { return nsids.empty() && links.empty(); }
};

class ReleaseWatcher {
 public:
  // In the host's namespace. Where nobody hears: why.
  static absl::StatusOr<ReleaseWatcher> Open(NetnsWorker& worker, const SharedEvents& events);
  ReleaseWatcher(ReleaseWatcher&&) noexcept;
  ReleaseWatcher& operator=(ReleaseWatcher&&) noexcept;
  ~ReleaseWatcher();

  // Begins to listen for these, under a number of the caller's that no other has. Before they are let go: what was
  // heard until then is not about them, since the kernel gives nsids out again.
  void Watch(uint64_t id, Release release);
  // They have been let go: from now on this wait ends, when all are gone, in so much time at the latest.
  void Await(uint64_t id, absl::Duration timeout);

  struct Ended {
    uint64_t id = 0;
    Release left;         // still there; empty: all are gone
    absl::Status status;  // why nobody can tell
  };
  // Blocks until some have ended. CANCELLED when the descriptor `stop` is readable (-1: none).
  absl::StatusOr<std::vector<Ended>> Next(int stop);

 private:
  class State;
  explicit ReleaseWatcher(std::unique_ptr<State> state);

  std::unique_ptr<State> state_;
};

// The other ends of the veths in a namespace that the host's has an id for: what goes with it elsewhere. `host` is a
// socket in the host's namespace, `self` that namespace.
struct OuterEnd {
  std::pair<int, int> link;  // as Release::links
  std::string inner;         // name of the end inside
};
absl::StatusOr<std::vector<OuterEnd>> OuterEnds(Netlink& host, const Netns& self, int nsid);

}  // namespace warren::kernel

#endif  // WARREN_AGENT_KERNEL_RELEASE_H_
