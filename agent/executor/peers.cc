#include "agent/executor/peers.h"

#include "agent/kernel/nsid.h"

namespace warren::executor {
namespace {

absl::StatusOr<std::optional<Peer>> In(Place* place, int ifindex) {
  auto link = kernel::GetLink(place->netlink, ifindex);
  if (!link.ok()) return link.status();
  return Peer{place, *std::move(link)};
}

}  // namespace

absl::StatusOr<std::optional<Peer>> FindPeer(Places& places, Place& place, const kernel::Link& link) {
  if (link.kind != "veth" || link.peer == 0) return std::optional<Peer>();
  if (link.peer_nsid == -1) return In(&place, link.peer);
  const auto is_there = [&](const kernel::Netns& netns) {
    const auto nsid = kernel::GetNsid(place.netlink, netns);
    return nsid.ok() && *nsid == link.peer_nsid;
  };
  auto host = places.Host();
  if (!host.ok()) return host.status();
  if (is_there((*host)->netns)) return In(*host, link.peer);
  for (Place* open : places.AllOpen()) {
    if (is_there(open->netns)) return In(open, link.peer);
  }
  auto names = places.dir().List();
  if (!names.ok()) return names.status();
  for (const std::string& name : *names) {
    auto netns = places.dir().Open(name);
    if (!netns.ok() || !is_there(*netns)) continue;
    auto found = places.OpenRaw(name);
    if (!found.ok()) return found.status();
    return In(*found, link.peer);
  }
  return std::optional<Peer>();
}

}  // namespace warren::executor
