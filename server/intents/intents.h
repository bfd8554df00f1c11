#ifndef WARREN_SERVER_INTENTS_INTENTS_H_
#define WARREN_SERVER_INTENTS_INTENTS_H_

// Intents: accepts them, keeps their order per host, hands them out behind a durable send cursor, finishes them. The only
// place that knows the rules of the queue. docs/architecture.md shows an intent's way through it.
//
// Threading: every method may be called from any thread; none blocks on a write (Get, List, and Accept or Cancel of a
// finished intent read from the store). Callbacks, Dispatcher calls and observer calls come from one thread of this object,
// one at a time, never from within the call that they answer and never under a lock; each callback is called exactly
// once. They must not block, and must not call Stop.
//
// Durability: Accept, Cancel and Finished are answered (acknowledged) after the store has committed. Finishing is tried
// again until it is durable. An Accept whose commit failed leaves nothing behind.
//
// Cost: an intent accepted while its host is idle costs two commits (accepted and cursor in one; finished), otherwise
// the cursor moves in one commit for as many intents as fit the window. An unfinished intent keeps its body in memory,
// bounded by Options; a finished one some 80 bytes.
//
// Metrics: see observer.h; each transition is logged with the intent's name.

#include <cstddef>
#include <cstdint>
#include <functional>
#include <map>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include "absl/base/thread_annotations.h"
#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "absl/time/clock.h"
#include "absl/time/time.h"
#include "proto/common/logging.h"
#include "proto/common/mutex.h"
#include "server/intents/dispatcher.h"
#include "server/intents/host_directory.h"
#include "server/intents/observer.h"
#include "server/store/kv.h"
#include "warren/v1/agents.pb.h"
#include "warren/v1/intents.pb.h"

namespace warren::intents {

struct Options {
  size_t max_operations = 1000;             // an intent
  size_t max_intent_bytes = 1 << 20;        // an intent's operations, serialized
  size_t max_queued_per_host = 10000;       // accepted and not finished
  size_t max_queued_bytes = size_t{1} << 30;  // bodies of all hosts' unfinished intents
  size_t window = 64;                       // handed out to one host and not finished
  size_t max_waiters = 100000;              // Wait and Cancel calls that are open
  absl::Duration retry_after = absl::Seconds(1);  // told to whoever is over a limit
  // Between two tries of a commit that must come about; doubles from the first to the second.
  absl::Duration backoff_min = absl::Milliseconds(50);
  absl::Duration backoff_max = absl::Seconds(5);
  std::function<absl::Time()> clock = [] { return absl::Now(); };  // for create_time and finish_time
  Logger logger = Logger::Null();
  IntentsObserver* observer = nullptr;  // outlives the Intents
};

struct AcceptRequest {
  std::string host;
  Operations operations;
  std::string request_id;  // UUID; empty: one is made
  bool allow_unknown_host = false;
  bool validate_only = false;
};

struct ListRequest {
  std::string host;     // "-": every host
  int32_t page_size = 0;  // 0: 100; above 1,000: 1,000
  std::string page_token;
  std::vector<v1::Intent::State> states;  // empty: all
};

struct ListResult {
  std::vector<v1::Intent> intents;
  std::string next_page_token;  // empty: the last page
};

using IntentDone = std::function<void(absl::StatusOr<v1::Intent>)>;
// Names an open Wait; never 0 and never used twice.
using WaitId = uint64_t;

class Worker;
class Lane;
struct Host;

class Intents {
 public:
  // Loads what the store holds: unfinished intents with their bodies, the cursors, and an index of the finished ones.
  // Kv, Dispatcher and HostDirectory outlive the result. DATA_LOSS naming the key of a row that cannot be understood;
  // otherwise as Kv::Range.
  static absl::StatusOr<std::unique_ptr<Intents>> Open(store::Kv& kv, Dispatcher& dispatcher,
                                                       const HostDirectory& directory, Options options);
  // Stops.
  ~Intents();
  Intents(const Intents&) = delete;
  Intents& operator=(const Intents&) = delete;

  // Accepts an intent and answers with it once it is durable. An id seen before is answered with the intent as it now is
  // (also while the first is on its way to disk), without looking at limits, host or capabilities.
  //
  // INVALID_ARGUMENT with google.rpc.BadRequest: bad fields, all of them. ALREADY_EXISTS: the id was used for another
  // body; the difference is named. NOT_FOUND: the host is not known and allow_unknown_host is not set.
  // FAILED_PRECONDITION: from HostDirectory::CheckCapabilities. RESOURCE_EXHAUSTED with google.rpc.RetryInfo: a limit.
  // UNAVAILABLE: stopping. Otherwise what the store's commit failed with; nothing was accepted.
  void Accept(AcceptRequest request, IntentDone done);

  // NOT_FOUND: there is none; otherwise as Kv::Range.
  absl::StatusOr<v1::Intent> Get(std::string_view host, std::string_view id);

  // In the order accepted. INVALID_ARGUMENT with google.rpc.BadRequest: a page_token that is not one, or of another
  // listing; a negative page_size.
  absl::StatusOr<ListResult> List(const ListRequest& request);

  // Cancels an intent that has not begun. Beyond the send cursor that is decided here and durable when answered; at or
  // before it the agent is asked. One that is CANCELLED already is answered with itself.
  //
  // NOT_FOUND. FAILED_PRECONDITION: it runs or is finished. UNAVAILABLE: it was handed out and its host is away or went
  // away before it answered; stopping. RESOURCE_EXHAUSTED: max_waiters.
  void Cancel(std::string_view host, std::string_view id, IntentDone done);

  // Answers once the intent is finished, or at the deadline with the intent as it then is; a past one answers at once.
  // NOT_FOUND; RESOURCE_EXHAUSTED: max_waiters; UNAVAILABLE: stopping.
  WaitId Wait(std::string_view host, std::string_view id, absl::Duration timeout, IntentDone done);
  // Ends a Wait: it is answered CANCELLED unless it has its answer already.
  void StopWaiting(WaitId wait);

  // The agent's side, from whoever holds its stream.
  //
  // A session of a host begins: everything unfinished at or before the cursor is handed out to it again, in order, then
  // what follows. Ends the session before it, if any. Session numbers of a host ascend; a smaller one is ignored.
  void HostConnected(const std::string& host, uint64_t session);
  // A session is over; ignored when it is not the present one. Cancels asked of it are answered UNAVAILABLE.
  void HostDisconnected(const std::string& host, uint64_t session);
  // Intents begun; those that are not unfinished are ignored.
  void Started(const std::string& host, const std::vector<int64_t>& sequences);
  // Results. Each is made durable, then acknowledged; one that is durable already is acknowledged again; one of an intent
  // that is not there is acknowledged and logged, for nothing else could ever come of it.
  void Finished(const std::string& host, std::vector<v1::IntentResult> results);
  // What the agent says to AskCancel. After `cancelled` its result is awaited.
  void CancelAnswered(const std::string& host, int64_t sequence, bool cancelled, const std::string& reason);

  // Accepted and not finished.
  size_t QueuedCount(std::string_view host) const;
  // Hosts that have intents, finished or not, by name.
  std::vector<std::string> KnownHosts() const;

  // No call is accepted any more (UNAVAILABLE); what is on its way to disk is waited for and answered, open Waits and
  // Cancels are answered UNAVAILABLE, and threads are joined. Nothing calls out afterwards. Idempotent; from one thread.
  void Stop();
};

}  // namespace warren::intents

#endif  // WARREN_SERVER_INTENTS_INTENTS_H_
