#ifndef WARREN_SERVER_INTENTS_IP_TEXT_H_
#define WARREN_SERVER_INTENTS_IP_TEXT_H_

// Checks addresses as text. Pure; thread-safe.

#include <optional>
#include <string>
#include <string_view>

namespace warren::intents {

enum class Family { kIpv4, kIpv6 };

struct Prefix {
  Family family = Family::kIpv4;
  std::string bytes;  // 4 or 16, network order
  int length = 0;
};

// "10.0.0.1"; what inet_pton(3) takes.
std::optional<Prefix> ParseIpAddress(std::string_view text);
// "10.0.0.1/24"; without a length: /32 or /128.
std::optional<Prefix> ParseIpPrefix(std::string_view text);
// A bit is set beyond the length: "10.0.0.1/24" is no network.
bool HasHostBits(const Prefix& prefix);
// The network it lies in, as text.
std::string NetworkOf(const Prefix& prefix);

// Why a MAC address is not one that a link can be given, as a predicate; nothing: it is.
std::optional<std::string> WhyBadMac(std::string_view text);

}  // namespace warren::intents

#endif  // WARREN_SERVER_INTENTS_IP_TEXT_H_
