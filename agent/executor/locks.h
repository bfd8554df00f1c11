#ifndef WARREN_AGENT_EXECUTOR_LOCKS_H_
#define WARREN_AGENT_EXECUTOR_LOCKS_H_

// What an intent locks (lock_table.h), told from its operations alone. A named namespace is exclusive. Of the host's
// own only what is named is: links, routes by table and destination; a bridge is shared by those that attach and
// detach. A link of the host that is there already may be called by an alternative name: it is locked under its own,
// too. Whoever's reach in the host cannot be told from names (a route without a link, addresses that move to a
// bridge) has all of the host to itself.
//
// What a deletion takes with it cannot be told either: the other ends of veths, in whatever namespace they are. So
// those that delete or move links and those that work on links they did not make themselves do not run side by side.
// Pure but for what it is given; thread-safe.

#include <functional>
#include <string>
#include <vector>

#include "agent/executor/lock_table.h"
#include "warren/v1/agents.pb.h"

namespace warren::executor {

// What a link of the host is called that answers to this name; the name itself where nobody knows.
using NameOfLink = std::function<std::string(const std::string& any)>;

std::vector<Lock> LocksOf(
    const v1::IntentDelivery& intent, const NameOfLink& name_of = [](const std::string& any) { return any; });

// An intent with these locks takes away links it does not name: what others do meanwhile with a link of theirs may fail
// for that reason alone.
bool FreesLinks(const std::vector<Lock>& locks);

}  // namespace warren::executor

#endif  // WARREN_AGENT_EXECUTOR_LOCKS_H_
