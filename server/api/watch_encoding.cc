#include "server/api/watch_encoding.h"

#include <utility>

namespace warren::api {
namespace {

constexpr char kEventsTag = 0x0a;         // field 1, length-delimited
constexpr char kRevisionTag = 0x10;       // field 2, varint
constexpr char kEventTypeTag = 0x08;      // field 1, varint
constexpr char kEventRevisionTag = 0x18;  // field 3, varint
constexpr char kSynced = 2;
constexpr size_t kMaxCopied = 1024;
constexpr size_t kMaxHeader = 11;

void AppendVarint(uint64_t value, std::string& out) {
  for (; value >= 0x80; value >>= 7) out += static_cast<char>((value & 0x7f) | 0x80);
  out += static_cast<char>(value);
}

}  // namespace

void WatchResponse::Add(std::string_view event, const std::shared_ptr<const void>& owner) {
  ++events_;
  const bool copied = event.size() <= kMaxCopied;
  if (own_.empty()) own_.reserve((copied ? event.size() : 0) + 2 * kMaxHeader);
  own_ += kEventsTag;
  AppendVarint(event.size(), own_);
  if (copied) {
    own_ += event;
    return;
  }
  Flush();
  pieces_.push_back({std::string(), event, owner});
}

void WatchResponse::Add(std::string event) {
  if (event.size() <= kMaxCopied) return Add(event, nullptr);
  const auto owner = std::make_shared<const std::string>(std::move(event));
  Add(*owner, owner);
}

std::vector<WatchResponse::Piece> WatchResponse::Finish(int64_t revision) {
  if (revision != 0) {
    own_ += kRevisionTag;
    AppendVarint(static_cast<uint64_t>(revision), own_);
  }
  Flush();
  events_ = 0;
  return std::exchange(pieces_, {});
}

void WatchResponse::Flush() {
  if (own_.empty()) return;
  pieces_.push_back({std::exchange(own_, {}), {}, nullptr});
}

std::string EncodeSynced(int64_t revision) {
  std::string event = {kEventTypeTag, kSynced, kEventRevisionTag};
  AppendVarint(static_cast<uint64_t>(revision), event);
  return event;
}

}  // namespace warren::api
