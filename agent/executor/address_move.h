#ifndef WARREN_AGENT_EXECUTOR_ADDRESS_MOVE_H_
#define WARREN_AGENT_EXECUTOR_ADDRESS_MOVE_H_

// Moves a link's addresses, its nexthop objects, and the routes by it that are not the kernel's own, to another link of
// the same namespace: what lets a NIC keep answering when it becomes a port of a bridge. Belongs to the executor's
// thread.

#include <vector>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "agent/executor/places.h"
#include "agent/executor/step.pb.h"
#include "agent/kernel/address.h"
#include "agent/kernel/link.h"
#include "agent/kernel/nexthop.h"
#include "agent/kernel/route.h"

namespace warren::executor {

class AddressMove {
 public:
  // Looks, and adds to the step what puts both links back.
  static absl::StatusOr<AddressMove> Plan(Place& place, const kernel::Link& from, const kernel::Link& to, Step& step);

  // Both links must be able to hold routes: up. The place must still be open.
  absl::Status Run();

 private:
  AddressMove(Place& place, int from, int to) : place_(&place), from_(from), to_(to) {}

  // What undo brings them back by, when both links are as they were.
  void KeepNexthops(const kernel::Link& from, Step& step) const;

  Place* place_;
  int from_, to_;
  std::vector<kernel::Address> addresses_;
  std::vector<kernel::Route> routes_;
  std::vector<kernel::NexthopObject> nexthops_;  // and the groups that they are members of
  std::vector<kernel::Route> over_nexthops_;
};

}  // namespace warren::executor

#endif  // WARREN_AGENT_EXECUTOR_ADDRESS_MOVE_H_
