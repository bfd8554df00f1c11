#ifndef WARREN_AGENT_INVENTORY_TOLD_PARTS_H_
#define WARREN_AGENT_INVENTORY_TOLD_PARTS_H_

// What was told of a namespace with many links or routes, part by part, so that what is looked at again is told only
// where it differs. Knows no kernel. One thread. Cost: some 60 bytes a link, 400 a route; a part some µs.

#include <cstddef>
#include <cstdint>
#include <deque>
#include <map>
#include <string>
#include <utility>
#include <vector>

#include "absl/time/time.h"
#include "agent/kernel/address.h"
#include "agent/kernel/ip.h"
#include "agent/kernel/link.h"
#include "agent/kernel/route.h"
#include "warren/v1/agents.pb.h"

namespace warren::inventory {

class ToldParts {
 public:
  // A route as the kernel has it and as it is shown.
  using ShownRoute = std::pair<kernel::Route, v1::Route>;

  // Each adds to the change what differs from what was told before.
  void SetHead(v1::Namespace head, v1::NamespaceChange* change);
  void PutLink(v1::Link link, const std::vector<kernel::Address>& addresses, v1::NamespaceChange* change);
  void RemoveLink(int ifindex, v1::NamespaceChange* change);
  void PutRoute(ShownRoute route, v1::NamespaceChange* change);
  // False: no such route was told.
  bool RemoveRoute(const kernel::Route& route, v1::NamespaceChange* change);
  // These are all the routes there are; or all by this one link alone.
  void SetRoutes(std::vector<ShownRoute> routes, v1::NamespaceChange* change);
  void SetRoutesBy(int ifindex, std::vector<ShownRoute> routes, v1::NamespaceChange* change);
  // Something was added to the change, or the head differs.
  bool Differs(const v1::NamespaceChange& change) const;

  // How many differences were added since this was last asked, but for when routes expire.
  size_t TakeNews() { return std::exchange(news_, 0); }

  bool HasLink(int ifindex) const { return links_.contains(ifindex); }
  bool HasRoutesBy(int ifindex) const;
  // By several links.
  bool HasMultipath() const { return HasRoutesBy(0); }
  // Other than by this link.
  bool HasSource(const kernel::Ip& source, int but) const;
  // A route by the link alone that is shown as if the link were, or were not, without a carrier.
  bool DisagreesAbout(const kernel::Link& link) const;

  std::vector<int> LinkIndexes() const;
  size_t links() const { return links_.size(); }
  size_t routes() const { return routes_.size(); }

  // Links as they were when they were last looked at, of the first so many. An address that comes or goes changes
  // nothing of its link, which need not be asked for then.
  void Keep(const kernel::Link& link);
  const kernel::Link* Kept(int ifindex) const;

  // Links that were last shown as foreign: the newest, since whoever makes one may say only later that it is his.
  std::deque<int>& foreign() { return foreign_; }
  const std::deque<int>& foreign() const { return foreign_; }

 private:
  using Key = std::pair<int, std::string>;  // the link (0: several, or none) and the route's body
  struct Told {
    v1::Route shown;
    kernel::Ip source;
    uint32_t flags = 0;  // RTNH_F_*
    absl::Time expires = absl::InfiniteFuture();
  };
  // Takes one that is shown away.
  static void Take(v1::Route shown, v1::NamespaceChange* change);
  static Key KeyOf(const kernel::Route& route) { return {route.ifindex, route.body}; }
  void Set(std::map<Key, Told>::iterator from, std::map<Key, Told>::iterator to, std::vector<ShownRoute> routes,
           v1::NamespaceChange* change);

  uint64_t head_ = 0;
  bool head_differs_ = false;
  std::map<int, uint64_t> links_;  // fingerprints
  std::map<Key, Told> routes_;
  std::map<int, kernel::Link> kept_;
  std::deque<int> foreign_;
  size_t news_ = 0;
};

}  // namespace warren::inventory

#endif  // WARREN_AGENT_INVENTORY_TOLD_PARTS_H_
