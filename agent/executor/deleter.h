#ifndef WARREN_AGENT_EXECUTOR_DELETER_H_
#define WARREN_AGENT_EXECUTOR_DELETER_H_

// Deletes the namespaces of several intents at once, where an intent does nothing else: there is nothing after the
// deletion that could fail and ask for it back, so that nothing is parked or set aside. They are looked at, committed
// in one write of the journal, and let go by the release queue. One that must be refused is left to the Applier, which
// says why. Belongs to a worker's thread.
//
// What parking would bring and this does not: a process that enters by the name between the look for processes and the
// commit is named as a holder in release_pending, instead of failing the intent.
//
// Cost: 0.05 ms a namespace, and one pass over /proc for all.

#include <optional>
#include <set>
#include <vector>

#include "agent/executor/outcome.h"
#include "agent/executor/places.h"
#include "agent/executor/work.h"

namespace warren::executor {

// Whether it only deletes namespaces, each once.
bool OnlyDeletesNamespaces(const v1::IntentDelivery& intent);

class Deleter {
 public:
  Deleter(const Work& work, Places& places) : work_(work), places_(places) {}

  // Returns the tasks that are to be applied otherwise.
  std::vector<const Task*> Run(const std::vector<const Task*>& tasks, Outcome& outcome);

 private:
  struct Deletion;
  // False: it is refused, or is not as simple as that.
  bool Look(const v1::DeleteNamespace& operation, Deletion& deletion);
  // Whether this link of the host's takes nothing along that it may not: links on it, what the host lives by.
  bool MayPerish(Place& host, int ifindex, const kernel::Ip& server);
  // What the host's namespace calls itself; -1: nothing. An id once given stays.
  int HostNsid(Place& host);

  const Work& work_;
  Places& places_;
  int host_nsid_ = -1;
  std::optional<std::set<int>> vital_;  // links of the host, looked for once a lot
};

}  // namespace warren::executor

#endif  // WARREN_AGENT_EXECUTOR_DELETER_H_
