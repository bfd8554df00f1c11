#include "client/output/ink.h"

#include <cstdint>

#include "absl/strings/str_cat.h"
#include "proto/common/utf8.h"

namespace warren::cli {
namespace {

constexpr char kReset[] = "\x1b[0m";

// The bytes from `at` that are shown as one: an escape sequence (of no width) or a code point.
size_t Step(std::string_view text, size_t at, bool* escape) {
  *escape = text[at] == '\x1b';
  size_t end = at + 1;
  if (*escape) {
    while (end < text.size() && text[end - 1] != 'm') ++end;
  } else {
    while (end < text.size() && (static_cast<unsigned char>(text[end]) & 0xc0) == 0x80) ++end;
  }
  return end - at;
}

// Unicode's control and format characters (general categories Cc and Cf, and the separators of lines and paragraphs),
// as far as they are of no script.
bool IsUnseen(char32_t c) {
  return c < 0x20 || (c >= 0x7f && c < 0xa0) || c == 0xad || c == 0x61c || c == 0x180e ||
         (c >= 0x200b && c <= 0x200f) || (c >= 0x2028 && c <= 0x202e) || (c >= 0x2060 && c <= 0x206f) || c == 0xfeff ||
         (c >= 0xfff9 && c <= 0xfffb) || (c >= 0xe0000 && c <= 0xe007f);
}

}  // namespace

std::string Visible(std::string_view text) {
  std::string seen;
  for (size_t at = 0; at < text.size();) {
    char32_t point = 0;
    const size_t length = Utf8Length(text, at, &point);
    if (length == 0) {
      absl::StrAppend(&seen, "\\x", absl::Hex(static_cast<unsigned char>(text[at]), absl::kZeroPad2));
    } else if (IsUnseen(point)) {
      absl::StrAppend(&seen, "\\u", absl::Hex(static_cast<uint32_t>(point), absl::kZeroPad4));
    } else {
      seen += text.substr(at, length);
    }
    at += length == 0 ? 1 : length;
  }
  return seen;
}

std::string Painted(const std::string& text, Ink ink, bool color) {
  if (!color || ink == Ink::kPlain || text.empty()) return text;
  const char* code = ink == Ink::kGood ? "32" : ink == Ink::kBad ? "31" : ink == Ink::kWarn ? "33" : "36";
  return absl::StrCat("\x1b[", code, "m", text, kReset);
}

Ink StateInk(v1::Intent::State state) {
  switch (state) {
    case v1::Intent::SUCCEEDED:
      return Ink::kGood;
    case v1::Intent::FAILED:
      return Ink::kBad;
    case v1::Intent::CANCELLED:
    case v1::Intent::EXPIRED:
      return Ink::kWarn;
    case v1::Intent::RUNNING:
      return Ink::kBusy;
    default:
      return Ink::kPlain;
  }
}

size_t Width(std::string_view text) {
  size_t width = 0;
  bool escape = false;
  for (size_t at = 0; at < text.size();) {
    at += Step(text, at, &escape);
    if (!escape) ++width;
  }
  return width;
}

std::string Cut(std::string_view text, size_t width) {
  if (Width(text) <= width) return std::string(text);
  std::string kept;
  bool escape = false;
  bool colored = false;
  size_t room = width;
  for (size_t at = 0; at < text.size() && room > 1;) {
    const size_t bytes = Step(text, at, &escape);
    kept.append(text.substr(at, bytes));
    colored = colored || escape;
    if (!escape) --room;
    at += bytes;
  }
  if (room > 0) kept += "…";
  return colored ? kept + kReset : kept;
}

}  // namespace warren::cli
