#ifndef WARREN_SERVER_INTENTS_PAGE_TOKEN_H_
#define WARREN_SERVER_INTENTS_PAGE_TOKEN_H_

// Where a listing goes on: the revision that all its pages show and a position, bound to what is listed. Opaque to
// clients, the same after a restart. It guards against mistakes, not against forgery, which would gain nothing. Pure;
// thread-safe.

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

namespace warren::intents {

struct PagePosition {
  int64_t revision = 0;
  int64_t after = 0;  // the last sequence that was looked at

  bool operator==(const PagePosition&) const = default;
};

// `listing` is any text that says what is listed.
std::string EncodePageToken(std::string_view listing, const PagePosition& position);
// Nothing: it is not a token, or one of another listing.
std::optional<PagePosition> DecodePageToken(std::string_view listing, std::string_view token);

}  // namespace warren::intents

#endif  // WARREN_SERVER_INTENTS_PAGE_TOKEN_H_
