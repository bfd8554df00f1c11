#ifndef WARREN_SERVER_GATEWAY_COMPRESS_H_
#define WARREN_SERVER_GATEWAY_COMPRESS_H_

// gzip (RFC 1952) of answers, by zlib. Pure functions; thread-safe.

#include <string>
#include <string_view>

namespace warren::gateway {

// Whether an Accept-Encoding takes gzip: named, or by "*", and not with q=0 (RFC 9110 section 12.5.3).
bool TakesGzip(std::string_view accept_encoding);

// "" when it cannot be had: no memory. Some 1.4 ns a byte of intents as JSON.
std::string Gzip(std::string_view text);

}  // namespace warren::gateway

#endif  // WARREN_SERVER_GATEWAY_COMPRESS_H_
