#include "proto/common/json_escape.h"

#include <charconv>
#include <cstdint>

namespace warren {
namespace {

// The code unit of one "\uXXXX".
std::optional<uint32_t> UnitAt(std::string_view text, size_t at) {
  if (at + 6 > text.size() || text[at] != '\\' || text[at + 1] != 'u') return std::nullopt;
  uint32_t unit = 0;
  const char* const end = text.data() + at + 6;
  const auto [stop, error] = std::from_chars(text.data() + at + 2, end, unit, 16);
  if (error != std::errc() || stop != end) return std::nullopt;
  return unit;
}

}  // namespace

std::optional<JsonEscape> JsonEscapeAt(std::string_view text, size_t at) {
  const auto high = UnitAt(text, at);
  if (!high) return std::nullopt;
  const auto low = UnitAt(text, at + 6);
  if (low && *high >= 0xd800 && *high < 0xdc00 && *low >= 0xdc00 && *low < 0xe000) {
    return JsonEscape{0x10000 + ((*high - 0xd800) << 10) + (*low - 0xdc00), 12};
  }
  return JsonEscape{*high, 6};
}

}  // namespace warren
