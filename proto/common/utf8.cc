#include "proto/common/utf8.h"

namespace warren {

size_t Utf8Length(std::string_view text, size_t at, char32_t* character) {
  const auto byte = [&](size_t i) { return static_cast<unsigned char>(text[i]); };
  const unsigned char first = byte(at);
  const size_t length = first < 0x80                     ? 1
                        : first >= 0xc2 && first <= 0xdf ? 2
                        : (first & 0xf0) == 0xe0         ? 3
                        : first >= 0xf0 && first <= 0xf4 ? 4
                                                         : 0;
  if (length == 0 || at + length > text.size()) return 0;
  char32_t point = length == 1 ? first : first & (0x7f >> length);
  for (size_t k = 1; k < length; ++k) {
    if ((byte(at + k) & 0xc0) != 0x80) return 0;
    point = point << 6 | (byte(at + k) & 0x3f);
  }
  if (length == 3 && (point < 0x800 || (point >= 0xd800 && point <= 0xdfff))) return 0;
  if (length == 4 && (point < 0x10000 || point > 0x10ffff)) return 0;
  if (character != nullptr) *character = point;
  return length;
}

bool IsUtf8(std::string_view text) {
  for (size_t i = 0; i < text.size();) {
    const size_t length = Utf8Length(text, i);
    if (length == 0) return false;
    i += length;
  }
  return true;
}

void AppendUtf8(char32_t character, std::string& text) {
  const auto more = [&](int shift) { text += static_cast<char>(0x80 | ((character >> shift) & 0x3f)); };
  if (character < 0x80) {
    text += static_cast<char>(character);
  } else if (character < 0x800) {
    text += static_cast<char>(0xc0 | (character >> 6));
    more(0);
  } else if (character < 0x10000) {
    text += static_cast<char>(0xe0 | (character >> 12));
    more(6), more(0);
  } else {
    text += static_cast<char>(0xf0 | (character >> 18));
    more(12), more(6), more(0);
  }
}

}  // namespace warren
