#ifndef WARREN_PROTO_COMMON_NAMES_H_
#define WARREN_PROTO_COMMON_NAMES_H_

// The names of things: what is valid, how resource names are put together and taken apart, how foreign names are shown,
// and how the command line spells a place. Pure functions; thread-safe.

#include <cstddef>
#include <optional>
#include <string>
#include <string_view>

#include "absl/status/statusor.h"

namespace warren {

// The host's own namespace.
inline constexpr std::string_view kHostNamespace = "@host";
// The same among raw names, where "@host" is a file of that name: none can have this one.
inline constexpr std::string_view kRawHost = "@host/";

// Each returns why a name is not valid, as a predicate ("is longer than 15 bytes"), or nothing when it is.
std::optional<std::string> WhyBadHost(std::string_view name);       // DNS labels, 1-253 bytes
std::optional<std::string> WhyBadNamespace(std::string_view name);  // one Warren may create; not "@host"
std::optional<std::string> WhyBadInterface(std::string_view name);  // one Warren may create, too
std::optional<std::string> WhyBadUuid(std::string_view id);
std::optional<std::string> WhyBadLabelKey(std::string_view key);      // 1-63 letters, digits, '.', '_', '/', '-'
std::optional<std::string> WhyBadLabelValue(std::string_view value);  // UTF-8, up to 255 bytes
// Labels of one host.
inline constexpr size_t kMaxLabels = 64;

// As WhyBadNamespace, but for referring to one: "@host" is a place, and so is any foreign name as EscapeName writes it.
std::optional<std::string> WhyBadNamespaceReference(std::string_view name);

// "hosts/h1/namespaces/red" and the like.
std::string HostName(std::string_view host);
std::string NamespaceName(std::string_view host, std::string_view netns);
std::string IntentName(std::string_view host, std::string_view id);

// Parts of a resource name; INVALID_ARGUMENT with the expected form otherwise. ParseHost takes "hosts/-" too.
absl::StatusOr<std::string> ParseHost(std::string_view name);
struct ChildName {
  std::string host;
  std::string id;
};
absl::StatusOr<ChildName> ParseNamespace(std::string_view name);
absl::StatusOr<ChildName> ParseIntent(std::string_view name);

// The API knows a namespace or a link by its shown name everywhere, in what is asked as in what is answered: bytes
// Warren would not accept become "=XX" (upper-case hex), and so does "=". Every raw name is shown in exactly one way,
// and no two alike: a shown name is one that Warren may create, or has a "=", which those do not have.
// Unescape(Escape(x)) == x for every x.
std::string EscapeName(std::string_view raw);
// The same for a link's name or alternative name, which may be like "all digits" or "-x".
std::string EscapeLinkName(std::string_view raw);
// INVALID_ARGUMENT for a malformed escape. Takes what Escape would have written otherwise; those below do not.
absl::StatusOr<std::string> UnescapeName(std::string_view shown);

// Namespaces, the host's own among them: shown as kHostNamespace, raw kRawHost.
std::string ShowNamespace(std::string_view raw);
// INVALID_ARGUMENT for what WhyBadNamespaceReference and WhyBadLinkReference refuse.
absl::StatusOr<std::string> RawNamespace(std::string_view shown);
absl::StatusOr<std::string> RawLinkName(std::string_view shown);

// "HOST/NS:IF" as the command line has it, split at the first "/" and the last ":". Parts that are absent are empty.
struct Place {
  std::string host;
  std::string netns;
  std::string interface;
};
// INVALID_ARGUMENT when a part that is there is empty or not valid.
absl::StatusOr<Place> ParsePlace(std::string_view text);

// A random (version 4) UUID from getrandom(2).
std::string NewUuid();

}  // namespace warren

#endif  // WARREN_PROTO_COMMON_NAMES_H_
