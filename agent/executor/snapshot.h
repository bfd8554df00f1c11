#ifndef WARREN_AGENT_EXECUTOR_SNAPSHOT_H_
#define WARREN_AGENT_EXECUTOR_SNAPSHOT_H_

// A link as it was, and back to that: what undo of any change of a link rests on. The opposite command would not do: a
// link that goes down loses its routes and its global IPv6 addresses, a primary address takes its secondaries with it,
// an address that goes takes the routes that have it as their source. With them go neighbours, nexthop objects,
// settings and more, each a facility (facility/facility.h).
//
// Not given back, because the kernel does not let it be set: learned bridge and neighbour entries, lifetimes of
// temporary IPv6 addresses, the order of IPv4 routes that differ only in what they do. Not looked at: multicast
// memberships, rules, XDP programs, VLANs of a bridge port.

#include <string>
#include <vector>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "absl/time/time.h"
#include "agent/executor/facility/facility.h"
#include "agent/executor/places.h"
#include "agent/executor/replay.h"
#include "agent/executor/step.pb.h"
#include "agent/kernel/link.h"

namespace warren::executor {

// Without addresses and routes: restoring that leaves those as they are.
LinkState AttributesOf(const Place& place, const kernel::Link& link);

// How far a change reaches.
enum class Reach {
  kLink,     // the link's own routes
  kSources,  // also routes by other links with one of its addresses as their source: addresses are about to go
};
// `losses`: what the change, or taking it back, does to the link. The fewer the cheaper (facility/facilities.h).
absl::StatusOr<LinkState> Capture(Place& place, const kernel::Link& link, Reach reach, Losses losses = kEverything);

// The link and those that stand on it and go down or away with it (VLANs and the like), it first.
absl::StatusOr<std::vector<LinkState>> CaptureWithUppers(Place& place, const kernel::Link& link, Reach reach,
                                                         Losses losses = kEverything);
// Those that stand on it.
absl::StatusOr<std::vector<kernel::Link>> UppersOf(Place& place, int ifindex);

// How long ago a moment was, in nanoseconds of kernel::Uptime; 0: no time at all.
absl::Duration PassedSince(int64_t read_at);

// Puts a link back, where it is, or from where it was moved to. What could not be put back is added to `problems`.
void Restore(Places& places, const RestoreLink& record, std::vector<Problem>& problems);

}  // namespace warren::executor

#endif  // WARREN_AGENT_EXECUTOR_SNAPSHOT_H_
