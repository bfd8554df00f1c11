#ifndef WARREN_SERVER_GATEWAY_JSON_SYNTAX_H_
#define WARREN_SERVER_GATEWAY_JSON_SYNTAX_H_

// Whether a text is JSON by the letter (RFC 8259), and where it stops being it. Protobuf's own parser takes more than
// that (single quotes, names without quotes, commas at the end) and does not say the line. Pure; thread-safe. Cost:
// some 7 ns a byte.

#include <cstddef>
#include <string_view>

#include "absl/status/status.h"

namespace warren::gateway {

// Deeper nesting is refused; protobuf's limit is the same.
inline constexpr size_t kMaxJsonDepth = 100;

// INVALID_ARGUMENT: "line 3, column 7, in operations[1].createVeth: a value is expected". Also for text that is not
// UTF-8, a name that comes twice in one object, and nesting that is too deep.
absl::Status CheckJson(std::string_view text);

}  // namespace warren::gateway

#endif  // WARREN_SERVER_GATEWAY_JSON_SYNTAX_H_
