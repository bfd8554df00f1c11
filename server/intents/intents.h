#ifndef WARREN_SERVER_INTENTS_INTENTS_H_
#define WARREN_SERVER_INTENTS_INTENTS_H_

// Intents: accepts them, keeps their order per host, hands them out behind a durable send cursor, finishes them. The
// only place that knows the rules of the queue. docs/architecture.md shows an intent's way through it.
//
// Threading: every method may be called from any thread; none blocks on a write (Get, List, and Accept or Cancel of a
// finished intent read from the store). Callbacks, Dispatcher calls and observer calls come from one thread of this
// object, one at a time, never from within the call that they answer and never under a lock; each callback is called
// exactly once. They must not block, and must not call Stop. (Only a call made when Stop is through is answered from
// within: there is no other thread left.)
//
// Durability: Accept, Cancel and Finished are answered (acknowledged) after the store has committed. Finishing is tried
// again until it is durable. An Accept whose commit failed leaves nothing behind.
//
// Cost: an intent accepted while its host is idle costs two commits (accepted and cursor in one; finished), otherwise
// the cursor moves in one commit for as many intents as fit the window. An unfinished intent keeps its body in memory,
// serialized, and some 400 bytes beside it, bounded by Options; a finished one some 110 bytes. Figures:
// docs/performance.md.
//
// Metrics: see observer.h; each transition is logged with the intent's name.

#include <cstddef>
#include <cstdint>
#include <functional>
#include <map>
#include <memory>
#include <optional>
#include <set>
#include <string>
#include <string_view>
#include <tuple>
#include <vector>

#include "absl/base/thread_annotations.h"
#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "absl/time/clock.h"
#include "absl/time/time.h"
#include "proto/common/logging.h"
#include "proto/common/mutex.h"
#include "server/feed/feed.h"
#include "server/filter/filter.h"
#include "server/intents/dispatcher.h"
#include "server/intents/host_directory.h"
#include "server/intents/observer.h"
#include "server/store/kv.h"
#include "warren/v1/agents.pb.h"
#include "warren/v1/intents.pb.h"

namespace warren::intents {

struct Options {
  size_t max_operations = 1000;               // an intent
  size_t max_intent_bytes = 1 << 20;          // an intent's operations, serialized
  size_t max_batch = 1000;                    // intents in one AcceptBatch; at most 9,999
  size_t max_queued_per_host = 10000;         // accepted and not finished
  size_t max_queued_bytes = size_t{1} << 30;  // bodies of all hosts' unfinished intents
  size_t window = 64;                         // handed out to one host and not finished
  size_t max_waiters = 100000;                // Wait and Cancel calls that are open
  size_t max_finished = 10'000'000;           // kept; beyond that nothing is accepted until some may be retired
  // Finished intents are retired when they are this old, or when there are more than so many; but never before
  // kRememberedFor, for which a request_id is remembered.
  absl::Duration retention = absl::Hours(7 * 24);
  size_t retention_count = 1'000'000;
  absl::Duration retire_interval = absl::Minutes(1);  // how often that is looked at
  feed::Options feed;                                 // of what WatchIntents tells
  absl::Duration retry_after = absl::Seconds(1);      // told to whoever is over a limit
  // Between two tries of a commit that must come about; doubles from the first to the second.
  absl::Duration backoff_min = absl::Milliseconds(50);
  absl::Duration backoff_max = absl::Seconds(5);
  std::function<absl::Time()> clock = [] { return absl::Now(); };  // for create_time and finish_time
  Logger logger = Logger::Null();
  IntentsObserver* observer = nullptr;  // outlives the Intents
};

inline constexpr absl::Duration kRememberedFor = absl::Hours(24);

struct AcceptRequest {
  std::string host;
  Operations operations;
  std::string request_id;  // UUID; empty: one is made
  std::optional<absl::Time> expire_time;
  bool allow_unknown_host = false;
  bool validate_only = false;
};

struct ListRequest {
  std::string host;       // "-": every host
  int32_t page_size = 0;  // 0: 100; above 1,000: 1,000
  std::string page_token;
  std::vector<v1::Intent::State> states;  // empty: all
  std::string filter;                     // see FilterSchema; empty: all
  std::string order_by;                   // "create_time" (or empty), "create_time desc"
};

struct ListResult {
  std::vector<v1::Intent> intents;
  std::string next_page_token;  // empty: the last page
  int64_t revision = 0;         // of the store, that all pages show
};

using IntentDone = std::function<void(absl::StatusOr<v1::Intent>)>;
using IntentsDone = std::function<void(absl::StatusOr<std::vector<v1::Intent>>)>;
// Names an open Wait; never 0 and never used twice.
using WaitId = uint64_t;

class IntentFeed;
class Worker;
struct Entry;
struct Host;
struct Uuid;

class Intents {
 public:
  // Loads what the store holds: unfinished intents with their bodies, the cursors, and an index of the finished ones.
  // Kv, Dispatcher and HostDirectory outlive the result. DATA_LOSS naming the key of a row that cannot be understood;
  // otherwise as Kv::Range.
  static absl::StatusOr<std::unique_ptr<Intents>> Open(store::Kv& kv, Dispatcher& dispatcher, HostDirectory& directory,
                                                       Options options);
  // Stops.
  ~Intents();
  Intents(const Intents&) = delete;
  Intents& operator=(const Intents&) = delete;

  // Accepts an intent and answers with it once it is durable. An id seen before is answered with the intent as it now
  // is (also while the first is on its way to disk), without looking at limits, host or capabilities.
  //
  // INVALID_ARGUMENT with google.rpc.BadRequest: bad fields, all of them. ALREADY_EXISTS: the id was used for another
  // body; the difference is named. NOT_FOUND: the host is not known and allow_unknown_host is not set.
  // FAILED_PRECONDITION: from HostDirectory::CheckCapabilities, or expire_time is over. RESOURCE_EXHAUSTED with
  // google.rpc.RetryInfo: a limit. UNAVAILABLE: stopping, or the host is being forgotten. Otherwise what the store's
  // commit failed with; nothing was accepted.
  void Accept(AcceptRequest request, IntentDone done);
  // Accepts all of them in one commit, or none; answered in their order. Errors as Accept, fields and messages with
  // "requests[3]" in front; INVALID_ARGUMENT too: none or more than max_batch, one id twice for a host, or
  // validate_only of an item (which `validate_only` is for).
  void AcceptBatch(std::vector<AcceptRequest> requests, bool validate_only, IntentsDone done);

  // NOT_FOUND: there is none; otherwise as Kv::Range.
  absl::StatusOr<v1::Intent> Get(std::string_view host, std::string_view id);

  // In the order accepted, or the other way round; all pages as of the revision that the first was read at (but
  // retired ones are gone at once). A page whose intents take 2 MiB is full whatever page_size says, and one for which
  // 200,000 were looked at. INVALID_ARGUMENT with google.rpc.BadRequest: a page_token that is not one, or of another
  // listing; a negative page_size; a state that is none; a filter or an order that makes no sense. ABORTED: the
  // page_token's revision was compacted away.
  absl::StatusOr<ListResult> List(const ListRequest& request);
  // What filters of lists and watches may speak of.
  static const filter::Schema& FilterSchema();

  // What WatchIntents tells: every durable change, with the store's revisions, and RUNNING. What has been told of is
  // what Get and List show, so a snapshot that is begun once a cursor is open misses nothing; some changes may be in
  // both.
  feed::Feed& feed();

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
  // Results. Each is made durable, then acknowledged; one that is durable already is acknowledged again; one of an
  // intent that is not there is acknowledged and logged, for nothing else could ever come of it.
  void Finished(const std::string& host, std::vector<v1::IntentResult> results);
  // What the agent says to AskCancel. After `cancelled` its result is awaited.
  void CancelAnswered(const std::string& host, int64_t sequence, bool cancelled, const std::string& reason);

  // Forgets everything about a host, queued intents included, and deletes the keys of others that go with it in the
  // same last commit: while that has not come about, the host is there, with its whole queue. Open Waits and Cancels
  // are answered NOT_FOUND. The host must not be connected, nor become so meanwhile. OK when nothing is known of it.
  // UNAVAILABLE: stopping; ABORTED: it is being forgotten already; otherwise as Kv::Commit.
  void ForgetHost(const std::string& host, std::vector<std::string> keys, std::function<void(absl::Status)> done);

  // Ends what has not begun by its expire_time; retires what is finished and old enough. Called by timers; public
  // because tests bring their own time.
  void ExpireDue();
  void RetireDue();

  // Accepted and not finished.
  size_t QueuedCount(std::string_view host) const;
  // It has intents, finished or not.
  bool HasIntents(std::string_view host) const;
  // Hosts that have, by name.
  std::vector<std::string> KnownHosts() const;
  // How the queue stands. A look at each host: some 10 ns each.
  struct Stats {
    size_t unfinished = 0;
    size_t finished = 0;      // kept
    size_t queued_bytes = 0;  // bodies of the unfinished ones
    size_t open_calls = 0;    // waits and cancels
    absl::Duration oldest;    // age of the oldest unfinished one; zero: there is none
  };
  Stats stats() const;

  // No call is accepted any more (UNAVAILABLE); what is on its way to disk is waited for and answered, open Waits and
  // Cancels are answered UNAVAILABLE, and threads are joined. Nothing calls out afterwards. Idempotent; from one
  // thread.
  void Stop();

 private:
  struct AcceptJob;
  struct Forgetting;
  struct Retirement;
  struct Scan;
  struct Snapshot;
  struct Finishing;
  struct OpenWait {
    Host* host = nullptr;
    int64_t sequence = 0;
    uint64_t timer = 0;  // the worker's
    IntentDone done;
  };

  Intents(store::Kv& kv, Dispatcher& dispatcher, HostDirectory& directory, Options options);

  // intents.cc: what the other files share.
  //
  // Null: nothing is known of it.
  Host* FindHost(std::string_view name) const ABSL_EXCLUSIVE_LOCKS_REQUIRED(mutex_);
  Host* MakeHost(const std::string& name) ABSL_EXCLUSIVE_LOCKS_REQUIRED(mutex_);
  // Runs on the queue's thread; here when that has stopped.
  void Run(std::function<void()> task);
  // Calls `done` there.
  void Answer(IntentDone done, absl::StatusOr<v1::Intent> result);
  // RESOURCE_EXHAUSTED: max_waiters are open. Otherwise one more is.
  absl::Status OpenCall() ABSL_EXCLUSIVE_LOCKS_REQUIRED(mutex_);
  // A commit begins, and ends: Stop waits for it in between.
  void BeginCommit() ABSL_EXCLUSIVE_LOCKS_REQUIRED(mutex_) { ++commits_; }
  void EndCommit() ABSL_EXCLUSIVE_LOCKS_REQUIRED(mutex_);
  // Commits; `then` runs on the queue's thread, also when the store did not take the transaction. It calls EndCommit.
  void Commit(store::Transaction transaction, std::function<void(const absl::StatusOr<store::CommitResult>&)> then);
  // On the queue's thread.
  void Observe(const Host& host, const Uuid& id, v1::Intent::State from, const v1::Intent& intent,
               v1::Intent::State to);
  void ObserveDepth();

  // handing_out.cc. Pump does what the host's lane says is to be done; on the queue's thread.
  void SchedulePump(Host* host) ABSL_EXCLUSIVE_LOCKS_REQUIRED(mutex_);
  void Pump(Host* host);
  void CursorMoved(Host* host, int64_t position, const absl::Status& status);
  // Takes the cancels asked of a session that is over.
  std::vector<IntentDone> TakeAsked(Host* host) ABSL_EXCLUSIVE_LOCKS_REQUIRED(mutex_);
  void AnswerAway(const Host& host, std::vector<IntentDone> cancels);

  // accepting.cc
  void RunJob(const std::shared_ptr<AcceptJob>& job);
  // What was seen before of the job's ids. True: some are on their way to disk, and it is run again after that.
  absl::StatusOr<bool> LookUp(const std::shared_ptr<AcceptJob>& job);
  absl::Status CheckNew(AcceptJob& job) const;
  absl::Status CheckSeen(AcceptJob& job) const;
  // False: an id was taken meanwhile.
  absl::StatusOr<bool> Begin(const std::shared_ptr<AcceptJob>& job);
  absl::Status CheckRoom(const AcceptJob& job) const ABSL_EXCLUSIVE_LOCKS_REQUIRED(mutex_);
  void Accepted(const std::shared_ptr<AcceptJob>& job, const absl::StatusOr<store::CommitResult>& result);
  void AnswerJob(AcceptJob& job, absl::StatusOr<std::vector<v1::Intent>> result);

  // reading.cc: an intent as it is, from memory while it is unfinished, otherwise from the store.
  std::optional<Snapshot> Look(const Host* host, const Uuid& id) const ABSL_EXCLUSIVE_LOCKS_REQUIRED(mutex_);
  absl::StatusOr<Snapshot> Look(std::string_view host, std::string_view id) const;
  absl::StatusOr<v1::Intent> Read(const Snapshot& snapshot) const;
  static absl::Status NotFound(std::string_view host, std::string_view id);

  // listing.cc
  void Collect(Scan& scan) const;

  // finishing.cc. Each commit is begun by whoever calls.
  void FinishResult(const std::string& host, v1::IntentResult result);
  // The entry is nobody else's to finish from now on.
  std::shared_ptr<Finishing> BeginFinish(Host* host, Entry& entry) ABSL_EXCLUSIVE_LOCKS_REQUIRED(mutex_);
  void CommitFinish(const std::shared_ptr<Finishing>& finishing);
  void FinishCommitted(const std::shared_ptr<Finishing>& finishing, const absl::StatusOr<store::CommitResult>& result);

  // expiring.cc
  void ScheduleExpiry() ABSL_EXCLUSIVE_LOCKS_REQUIRED(mutex_);

  // retiring.cc
  void ScheduleRetirement() ABSL_EXCLUSIVE_LOCKS_REQUIRED(mutex_);
  std::vector<Retirement> CollectDue(size_t limit) const ABSL_EXCLUSIVE_LOCKS_REQUIRED(mutex_);
  void Retire(std::vector<Retirement> due, std::function<void(const absl::Status&)> then)
      ABSL_EXCLUSIVE_LOCKS_REQUIRED(mutex_);

  // forgetting.cc
  void ForgetMore(const std::shared_ptr<Forgetting>& forgetting);
  void Forgotten(const std::shared_ptr<Forgetting>& forgetting, const absl::Status& status);

  // waiting.cc
  void WaitTimedOut(WaitId id);
  // Of an entry that is finished; their timers are stopped.
  std::vector<IntentDone> TakeWaits(const Entry& entry) ABSL_EXCLUSIVE_LOCKS_REQUIRED(mutex_);

  store::Kv& kv_;
  Dispatcher& dispatcher_;
  HostDirectory& directory_;
  const Options options_;

  mutable Mutex mutex_;
  CondVar no_commits_;
  bool stopping_ ABSL_GUARDED_BY(mutex_) = false;
  size_t commits_ ABSL_GUARDED_BY(mutex_) = 0;
  // Never removed, so that a Host* stays good; what they hold is guarded by mutex_ too.
  std::map<std::string, std::unique_ptr<Host>, std::less<>> hosts_ ABSL_GUARDED_BY(mutex_);
  size_t unfinished_ ABSL_GUARDED_BY(mutex_) = 0;
  size_t finished_ ABSL_GUARDED_BY(mutex_) = 0;
  size_t queued_bytes_ ABSL_GUARDED_BY(mutex_) = 0;  // of what is unfinished or being accepted
  // Every commit up to this revision of the store is in what is kept here.
  int64_t applied_revision_ ABSL_GUARDED_BY(mutex_) = 0;
  size_t open_calls_ ABSL_GUARDED_BY(mutex_) = 0;
  std::map<WaitId, OpenWait> waits_ ABSL_GUARDED_BY(mutex_);
  WaitId last_wait_ ABSL_GUARDED_BY(mutex_) = 0;
  // Unfinished intents that have an expire_time, the next one first.
  std::set<std::tuple<absl::Time, Host*, int64_t>> expiries_ ABSL_GUARDED_BY(mutex_);
  uint64_t expiry_timer_ ABSL_GUARDED_BY(mutex_) = 0;
  absl::Time expiry_timer_at_ ABSL_GUARDED_BY(mutex_) = absl::InfiniteFuture();
  bool retiring_ ABSL_GUARDED_BY(mutex_) = false;

  std::unique_ptr<IntentFeed> feed_;
  std::unique_ptr<Worker> worker_;  // last: its tasks use the rest
};

}  // namespace warren::intents

#endif  // WARREN_SERVER_INTENTS_INTENTS_H_
