#include "proto/common/names.h"

#include <sys/random.h>

#include <array>
#include <cctype>
#include <cstdint>

#include "absl/status/status.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/str_format.h"
#include "proto/common/link_reference.h"
#include "proto/common/string_view.h"
#include "proto/common/utf8.h"

namespace warren {
namespace {

constexpr size_t kMaxFileName = 255;       // NAME_MAX
constexpr size_t kMaxLinkName = 15;        // IFNAMSIZ with its end
constexpr size_t kMaxLinkReference = 127;  // ALTIFNAMSIZ with its end
// An escaped byte is as long as so many.
constexpr size_t kEscaped = 3;
constexpr char kEscapes[] = "has a \"=\", which stands for an escaped byte in names that others made";

bool IsControlOrSpace(unsigned char c) { return c <= 0x20 || c == 0x7f; }

// Well-formed UTF-8 without the control characters of U+0080-U+009F or the white space beyond ASCII.
bool IsCleanUtf8(std::string_view s) {
  for (size_t i = 0; i < s.size();) {
    char32_t point = 0;
    const size_t length = Utf8Length(s, i, &point);
    if (length == 0 || (point >= 0x80 && point <= 0xa0)) return false;
    if (point == 0x1680 || (point >= 0x2000 && point <= 0x200a) || point == 0x2028 || point == 0x2029 ||
        point == 0x202f || point == 0x205f || point == 0x3000 || point == 0xfeff) {
      return false;
    }
    i += length;
  }
  return true;
}

std::optional<std::string> WhyBadCharacters(std::string_view name, std::string_view banned) {
  for (const unsigned char c : name) {
    if (IsControlOrSpace(c)) return "has white space or a control character";
    if (banned.find(static_cast<char>(c)) != std::string_view::npos) {
      return absl::StrFormat("has a \"%c\"", c);
    }
  }
  return std::nullopt;
}

// Why a name with a "=" does not stand for anything: `escape` writes it, and writes one name in one way only.
std::optional<std::string> WhyBadEscape(std::string_view shown, size_t longest,
                                        std::string (*escape)(std::string_view)) {
  if (shown.size() > longest * kEscaped) return absl::StrCat("is longer than ", longest * kEscaped, " bytes");
  const auto raw = UnescapeName(shown);
  if (!raw.ok()) return "has a \"=\" that is not followed by two upper-case hex digits";
  if (raw->size() > longest) return absl::StrCat("stands for a name longer than ", longest, " bytes");
  if (*raw == "." || *raw == ".." || raw->find('/') != std::string::npos || raw->find('\0') != std::string::npos) {
    return "stands for what nothing can be called";
  }
  const std::string canonical = escape(*raw);
  if (canonical != shown) return absl::StrCat("is not how that name is escaped, which is \"", canonical, "\"");
  return std::nullopt;
}

bool HasEscape(std::string_view name) { return name.find('=') != std::string_view::npos; }

// "collection/" + non-empty rest without "/".
std::optional<std::string_view> Segment(std::string_view& rest, std::string_view collection) {
  if (rest.substr(0, collection.size()) != collection) return std::nullopt;
  rest.remove_prefix(collection.size());
  const size_t slash = rest.find('/');
  const std::string_view segment = rest.substr(0, slash);
  rest = slash == std::string_view::npos ? std::string_view() : rest.substr(slash);
  if (segment.empty()) return std::nullopt;
  return segment;
}

absl::StatusOr<ChildName> ParseChild(std::string_view name, std::string_view collection) {
  std::string_view rest = name;
  const auto host = Segment(rest, "hosts/");
  const auto id = Segment(rest, collection);
  if (!host || !id || !rest.empty() || WhyBadHost(*host)) {
    return absl::InvalidArgumentError(
        absl::StrCat("\"", AbslView(name), "\" is not of the form hosts/HOST", AbslView(collection), "NAME"));
  }
  return ChildName{std::string(*host), std::string(*id)};
}

}  // namespace

std::optional<std::string> WhyBadHost(std::string_view name) {
  if (name.empty()) return "is empty";
  if (name.size() > 253) return "is longer than 253 bytes";
  size_t label = 0;
  for (size_t i = 0; i <= name.size(); ++i) {
    if (i == name.size() || name[i] == '.') {
      if (label == 0) return "has an empty label";
      if (label > 63) return "has a label longer than 63 bytes";
      if (name[i - 1] == '-' || name[i - label] == '-') return "has a label that begins or ends with \"-\"";
      label = 0;
    } else if (std::isalnum(static_cast<unsigned char>(name[i])) || name[i] == '-') {
      ++label;
    } else {
      return "is not a DNS name: only letters, digits, \"-\" and \".\"";
    }
  }
  return std::nullopt;
}

std::optional<std::string> WhyBadNamespace(std::string_view name) {
  if (name.empty()) return "is empty";
  if (name.size() > kMaxFileName) return absl::StrCat("is longer than ", kMaxFileName, " bytes");
  if (name == "." || name == "..") return "is a directory's name";
  if (name[0] == '@' || name[0] == '-') return absl::StrFormat("begins with \"%c\"", name[0]);
  if (auto why = WhyBadCharacters(name, "/:%*")) return why;
  if (HasEscape(name)) return kEscapes;
  if (!IsCleanUtf8(name)) return "is not clean UTF-8";
  if (name.find_first_not_of("0123456789") == std::string_view::npos) return "is all digits";
  return std::nullopt;
}

std::optional<std::string> WhyBadLabelKey(std::string_view key) {
  if (key.empty()) return "is empty";
  if (key.size() > 63) return "is longer than 63 bytes";
  for (const unsigned char c : key) {
    if (!std::isalnum(c) && std::string_view("._/-").find(static_cast<char>(c)) == std::string_view::npos) {
      return "may only have letters, digits, \".\", \"_\", \"/\" and \"-\"";
    }
  }
  return std::nullopt;
}

std::optional<std::string> WhyBadLabelValue(std::string_view value) {
  if (value.size() > 255) return "is longer than 255 bytes";
  for (const unsigned char c : value) {
    if (c < 0x20 || c == 0x7f) return "has a control character";
  }
  if (!IsCleanUtf8(value)) return "is not clean UTF-8";
  return std::nullopt;
}

std::optional<std::string> WhyBadNamespaceReference(std::string_view name) {
  if (name == kHostNamespace) return std::nullopt;
  return HasEscape(name) ? WhyBadEscape(name, kMaxFileName, EscapeName) : WhyBadNamespace(name);
}

std::optional<std::string> WhyBadInterface(std::string_view name) {
  if (name.size() > kMaxLinkName) return absl::StrCat("is longer than ", kMaxLinkName, " bytes");
  if (HasEscape(name)) return kEscapes;
  return WhyBadLinkReference(name);
}

std::optional<std::string> WhyBadLinkReference(std::string_view name) {
  if (HasEscape(name)) return WhyBadEscape(name, kMaxLinkReference, EscapeLinkName);
  if (name.empty()) return "is empty";
  if (name.size() > kMaxLinkReference) return absl::StrCat("is longer than ", kMaxLinkReference, " bytes");
  if (name == "." || name == ".." || name == "all" || name == "default") return "is reserved";
  return WhyBadCharacters(name, "/:%");
}

std::optional<std::string> WhyBadUuid(std::string_view id) {
  if (id.size() != 36) return "is not a UUID";
  for (size_t i = 0; i < id.size(); ++i) {
    const bool dash = i == 8 || i == 13 || i == 18 || i == 23;
    if (dash ? id[i] != '-' : !std::isxdigit(static_cast<unsigned char>(id[i]))) return "is not a UUID";
  }
  return std::nullopt;
}

std::string HostName(std::string_view host) { return absl::StrCat("hosts/", AbslView(host)); }

std::string NamespaceName(std::string_view host, std::string_view netns) {
  return absl::StrCat("hosts/", AbslView(host), "/namespaces/", AbslView(netns));
}

std::string IntentName(std::string_view host, std::string_view id) {
  return absl::StrCat("hosts/", AbslView(host), "/intents/", AbslView(id));
}

absl::StatusOr<std::string> ParseHost(std::string_view name) {
  std::string_view rest = name;
  const auto host = Segment(rest, "hosts/");
  if (!host || !rest.empty() || (*host != "-" && WhyBadHost(*host))) {
    return absl::InvalidArgumentError(absl::StrCat("\"", AbslView(name), "\" is not of the form hosts/HOST"));
  }
  return std::string(*host);
}

absl::StatusOr<ChildName> ParseNamespace(std::string_view name) { return ParseChild(name, "/namespaces/"); }

absl::StatusOr<ChildName> ParseIntent(std::string_view name) { return ParseChild(name, "/intents/"); }

std::string EscapeName(std::string_view raw) {
  if (!WhyBadNamespace(raw)) return std::string(raw);
  std::string shown;
  const bool digits = raw.find_first_not_of("0123456789") == std::string_view::npos;
  const bool utf8 = IsCleanUtf8(raw);
  for (size_t i = 0; i < raw.size(); ++i) {
    const unsigned char c = raw[i];
    const bool first = i == 0 && (c == '@' || c == '-' || c == '.' || digits);
    const bool bad =
        IsControlOrSpace(c) || std::string_view("/:%*=").find(raw[i]) != std::string_view::npos || (c >= 0x80 && !utf8);
    if (first || bad) {
      absl::StrAppend(&shown, absl::StrFormat("=%02X", c));
    } else {
      shown += raw[i];
    }
  }
  return shown;
}

absl::StatusOr<std::string> UnescapeName(std::string_view shown) {
  std::string raw;
  for (size_t i = 0; i < shown.size(); ++i) {
    if (shown[i] != '=') {
      raw += shown[i];
      continue;
    }
    const auto hex = [](char c) -> int {
      return c >= '0' && c <= '9' ? c - '0' : c >= 'A' && c <= 'F' ? c - 'A' + 10 : -1;
    };
    if (i + 2 >= shown.size() || hex(shown[i + 1]) < 0 || hex(shown[i + 2]) < 0) {
      return absl::InvalidArgumentError(
          absl::StrCat("\"", AbslView(shown), "\" has a \"=\" that is not followed by two upper-case hex digits"));
    }
    raw += static_cast<char>(hex(shown[i + 1]) * 16 + hex(shown[i + 2]));
    i += 2;
  }
  return raw;
}

std::string EscapeLinkName(std::string_view raw) {
  return WhyBadCharacters(raw, "/:%=") || !IsUtf8(raw) ? EscapeName(raw) : std::string(raw);
}

std::string ShowNamespace(std::string_view raw) {
  return raw == kRawHost ? std::string(kHostNamespace) : EscapeName(raw);
}

absl::StatusOr<std::string> RawNamespace(std::string_view shown) {
  if (shown == kHostNamespace) return std::string(kRawHost);
  if (auto why = WhyBadNamespaceReference(shown)) {
    return absl::InvalidArgumentError(absl::StrCat("namespace \"", AbslView(shown), "\" ", *why));
  }
  return UnescapeName(shown);
}

absl::StatusOr<std::string> RawLinkName(std::string_view shown) {
  if (auto why = WhyBadLinkReference(shown)) {
    return absl::InvalidArgumentError(absl::StrCat("link \"", AbslView(shown), "\" ", *why));
  }
  return UnescapeName(shown);
}

absl::StatusOr<Place> ParsePlace(std::string_view text) {
  Place place;
  const auto bad = [&](std::string_view what, std::string_view part, const std::string& why) {
    return absl::InvalidArgumentError(
        absl::StrCat(AbslView(what), " \"", AbslView(part), "\" in \"", AbslView(text), "\" ", why));
  };
  const size_t slash = text.find('/');
  place.host = text.substr(0, slash);
  if (auto why = WhyBadHost(place.host)) return bad("host", place.host, *why);
  if (slash == std::string_view::npos) return place;
  std::string_view rest = text.substr(slash + 1);
  const size_t colon = rest.rfind(':');
  if (colon != std::string_view::npos) {
    place.interface = rest.substr(colon + 1);
    if (auto why = WhyBadLinkReference(place.interface)) return bad("interface", place.interface, *why);
    rest = rest.substr(0, colon);
  }
  place.netns = rest;
  if (auto why = WhyBadNamespaceReference(place.netns)) return bad("namespace", place.netns, *why);
  return place;
}

std::string NewUuid() {
  std::array<unsigned char, 16> b;
  size_t have = 0;
  while (have < b.size()) {
    const ssize_t got = getrandom(b.data() + have, b.size() - have, 0);
    if (got > 0) have += static_cast<size_t>(got);
  }
  b[6] = (b[6] & 0x0f) | 0x40;
  b[8] = (b[8] & 0x3f) | 0x80;
  std::string text;
  for (size_t i = 0; i < b.size(); ++i) {
    if (i == 4 || i == 6 || i == 8 || i == 10) text += '-';
    absl::StrAppend(&text, absl::StrFormat("%02x", b[i]));
  }
  return text;
}

}  // namespace warren
