#ifndef WARREN_AGENT_EXECUTOR_RESTORE_KEPT_H_
#define WARREN_AGENT_EXECUTOR_RESTORE_KEPT_H_

// Between the facilities and the journal: what stands on a link besides its addresses and routes, into a step and back.
// Belongs to the executor's thread.

#include <cstdint>
#include <set>
#include <vector>

#include "absl/status/status.h"
#include "agent/executor/facility/facilities.h"
#include "agent/executor/places.h"
#include "agent/executor/replay.h"
#include "agent/executor/step.pb.h"
#include "agent/kernel/link.h"

namespace warren::executor {

using KeptList = google::protobuf::RepeatedPtrField<Kept>;

// Adds what would be lost, and to `nexthops` the objects among it: the routes over them go, too.
absl::Status Keep(Place& place, const kernel::Link& link, Losses losses, KeptList& kept, std::set<uint32_t>& nexthops);

// Adds to the step what links lose that `link`, which goes down or away, leaves without a carrier: the other end of a
// veth, its bridge, and what stands on those. They are undone after what the step has by then.
// Cost: where the other end is in a namespace that is not open, that of finding it (peers.h).
absl::Status KeepOfFollowers(Places& places, Place& place, const kernel::Link& link, Step& step);

// Puts back what is missing of one stage.
void PutBackKept(Place& place, const kernel::Link& link, Stage stage, const KeptList& kept,
                 std::vector<Problem>& problems);

void RestoreOf(Places& places, const RestoreKept& record, std::vector<Problem>& problems);

// Once more what a link that has got its carrier since made anew (net.ipv6.conf.IF.mtu, addrconf_notify).
void PutBackAfterCarrier(Places& places, const LinkState& state, std::vector<Problem>& problems);

// Once more, when all else is back: what needed a carrier, or a route, has it now. Takes out of `problems` what
// succeeded.
void SecondChance(Places& places, std::vector<Problem>& problems);

}  // namespace warren::executor

#endif  // WARREN_AGENT_EXECUTOR_RESTORE_KEPT_H_
