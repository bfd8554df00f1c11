#ifndef WARREN_CLIENT_INTENT_FILE_JSON_ESCAPES_H_
#define WARREN_CLIENT_INTENT_FILE_JSON_ESCAPES_H_

// Where text has to be mended or checked before yaml-cpp sees it. Pure; thread-safe.

#include <string>
#include <string_view>

#include "absl/status/status.h"

namespace warren::cli {

// JSON writes a character beyond U+FFFF as two escapes, "\ud83d\ude00", which YAML does not know: replaces each such
// pair with YAML's "\U0001f600". Only in a text that is JSON's (its first character is a brace or bracket).
std::string JoinSurrogates(const std::string& text);

// INVALID_ARGUMENT with the line for a text that is not UTF-8 (RFC 3629), or that holds a NUL, which would end it
// early.
absl::Status CheckUtf8(std::string_view text);

}  // namespace warren::cli

#endif  // WARREN_CLIENT_INTENT_FILE_JSON_ESCAPES_H_
