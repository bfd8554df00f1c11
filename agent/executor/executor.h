#ifndef WARREN_AGENT_EXECUTOR_EXECUTOR_H_
#define WARREN_AGENT_EXECUTOR_EXECUTOR_H_

// The executor: applies intents to this host's kernel, each all or nothing, with the effect of the order given, and
// remembers results until the server has them. Those whose locks are disjoint run in parallel (locks.h). It survives
// kill -9 at any instant: the journal holds how to undo a change before the change is made, and Open undoes what was
// not committed and finishes what was.
//
// Threading: every method may be called from any thread; none blocks on kernel work. That is done by threads of its
// own: workers that apply, one that lets go of what was deleted, one that makes namespaces ahead of need, one that
// keeps the book. Namespace switching happens on those only. The listener is called from them.
//
// Cost: docs/performance.md. Metrics: see listener.h (the executor knows no metrics library).

#include <chrono>
#include <cstddef>
#include <cstdint>
#include <functional>
#include <memory>
#include <string>
#include <vector>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "absl/time/time.h"
#include "agent/executor/listener.h"
#include "agent/kernel/event_socket.h"
#include "agent/kernel/ip.h"
#include "agent/kernel/link.h"
#include "agent/kernel/netns.h"
#include "proto/common/logging.h"
#include "warren/v1/agents.pb.h"

namespace warren::executor {

struct Options {
  std::string state_dir;  // the journal: STATE_DIR/journal.db
  std::string run_dir;    // namespaces being built or deleted are bound below it
  std::string netns_dir = "/run/netns";
  absl::Duration release_timeout = absl::Seconds(5);  // how long the kernel may take to let go of what was deleted
  size_t max_queued = 20000;                          // intents held; further ones are not taken and come again
  size_t warm_namespaces = 64;                        // made ahead of need; 0: none
  size_t workers = 0;                                 // intents applied at once; 0: one a processor, at most 4
  // What tells when the kernel has let go. Without, what was deleted counts as gone at once.
  kernel::SharedEvents events = kernel::NobodyListens();
  Logger logger = Logger::Null();
  // What expires_in is counted by.
  std::function<std::chrono::steady_clock::time_point()> clock = [] { return std::chrono::steady_clock::now(); };
};

// How much there is, for whoever shows it.
struct Stats {
  size_t queued = 0;          // intents held that have not begun
  size_t unacknowledged = 0;  // results that the server has not confirmed
  int64_t journal_bytes = 0;  // as journal::Stats
  int64_t journal_rows = 0;
  size_t warm = 0;          // pristine namespaces at hand (warm_pool.h)
  int64_t warm_hits = 0;    // new namespaces that came from there
  int64_t warm_misses = 0;  // and those that had to be made
};

class Executor {
 public:
  // Prepares the directories, opens the journal (discarding one of another boot) and recovers: when it returns, every
  // intent is wholly applied or wholly undone. The listener outlives the executor and is not called before Open
  // returns.
  //
  // FAILED_PRECONDITION: another agent holds the state directory. PERMISSION_DENIED: without CAP_SYS_ADMIN or
  // CAP_NET_ADMIN. RESOURCE_EXHAUSTED, DATA_LOSS...: as proto/common/sqlite.h.
  static absl::StatusOr<std::unique_ptr<Executor>> Open(Options options, Listener& listener);
  // Stops.
  virtual ~Executor() = default;

  // Queues intents, in order. One that is queued, running or finished already is not taken twice; a finished one whose
  // result is still kept is reported to the listener again.
  //
  // IntentDelivery.expires_in counts from this call. One that is over when the intent's turn comes: it never begins,
  // and a result EXPIRED goes to the listener, unless it had begun before a crash of the agent.
  virtual void Submit(std::vector<v1::IntentDelivery> intents) = 0;

  // Asks that a queued intent never begin. When it says cancelled, a result CANCELLED goes to the listener.
  struct CancelOutcome {
    bool cancelled = false;
    std::string reason;  // otherwise: "running", "finished" or "unknown"
  };
  virtual CancelOutcome Cancel(int64_t sequence) = 0;

  // Results that no server has acknowledged, in the order of their sequence; for a session that begins.
  virtual std::vector<v1::IntentResult> UnacknowledgedResults() = 0;
  // The server has these results on disk: they are forgotten.
  virtual void Acknowledge(const std::vector<int64_t>& sequences) = 0;

  // A session has ended: what is queued and not begun is dropped, for the next session brings it again.
  virtual void DropQueued() = 0;

  // What was made through Warren in this boot: everything else is foreign.
  virtual bool OwnsNetns(uint64_t cookie) const = 0;
  // And under this name, raw: what others have called it besides is theirs.
  virtual bool OwnsName(uint64_t cookie, const std::string& name) const = 0;
  virtual bool OwnsLink(uint64_t netns_cookie, int ifindex) const = 0;
  // The same of a link that was just looked at, which tells it from another that has its index by now. The host calls
  // its namespace so (-1: not at all, or it is the host's own), and events of it are told by that from then on.
  virtual bool OwnsLink(uint64_t netns_cookie, const kernel::Link& link, int nsid) = 0;

  // Whether results can be kept: how the journal was last written, tried once more when that had failed. Blocks for as
  // long as one write takes.
  virtual absl::Status Health() = 0;
  virtual Stats stats() = 0;

  // Where the server is, as far as it is reached by IP: no link that carries the path to it is taken away without
  // force.
  virtual void SetServerAddress(const kernel::Ip& address) = 0;

  // Finishes the intent that is running, drops what is queued, joins the thread. One that is committed and waits for
  // the kernel to let go is not waited for: the next start goes on with it. Idempotent; from one thread.
  virtual void Stop() = 0;
};

}  // namespace warren::executor

#endif  // WARREN_AGENT_EXECUTOR_EXECUTOR_H_
