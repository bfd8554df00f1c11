#ifndef WARREN_SERVER_GATEWAY_HEAD_RULES_H_
#define WARREN_SERVER_GATEWAY_HEAD_RULES_H_

// What of a request's head is refused though a parser takes it, since whoever stands before us may read it in another
// way (request smuggling). Pure functions; thread-safe.

#include <string>
#include <string_view>

#include "server/gateway/http.h"

namespace warren::gateway {

// A header line that goes on in the next one (obs-fold, RFC 9112 section 5.2).
bool HasFoldedLine(std::string_view head);

// Whether this may be the beginning of a head, none of whose lines ends yet in a way that HTTP has not: not so of TLS,
// and of lines that end in LF alone.
bool MayBeHead(std::string_view begun);

// Why a request with these headers, names in lower case, is refused; "": it is not. `version`: 11 for HTTP/1.1.
std::string WhyBadHead(unsigned version, const Headers& headers);

}  // namespace warren::gateway

#endif  // WARREN_SERVER_GATEWAY_HEAD_RULES_H_
