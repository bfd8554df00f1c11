#include "server/intents/stored.h"

#include <utility>

#include "absl/strings/escaping.h"
#include "absl/strings/numbers.h"
#include "absl/strings/str_cat.h"
#include "google/protobuf/io/coded_stream.h"
#include "google/protobuf/wire_format_lite.h"
#include "proto/common/names.h"
#include "proto/common/string_view.h"
#include "server/intents/timestamp.h"

namespace warren::intents {
namespace {

using google::protobuf::internal::WireFormatLite;

absl::Status Corrupt(const store::KeyValue& row, absl::string_view what) {
  return absl::DataLossError(absl::StrCat("store: key \"", absl::CHexEscape(row.key), "\" ", what,
                                          "; restore the state directory from a backup, or delete the key"));
}

bool Final(v1::Intent::State state) {
  return state == v1::Intent::SUCCEEDED || state == v1::Intent::FAILED || state == v1::Intent::CANCELLED ||
         state == v1::Intent::EXPIRED;
}

bool ReadTime(google::protobuf::io::CodedInputStream& in, absl::Time& time) {
  uint32_t size = 0;
  std::string bytes;
  google::protobuf::Timestamp timestamp;
  if (!in.ReadVarint32(&size) || !in.ReadString(&bytes, static_cast<int>(size)) || !timestamp.ParseFromString(bytes)) {
    return false;
  }
  time = FromTimestamp(timestamp);
  return true;
}

}  // namespace

std::string IntentKey(std::string_view host, const Uuid& id) {
  return absl::StrCat(AbslView(kIntentPrefix), AbslView(host), "/", id.ToString());
}

std::string IntentsPrefix(std::string_view host) { return absl::StrCat(AbslView(kIntentPrefix), AbslView(host), "/"); }

std::optional<IntentKeyParts> ParseIntentKey(std::string_view key) {
  if (key.substr(0, kIntentPrefix.size()) != kIntentPrefix) return std::nullopt;
  const std::string_view rest = key.substr(kIntentPrefix.size());
  const size_t slash = rest.find('/');
  if (slash == std::string_view::npos || slash == 0) return std::nullopt;
  const IntentKeyParts parts{rest.substr(0, slash), rest.substr(slash + 1)};
  if (!Uuid::Parse(parts.id) || WhyBadHost(parts.host)) return std::nullopt;
  return parts;
}

std::string CursorKey(std::string_view host) { return absl::StrCat(AbslView(kCursorPrefix), AbslView(host)); }

v1::Intent Complete(v1::Intent stored, std::string_view host, const Uuid& id, int64_t sequence) {
  stored.set_name(IntentName(host, id.ToString()));
  stored.set_sequence(sequence);
  return stored;
}

absl::StatusOr<StoredIntent> DecodeIntent(const store::KeyValue& row) {
  const auto key = ParseIntentKey(row.key);
  if (!key) return Corrupt(row, "is not an intent's");
  StoredIntent stored{std::string(key->host), *Uuid::Parse(key->id), 0, {}};
  if (!stored.intent.ParseFromString(row.value)) return Corrupt(row, "does not hold an intent");
  stored.sequence = SequenceOf(row.create_revision, stored.intent.sequence());
  if (stored.intent.state() != v1::Intent::QUEUED && !Final(stored.intent.state())) {
    return Corrupt(row, absl::StrCat("holds an intent in state ", static_cast<int>(stored.intent.state())));
  }
  return stored;
}

std::optional<StoredHead> PeekIntent(std::string_view value) {
  google::protobuf::io::CodedInputStream in(reinterpret_cast<const uint8_t*>(value.data()),
                                            static_cast<int>(value.size()));
  StoredHead head;
  while (const uint32_t tag = in.ReadTag()) {
    bool good = true;
    uint64_t number = 0;
    switch (WireFormatLite::GetTagFieldNumber(tag)) {
      case v1::Intent::kStateFieldNumber:
        good = in.ReadVarint64(&number);
        head.state = static_cast<v1::Intent::State>(number);
        break;
      case v1::Intent::kSequenceFieldNumber:
        good = in.ReadVarint64(&number);
        head.position = static_cast<int64_t>(number);
        break;
      case v1::Intent::kCreateTimeFieldNumber:
        good = ReadTime(in, head.create_time);
        break;
      case v1::Intent::kFinishTimeFieldNumber:
        good = ReadTime(in, head.finish_time);
        break;
      case v1::Intent::kExpireTimeFieldNumber:
        good = ReadTime(in, head.expire_time);
        break;
      default:
        good = WireFormatLite::SkipField(&in, tag);
    }
    if (!good) return std::nullopt;
  }
  if (!in.ConsumedEntireMessage() || (head.state != v1::Intent::QUEUED && !Final(head.state))) return std::nullopt;
  return head;
}

absl::Status NotAnIntent(const store::KeyValue& row) {
  const absl::Status why = DecodeIntent(row).status();
  return why.ok() ? Corrupt(row, "does not hold an intent") : why;
}

absl::StatusOr<StoredCursor> DecodeCursor(const store::KeyValue& row) {
  StoredCursor cursor{row.key.substr(kCursorPrefix.size()), 0};
  if (WhyBadHost(cursor.host)) return Corrupt(row, "is not a host's send cursor");
  const bool within = !row.value.empty() && row.value.front() == '+';
  const std::string number = row.value.substr(within ? 1 : 0);
  if (number.empty() || number.find_first_not_of("0123456789") != std::string::npos ||
      !absl::SimpleAtoi(number, &cursor.position)) {
    return Corrupt(row, "does not hold a send cursor");
  }
  if (within) cursor.position = SequenceOf(row.mod_revision, cursor.position);
  return cursor;
}

std::string EncodeCursor(int64_t sequence) { return absl::StrCat(sequence); }

std::string EncodeCursorWithin(int64_t position) { return absl::StrCat("+", position); }

}  // namespace warren::intents
