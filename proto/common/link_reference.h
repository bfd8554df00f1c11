#ifndef WARREN_PROTO_COMMON_LINK_REFERENCE_H_
#define WARREN_PROTO_COMMON_LINK_REFERENCE_H_

// What may name a link that is there already: its name, or one of its alternative names, which are longer. What names
// one that is to be made is in names.h (WhyBadInterface). Pure; thread-safe.

#include <optional>
#include <string>
#include <string_view>

namespace warren {

// As those of names.h. Up to 127 bytes (ALTIFNAMSIZ).
std::optional<std::string> WhyBadLinkReference(std::string_view name);

}  // namespace warren

#endif  // WARREN_PROTO_COMMON_LINK_REFERENCE_H_
