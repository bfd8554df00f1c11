#ifndef WARREN_SERVER_STORE_KV_H_
#define WARREN_SERVER_STORE_KV_H_

// Kv: where the server's durable state lives. Keys in byte order, one revision counter, atomic transactions, ranges at
// a revision, watches from a revision. It knows nothing of what the keys mean.
//
// Revisions: each transaction that changes something takes the next one, and all its changes carry it. The counter
// starts at 0 (nothing written), never goes back, and survives restarts.
//
// Threading: every method may be called from any thread. `done` callbacks run on the store's one writer thread and
// watch callbacks on its one notifier thread, never under a lock of the store: they may call Commit, Range and Watch,
// but not CommitAndWait or Compact, which wait for the thread they would run on. Keep them short: one that blocks holds
// up all. Neither a callback nor a call may outlive the Kv.
//
// Performance: transactions queued together share one fsync; reads never wait for writes. Figures: docs/performance.md.
//
// Metrics: Stats() is cheap enough for every scrape; what needs a histogram goes to a KvObserver.

#include <cstddef>
#include <cstdint>
#include <functional>
#include <memory>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "absl/functional/function_ref.h"
#include "absl/status/status.h"
#include "absl/status/statusor.h"

namespace warren::store {

struct KeyValue {
  std::string key;
  std::string value;
  int64_t create_revision = 0;  // of the put that made the key exist
  int64_t mod_revision = 0;     // of the last put
};

// What must hold of a key for its transaction to be applied.
struct Compare {
  enum class Kind { kMissing, kExists, kModRevisionEquals };

  static Compare Missing(std::string key) { return {std::move(key), Kind::kMissing, 0}; }
  static Compare Exists(std::string key) { return {std::move(key), Kind::kExists, 0}; }
  // The key exists and was last put at `revision`.
  static Compare ModRevisionEquals(std::string key, int64_t revision) {
    return {std::move(key), Kind::kModRevisionEquals, revision};
  }

  std::string key;
  Kind kind = Kind::kMissing;
  int64_t revision = 0;
};

struct Mutation {
  enum class Kind { kPut, kDelete, kDeletePrefix };

  static Mutation Put(std::string key, std::string value) { return {Kind::kPut, std::move(key), std::move(value)}; }
  // Deleting what is not there changes nothing and is no error; require it with Compare::Exists.
  static Mutation Delete(std::string key) { return {Kind::kDelete, std::move(key), {}}; }
  // Every key that starts with `prefix`, which must not be empty. Costs one row a key.
  static Mutation DeletePrefix(std::string prefix) { return {Kind::kDeletePrefix, std::move(prefix), {}}; }

  Kind kind = Kind::kPut;
  std::string key;
  std::string value;
};

// All of it or nothing. No two mutations may touch the same key. Compares see what was before the transaction.
struct Transaction {
  std::vector<Compare> compares;
  std::vector<Mutation> mutations;
};

struct CommitResult {
  // The transaction's own, or the current one when it changed nothing.
  int64_t revision = 0;
};
using CommitDone = std::function<void(absl::StatusOr<CommitResult>)>;

// Keys in [start, end).
struct RangeRequest {
  static RangeRequest Prefix(std::string_view prefix);
  static RangeRequest Single(std::string_view key);

  std::string start;
  std::string end;          // empty: no end
  size_t limit = 0;         // 0: no limit
  int64_t at_revision = 0;  // 0: now
  bool keys_only = false;   // values are left empty
  bool descending = false;
};

struct RangeResult {
  std::vector<KeyValue> kvs;
  // What was read: the state after this revision. A watch from revision + 1 misses nothing and repeats nothing.
  int64_t revision = 0;
  bool more = false;  // the limit left some out
};

struct Event {
  enum class Type { kPut, kDelete };
  Type type = Type::kPut;
  KeyValue kv;  // of a delete: key and mod_revision only
};

struct WatchEvents {
  // In revision order; those of one revision (in no particular order) are never split over two calls. Never empty.
  std::vector<std::shared_ptr<const Event>> events;
  // Everything up to here has been told: resume from revision + 1.
  int64_t revision = 0;
};
// An error is the last call: OUT_OF_RANGE when what comes next was compacted away (read the range again), otherwise
// what the store met while reading.
using WatchCallback = std::function<void(absl::StatusOr<WatchEvents>)>;

// Watching goes on until this is destroyed. The destructor waits for a callback that is running, unless it is called
// from that callback; none runs afterwards.
class WatchHandle {
 public:
  virtual ~WatchHandle() = default;
};

struct KvStats {
  int64_t revision = 0;
  int64_t compacted_revision = 0;
  size_t queued_transactions = 0;
  size_t queued_bytes = 0;
  size_t watches = 0;
  int64_t size_bytes = 0;           // on disk, write-ahead log included
  bool compaction_running = false;  // rows of compacted revisions are still being removed
};

// Told on the writer thread; must not block.
class KvObserver {
 public:
  struct Batch {
    size_t transactions = 0;  // in the group
    size_t refused = 0;       // of them, by their own compares
    size_t mutations = 0;
    double seconds = 0;   // from beginning to durable
    absl::Status status;  // of the group
  };
  virtual ~KvObserver() = default;
  // After each group commit.
  virtual void OnBatch(const Batch& batch) = 0;
  // When Health() became an error, another kind of error, or OK again. OK when the store was opened, and not told then.
  virtual void OnHealth(const absl::Status& health) = 0;
};

class Kv {
 public:
  static constexpr size_t kMaxKeyBytes = 4096;
  static constexpr size_t kMaxValueBytes = size_t{16} << 20;

  virtual ~Kv() = default;

  // Queues a transaction. OK: `done` is called exactly once, later, on the writer thread, after the transaction is
  // durable or refused, and before any watch is told of it; callbacks come in the order in which transactions take
  // effect, and that is the order of calls to Commit. Not OK: it was not queued and `done` is never called.
  //
  // Returns INVALID_ARGUMENT (an empty or too long key, a too long value, a key touched twice), RESOURCE_EXHAUSTED (too
  // many queued; try again later), UNAVAILABLE (closing). `done` gets FAILED_PRECONDITION when a compare does not hold
  // (RefusedKey then names it) or the storage has become read-only (RefusedKey is then empty), RESOURCE_EXHAUSTED when
  // the disk is full, INVALID_ARGUMENT when a prefix holds too many keys, and UNAVAILABLE, DATA_LOSS or INTERNAL as the
  // storage fails; nothing of the transaction is then visible. The next one is tried anew: the store needs no restart
  // once the cause is gone. Only damage stays: after DATA_LOSS, met by a write or a read, nothing more is written.
  // Every error of the storage, a queue that is full and a store that is closing carry a reason
  // (proto/common/status_payload.h; server/store/storage_error.h lists them).
  [[nodiscard]] virtual absl::Status Commit(Transaction transaction, CommitDone done) = 0;

  // The same, waiting. Not from a callback.
  absl::StatusOr<CommitResult> CommitAndWait(Transaction transaction);

  // INVALID_ARGUMENT for a revision that is not there yet, OUT_OF_RANGE for one that was compacted away; UNAVAILABLE,
  // DATA_LOSS or INTERNAL as the storage fails.
  virtual absl::StatusOr<RangeResult> Range(const RangeRequest& request) = 0;

  // NOT_FOUND when the key does not exist; otherwise as Range.
  absl::StatusOr<KeyValue> Get(std::string_view key, int64_t at_revision = 0);

  // Everything about keys that start with `prefix` up to the revision that it returns, in the order in which it lies in
  // storage: puts and deletes by revision. Of what was compacted only the puts that are current are sure to be there.
  // So whoever applies it in order ends with what Range shows, and a watch from the revision after goes on where it
  // ends; several times as fast as a Range of everything. What is handed to `change` is its to take; not OK: that is
  // returned. Otherwise as Range.
  virtual absl::StatusOr<int64_t> Replay(std::string_view prefix,
                                         absl::FunctionRef<absl::Status(Event& change)> change) = 0;

  // Calls back with every change of a key that starts with `prefix` (empty: all) at `from_revision` or later; 0: from
  // now on. A watch that lags costs no memory: what is no longer in the window of recent events is read again from
  // storage. OUT_OF_RANGE when from_revision has been compacted away.
  virtual absl::StatusOr<std::unique_ptr<WatchHandle>> Watch(std::string_view prefix, int64_t from_revision,
                                                             WatchCallback callback) = 0;

  // Forgets history before `revision`: what is current at it stays. Returns when that is durable; the space is
  // recovered in the background. A revision already compacted is OK; one not there yet is INVALID_ARGUMENT. Waits for
  // the transactions queued before. Not from a callback.
  virtual absl::Status Compact(int64_t revision) = 0;

  // The last durable revision.
  virtual int64_t Revision() const = 0;

  // OK, or why commits are being refused; KvObserver::OnHealth tells when it changes.
  virtual absl::Status Health() const = 0;

  virtual KvStats Stats() const = 0;
};

// The first key that does not start with `prefix` but sorts after all that do; empty: there is none.
std::string PrefixEnd(std::string_view prefix);

// The key a refused transaction's status names; empty for any other status.
std::string RefusedKey(const absl::Status& status);

}  // namespace warren::store

#endif  // WARREN_SERVER_STORE_KV_H_
