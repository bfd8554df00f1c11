#ifndef WARREN_AGENT_INVENTORY_STALE_H_
#define WARREN_AGENT_INVENTORY_STALE_H_

// What of a namespace has to be looked at again. The details count only for one that is kept in parts (told_parts.h).

#include <map>
#include <set>
#include <string>
#include <utility>
#include <vector>

#include "agent/kernel/ip.h"
#include "agent/kernel/monitor.h"

namespace warren::inventory {

struct Stale {
  bool all = false;
  std::set<int> links;
  std::map<int, std::string> seen;    // of those, what the last event told: LinkFromBody takes it
  std::set<int> unseen;               // of those, what changed without being told whole
  std::set<int> gone;                 // of those
  std::vector<kernel::Event> routes;  // in order
  bool all_routes = false;            // any may have gone without being told of
  // Links with which routes may have gone or changed, and addresses taken off links that routes may have had as their
  // source: of IPv4 the kernel does not tell (fib_flush).
  std::set<int> downed;
  std::vector<std::pair<int, kernel::Ip>> sources;

  bool empty() const {
    return !all && !all_routes && links.empty() && routes.empty() && downed.empty() && sources.empty();
  }

  void Add(const kernel::Event& event) {
    switch (event.kind) {
      case kernel::Event::Kind::kLink:
        links.insert(event.ifindex);
        seen.erase(event.ifindex);
        gone.erase(event.ifindex);
        if (event.deleted) gone.insert(event.ifindex);
        if (!event.link.empty()) {
          seen.emplace(event.ifindex, event.link);
          unseen.erase(event.ifindex);
        } else {
          unseen.insert(event.ifindex);
        }
        if (!event.up || event.deleted) downed.insert(event.ifindex);
        break;
      case kernel::Event::Kind::kAddress:
        links.insert(event.ifindex);
        if (!event.deleted) break;
        downed.insert(event.ifindex);
        sources.emplace_back(event.ifindex, event.address);
        break;
      case kernel::Event::Kind::kRoute:
        routes.push_back(event);
        break;
      case kernel::Event::Kind::kNexthop:
        all_routes = true;
        break;
      case kernel::Event::Kind::kNsid:
      case kernel::Event::Kind::kLost:
        all = true;
        break;
    }
  }
};

}  // namespace warren::inventory

#endif  // WARREN_AGENT_INVENTORY_STALE_H_
