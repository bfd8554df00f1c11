#include "agent/inventory/told_parts.h"

#include <linux/if.h>
#include <linux/rtnetlink.h>

#include <algorithm>
#include <set>
#include <tuple>

#include "absl/time/clock.h"
#include "agent/inventory/expiry.h"
#include "agent/inventory/fingerprint.h"

namespace warren::inventory {
namespace {

constexpr size_t kMaxForeign = 1024;
constexpr size_t kMaxKept = 1024;

bool SameButExpiry(v1::Route a, v1::Route b) {
  a.clear_expires();
  b.clear_expires();
  return a.SerializeAsString() == b.SerializeAsString();
}

}  // namespace

void ToldParts::SetHead(v1::Namespace head, v1::NamespaceChange* change) {
  const uint64_t fingerprint = Fingerprint(&head, {});
  head_differs_ = head_ != fingerprint;
  if (head_differs_) ++news_;
  head_ = fingerprint;
  *change->mutable_namespace_() = std::move(head);
}

bool ToldParts::Differs(const v1::NamespaceChange& change) const {
  return head_differs_ || change.links_size() > 0 || change.removed_links_size() > 0 || change.routes_size() > 0 ||
         change.removed_routes_size() > 0;
}

void ToldParts::PutLink(v1::Link link, const std::vector<kernel::Address>& addresses, v1::NamespaceChange* change) {
  const uint64_t fingerprint = Fingerprint(&link, addresses);
  const auto [place, added] = links_.try_emplace(link.ifindex(), fingerprint);
  if (!added && place->second == fingerprint) return;
  place->second = fingerprint;
  ++news_;
  if (link.foreign()) {
    foreign_.push_back(link.ifindex());
    if (foreign_.size() > kMaxForeign) foreign_.pop_front();
  }
  *change->add_links() = std::move(link);
}

void ToldParts::RemoveLink(int ifindex, v1::NamespaceChange* change) {
  kept_.erase(ifindex);
  if (links_.erase(ifindex) == 0) return;
  change->add_removed_links(ifindex);
  ++news_;
}

void ToldParts::Keep(const kernel::Link& link) {
  if (kept_.size() < kMaxKept || kept_.contains(link.ifindex)) kept_.insert_or_assign(link.ifindex, link);
}

const kernel::Link* ToldParts::Kept(int ifindex) const {
  const auto kept = kept_.find(ifindex);
  return kept == kept_.end() ? nullptr : &kept->second;
}

void ToldParts::Take(v1::Route shown, v1::NamespaceChange* change) {
  // Removals are applied first: one that this change adds is just not added.
  const std::string bytes = shown.SerializeAsString();
  auto& added = *change->mutable_routes();
  const auto just =
      std::find_if(added.begin(), added.end(), [&](const v1::Route& one) { return one.SerializeAsString() == bytes; });
  if (just != added.end()) {
    added.erase(just);
  } else {
    *change->add_removed_routes() = std::move(shown);
  }
}

void ToldParts::PutRoute(ShownRoute route, v1::NamespaceChange* change) {
  auto& [kernels, shown] = route;
  const auto [place, added] = routes_.try_emplace(KeyOf(kernels));
  Told& told = place->second;
  const absl::Time expires = ExpiryOf(kernels, absl::Now());
  if (!added) {
    const bool same = SameButExpiry(told.shown, shown);
    if (same && SameExpiry(told.expires, expires)) return;
    if (!same) ++news_;
    Take(std::move(told.shown), change);
  } else {
    ++news_;
  }
  *change->add_routes() = shown;
  told = {std::move(shown), kernels.source, kernels.flags, expires};
}

bool ToldParts::RemoveRoute(const kernel::Route& route, v1::NamespaceChange* change) {
  const auto found = routes_.find(KeyOf(route));
  if (found == routes_.end()) return false;
  Take(std::move(found->second.shown), change);
  routes_.erase(found);
  ++news_;
  return true;
}

void ToldParts::Set(std::map<Key, Told>::iterator from, std::map<Key, Told>::iterator to,
                    std::vector<ShownRoute> routes, v1::NamespaceChange* change) {
  std::set<Key> now;
  for (const ShownRoute& route : routes) now.insert(KeyOf(route.first));
  std::vector<kernel::Route> gone;
  for (; from != to; ++from) {
    if (now.contains(from->first)) continue;
    kernel::Route& route = gone.emplace_back();
    std::tie(route.ifindex, route.body) = from->first;
  }
  for (const kernel::Route& route : gone) RemoveRoute(route, change);
  for (ShownRoute& route : routes) PutRoute(std::move(route), change);
}

void ToldParts::SetRoutes(std::vector<ShownRoute> routes, v1::NamespaceChange* change) {
  Set(routes_.begin(), routes_.end(), std::move(routes), change);
}

void ToldParts::SetRoutesBy(int ifindex, std::vector<ShownRoute> routes, v1::NamespaceChange* change) {
  std::erase_if(routes, [&](const ShownRoute& route) { return route.first.ifindex != ifindex; });
  Set(routes_.lower_bound({ifindex, ""}), routes_.lower_bound({ifindex + 1, ""}), std::move(routes), change);
}

bool ToldParts::HasRoutesBy(int ifindex) const {
  const auto found = routes_.lower_bound({ifindex, ""});
  return found != routes_.end() && found->first.first == ifindex;
}

bool ToldParts::HasSource(const kernel::Ip& source, int but) const {
  return std::any_of(routes_.begin(), routes_.end(),
                     [&](const auto& route) { return route.first.first != but && route.second.source == source; });
}

bool ToldParts::DisagreesAbout(const kernel::Link& link) const {
  // fib_sync_down_dev, rt6_sync_down_dev: marked as the carrier goes, without an event.
  const bool no_carrier = (link.flags & IFF_UP) != 0 && (link.flags & IFF_LOWER_UP) == 0;
  for (auto route = routes_.lower_bound({link.ifindex, ""});
       route != routes_.end() && route->first.first == link.ifindex; ++route) {
    if (((route->second.flags & RTNH_F_LINKDOWN) != 0) != no_carrier) return true;
  }
  return false;
}

std::vector<int> ToldParts::LinkIndexes() const {
  std::vector<int> indexes;
  indexes.reserve(links_.size());
  for (const auto& [ifindex, fingerprint] : links_) indexes.push_back(ifindex);
  return indexes;
}

}  // namespace warren::inventory
