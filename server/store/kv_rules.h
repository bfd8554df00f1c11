#ifndef WARREN_SERVER_STORE_KV_RULES_H_
#define WARREN_SERVER_STORE_KV_RULES_H_

// What every implementation of Kv decides and says alike.

#include <cstdint>
#include <functional>

#include "absl/status/status.h"
#include "server/store/kv.h"

namespace warren::store {

// INVALID_ARGUMENT naming every fault of a transaction: keys empty or too long, values too long, keys touched twice.
absl::Status ValidateTransaction(const Transaction& transaction);

// Whether a compare holds of a key last put at mod_revision; 0: it does not exist.
bool Holds(const Compare& compare, int64_t mod_revision);
// FAILED_PRECONDITION naming the key, for a compare that does not hold.
absl::Status RefusedStatus(const Compare& compare, int64_t mod_revision);

// Whether a store at `revision`, compacted up to `compacted`, can be read at a revision, watched from one, compacted to
// one.
absl::Status CheckReadable(int64_t at_revision, int64_t revision, int64_t compacted);
absl::Status CheckWatchable(int64_t from_revision, int64_t compacted);
absl::Status CheckCompactable(int64_t to_revision, int64_t revision);

// Calls `start` and waits until what it was given has been called, unless it fails.
absl::StatusOr<CommitResult> AwaitCommit(const std::function<absl::Status(CommitDone)>& start);

}  // namespace warren::store

#endif  // WARREN_SERVER_STORE_KV_RULES_H_
