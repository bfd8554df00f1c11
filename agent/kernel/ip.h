#ifndef WARREN_AGENT_KERNEL_IP_H_
#define WARREN_AGENT_KERNEL_IP_H_

// IP addresses and prefixes as text and as the bytes netlink wants. Pure; thread-safe.

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

namespace warren::kernel {

struct Ip {
  int family = 0;     // AF_INET or AF_INET6; 0: none
  std::string bytes;  // 4 or 16, network order

  std::string ToString() const;
  bool operator==(const Ip&) const = default;
};

struct IpPrefix {
  Ip ip;
  int length = 0;

  std::string ToString() const;  // with length
  // No bit is set beyond the length.
  bool IsNetwork() const;
  bool operator==(const IpPrefix&) const = default;
};

std::optional<Ip> ParseIp(std::string_view text);
// Without a length: /32 or /128.
std::optional<IpPrefix> ParsePrefix(std::string_view text);

// "02:00:00:00:00:01" to 6 bytes, and back.
std::optional<std::string> ParseMac(std::string_view text);
std::string FormatMac(std::string_view bytes);
// A random, locally administered unicast address, as 6 bytes.
std::string RandomMac();
// The IPv6 link-local address that the kernel makes of a MAC of 6 bytes (RFC 4291 appendix A); nullopt: not so many.
std::optional<Ip> LinkLocalOf(std::string_view mac);

}  // namespace warren::kernel

#endif  // WARREN_AGENT_KERNEL_IP_H_
