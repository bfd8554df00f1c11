#ifndef WARREN_PROTO_COMMON_STRING_VIEW_H_
#define WARREN_PROTO_COMMON_STRING_VIEW_H_

// A std::string_view for Abseil's functions: in Debian 12's Abseil, absl::string_view is a type of its own.

#include <string_view>

#include "absl/strings/string_view.h"

namespace warren {

inline absl::string_view AbslView(std::string_view text) { return {text.data(), text.size()}; }

}  // namespace warren

#endif  // WARREN_PROTO_COMMON_STRING_VIEW_H_
