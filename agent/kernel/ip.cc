#include "agent/kernel/ip.h"

#include <arpa/inet.h>
#include <sys/random.h>

#include "absl/strings/numbers.h"
#include "absl/strings/str_cat.h"

namespace warren::kernel {

std::string Ip::ToString() const {
  char text[INET6_ADDRSTRLEN];
  if (family == 0 || inet_ntop(family, bytes.data(), text, sizeof text) == nullptr) return "";
  return text;
}

std::string IpPrefix::ToString() const { return absl::StrCat(ip.ToString(), "/", length); }

bool IpPrefix::IsNetwork() const {
  for (int bit = length; bit < static_cast<int>(ip.bytes.size()) * 8; ++bit) {
    if (static_cast<unsigned char>(ip.bytes[bit / 8]) & (0x80 >> (bit % 8))) return false;
  }
  return true;
}

std::optional<Ip> ParseIp(std::string_view text) {
  unsigned char bytes[16];
  const std::string copy(text);
  for (const int family : {AF_INET, AF_INET6}) {
    if (inet_pton(family, copy.c_str(), bytes) == 1) {
      return Ip{family, std::string(reinterpret_cast<char*>(bytes), family == AF_INET ? 4 : 16)};
    }
  }
  return std::nullopt;
}

std::optional<IpPrefix> ParsePrefix(std::string_view text) {
  const size_t slash = text.find('/');
  const auto ip = ParseIp(text.substr(0, slash));
  if (!ip) return std::nullopt;
  const int longest = static_cast<int>(ip->bytes.size()) * 8;
  IpPrefix prefix{*ip, longest};
  if (slash == std::string_view::npos) return prefix;
  const std::string digits(text.substr(slash + 1));
  if (digits.empty() || digits.find_first_not_of("0123456789") != std::string::npos) return std::nullopt;
  if (!absl::SimpleAtoi(digits, &prefix.length) || prefix.length > longest) return std::nullopt;
  return prefix;
}

std::optional<std::string> ParseMac(std::string_view text) {
  if (text.size() != 17) return std::nullopt;
  std::string bytes;
  for (size_t i = 0; i < 17; i += 3) {
    const auto digit = [&](char c) -> int {
      return c >= '0' && c <= '9'   ? c - '0'
             : c >= 'a' && c <= 'f' ? c - 'a' + 10
             : c >= 'A' && c <= 'F' ? c - 'A' + 10
                                    : -1;
    };
    const int high = digit(text[i]), low = digit(text[i + 1]);
    if (high < 0 || low < 0 || (i < 15 && text[i + 2] != ':')) return std::nullopt;
    bytes += static_cast<char>(high * 16 + low);
  }
  return bytes;
}

std::string FormatMac(std::string_view bytes) {
  constexpr char kDigits[] = "0123456789abcdef";
  std::string text;
  text.reserve(3 * bytes.size());
  for (const unsigned char c : bytes) {
    if (!text.empty()) text += ':';
    text += kDigits[c >> 4];
    text += kDigits[c & 0xf];
  }
  return text;
}

std::string RandomMac() {
  std::string bytes(6, '\0');
  while (getrandom(bytes.data(), bytes.size(), 0) != 6) {
  }
  bytes[0] = static_cast<char>((bytes[0] & 0xfe) | 0x02);
  return bytes;
}

std::optional<Ip> LinkLocalOf(std::string_view mac) {
  if (mac.size() != 6) return std::nullopt;
  Ip ip{AF_INET6, std::string("\xfe\x80", 2) + std::string(6, '\0')};
  ip.bytes += static_cast<char>(mac[0] ^ 0x02);
  ip.bytes.append(mac.substr(1, 2));
  ip.bytes.append("\xff\xfe");
  ip.bytes.append(mac.substr(3));
  return ip;
}

}  // namespace warren::kernel
