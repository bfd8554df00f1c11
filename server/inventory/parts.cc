#include "server/inventory/parts.h"

#include <utility>

#include "server/inventory/view.h"

namespace warren::inventory {
namespace {

// Namespace.links and Namespace.routes.
constexpr char kLinkTag = 0x32;
constexpr char kRouteTag = 0x3a;

PartsChange::Part PartOf(v1::Link& link) {
  const uint64_t fingerprint = Fingerprint(link);
  return {link.SerializeAsString(), fingerprint};
}

PartsChange::Part PartOf(v1::Route& route) {
  const uint64_t fingerprint = Fingerprint(route);
  return {route.SerializeAsString(), fingerprint};
}

}  // namespace

PartsChange::PartsChange(v1::NamespaceChange change) : head(std::move(*change.mutable_namespace_())) {
  links.reserve(change.links_size());
  for (v1::Link& link : *change.mutable_links()) links.emplace_back(link.ifindex(), PartOf(link));
  removed_links.assign(change.removed_links().begin(), change.removed_links().end());
  routes.reserve(change.routes_size());
  for (v1::Route& route : *change.mutable_routes()) routes.push_back(PartOf(route));
  removed_routes.reserve(change.removed_routes_size());
  for (v1::Route& route : *change.mutable_removed_routes()) removed_routes.push_back(PartOf(route));
}

Parts::Parts(const v1::Namespace& netns) {
  MutexLock lock(&mutex_);
  for (v1::Link link : netns.links()) PutLink(link.ifindex(), PartOf(link));
  for (v1::Route route : netns.routes()) PutRoute(PartOf(route));
  SetHead(BasicView(netns), netns.name());
}

void Parts::Apply(PartsChange change) {
  MutexLock lock(&mutex_);
  ++version_;
  for (const int32_t ifindex : change.removed_links) {
    const auto found = links_.find(ifindex);
    if (found == links_.end()) continue;
    parts_fingerprint_ -= found->second.fingerprint;
    links_.erase(found);
  }
  for (auto& [ifindex, part] : change.links) PutLink(ifindex, std::move(part));
  for (const Part& part : change.removed_routes) RemoveRoute(part);
  for (Part& part : change.routes) PutRoute(std::move(part));
  SetHead(std::move(change.head), head_->name());
}

void Parts::PutLink(int32_t ifindex, Part part) {
  Part& place = links_[ifindex];
  parts_fingerprint_ += part.fingerprint - place.fingerprint;
  place = std::move(part);
}

void Parts::PutRoute(Part part) {
  parts_fingerprint_ += part.fingerprint;
  route_places_.emplace(part.fingerprint, next_route_);
  routes_.emplace(next_route_++, std::move(part));
}

void Parts::RemoveRoute(const Part& part) {
  const auto [from, to] = route_places_.equal_range(part.fingerprint);
  for (auto place = from; place != to; ++place) {
    const auto route = routes_.find(place->second);
    if (route->second.bytes != part.bytes) continue;
    parts_fingerprint_ -= part.fingerprint;
    routes_.erase(route);
    route_places_.erase(place);
    return;
  }
}

void Parts::SetHead(v1::Namespace head, const std::string& name) {
  head.clear_links();
  head.clear_routes();
  head.set_name(name);
  head.set_link_count(static_cast<int32_t>(links_.size()));
  head.set_route_count(static_cast<int32_t>(routes_.size()));
  head_fingerprint_ = Fingerprint(head);
  head_ = std::make_shared<const v1::Namespace>(std::move(head));
}

uint64_t Parts::fingerprint() const {
  MutexLock lock(&mutex_);
  return head_fingerprint_ + parts_fingerprint_;
}

NamespacePtr Parts::head() const {
  MutexLock lock(&mutex_);
  return head_;
}

std::string Parts::Bytes() const {
  size_t size = 0;
  for (const auto& [ifindex, part] : links_) size += part.bytes.size() + 6;
  for (const auto& [place, part] : routes_) size += part.bytes.size() + 6;
  std::string bytes;
  bytes.reserve(size + head_->ByteSizeLong());
  head_->AppendToString(&bytes);
  for (const auto& [ifindex, part] : links_) AppendField(kLinkTag, part.bytes, bytes);
  for (const auto& [place, part] : routes_) AppendField(kRouteTag, part.bytes, bytes);
  return bytes;
}

NamespacePtr Parts::Whole() const {
  std::string bytes;
  uint64_t version;
  {
    MutexLock lock(&mutex_);
    if (whole_version_ == version_) {
      if (NamespacePtr whole = whole_.lock()) return whole;
    }
    version = version_;
    bytes = Bytes();
  }
  auto whole = std::make_shared<v1::Namespace>();
  whole->ParseFromString(bytes);
  MutexLock lock(&mutex_);
  whole_ = whole;
  whole_version_ = version;
  return whole;
}

std::string Parts::Encode(int64_t revision) const {
  std::string bytes;
  {
    MutexLock lock(&mutex_);
    bytes = Bytes();
  }
  return EncodeEvent(v1::NamespaceEvent::CHANGED, bytes, revision);
}

}  // namespace warren::inventory
