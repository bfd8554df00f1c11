#include "server/intents/uuid.h"

#include "absl/strings/ascii.h"
#include "absl/strings/str_format.h"
#include "proto/common/names.h"

namespace warren::intents {

std::optional<Uuid> Uuid::Parse(std::string_view text) {
  if (WhyBadUuid(text)) return std::nullopt;
  Uuid id;
  int digits = 0;
  for (const char c : text) {
    if (c == '-') continue;
    const uint64_t digit = absl::ascii_isdigit(c) ? c - '0' : absl::ascii_tolower(c) - 'a' + 10;
    uint64_t& half = digits++ < 16 ? id.high : id.low;
    half = half << 4 | digit;
  }
  return id;
}

std::string Uuid::ToString() const {
  return absl::StrFormat("%08x-%04x-%04x-%04x-%012x", high >> 32, high >> 16 & 0xffff, high & 0xffff, low >> 48,
                         low & 0xffffffffffff);
}

}  // namespace warren::intents
