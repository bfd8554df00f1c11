#ifndef WARREN_SERVER_GATEWAY_COMPRESS_H_
#define WARREN_SERVER_GATEWAY_COMPRESS_H_

// gzip (RFC 1952) of bodies, by zlib. Pure functions; thread-safe.

#include <cstddef>
#include <string>
#include <string_view>

#include "absl/status/statusor.h"

namespace warren::gateway {

// Whether an Accept-Encoding takes gzip: named, or by "*", and not with q=0 (RFC 9110 section 12.5.3).
bool TakesGzip(std::string_view accept_encoding);

// "" when it cannot be had: no memory. Some 1.4 ns a byte of intents as JSON.
std::string Gzip(std::string_view text);

// INVALID_ARGUMENT: it is not gzip, or not all of it. OUT_OF_RANGE: it would be more than `limit` bytes; no more is
// unpacked.
absl::StatusOr<std::string> Gunzip(std::string_view packed, size_t limit);

}  // namespace warren::gateway

#endif  // WARREN_SERVER_GATEWAY_COMPRESS_H_
