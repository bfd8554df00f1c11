#include "server/intents/ip_text.h"

#include <arpa/inet.h>

#include <array>

#include "absl/strings/ascii.h"
#include "absl/strings/str_cat.h"

namespace warren::intents {
namespace {

// Clears the bits beyond the length.
std::string Masked(const Prefix& prefix) {
  std::string bytes = prefix.bytes;
  for (size_t i = 0; i < bytes.size(); ++i) {
    const int left = prefix.length - static_cast<int>(i) * 8;
    if (left <= 0) {
      bytes[i] = 0;
    } else if (left < 8) {
      bytes[i] = static_cast<char>(bytes[i] & (0xff << (8 - left)));
    }
  }
  return bytes;
}

int FamilyNumber(Family family) { return family == Family::kIpv4 ? AF_INET : AF_INET6; }

}  // namespace

std::optional<Prefix> ParseIpAddress(std::string_view text) {
  const std::string terminated(text);
  if (terminated.find('\0') != std::string::npos) return std::nullopt;
  std::array<char, 16> bytes;
  for (const Family family : {Family::kIpv4, Family::kIpv6}) {
    const size_t size = family == Family::kIpv4 ? 4 : 16;
    if (inet_pton(FamilyNumber(family), terminated.c_str(), bytes.data()) == 1) {
      return Prefix{family, std::string(bytes.data(), size), static_cast<int>(size) * 8};
    }
  }
  return std::nullopt;
}

std::optional<Prefix> ParseIpPrefix(std::string_view text) {
  const size_t slash = text.find('/');
  auto prefix = ParseIpAddress(text.substr(0, slash));
  if (!prefix || slash == std::string_view::npos) return prefix;
  const std::string_view digits = text.substr(slash + 1);
  if (digits.empty() || digits.size() > 3 || (digits.size() > 1 && digits[0] == '0')) return std::nullopt;
  int length = 0;
  for (const char c : digits) {
    if (!absl::ascii_isdigit(c)) return std::nullopt;
    length = length * 10 + (c - '0');
  }
  if (length > prefix->length) return std::nullopt;
  prefix->length = length;
  return prefix;
}

bool HasHostBits(const Prefix& prefix) { return Masked(prefix) != prefix.bytes; }

std::string NetworkOf(const Prefix& prefix) {
  std::array<char, INET6_ADDRSTRLEN> text;
  inet_ntop(FamilyNumber(prefix.family), Masked(prefix).data(), text.data(), text.size());
  return absl::StrCat(text.data(), "/", prefix.length);
}

std::optional<std::string> WhyBadMac(std::string_view text) {
  constexpr char kForm[] = "is not a MAC address such as \"02:00:00:00:00:01\"";
  if (text.size() != 17) return kForm;
  std::array<int, 6> bytes{};
  for (size_t i = 0; i < text.size(); ++i) {
    if (i % 3 == 2) {
      if (text[i] != ':') return kForm;
      continue;
    }
    if (!absl::ascii_isxdigit(text[i])) return kForm;
    const int digit = absl::ascii_isdigit(text[i]) ? text[i] - '0' : absl::ascii_tolower(text[i]) - 'a' + 10;
    bytes[i / 3] = bytes[i / 3] * 16 + digit;
  }
  if ((bytes[0] & 1) != 0) return "is a multicast MAC address; the first byte of a link's must be even";
  if (bytes == std::array<int, 6>{}) return "is the zero MAC address, which no link can have";
  return std::nullopt;
}

}  // namespace warren::intents
