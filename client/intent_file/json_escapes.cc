#include "client/intent_file/json_escapes.h"

#include <algorithm>
#include <charconv>
#include <cstdint>
#include <optional>

#include "absl/strings/str_cat.h"
#include "absl/strings/str_format.h"

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

// Length of the UTF-8 sequence at a place; 0 when it is malformed.
size_t SequenceLength(std::string_view s, size_t at) {
  const auto byte = [&s](size_t i) { return static_cast<unsigned char>(s[i]); };
  const unsigned char c = byte(at);
  const size_t length = c < 0x80                 ? 1
                        : c >= 0xc2 && c <= 0xdf ? 2
                        : (c & 0xf0) == 0xe0     ? 3
                        : c >= 0xf0 && c <= 0xf4 ? 4
                                                 : 0;
  if (length == 0 || at + length > s.size()) return 0;
  uint32_t point = length == 1 ? c : c & (0x7f >> length);
  for (size_t k = 1; k < length; ++k) {
    if ((byte(at + k) & 0xc0) != 0x80) return 0;
    point = point << 6 | (byte(at + k) & 0x3f);
  }
  if (length == 3 && (point < 0x800 || (point >= 0xd800 && point <= 0xdfff))) return 0;
  if (length == 4 && (point < 0x10000 || point > 0x10ffff)) return 0;
  return length;
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
    const size_t length = SequenceLength(text, i);
    if (length == 0 || text[i] == '\0') {
      return absl::InvalidArgumentError(absl::StrCat("line ", std::count(text.begin(), text.begin() + i, '\n') + 1,
                                                     ": ", length == 0 ? "is not UTF-8" : "holds a NUL byte"));
    }
    i += length;
  }
  return absl::OkStatus();
}

}  // namespace warren::cli
