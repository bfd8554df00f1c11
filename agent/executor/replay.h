#ifndef WARREN_AGENT_EXECUTOR_REPLAY_H_
#define WARREN_AGENT_EXECUTOR_REPLAY_H_

// Makes addresses and routes be there again, as a dump had them: reads what is there, adds what is missing. What cannot be
// added is told in `problems`, one line each.

#include <map>
#include <string>
#include <vector>

#include "agent/executor/places.h"
#include "agent/kernel/address.h"
#include "agent/kernel/route.h"

namespace warren::executor {

// The link has all of these, IPv4 ones in this order (the order decides which are secondary). Others stay.
void ReplayAddresses(Place& place, const std::string& shown, int ifindex, const std::vector<kernel::Address>& addresses,
                     std::vector<std::string>& problems);

// All of these routes are there, link indices replaced where the map has them.
void ReplayRoutes(Place& place, const std::vector<kernel::Route>& routes, const std::map<int, int>& ifindexes,
                  std::vector<std::string>& problems);

}  // namespace warren::executor

#endif  // WARREN_AGENT_EXECUTOR_REPLAY_H_
