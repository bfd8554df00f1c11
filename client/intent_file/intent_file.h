#ifndef WARREN_CLIENT_INTENT_FILE_INTENT_FILE_H_
#define WARREN_CLIENT_INTENT_FILE_INTENT_FILE_H_

// Intents as people write them: YAML, or JSON, which is read as the YAML it is. Names are protobuf's, lowerCamelCase or
// snake_case:
//
//   operations:
//     - createNamespace: {namespace: red}
//     - createVeth:
//         a: {namespace: red, name: eth0, addresses: [10.0.0.1/24], up: true}
//         b: {namespace: blue, name: eth0}
//
// Several are a document each, "---" between them; each may say which host it is for:
//
//   host: h1
//   operations: [...]
//   ---
//   host: h2
//   operations: [...]
//
// What a value means is decided by the field's type, never by how it looks: a namespace may be called on, 0x10 or 1e3
// without quotes, and a MAC needs none. (Only null and ~ without quotes are no text in YAML; they are refused.)
//
// Beside operations and host there may be expireTime, the time until which the intent may begin. Anchors and aliases
// work. Refused, with line and column: fields that do not exist or that the server fills in, fields given twice, two
// kinds in one operation, merge keys (<<), tags other than YAML's own, what is not UTF-8, and a file whose aliases blow
// up beyond a million values.
//
// Pure but for ReadIntentsFile; thread-safe; errors are INVALID_ARGUMENT, and NOT_FOUND or such where a file cannot be
// read. What the values mean is for the server to judge.

#include <istream>
#include <string>
#include <string_view>
#include <vector>

#include "absl/status/statusor.h"
#include "warren/v1/intents.pb.h"

namespace warren::cli {

inline constexpr size_t kLargestIntentFile = 64 << 20;

struct FileIntent {
  std::string host;  // empty: the document names none
  v1::Intent intent;
  int line = 1;  // where it begins
};

// The text of an intent file, at least one intent; documents that are empty do not count. source is what errors call it
// ("router.yaml").
absl::StatusOr<std::vector<FileIntent>> ParseIntentsText(std::string_view source, const std::string& text);

// Reads and parses a file, or, for "-", standard_input to its end. At most kLargestIntentFile bytes.
absl::StatusOr<std::vector<FileIntent>> ReadIntentsFile(const std::string& path, std::istream& standard_input);

}  // namespace warren::cli

#endif  // WARREN_CLIENT_INTENT_FILE_INTENT_FILE_H_
