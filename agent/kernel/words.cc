#include "agent/kernel/words.h"

#include <linux/rtnetlink.h>

#include "absl/strings/str_cat.h"

namespace warren::kernel {

std::string ScopeWord(uint8_t scope) {
  switch (scope) {
    case RT_SCOPE_UNIVERSE:
      return "global";
    case RT_SCOPE_SITE:
      return "site";
    case RT_SCOPE_LINK:
      return "link";
    case RT_SCOPE_HOST:
      return "host";
    case RT_SCOPE_NOWHERE:
      return "nowhere";
    default:
      return absl::StrCat(scope);
  }
}

std::string RouteTypeWord(uint8_t type) {
  static constexpr const char* kWords[] = {nullptr,     "unicast",     "local",    "broadcast", "anycast", "multicast",
                                           "blackhole", "unreachable", "prohibit", "throw",     "nat",     "xresolve"};
  static_assert(sizeof kWords / sizeof *kWords == __RTN_MAX);
  return type == RTN_UNSPEC || type > RTN_MAX ? absl::StrCat(type) : kWords[type];
}

}  // namespace warren::kernel
