#ifndef WARREN_PROTO_COMMON_UTF8_H_
#define WARREN_PROTO_COMMON_UTF8_H_

// Well-formed UTF-8 (RFC 3629): no overlong forms, no surrogates, nothing beyond U+10FFFF. Pure functions; thread-safe.

#include <cstddef>
#include <string>
#include <string_view>

namespace warren {

// Length of the sequence at a place, and the character it stands for; 0 when it is malformed or cut off.
size_t Utf8Length(std::string_view text, size_t at, char32_t* character = nullptr);

bool IsUtf8(std::string_view text);

// A surrogate, too, is written as its bits have it, which is no well-formed UTF-8.
void AppendUtf8(char32_t character, std::string& text);

}  // namespace warren

#endif  // WARREN_PROTO_COMMON_UTF8_H_
