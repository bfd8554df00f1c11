#ifndef WARREN_SERVER_INTENTS_STORED_H_
#define WARREN_SERVER_INTENTS_STORED_H_

// How intents and cursors lie in the store.
//
//   i/HOST/ID   one row an intent: a serialized warren.v1.Intent without name and sequence, which are the key's and the
//               row's create_revision. Written when accepted (QUEUED) and once more when finished; RUNNING is never
//               written.
//   c/HOST      the send cursor: intents up to this sequence may have been handed out. A decimal number, or empty for
//               the row's own mod_revision (the intent accepted in the same transaction). Never goes back.
//
// Pure functions; thread-safe.

#include <cstdint>
#include <string>
#include <string_view>

#include "absl/status/statusor.h"
#include "server/intents/uuid.h"
#include "server/store/kv.h"
#include "warren/v1/intents.pb.h"

namespace warren::intents {

inline constexpr std::string_view kIntentPrefix = "i/";
inline constexpr std::string_view kCursorPrefix = "c/";

std::string IntentKey(std::string_view host, const Uuid& id);
std::string CursorKey(std::string_view host);

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

struct StoredCursor {
  std::string host;
  int64_t position = 0;
};
// DATA_LOSS naming the key.
absl::StatusOr<StoredCursor> DecodeCursor(const store::KeyValue& row);
// The transaction of an accept may move the cursor to the intent it accepts.
inline constexpr char kCursorAtThisRevision[] = "";
std::string EncodeCursor(int64_t position);

}  // namespace warren::intents

#endif  // WARREN_SERVER_INTENTS_STORED_H_
