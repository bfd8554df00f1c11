#ifndef WARREN_SERVER_API_PAGE_KEY_H_
#define WARREN_SERVER_API_PAGE_KEY_H_

// Page sizes and tokens of the lists that go by name. A token is the last name of the page before, bound to what is
// listed; opaque to clients, the same after a restart. Pure; thread-safe.

#include <cstddef>
#include <cstdint>
#include <initializer_list>
#include <optional>
#include <string>
#include <string_view>

namespace warren::api {

inline constexpr int32_t kDefaultPageSize = 100;
inline constexpr int32_t kMaxPageSize = 1000;

// 0: the default; above the maximum: the maximum. Negative ones have been refused before.
size_t PageSize(int32_t asked);

// What is listed with what (a filter, an order), short whatever they are.
std::string BindListing(std::string_view collection, std::initializer_list<std::string_view> with);

// `listing` is any text that says what is listed.
std::string EncodePageKey(std::string_view listing, std::string_view last);
// Nothing: it is not a token, or one of another listing. An empty token is the empty key: from the first.
std::optional<std::string> DecodePageKey(std::string_view listing, std::string_view token);

}  // namespace warren::api

#endif  // WARREN_SERVER_API_PAGE_KEY_H_
