#include "server/api/page_key.h"

#include <algorithm>

#include "absl/strings/escaping.h"

namespace warren::api {
namespace {

constexpr char kVersion = '1';

// What every token of the listing begins with; the length keeps listing and key apart.
std::string Head(std::string_view listing) {
  std::string head(1, kVersion);
  head += std::to_string(listing.size());
  head += ':';
  head += listing;
  return head;
}

}  // namespace

size_t PageSize(int32_t asked) {
  return static_cast<size_t>(asked == 0 ? kDefaultPageSize : std::min(asked, kMaxPageSize));
}

std::string BindListing(std::string_view collection, std::initializer_list<std::string_view> with) {
  // FNV-1a: the same on every machine and in every version.
  uint64_t hash = 0xcbf29ce484222325;
  const auto add = [&](unsigned char c) { hash = (hash ^ c) * 0x100000001b3; };
  for (const std::string_view part : with) {
    for (const unsigned char c : part) add(c);
    add(0);  // keeps the parts apart
  }
  std::string bound(collection);
  bound += ' ';
  bound += std::to_string(hash);
  return bound;
}

std::string EncodePageKey(std::string_view listing, std::string_view last) {
  std::string token = Head(listing);
  token += last;
  return absl::WebSafeBase64Escape(token);
}

std::optional<std::string> DecodePageKey(std::string_view listing, std::string_view token) {
  if (token.empty()) return std::string();
  std::string plain;
  if (!absl::WebSafeBase64Unescape(absl::string_view(token.data(), token.size()), &plain)) return std::nullopt;
  const std::string head = Head(listing);
  if (plain.compare(0, head.size(), head) != 0 || plain.size() == head.size()) return std::nullopt;
  return plain.substr(head.size());
}

}  // namespace warren::api
