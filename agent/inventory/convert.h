#ifndef WARREN_AGENT_INVENTORY_CONVERT_H_
#define WARREN_AGENT_INVENTORY_CONVERT_H_

// What one namespace holds, from the kernel's structures to the API's messages. Pure; thread-safe.

#include <functional>
#include <string>
#include <vector>

#include "agent/kernel/address.h"
#include "agent/kernel/link.h"
#include "agent/kernel/route.h"
#include "warren/v1/inventory.pb.h"

namespace warren::inventory {

// The kernel makes these itself in every namespace: lo, and the fallback devices of its tunnel modules.
bool IsKernelsOwn(const kernel::Link& link);

// The name shown for a link of the same namespace; "" of 0.
using NameOf = std::function<std::string(int ifindex)>;

// All but the peer and whether it is foreign. `addresses` are those of the link.
void FillLink(const kernel::Link& link, const std::vector<kernel::Address>& addresses, const NameOf& name_of,
              v1::Link* out);
void FillRoute(const kernel::Route& route, const NameOf& name_of, v1::Route* out);

// Everything a namespace holds.
struct Contents {
  std::vector<kernel::Link> links;
  std::vector<kernel::Address> addresses;
  std::vector<kernel::Route> routes;
};

// Fills links, routes and their counts. Asked for what the namespace itself cannot tell: the other end of a link that
// has one, and whether a link is foreign.
void Fill(const Contents& contents, const std::function<v1::LinkPeer(const kernel::Link&)>& peer_of,
          const std::function<bool(const kernel::Link&)>& is_foreign, v1::Namespace* out);

}  // namespace warren::inventory

#endif  // WARREN_AGENT_INVENTORY_CONVERT_H_
