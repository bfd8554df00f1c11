#ifndef WARREN_TESTS_SUPPORT_NETNS_DUMP_H_
#define WARREN_TESTS_SUPPORT_NETNS_DUMP_H_

// The whole host as text, so that two moments can be compared: for the host's own namespace and every named one the
// links, addresses, routes, static neighbours, nexthop objects, queueing disciplines, static forwarding entries and
// every setting of a link as `ip -j -d`, `tc`, `bridge` and /proc/sys tell them, the names, and the mounts. Left out is
// what equality leaves out: statistics, neighbours the kernel learned, what is left of lifetimes and indices (another
// end or a master goes by its name), the local table, and what settles by itself after a change (carrier, and the
// link-local address that comes with the first one; operational state, duplicate address detection, bridge timers, the
// segmentation limits a bridge takes over from its ports and keeps).
//
// Threading: the calling thread must be in the host's namespace. Cost: some 20 ms a namespace.

#include <functional>
#include <string>
#include <vector>

namespace warren {

struct DumpOptions {
  std::string netns_dir = "/run/netns";
  std::string run_dir;   // every file and mount below it is part of the dump
  bool identity = true;  // with the inodes of the namespaces
};

// One object a line, in an order that does not depend on when it was made, except where the order means something
// (addresses).
using HostDump = std::vector<std::string>;

HostDump DumpHost(const DumpOptions& options);

// Dumps until nothing is about to change by itself: links that could have a carrier have one, and their link-local
// addresses are there.
HostDump DumpSettledHost(const DumpOptions& options);

// Lines of `before` that are missing in `after` (-) and the reverse (+); empty when equal.
std::string Difference(const HostDump& before, const HostDump& after);

// Dumps until equal to what is expected; returns what still differs when the time is over.
std::string DifferenceInTheEnd(const HostDump& expected, const DumpOptions& options);

// Asks until it holds; false when the time (20 s, times WARREN_TEST_SLOWNESS) is over. For what the kernel does in the
// background.
bool Eventually(const std::function<bool()>& holds);

}  // namespace warren

#endif  // WARREN_TESTS_SUPPORT_NETNS_DUMP_H_
