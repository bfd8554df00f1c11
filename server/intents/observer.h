#ifndef WARREN_SERVER_INTENTS_OBSERVER_H_
#define WARREN_SERVER_INTENTS_OBSERVER_H_

// Plain calls for whoever counts: the queue itself knows no metrics library.

#include <cstddef>

#include "absl/time/time.h"
#include "warren/v1/intents.pb.h"

namespace warren::intents {

struct Transition {
  v1::Intent::State from = v1::Intent::STATE_UNSPECIFIED;  // STATE_UNSPECIFIED: it has just been accepted
  v1::Intent::State to = v1::Intent::STATE_UNSPECIFIED;
  absl::Duration since_accepted;
  // The operations and, when `to` is final, everything else that GetIntent shows.
  const v1::Intent& intent;
};

// Threading: called on the queue's own thread, never under a lock; must not block.
class IntentsObserver {
 public:
  virtual ~IntentsObserver() = default;

  virtual void OnTransition(const Transition& transition) = 0;

  // Intents accepted and not finished, all hosts together; after each change of it.
  virtual void OnQueueDepth(size_t unfinished) = 0;
};

}  // namespace warren::intents

#endif  // WARREN_SERVER_INTENTS_OBSERVER_H_
