#include "agent/inventory/peers.h"

#include "agent/kernel/nsid.h"
#include "proto/common/names.h"

namespace warren::inventory {

bool Peers::Knows(uint64_t cookie, const kernel::Link& link) const {
  const auto ids = ids_.find(cookie);
  if (ids == ids_.end()) return false;
  const auto known = ids->second.find(link.peer_nsid);
  return known != ids->second.end() && topology_.Find(known->second, link.peer) != nullptr;
}

Peers::Found Peers::Find(kernel::Netlink& netlink, const kernel::Link& link, std::optional<kernel::Link> far) {
  Found found{FindNetns(netlink, link, &far), ""};
  if (const End* end = topology_.Find(found.cookie, link.peer)) {
    found.name = end->name;
    return found;
  }
  if (!far) {
    if (auto looked = kernel::GetLinkIn(netlink, link.peer_nsid, link.peer); looked.ok()) far = *std::move(looked);
  }
  if (far) found.name = EscapeLinkName(far->name);
  return found;
}

uint64_t Peers::FindNetns(kernel::Netlink& netlink, const kernel::Link& link, std::optional<kernel::Link>* far) {
  auto& ids = ids_[netlink.cookie()];
  if (const auto known = ids.find(link.peer_nsid); known != ids.end()) {
    // One that has died may have left its id to another.
    if (!topology_.NameOf(known->second).empty()) return known->second;
    ids.erase(known);
  }
  if (netlink.cookie() != host_cookie_ && host_ != nullptr) {
    if (const auto nsid = kernel::GetNsid(netlink, *host_); nsid.ok() && *nsid == link.peer_nsid) {
      return ids[link.peer_nsid] = host_cookie_;
    }
  }
  if (!*far) {
    auto looked = kernel::GetLinkIn(netlink, link.peer_nsid, link.peer);
    if (!looked.ok()) return 0;
    *far = *std::move(looked);
  }
  for (const uint64_t cookie : topology_.Having((*far)->ifindex, (*far)->peer, (*far)->mac)) {
    const auto netns = open_(topology_.NameOf(cookie));
    if (!netns.ok()) continue;
    if (const auto nsid = kernel::GetNsid(netlink, *netns); nsid.ok() && *nsid == link.peer_nsid) {
      return ids[link.peer_nsid] = cookie;
    }
  }
  return 0;
}

}  // namespace warren::inventory
