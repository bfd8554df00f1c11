#ifndef WARREN_AGENT_EXECUTOR_IPV6_SETTINGS_H_
#define WARREN_AGENT_EXECUTOR_IPV6_SETTINGS_H_

// A link's IPv6 settings over a time without IPv6. An MTU below 1,280 bytes takes IPv6 off a link, and when the MTU
// rises again the kernel starts with net.ipv6.conf.default: a router would accept advertisements that it had been told
// not to (accept_ra), and stop forwarding. Whoever asks for an MTU asks for none of that. So an operation that takes
// IPv6 off a link notes its settings in the journal, and one that brings it back gives them back. The addresses are
// gone, as they are with `ip link set mtu`.
//
// Not across a reboot, and not where somebody else sets the MTU. Belongs to the executor's thread.

#include "absl/status/status.h"
#include "agent/executor/transaction.h"

namespace warren::executor {

// Before the change. Does nothing for a link that has no IPv6.
absl::Status NoteIpv6Settings(Transaction& tx, const Place& place, const LinkState& state);

// After a change of a link that had no IPv6 before it. FAILED_PRECONDITION when it has now, but not with its settings;
// with `force` it is left with those of the kernel then.
absl::Status GiveBackIpv6Settings(Transaction& tx, Place& place, int ifindex, bool force);

}  // namespace warren::executor

#endif  // WARREN_AGENT_EXECUTOR_IPV6_SETTINGS_H_
