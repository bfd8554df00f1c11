#include "client/intent_file/json_escapes.h"

#include <algorithm>
#include <cstdint>
#include <optional>

#include "absl/strings/str_cat.h"
#include "absl/strings/str_format.h"
#include "proto/common/json_escape.h"
#include "proto/common/utf8.h"

namespace warren::cli {
std::string JoinSurrogates(const std::string& text) {
  const size_t first = text.find_first_not_of(" \t\r\n");
  if (first == std::string::npos || (text[first] != '{' && text[first] != '[')) return text;
  std::string joined;
  for (size_t i = 0; i < text.size();) {
    if (text[i] != '\\') {
      joined += text[i++];
      continue;
    }
    if (const auto escape = JsonEscapeAt(text, i); escape && escape->character > 0xffff) {
      joined += absl::StrFormat("\\U%08x", static_cast<uint32_t>(escape->character));
      i += escape->length;
      continue;
    }
    // The escaped character too, so that "\\ud83d" is not taken for an escape.
    joined.append(text, i, 2);
    i += 2;
  }
  return joined;
}

absl::Status CheckUtf8(std::string_view text) {
  for (size_t i = 0; i < text.size();) {
    const size_t length = Utf8Length(text, i);
    if (length == 0 || text[i] == '\0') {
      return absl::InvalidArgumentError(absl::StrCat("line ", std::count(text.begin(), text.begin() + i, '\n') + 1,
                                                     ": ", length == 0 ? "is not UTF-8" : "holds a NUL byte"));
    }
    i += length;
  }
  return absl::OkStatus();
}

}  // namespace warren::cli
