#ifndef WARREN_SERVER_GATEWAY_JSON_SYNTAX_H_
#define WARREN_SERVER_GATEWAY_JSON_SYNTAX_H_

// Whether a text is JSON by the letter (RFC 8259), and where it stops being it. Protobuf's own parser takes more than
// that (single quotes, names without quotes, commas at the end) and does not say the line. Pure; thread-safe. Cost:
// some 7 ns a byte.

#include <cstddef>
#include <limits>
#include <string_view>

#include "absl/status/status.h"

namespace warren::gateway {

// Deeper nesting is refused; protobuf's limit is the same.
inline constexpr size_t kMaxJsonDepth = 100;
inline constexpr size_t kNoLimit = std::numeric_limits<size_t>::max();

// INVALID_ARGUMENT: "line 3, column 7, in operations[1].createVeth: a value is expected". Also for text that is not
// UTF-8, a name that comes twice in one object, however it is escaped, nesting that is too deep, and more values than
// max_values: in memory each takes many times what it takes as text.
absl::Status CheckJson(std::string_view text, size_t max_values = kNoLimit);

}  // namespace warren::gateway

#endif  // WARREN_SERVER_GATEWAY_JSON_SYNTAX_H_
