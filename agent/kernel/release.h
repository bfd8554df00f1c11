#ifndef WARREN_AGENT_KERNEL_RELEASE_H_
#define WARREN_AGENT_KERNEL_RELEASE_H_

// Waits until the kernel has let go of namespaces and links: deleting returns at once, freeing happens later in the
// background. Told by events (RTM_DELNSID comes before the RTM_DELLINKs of what was inside); looks for itself only when
// events were lost.
//
// Threading: one thread, the one that owns the NetnsWorker. Needs CAP_NET_BROADCAST for links outside the host's
// namespace (NETLINK_LISTEN_ALL_NSID); PERMISSION_DENIED without.

#include <optional>
#include <set>
#include <utility>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "absl/time/time.h"
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
  // Open before the deletion, so that no event is missed.
  static absl::StatusOr<ReleaseWatcher> Open(NetnsWorker& worker);

  // Blocks until all are gone or the deadline is reached; returns what is still there. CANCELLED when the descriptor
  // `stop` becomes readable before (-1: none).
  absl::StatusOr<Release> Wait(Release release, absl::Time deadline, int stop = -1);

 private:
  explicit ReleaseWatcher(Netlink events, Netlink queries) : events_(std::move(events)), queries_(std::move(queries)) {}
  absl::Status LookAgain(Release& release);

  Netlink events_;
  Netlink queries_;
};

}  // namespace warren::kernel

#endif  // WARREN_AGENT_KERNEL_RELEASE_H_
