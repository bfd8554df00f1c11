#include "client/intent_file/json_escapes.h"

#include <algorithm>
#include <charconv>
#include <cstdint>
#include <optional>

#include "absl/strings/str_cat.h"
#include "absl/strings/str_format.h"
#include "proto/common/utf8.h"

namespace warren::cli {
namespace {

// The code unit of "\uXXXX" at a place; none when there is no such escape.
std::optional<uint32_t> UnitAt(const std::string& text, size_t at) {
  if (at + 6 > text.size() || text[at] != '\\' || text[at + 1] != 'u') return std::nullopt;
  uint32_t unit = 0;
  const char* const end = text.data() + at + 6;
  const auto [stop, error] = std::from_chars(text.data() + at + 2, end, unit, 16);
  if (error != std::errc() || stop != end) return std::nullopt;
  return unit;
}

}  // namespace

std::string JoinSurrogates(const std::string& text) {
  const size_t first = text.find_first_not_of(" \t\r\n");
  if (first == std::string::npos || (text[first] != '{' && text[first] != '[')) return text;
  std::string joined;
  for (size_t i = 0; i < text.size();) {
    if (text[i] != '\\') {
      joined += text[i++];
      continue;
    }
    const auto high = UnitAt(text, i);
    const auto low = high ? UnitAt(text, i + 6) : std::nullopt;
    if (low && *high >= 0xd800 && *high < 0xdc00 && *low >= 0xdc00 && *low < 0xe000) {
      joined += absl::StrFormat("\\U%08x", 0x10000 + ((*high - 0xd800) << 10) + (*low - 0xdc00));
      i += 12;
      continue;
    }
    // The escaped character too, so that "\\ud83d" is not taken for an escape.
    joined.append(text, i, 2);
    i += 2;
  }
  return joined;
}

absl::Status CheckUtf8(std::string_view text) {
  for (size_t i = 0; i < text.size();) {
    const size_t length = Utf8Length(text, i);
    if (length == 0 || text[i] == '\0') {
      return absl::InvalidArgumentError(absl::StrCat("line ", std::count(text.begin(), text.begin() + i, '\n') + 1,
                                                     ": ", length == 0 ? "is not UTF-8" : "holds a NUL byte"));
    }
    i += length;
  }
  return absl::OkStatus();
}

}  // namespace warren::cli
