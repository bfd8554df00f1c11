#ifndef WARREN_AGENT_EXECUTOR_PEERS_H_
#define WARREN_AGENT_EXECUTOR_PEERS_H_

// Where the other end of a veth is. Belongs to the executor's thread.
// Cost: a round trip where it is in the same namespace, in the host's or in one that is open; else 10 µs for each named
// namespace.

#include <optional>

#include "absl/status/statusor.h"
#include "agent/executor/places.h"
#include "agent/kernel/link.h"

namespace warren::executor {

struct Peer {
  Place* place = nullptr;
  kernel::Link link;
};
// Nothing: it is no veth, or its other end is in a namespace without a name.
absl::StatusOr<std::optional<Peer>> FindPeer(Places& places, Place& place, const kernel::Link& link);

}  // namespace warren::executor

#endif  // WARREN_AGENT_EXECUTOR_PEERS_H_
