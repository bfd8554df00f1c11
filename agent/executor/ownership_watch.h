#ifndef WARREN_AGENT_EXECUTOR_OWNERSHIP_WATCH_H_
#define WARREN_AGENT_EXECUTOR_OWNERSHIP_WATCH_H_

// Ends ownership when the link or the namespace goes, whoever deletes it: by the events of event_socket.h, which the
// kernel queues before a deletion returns. Whoever relies on ownership catches up first. Without it another link that
// gets the index, which the kernel gives out again where indices are asked for, would be taken for Warren's own.
//
// An event names a namespace by the host's id for it, the journal by its cookie. Which is which is learned from whoever
// looks into one (the inventory looks into all); what was heard of an id until then is kept. Other namespaces are heard
// while somebody else listens to them: where nobody did, or events were lost, a link is told by its mark (mark.h), and
// the journal is compared with what there is (ForgetGone).
//
// Threading: any thread. Cost: nothing for events that delete nothing; a lookup or two for those that do. What is lost
// leaves memory at once and the journal's file with its next write.

#include <cstdint>
#include <functional>
#include <map>
#include <memory>
#include <optional>
#include <set>

#include "absl/container/flat_hash_map.h"
#include "agent/executor/places.h"
#include "agent/journal/journal.h"
#include "agent/kernel/departures.h"
#include "agent/kernel/event_socket.h"
#include "proto/common/mutex.h"

namespace warren::executor {

class OwnershipWatch : private kernel::Departures::Listener {
 public:
  // `changed` is called on whatever thread reads events, when there is something to be written or compared; it calls
  // nothing of this. Without events nothing is heard.
  OwnershipWatch(const kernel::SharedEvents& events, journal::Journal& journal, uint64_t host_cookie,
                 std::function<void()> changed);

  // Everything that has happened by now is taken note of, as far as it is known which namespace it was in...
  void CatchUp();
  // ...and all of it of this one.
  void CatchUp(Places& places, Place& place);
  // The host calls it so.
  void Learn(uint64_t cookie, int nsid);

  // What the journal is to be compared with; asked for once.
  enum class Compare { kNothing, kNamespaces, kLinks };
  Compare TakeWanted();
  // Between the two nothing is held to be gone that an intent parks: whoever compares may have looked for it under its
  // name while it was parked, and there while it had its name.
  void BeginComparison();
  std::set<uint64_t> EndComparison();
  void Parks(uint64_t cookie);

 private:
  void OnLinkWent(int origin, int ifindex) override;
  void OnNetnsWent(int nsid) override;
  void OnDeparturesLost() override;
  void Lose(const journal::Ownership& lost);

  journal::Journal& journal_;
  const uint64_t host_cookie_;
  const std::function<void()> changed_;
  Mutex mutex_;
  absl::flat_hash_map<int, uint64_t> cookies_ ABSL_GUARDED_BY(mutex_);  // by nsid
  std::map<int, std::set<int>> unknown_ ABSL_GUARDED_BY(mutex_);        // links that went, by nsid not learned
  size_t unknown_links_ ABSL_GUARDED_BY(mutex_) = 0;
  Compare wanted_ ABSL_GUARDED_BY(mutex_) = Compare::kNothing;
  std::optional<std::set<uint64_t>> parked_ ABSL_GUARDED_BY(mutex_);  // while somebody compares
  kernel::Departures departures_;                                     // last: it tells at once
};

}  // namespace warren::executor

#endif  // WARREN_AGENT_EXECUTOR_OWNERSHIP_WATCH_H_
