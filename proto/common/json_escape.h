#ifndef WARREN_PROTO_COMMON_JSON_ESCAPE_H_
#define WARREN_PROTO_COMMON_JSON_ESCAPE_H_

// The escapes "\uXXXX" of JSON's strings (RFC 8259 section 7). Pure; thread-safe.

#include <cstddef>
#include <optional>
#include <string_view>

namespace warren {

struct JsonEscape {
  char32_t character = 0;  // half of a surrogate pair that has not its other half stands for itself
  size_t length = 0;       // of the escape: 6, or 12 for a pair
};
// The one at a place; none when there is no such escape.
std::optional<JsonEscape> JsonEscapeAt(std::string_view text, size_t at);

}  // namespace warren

#endif  // WARREN_PROTO_COMMON_JSON_ESCAPE_H_
