#ifndef WARREN_SERVER_GATEWAY_WHO_MAY_ASK_H_
#define WARREN_SERVER_GATEWAY_WHO_MAY_ASK_H_

// What keeps pages in somebody's browser from driving hosts: a browser says which page asks (Origin), and by which name
// it reached us (Host), which of a page whose name was made to lead to us (DNS rebinding) is that page's. Pure
// functions; thread-safe.

#include <string>
#include <string_view>
#include <vector>

namespace warren::gateway {

// Whether a request by that Host is for us: by "localhost", an address, or one of these names, with any port; "*" among
// them: by any. "" is what is no browser's.
bool IsOurHost(std::string_view host, const std::vector<std::string>& names);

// Whether it is one of these, or "*" is. "" is not.
bool IsListedOrigin(std::string_view origin, const std::vector<std::string>& origins);
// The same where each has to be named: "*" among them is nobody's.
bool IsNamedOrigin(std::string_view origin, const std::vector<std::string>& origins);

}  // namespace warren::gateway

#endif  // WARREN_SERVER_GATEWAY_WHO_MAY_ASK_H_
