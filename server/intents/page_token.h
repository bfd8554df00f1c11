#ifndef WARREN_SERVER_INTENTS_PAGE_TOKEN_H_
#define WARREN_SERVER_INTENTS_PAGE_TOKEN_H_

// Where a listing goes on: a position, bound to what is listed. Opaque to clients, the same after a restart. It guards
// against mistakes, not against forgery, which would gain nothing. Pure; thread-safe.

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

namespace warren::intents {

// `filter` is any text that says what is listed.
std::string EncodePageToken(std::string_view filter, int64_t after);
// Nothing: it is not a token, or one of another filter.
std::optional<int64_t> DecodePageToken(std::string_view filter, std::string_view token);

}  // namespace warren::intents

#endif  // WARREN_SERVER_INTENTS_PAGE_TOKEN_H_
