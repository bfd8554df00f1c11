#include "server/inventory/view.h"

#include <functional>
#include <memory>
#include <vector>

namespace warren::inventory {
namespace {

constexpr char kNamespaceTag = 0x12;  // NamespaceEvent.namespace

void AppendVarint(uint64_t value, std::string& out) {
  for (; value >= 0x80; value >>= 7) out += static_cast<char>((value & 0x7f) | 0x80);
  out += static_cast<char>(value);
}

// What is taken out of a message for a moment, and back.
struct Lifetimes {
  google::protobuf::Duration* valid;
  google::protobuf::Duration* preferred;
};

uint64_t FingerprintOf(const std::string& bytes) { return std::hash<std::string>()(bytes); }

}  // namespace

std::string LastSegment(const std::string& name) { return name.substr(name.rfind('/') + 1); }

v1::Namespace BasicView(const v1::Namespace& netns) {
  v1::Namespace basic;
  basic.set_name(netns.name());
  basic.set_raw_name(netns.raw_name());
  if (netns.has_identity()) *basic.mutable_identity() = netns.identity();
  basic.set_foreign(netns.foreign());
  basic.set_nsid(netns.nsid());
  basic.set_unusable_reason(netns.unusable_reason());
  basic.set_link_count(netns.link_count());
  basic.set_route_count(netns.route_count());
  if (netns.has_observe_time()) *basic.mutable_observe_time() = netns.observe_time();
  return basic;
}

void AppendField(char tag, const std::string& bytes, std::string& out) {
  out += tag;
  AppendVarint(bytes.size(), out);
  out += bytes;
}

std::string EncodeEvent(v1::NamespaceEvent::Type type, const v1::Namespace& netns, int64_t revision) {
  v1::NamespaceEvent event;
  event.set_type(type);
  event.set_revision(revision);
  // The namespace is appended as its own bytes, which saves a copy of it: fields may come in any order.
  std::string encoded = event.SerializeAsString();
  const size_t size = netns.ByteSizeLong();
  encoded.reserve(encoded.size() + size + 11);
  encoded += kNamespaceTag;
  AppendVarint(size, encoded);
  netns.AppendToString(&encoded);
  return encoded;
}

std::string EncodeEvent(v1::NamespaceEvent::Type type, const std::string& netns, int64_t revision) {
  v1::NamespaceEvent event;
  event.set_type(type);
  event.set_revision(revision);
  std::string encoded = event.SerializeAsString();
  encoded.reserve(encoded.size() + netns.size() + 11);
  AppendField(kNamespaceTag, netns, encoded);
  return encoded;
}

uint64_t Fingerprint(v1::Link& link) {
  auto* statistics = link.release_statistics();
  std::vector<Lifetimes> lifetimes;
  for (v1::Address& address : *link.mutable_addresses()) {
    lifetimes.push_back({address.release_valid_lifetime(), address.release_preferred_lifetime()});
  }
  const uint64_t fingerprint = FingerprintOf(link.SerializeAsString());
  link.set_allocated_statistics(statistics);
  size_t next = 0;
  for (v1::Address& address : *link.mutable_addresses()) {
    const Lifetimes& own = lifetimes[next++];
    address.set_allocated_valid_lifetime(own.valid);
    address.set_allocated_preferred_lifetime(own.preferred);
  }
  return fingerprint;
}

uint64_t Fingerprint(v1::Route& route) {
  if (!route.has_expires()) return FingerprintOf(route.SerializeAsString());
  auto* expires = route.release_expires();
  route.mutable_expires();  // that it does is no less a difference than anything else
  const uint64_t fingerprint = FingerprintOf(route.SerializeAsString());
  route.clear_expires();
  route.set_allocated_expires(expires);
  return fingerprint;
}

uint64_t Fingerprint(v1::Namespace& netns) {
  uint64_t fingerprint = 0;
  for (v1::Link& link : *netns.mutable_links()) fingerprint += Fingerprint(link);
  for (v1::Route& route : *netns.mutable_routes()) fingerprint += Fingerprint(route);
  auto* observe_time = netns.release_observe_time();
  google::protobuf::RepeatedPtrField<v1::Link> links;
  google::protobuf::RepeatedPtrField<v1::Route> routes;
  links.Swap(netns.mutable_links());
  routes.Swap(netns.mutable_routes());
  fingerprint += FingerprintOf(netns.SerializeAsString());
  netns.mutable_links()->Swap(&links);
  netns.mutable_routes()->Swap(&routes);
  netns.set_allocated_observe_time(observe_time);
  return fingerprint;
}

}  // namespace warren::inventory
