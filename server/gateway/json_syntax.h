#ifndef WARREN_SERVER_GATEWAY_JSON_SYNTAX_H_
#define WARREN_SERVER_GATEWAY_JSON_SYNTAX_H_

// Whether a text is JSON by the letter (RFC 8259), with the names that a message has, and where it stops being it.
// Protobuf's own parser takes more than that (single quotes, names without quotes, commas at the end, a field under
// both of its names, "true" for true, one element for a list) and does not say the line. Pure; thread-safe. Cost: some
// 6 ns a byte, 8 with a message's names.

#include <google/protobuf/descriptor.h>

#include <cstddef>
#include <limits>
#include <string_view>

#include "absl/status/status.h"

namespace warren::gateway {

// Deeper nesting is refused; protobuf's limit is the same.
inline constexpr size_t kMaxJsonDepth = 100;

// What a text is to be, and may be.
struct JsonRules {
  const google::protobuf::Descriptor* message = nullptr;     // an object with its fields; null: anything, or
  const google::protobuf::FieldDescriptor* field = nullptr;  // what may stand for this field's value
  // In memory each takes many times what it takes as text.
  size_t max_values = std::numeric_limits<size_t>::max();
};

// INVALID_ARGUMENT: "line 3, column 7, in operations[1].createVeth: a value is expected". Also for text that is not
// UTF-8, a name that comes twice in one object, however it is written, or that the message has not, nesting that is too
// deep, too many values.
absl::Status CheckJson(std::string_view text, const JsonRules& rules = {});

}  // namespace warren::gateway

#endif  // WARREN_SERVER_GATEWAY_JSON_SYNTAX_H_
