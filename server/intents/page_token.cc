#include "server/intents/page_token.h"

#include <vector>

#include "absl/strings/escaping.h"
#include "absl/strings/numbers.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/str_format.h"
#include "absl/strings/str_split.h"

namespace warren::intents {
namespace {

// FNV-1a: the same on every machine and in every version.
uint64_t Hash(std::string_view text) {
  uint64_t hash = 0xcbf29ce484222325;
  for (const unsigned char c : text) hash = (hash ^ c) * 0x100000001b3;
  return hash;
}

std::string Plain(std::string_view listing, const PagePosition& position) {
  const std::string numbers = absl::StrCat(position.revision, " ", position.after);
  const uint64_t bound = Hash(absl::StrCat(numbers, " ", absl::string_view(listing.data(), listing.size())));
  return absl::StrCat(numbers, " ", absl::Hex(bound, absl::kZeroPad16));
}

}  // namespace

std::string EncodePageToken(std::string_view listing, const PagePosition& position) {
  return absl::WebSafeBase64Escape(Plain(listing, position));
}

std::optional<PagePosition> DecodePageToken(std::string_view listing, std::string_view token) {
  std::string plain;
  if (!absl::WebSafeBase64Unescape(absl::string_view(token.data(), token.size()), &plain)) return std::nullopt;
  const std::vector<std::string> parts = absl::StrSplit(plain, ' ');
  PagePosition position;
  if (parts.size() != 3 || !absl::SimpleAtoi(parts[0], &position.revision) ||
      !absl::SimpleAtoi(parts[1], &position.after) || position.revision < 0 || position.after < 0 ||
      plain != Plain(listing, position)) {
    return std::nullopt;
  }
  return position;
}

}  // namespace warren::intents
