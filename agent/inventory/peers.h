#ifndef WARREN_AGENT_INVENTORY_PEERS_H_
#define WARREN_AGENT_INVENTORY_PEERS_H_

// Finds the namespace behind an nsid. An nsid means something only to the namespace whose link shows it, and the kernel
// offers no way from it to a name, so the question is turned round: does this namespace's id for that one match? For
// most the one to ask about is the host's; for a veth between two others it is the one that has an end with that index,
// peer and MAC, which the kernel shows through the nsid (IFLA_TARGET_NETNSID). An id never changes while both live, so
// each is asked about once.
//
// One thread. Cost: 3 µs a namespace with veths to the host, 20 µs for each other pair, nothing the second time.

#include <cstdint>
#include <functional>
#include <optional>
#include <string>

#include "absl/container/flat_hash_map.h"
#include "agent/inventory/topology.h"
#include "agent/kernel/link.h"
#include "agent/kernel/netlink.h"
#include "agent/kernel/netns.h"

namespace warren::inventory {

class Peers {
 public:
  struct Found {
    uint64_t cookie = 0;  // 0: a namespace without a name that Warren knows
    std::string name;     // the other end's, shown; "" when even that cannot be seen
  };
  // Opens a namespace by its shown name.
  using Open = std::function<absl::StatusOr<kernel::Netns>(const std::string& name)>;

  Peers(const Topology& topology, Open open) : topology_(topology), open_(std::move(open)) {}

  // The host's own namespace; before the first Find.
  void SetHost(const kernel::Netns* host, uint64_t cookie) { host_ = host, host_cookie_ = cookie; }

  // The other end of a link that is in another namespace (peer_nsid is not -1). `netlink` is of the link's namespace.
  // `far`: that end, where it has been asked for already.
  Found Find(kernel::Netlink& netlink, const kernel::Link& link, std::optional<kernel::Link> far = std::nullopt);
  // Find will not have to ask for the other end, which may wait for the kernel's lock of all links.
  bool Knows(uint64_t cookie, const kernel::Link& link) const;

  // Known anyway: the id that a namespace has for another.
  void Learn(uint64_t cookie, int nsid, uint64_t other) { ids_[cookie][nsid] = other; }
  // Nothing has this cookie any more.
  void Forget(uint64_t cookie) { ids_.erase(cookie); }

 private:
  uint64_t FindNetns(kernel::Netlink& netlink, const kernel::Link& link, std::optional<kernel::Link>* far);

  const Topology& topology_;
  const Open open_;
  const kernel::Netns* host_ = nullptr;
  uint64_t host_cookie_ = 0;
  absl::flat_hash_map<uint64_t, absl::flat_hash_map<int, uint64_t>> ids_;  // cookie and nsid to cookie
};

}  // namespace warren::inventory

#endif  // WARREN_AGENT_INVENTORY_PEERS_H_
