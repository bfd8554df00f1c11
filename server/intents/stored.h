#ifndef WARREN_SERVER_INTENTS_STORED_H_
#define WARREN_SERVER_INTENTS_STORED_H_

// How intents and cursors lie in the store.
//
//   i/HOST/ID   one row an intent: a serialized warren.v1.Intent without name, which is the key's. Written when
//   accepted
//               (QUEUED) and once more when finished; RUNNING is never written. Its sequence is the row's
//               create_revision times kSequencesPerRevision, plus the field sequence: the position within the
//               transaction, since a batch has one revision.
//   c/HOST      the send cursor: intents up to this sequence may have been handed out. A decimal number, or "+N": the
//               Nth intent of the row's own mod_revision (accepted in the same transaction). Never goes back.
//
// Pure functions; thread-safe.

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "absl/time/time.h"
#include "server/intents/uuid.h"
#include "server/store/kv.h"
#include "warren/v1/intents.pb.h"

namespace warren::intents {

inline constexpr std::string_view kIntentPrefix = "i/";
inline constexpr std::string_view kCursorPrefix = "c/";

// More than any batch may hold.
inline constexpr int64_t kSequencesPerRevision = 10000;
inline constexpr int64_t SequenceOf(int64_t revision, int64_t position) {
  return revision * kSequencesPerRevision + position;
}
inline constexpr int64_t RevisionOf(int64_t sequence) { return sequence / kSequencesPerRevision; }

std::string IntentKey(std::string_view host, const Uuid& id);
std::string IntentsPrefix(std::string_view host);
std::string CursorKey(std::string_view host);

struct IntentKeyParts {
  std::string_view host;
  std::string_view id;  // as Uuid::ToString has it
};
// Nothing: it is not an intent's key.
std::optional<IntentKeyParts> ParseIntentKey(std::string_view key);

// An intent in its stored form, with what lies outside of it put in.
v1::Intent Complete(v1::Intent stored, std::string_view host, const Uuid& id, int64_t sequence);

struct StoredIntent {
  std::string host;
  Uuid id;
  int64_t sequence = 0;
  v1::Intent intent;  // in its stored form
};
// DATA_LOSS naming the key.
absl::StatusOr<StoredIntent> DecodeIntent(const store::KeyValue& row);

// What the index keeps, read without making a message of the rest: 0.1 us.
struct StoredHead {
  v1::Intent::State state = v1::Intent::STATE_UNSPECIFIED;
  int64_t position = 0;  // within its transaction
  absl::Time create_time = absl::UnixEpoch();
  absl::Time finish_time = absl::InfiniteFuture();
  absl::Time expire_time = absl::InfiniteFuture();
};
// Nothing: it is not a stored intent.
std::optional<StoredHead> PeekIntent(std::string_view value);
// DATA_LOSS naming the key, for a row that PeekIntent or ParseIntentKey makes nothing of.
absl::Status NotAnIntent(const store::KeyValue& row);

struct StoredCursor {
  std::string host;
  int64_t position = 0;
};
// DATA_LOSS naming the key.
absl::StatusOr<StoredCursor> DecodeCursor(const store::KeyValue& row);
std::string EncodeCursor(int64_t sequence);
// The transaction of an accept may move the cursor to an intent that it accepts.
std::string EncodeCursorWithin(int64_t position);

}  // namespace warren::intents

#endif  // WARREN_SERVER_INTENTS_STORED_H_
