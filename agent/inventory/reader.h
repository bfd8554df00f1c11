#ifndef WARREN_AGENT_INVENTORY_READER_H_
#define WARREN_AGENT_INVENTORY_READER_H_

// Reads what is in namespaces on a thread of its own. The kernel shows links under its lock of all links (RTNL), which
// is held for half a second while many namespaces are freed: whoever has something else to do goes on with that
// meanwhile. A new namespace waits for that lock, too.
//
// Threading: Start, Wait and Take from one thread. Cost: two switches of threads for all that is read at once.

#include <chrono>
#include <map>
#include <memory>
#include <optional>
#include <set>
#include <string>
#include <thread>
#include <vector>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "agent/inventory/convert.h"
#include "agent/kernel/address.h"
#include "agent/kernel/chosen_events.h"
#include "agent/kernel/link.h"
#include "agent/kernel/netlink.h"
#include "agent/kernel/netns.h"
#include "proto/common/mutex.h"
#include "proto/common/unique_fd.h"

namespace warren::inventory {

// Links, addresses and routes of a namespace.
absl::StatusOr<Contents> ReadContents(kernel::Netlink& netlink);

class Reader {
 public:
  struct Wanted {
    std::string name;     // raw; kRawHost: the host's own
    std::set<int> links;  // these with their addresses; none: everything there is
    std::set<int> far;    // of those, with their other ends in other namespaces
    bool events = false;  // instead: a listener of its own
  };
  struct OneLink {
    absl::StatusOr<kernel::Link> link = absl::UnknownError("not read");
    absl::StatusOr<std::vector<kernel::Address>> addresses = absl::UnknownError("not read");
    std::optional<kernel::Link> far;
  };
  struct Read {
    absl::StatusOr<kernel::Netns> netns = absl::UnknownError("not read");  // not of the host's own
    absl::StatusOr<kernel::Netlink> netlink = absl::UnknownError("not read");
    absl::StatusOr<Contents> contents = absl::UnknownError("not read");
    std::map<int, OneLink> links;
    absl::StatusOr<kernel::ChosenEvents> events = absl::UnknownError("not opened");
  };

  // In the namespace of the calling thread, which is the host's.
  static absl::StatusOr<std::unique_ptr<Reader>> Create(kernel::NetnsDir dir);
  ~Reader();

  // Begins with these; what was begun before is over.
  void Start(std::vector<Wanted> wanted);
  // Until it is over (true), `descriptor` (-1: none) is readable, or the time is over.
  bool Wait(int descriptor, std::chrono::milliseconds timeout);
  // In the order in which they were wanted, once it is over.
  std::vector<Read> Take();

 private:
  Reader(kernel::NetnsDir dir, UniqueFd done) : dir_(std::move(dir)), done_(std::move(done)) {}
  void Run(kernel::NetnsWorker worker);
  Read ReadOne(kernel::NetnsWorker& worker, const Wanted& wanted) const;

  const kernel::NetnsDir dir_;
  const UniqueFd done_;  // an eventfd
  Mutex mutex_;
  CondVar changed_;
  bool stopping_ ABSL_GUARDED_BY(mutex_) = false;
  std::vector<Wanted> wanted_ ABSL_GUARDED_BY(mutex_);  // not begun with
  std::vector<Read> read_ ABSL_GUARDED_BY(mutex_);
  std::jthread thread_;  // last: it uses the rest
};

}  // namespace warren::inventory

#endif  // WARREN_AGENT_INVENTORY_READER_H_
