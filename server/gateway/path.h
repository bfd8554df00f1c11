#ifndef WARREN_SERVER_GATEWAY_PATH_H_
#define WARREN_SERVER_GATEWAY_PATH_H_

// The path of an HTTP request: cut at its slashes, and decoded only once a pattern (pattern.h) has matched it, so that
// an encoded slash or colon never changes what it matches. Pure functions; thread-safe.

#include <string>
#include <string_view>
#include <vector>

#include "absl/status/statusor.h"

namespace warren::gateway {

// A target as RFC 9112 section 3.2.1 has it, path and query: who takes us for a proxy sends "http://host/path?query".
std::string_view OriginForm(std::string_view target);

// The raw segments of a path as it was sent, without its query: "/v1/hosts/a%20b" has "v1", "hosts", "a%20b"; "/" has
// one that is empty. They point into `raw`.
//
// INVALID_ARGUMENT, with what is wrong: it does not begin with "/", has a "%" without two hex digits, a control
// character or NUL (encoded ones included), a segment that is "." or ".." however it is written, between encoded
// slashes too, or is not UTF-8 once decoded (overlong forms are not).
absl::StatusOr<std::vector<std::string_view>> SplitPath(std::string_view raw);

// Every "%XX" as the byte it stands for, once. keep_slashes: "%2F" stays as it is, which is what google/api/http.proto
// asks for in a variable of several segments. The text's escapes are well-formed.
std::string DecodePath(std::string_view text, bool keep_slashes);

// As in the query of a URL and in forms: "+" is a space. INVALID_ARGUMENT for a malformed escape, a NUL, or what is not
// UTF-8.
absl::StatusOr<std::string> DecodeQuery(std::string_view text);

}  // namespace warren::gateway

#endif  // WARREN_SERVER_GATEWAY_PATH_H_
