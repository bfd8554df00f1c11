#include "server/intents/stored.h"

#include <optional>
#include <utility>

#include "absl/strings/escaping.h"
#include "absl/strings/numbers.h"
#include "absl/strings/str_cat.h"
#include "proto/common/names.h"

namespace warren::intents {
namespace {

absl::string_view A(std::string_view s) { return {s.data(), s.size()}; }

absl::Status Corrupt(const store::KeyValue& row, absl::string_view what) {
  return absl::DataLossError(absl::StrCat("store: key \"", absl::CHexEscape(row.key), "\" ", what,
                                          "; restore the state directory from a backup, or delete the key"));
}

bool Final(v1::Intent::State state) {
  return state == v1::Intent::SUCCEEDED || state == v1::Intent::FAILED || state == v1::Intent::CANCELLED ||
         state == v1::Intent::EXPIRED;
}

}  // namespace

std::string IntentKey(std::string_view host, const Uuid& id) {
  return absl::StrCat(A(kIntentPrefix), A(host), "/", id.ToString());
}

std::string CursorKey(std::string_view host) { return absl::StrCat(A(kCursorPrefix), A(host)); }

v1::Intent Complete(v1::Intent stored, std::string_view host, const Uuid& id, int64_t sequence) {
  stored.set_name(IntentName(host, id.ToString()));
  stored.set_sequence(sequence);
  return stored;
}

absl::StatusOr<StoredIntent> DecodeIntent(const store::KeyValue& row) {
  const std::string_view rest = std::string_view(row.key).substr(kIntentPrefix.size());
  const size_t slash = rest.find('/');
  const auto id = slash == std::string_view::npos ? std::nullopt : Uuid::Parse(rest.substr(slash + 1));
  if (!id || WhyBadHost(rest.substr(0, slash))) return Corrupt(row, "is not an intent's");
  StoredIntent stored{std::string(rest.substr(0, slash)), *id, row.create_revision, {}};
  if (!stored.intent.ParseFromString(row.value)) return Corrupt(row, "does not hold an intent");
  if (stored.intent.state() != v1::Intent::QUEUED && !Final(stored.intent.state())) {
    return Corrupt(row, absl::StrCat("holds an intent in state ", static_cast<int>(stored.intent.state())));
  }
  return stored;
}

absl::StatusOr<StoredCursor> DecodeCursor(const store::KeyValue& row) {
  StoredCursor cursor{row.key.substr(kCursorPrefix.size()), row.mod_revision};
  if (WhyBadHost(cursor.host)) return Corrupt(row, "is not a host's send cursor");
  if (row.value == kCursorAtThisRevision) return cursor;
  if (row.value.find_first_not_of("0123456789") != std::string::npos ||
      !absl::SimpleAtoi(row.value, &cursor.position)) {
    return Corrupt(row, "does not hold a send cursor");
  }
  return cursor;
}

std::string EncodeCursor(int64_t position) { return absl::StrCat(position); }

}  // namespace warren::intents
