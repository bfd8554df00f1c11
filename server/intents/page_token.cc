#include "server/intents/page_token.h"

#include "absl/strings/escaping.h"
#include "absl/strings/numbers.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/str_format.h"

namespace warren::intents {
namespace {

// FNV-1a: the same on every machine and in every version.
uint64_t Hash(std::string_view text) {
  uint64_t hash = 0xcbf29ce484222325;
  for (const unsigned char c : text) hash = (hash ^ c) * 0x100000001b3;
  return hash;
}

std::string Plain(std::string_view filter, int64_t after) {
  const std::string position = absl::StrCat(after);
  const uint64_t bound = Hash(absl::StrCat(position, " ", absl::string_view(filter.data(), filter.size())));
  return absl::StrCat(position, " ", absl::Hex(bound, absl::kZeroPad16));
}

}  // namespace

std::string EncodePageToken(std::string_view filter, int64_t after) {
  return absl::WebSafeBase64Escape(Plain(filter, after));
}

std::optional<int64_t> DecodePageToken(std::string_view filter, std::string_view token) {
  std::string plain;
  if (!absl::WebSafeBase64Unescape(absl::string_view(token.data(), token.size()), &plain)) return std::nullopt;
  int64_t after = 0;
  if (!absl::SimpleAtoi(absl::string_view(plain).substr(0, plain.find(' ')), &after) || after < 0) return std::nullopt;
  if (plain != Plain(filter, after)) return std::nullopt;
  return after;
}

}  // namespace warren::intents
