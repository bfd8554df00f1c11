#include "server/gateway/path.h"

#include <cstring>

#include "absl/status/status.h"
#include "absl/strings/ascii.h"
#include "absl/strings/match.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/str_split.h"
#include "proto/common/utf8.h"

namespace warren::gateway {
namespace {

int HexDigit(char c) {
  if (c >= '0' && c <= '9') return c - '0';
  if (c >= 'a' && c <= 'f') return c - 'a' + 10;
  if (c >= 'A' && c <= 'F') return c - 'A' + 10;
  return -1;
}

// The byte of the escape at this place; -1: there is none.
int Escaped(std::string_view text, size_t at) {
  if (at + 2 >= text.size() || text[at] != '%') return -1;
  const int high = HexDigit(text[at + 1]), low = HexDigit(text[at + 2]);
  return high < 0 || low < 0 ? -1 : high * 16 + low;
}

bool EscapesAreWhole(std::string_view text) {
  for (size_t i = 0; i < text.size(); ++i) {
    if (text[i] == '%' && Escaped(text, i) < 0) return false;
  }
  return true;
}

}  // namespace

std::string DecodePath(std::string_view text, bool keep_slashes) {
  std::string decoded;
  decoded.reserve(text.size());
  for (size_t i = 0; i < text.size(); ++i) {
    const int byte = Escaped(text, i);
    if (byte < 0 || (byte == '/' && keep_slashes)) {
      decoded += text[i];
      continue;
    }
    decoded += static_cast<char>(byte);
    i += 2;
  }
  return decoded;
}

std::string_view OriginForm(std::string_view target) {
  for (const char* scheme : {"http://", "https://"}) {
    if (!absl::StartsWithIgnoreCase(absl::string_view(target.data(), target.size()), scheme)) continue;
    const size_t path = target.find_first_of("/?", strlen(scheme));
    return path == std::string_view::npos ? "/" : target.substr(path);
  }
  return target;
}

absl::StatusOr<std::vector<std::string_view>> SplitPath(std::string_view raw) {
  if (raw.empty() || raw[0] != '/') return absl::InvalidArgumentError("the path does not begin with \"/\"");
  if (!EscapesAreWhole(raw)) return absl::InvalidArgumentError("the path has a \"%\" without two hex digits");
  std::vector<std::string_view> segments;
  for (size_t begin = 1; begin <= raw.size();) {
    const size_t end = std::min(raw.find('/', begin), raw.size());
    const std::string_view segment = raw.substr(begin, end - begin);
    const std::string decoded = DecodePath(segment, false);
    // An encoded slash makes no segment, but whoever takes the text for a path would find one there.
    for (const absl::string_view part : absl::StrSplit(decoded, '/')) {
      if (part == "." || part == "..") {
        return absl::InvalidArgumentError("the path has a segment \".\" or \"..\"; send it resolved");
      }
    }
    for (const char c : decoded) {
      if (absl::ascii_iscntrl(static_cast<unsigned char>(c))) {
        return absl::InvalidArgumentError("the path has a control character");
      }
    }
    if (!IsUtf8(decoded)) return absl::InvalidArgumentError("the path is not UTF-8");
    segments.push_back(segment);
    begin = end + 1;
  }
  return segments;
}

absl::StatusOr<std::string> DecodeQuery(std::string_view text) {
  if (!EscapesAreWhole(text)) return absl::InvalidArgumentError("has a \"%\" without two hex digits");
  std::string decoded;
  decoded.reserve(text.size());
  for (size_t i = 0; i < text.size(); ++i) {
    const int byte = Escaped(text, i);
    decoded += byte >= 0 ? static_cast<char>(byte) : text[i] == '+' ? ' ' : text[i];
    if (byte >= 0) i += 2;
  }
  if (decoded.find('\0') != std::string::npos) return absl::InvalidArgumentError("has a NUL");
  if (!IsUtf8(decoded)) return absl::InvalidArgumentError("is not UTF-8");
  return decoded;
}

}  // namespace warren::gateway
