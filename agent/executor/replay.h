#ifndef WARREN_AGENT_EXECUTOR_REPLAY_H_
#define WARREN_AGENT_EXECUTOR_REPLAY_H_

// Makes addresses and routes be there again, as a dump had them: reads what is there, adds what is missing. Belongs to
// the executor's thread.

#include <map>
#include <optional>
#include <string>
#include <vector>

#include "agent/executor/places.h"
#include "agent/executor/step.pb.h"
#include "agent/kernel/address.h"
#include "agent/kernel/route.h"

namespace warren::executor {

// Something could not be put back.
struct Problem {
  std::string text;  // one line
  // The address (of that link) or route that is missing, where it is one: another undo may put it back yet.
  NetnsRef netns;
  std::optional<kernel::Address> address;
  std::optional<kernel::Route> route;
  // What stands on a link, where it is that (restore_kept.h).
  std::optional<RestoreKept> kept = std::nullopt;
};

// The link has all of these, in this order (in IPv4 it decides which are secondary, in IPv6 which is preferred). Others
// stay.
void ReplayAddresses(Place& place, const std::string& shown, int ifindex, const std::vector<kernel::Address>& addresses,
                     std::vector<Problem>& problems);

// All of these routes are there, link indices replaced where the map has them. What is left of one that lost a next hop
// or its source gives way to the whole.
void ReplayRoutes(Place& place, const std::vector<kernel::Route>& routes, const std::map<int, int>& ifindexes,
                  std::vector<Problem>& problems);

// Where one of these routes is there and expires sooner than it says: takes it away, for ReplayRoutes to add it again.
// One that lasts longer may have been prolonged by its router.
void ReplayExpiries(Place& place, const std::vector<kernel::Route>& routes);

}  // namespace warren::executor

#endif  // WARREN_AGENT_EXECUTOR_REPLAY_H_
