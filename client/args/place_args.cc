#include "client/args/place_args.h"

#include "absl/status/status.h"
#include "absl/strings/str_cat.h"
#include "proto/common/string_view.h"

namespace warren::cli {
namespace {

absl::Status Expected(std::string_view text, std::string_view form, std::string_view why) {
  return absl::InvalidArgumentError(
      absl::StrCat("\"", AbslView(text), "\" ", AbslView(why), "; expected ", AbslView(form)));
}

absl::StatusOr<Place> Parse(std::string_view text, std::string_view form) {
  auto place = ParsePlace(ShortPlace(text));
  if (!place.ok()) {
    return absl::InvalidArgumentError(absl::StrCat(place.status().message(), "; expected ", AbslView(form)));
  }
  if (place->netns.empty()) return Expected(text, form, "names no namespace");
  return place;
}

absl::Status CheckNew(const Place& place, std::string_view text) {
  if (place.interface.empty()) return absl::OkStatus();
  const auto why = WhyBadInterface(place.interface);
  if (!why) return absl::OkStatus();
  return absl::InvalidArgumentError(
      absl::StrCat("interface \"", place.interface, "\" in \"", AbslView(text), "\" ", *why));
}

}  // namespace

std::string ShortPlace(std::string_view text) {
  constexpr std::string_view kHosts = "hosts/";
  constexpr std::string_view kNamespaces = "/namespaces/";
  const size_t middle = text.find(kNamespaces);
  if (text.substr(0, kHosts.size()) != kHosts || middle == std::string_view::npos) return std::string(text);
  return absl::StrCat(AbslView(text.substr(kHosts.size(), middle - kHosts.size())), "/",
                      AbslView(text.substr(middle + kNamespaces.size())));
}

absl::StatusOr<std::string> ParseHostArgument(std::string_view text) {
  std::string_view host = text;
  if (host.substr(0, 6) == "hosts/") host.remove_prefix(6);
  if (const auto why = WhyBadHost(host)) {
    return absl::InvalidArgumentError(absl::StrCat("host \"", AbslView(text), "\" ", *why));
  }
  return std::string(host);
}

absl::StatusOr<Place> ParseNetnsArgument(std::string_view text) {
  constexpr std::string_view kForm = "HOST/NS, as in h1/red or h1/@host";
  auto place = Parse(text, kForm);
  if (place.ok() && !place->interface.empty()) return Expected(text, kForm, "names an interface");
  return place;
}

absl::StatusOr<Place> ParseLinkArgument(std::string_view text) {
  constexpr std::string_view kForm = "HOST/NS:IF, as in h1/red:eth0 or h1/@host:br0";
  auto place = Parse(text, kForm);
  if (place.ok() && place->interface.empty()) return Expected(text, kForm, "names no interface");
  return place;
}

absl::StatusOr<Place> ParseNewLinkArgument(std::string_view text) {
  auto place = ParseLinkArgument(text);
  if (place.ok()) {
    if (auto status = CheckNew(*place, text); !status.ok()) return status;
  }
  return place;
}

absl::StatusOr<Place> ParseNetnsOrLinkArgument(std::string_view text) {
  return Parse(text, "HOST/NS or HOST/NS:IF, as in h1/red or h1/red:eth0");
}

absl::StatusOr<Place> ParsePlaceOn(std::string_view host, std::string_view text) {
  constexpr std::string_view kForm = "NS or NS:IF, as in blue or blue:eth0";
  if (text.find('/') == std::string_view::npos) {
    auto place = ParsePlace(absl::StrCat(AbslView(host), "/", AbslView(text)));
    if (!place.ok())
      return absl::InvalidArgumentError(absl::StrCat(place.status().message(), "; expected ", AbslView(kForm)));
    if (auto status = CheckNew(*place, text); !status.ok()) return status;
    return place;
  }
  auto place = Parse(text, kForm);
  if (place.ok() && place->host != host) {
    return absl::InvalidArgumentError(absl::StrCat("\"", AbslView(text), "\" is on another host than \"",
                                                   AbslView(host), "\"; one command changes one host"));
  }
  if (place.ok()) {
    if (auto status = CheckNew(*place, text); !status.ok()) return status;
  }
  return place;
}

absl::StatusOr<std::string> ParseIntentArgument(std::string_view text) {
  if (text.substr(0, 6) == "hosts/") {
    const auto name = ParseIntent(text);
    if (name.ok() && !WhyBadUuid(name->id)) return std::string(text);
  } else if (const size_t slash = text.find('/'); slash != std::string_view::npos) {
    const std::string_view host = text.substr(0, slash);
    const std::string_view id = text.substr(slash + 1);
    if (!WhyBadHost(host) && !WhyBadUuid(id)) return IntentName(host, id);
  }
  return Expected(text, "HOST/ID or hosts/HOST/intents/ID, where ID is a UUID", "is not the name of an intent");
}

std::string PlaceText(const Place& place) {
  return absl::StrCat(place.host, place.netns.empty() ? "" : "/", place.netns, place.interface.empty() ? "" : ":",
                      place.interface);
}

}  // namespace warren::cli
