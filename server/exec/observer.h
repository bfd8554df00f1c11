#ifndef WARREN_SERVER_EXEC_OBSERVER_H_
#define WARREN_SERVER_EXEC_OBSERVER_H_

// What sessions tell whoever counts.

#include <cstddef>

#include "absl/status/status.h"

namespace warren::exec {

// Threading: called from any thread, perhaps under a lock; must not block, nor call back.
class ExecObserver {
 public:
  virtual ~ExecObserver() = default;

  // That many sessions more (or fewer) are open.
  virtual void OnSessions(int change) = 0;
  // A call was ended so by the server, whether or not it ever became a session.
  virtual void OnEnded(absl::StatusCode how) = 0;
  // Message bytes passed on to the command, and from it.
  virtual void OnIn(size_t bytes) = 0;
  virtual void OnOut(size_t bytes) = 0;
};

}  // namespace warren::exec

#endif  // WARREN_SERVER_EXEC_OBSERVER_H_
