#ifndef WARREN_AGENT_INVENTORY_INVENTORY_H_
#define WARREN_AGENT_INVENTORY_INVENTORY_H_

// What exists on this host now, told as differences: every call returns what has changed since it was last returned, in
// messages of some 1 MiB at most. Of a namespace with many links that is the links that have changed. Counters, running
// lifetimes and the time of looking are no change by themselves. An interface, so that the session is tested without a
// kernel.
//
// Foreign, that is, not made through Warren, is decided by the Ownership given. Never foreign are the host's own
// namespace, loopbacks, and the tunnel devices the kernel itself puts into every namespace (tunl0, sit0, ...): nobody
// made them. A physical NIC is foreign: Warren did not make it and must not take it away without force.
//
// Threading: all calls from one thread, made for namespace work.

#include <chrono>
#include <cstddef>
#include <cstdint>
#include <functional>
#include <optional>
#include <set>
#include <string>
#include <vector>

#include "agent/kernel/link.h"
#include "warren/v1/agents.pb.h"

namespace warren::inventory {

struct Ownership {
  // Under that name, raw: what others have called it besides is theirs.
  std::function<bool(uint64_t netns_cookie, const std::string& name)> owns_netns;
  std::function<bool(uint64_t netns_cookie, int ifindex)> owns_link;
  // The same of a link that was just looked at, which tells it from another that has its index by now. The host calls
  // its namespace so (-1: it is its own). Absent: owns_link is enough.
  std::function<bool(uint64_t netns_cookie, int nsid, const kernel::Link& link)> is_own;
};

// What was seen at the last look at each namespace.
struct Counts {
  size_t namespaces = 0;  // without the host's own
  size_t links = 0;       // the host's own included
  size_t routes = 0;      // those too
};

class Inventory {
 public:
  virtual ~Inventory() = default;

  // Looks at these namespaces again, by the API's names, and at those whose view of them has changed: a veth's other
  // end. Not during a pass over everything with `whole`.
  virtual std::vector<v1::InventoryUpdate> Refresh(const std::set<std::string>& names) = 0;

  // Begins a pass over what may have changed; one under way is given up. whole: everything is returned, as changed or
  // not, in updates marked full_begin and full_end.
  virtual void BeginPass(bool whole) = 0;

  struct Slice {
    std::vector<v1::InventoryUpdate> updates;
    bool done = false;  // that was the last slice
  };
  // Goes on with the pass until it is over, there is a message's worth to tell, or interrupted() is true, which is
  // asked before each namespace.
  virtual Slice Continue(const std::function<bool()>& interrupted) = 0;

  // Readable when something may have changed, until the next Refresh or BeginPass; -1: nobody can tell.
  virtual int descriptor() const = 0;
  // Something has changed that was not looked at: a pass is due.
  virtual bool stale() const = 0;

  // While many of Warren's own changes are under way, what others change is heard in a few named namespaces only, those
  // in which others are known to work, since that slows down every change (kernel/event_socket.h). What is asked for by
  // name is looked at whole meanwhile; when it is over, all but those few are due to be looked at. The descriptor is
  // readable meanwhile for those few alone.
  virtual void Hurry(bool on) = 0;

  // Looks at what others are known to have changed, before anything else; not during a pass over everything with
  // `whole`. By when it wants to: none, there is nothing.
  virtual std::vector<v1::InventoryUpdate> LookElsewhere() = 0;
  virtual std::optional<std::chrono::steady_clock::time_point> ElsewhereBy() const = 0;

  struct Checked {
    std::vector<v1::InventoryUpdate> updates;
    size_t unheard = 0;  // namespaces that had changed without an event
  };
  // Goes on with a slow round over all namespaces, for what the kernel does not tell: a few at a time, as time passes.
  // Not during a pass over everything with `whole`.
  virtual Checked Check() = 0;

  // What others are known to have changed is told so, on the calling thread, when another call but Hurry waits for the
  // kernel, while many of Warren's own changes are under way and for a while after. Not during a pass over everything
  // with `whole`.
  using Meanwhile = std::function<void(std::vector<v1::InventoryUpdate>)>;
  virtual void TellMeanwhile(Meanwhile tell) = 0;

  virtual Counts counts() const = 0;
};

}  // namespace warren::inventory

#endif  // WARREN_AGENT_INVENTORY_INVENTORY_H_
