#include "client/args/bridge_args.h"

#include "absl/status/status.h"
#include "absl/strings/str_cat.h"
#include "proto/common/link_reference.h"

namespace warren::cli {
namespace {

// The bridge's name, given alone or as a place that must be the link's.
absl::StatusOr<std::string> BridgeOf(const Place& link, const std::string& text) {
  std::string name = text;
  if (text.find('/') != std::string::npos) {
    const auto place = ParseLinkArgument(text);
    if (!place.ok()) return place.status();
    if (place->host != link.host || place->netns != link.netns) {
      return absl::InvalidArgumentError(absl::StrCat("bridge \"", text, "\" is not in the namespace of \"",
                                                     PlaceText(link), "\"; a bridge's ports are in its own namespace"));
    }
    name = place->interface;
  }
  if (const auto why = WhyBadLinkReference(name)) {
    return absl::InvalidArgumentError(absl::StrCat("bridge \"", text, "\" ", *why));
  }
  return name;
}

}  // namespace

absl::StatusOr<Change> ParseBridgeDelete(const std::string& bridge, const BridgeFlags& flags) {
  const auto place = ParseLinkArgument(bridge);
  if (!place.ok()) return place.status();
  Change change{place->host, {}};
  auto* remove = change.Add()->mutable_delete_bridge();
  remove->set_namespace_(place->netns);
  remove->set_name(place->interface);
  remove->set_allow_missing(flags.allow_missing);
  remove->set_force(flags.force);
  return change;
}

absl::StatusOr<Change> ParseBridgeAttach(const std::string& text, const std::string& bridge, const BridgeFlags& flags) {
  const auto link = ParseLinkArgument(text);
  if (!link.ok()) return link.status();
  const auto name = BridgeOf(*link, bridge);
  if (!name.ok()) return name.status();
  Change change{link->host, {}};
  auto* attach = change.Add()->mutable_attach_link();
  attach->set_namespace_(link->netns);
  attach->set_link(link->interface);
  attach->set_bridge(*name);
  attach->set_move_addresses(flags.move_addresses);
  attach->set_force(flags.force);
  attach->set_allow_existing(flags.allow_existing);
  return change;
}

absl::StatusOr<Change> ParseBridgeDetach(const std::string& text, const std::string& bridge, const BridgeFlags& flags) {
  const auto link = ParseLinkArgument(text);
  if (!link.ok()) return link.status();
  Change change{link->host, {}};
  auto* detach = change.Add()->mutable_detach_link();
  detach->set_namespace_(link->netns);
  detach->set_link(link->interface);
  if (!bridge.empty()) {
    const auto name = BridgeOf(*link, bridge);
    if (!name.ok()) return name.status();
    detach->set_bridge(*name);
  }
  detach->set_move_addresses(flags.move_addresses);
  detach->set_allow_missing(flags.allow_missing);
  detach->set_force(flags.force);
  return change;
}

}  // namespace warren::cli
