#ifndef WARREN_AGENT_KERNEL_WORDS_H_
#define WARREN_AGENT_KERNEL_WORDS_H_

// Numbers of addresses and routes in the words iproute2 prints for them; the number for one without a word. Pure;
// thread-safe.

#include <cstdint>
#include <string>

namespace warren::kernel {

// RT_SCOPE_*: "global".
std::string ScopeWord(uint8_t scope);
// RTN_*: "blackhole".
std::string RouteTypeWord(uint8_t type);

}  // namespace warren::kernel

#endif  // WARREN_AGENT_KERNEL_WORDS_H_
