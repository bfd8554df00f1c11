#include "client/output/ink.h"

#include "absl/strings/str_cat.h"

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

}  // namespace

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
