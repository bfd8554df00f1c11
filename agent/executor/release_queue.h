#ifndef WARREN_AGENT_EXECUTOR_RELEASE_QUEUE_H_
#define WARREN_AGENT_EXECUTOR_RELEASE_QUEUE_H_

// Runs what committed intents leave to do (forward.h) off the executor's path, for many at once: links that were set
// aside are deleted in groups, namespaces let go, and when the kernel has freed them, which events tell, or the time is
// over, whoever added the work is told.
//
// Threading: every method may be called from any thread; none waits for the kernel, except Stop. Four threads of its
// own: one deletes links (a bridge may take 32 ms), one lets namespaces go, one hears what has gone, one looks who
// holds what has not (0.1 s for some hundreds of processes); a work goes from the one to the other and waits for no
// other work's links. Names of many are taken away by up to eight, which live as long as that takes. All calls of
// `done` are on one of the four.
//
// Cost: docs/performance.md. Metrics: pending().

#include <cstddef>
#include <functional>
#include <memory>
#include <string>
#include <vector>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "absl/time/time.h"
#include "agent/executor/forward.h"
#include "agent/executor/step.pb.h"
#include "agent/kernel/event_socket.h"
#include "warren/v1/intents.pb.h"

namespace warren::executor {

class ReleaseQueue {
 public:
  struct Options {
    std::string netns_dir = "/run/netns";
    absl::Duration timeout = absl::Seconds(5);  // how long the kernel may take, from letting go
    // Without them works are done at once, and say that nobody can see whether the kernel has let go.
    kernel::SharedEvents events = kernel::NobodyListens();
  };
  using Drop = executor::Drop;
  struct Work {
    // Of the committed intent. A namespace of theirs that is among the drops is not looked up.
    std::vector<Step> steps;
    // Namespaces of which everything is known. The caller has no descriptor in them any more.
    std::vector<Drop> drops;
    // Called once, with what is still there; never when Stop comes before.
    std::function<void(v1::ReleasePending)> done;
  };

  // To be called in the host's namespace.
  static absl::StatusOr<std::unique_ptr<ReleaseQueue>> Start(Options options);
  // Stops.
  virtual ~ReleaseQueue() = default;

  virtual void Add(Work work) = 0;
  // Whether more is about to be added: namespaces that are let go together are freed together, and while the kernel
  // frees any, it lets nobody look at links (RTNL, 0.3 ms each). So those that are here wait a little: for 100 ms in
  // which none comes, 500 ms at most.
  virtual void Expect(bool more) = 0;
  // Works added and not done.
  virtual size_t pending() const = 0;
  // What is not done is dropped: the next start of the agent goes on with it. Waits for the call of the kernel and the
  // call of `done` that are under way. Idempotent; from one thread, not from `done`.
  virtual void Stop() = 0;
};

}  // namespace warren::executor

#endif  // WARREN_AGENT_EXECUTOR_RELEASE_QUEUE_H_
