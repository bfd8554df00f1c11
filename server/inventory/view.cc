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

}  // namespace

std::string LastSegment(const std::string& name) { return name.substr(name.rfind('/') + 1); }

v1::Namespace BasicView(const v1::Namespace& netns) {
  v1::Namespace basic;
  basic.set_name(netns.name());
  basic.set_raw_name(netns.raw_name());
  if (netns.has_identity()) *basic.mutable_identity() = netns.identity();
  basic.set_foreign(netns.foreign());
  basic.set_nsid(netns.nsid());
  basic.set_link_count(netns.link_count());
  basic.set_route_count(netns.route_count());
  if (netns.has_observe_time()) *basic.mutable_observe_time() = netns.observe_time();
  return basic;
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

uint64_t Fingerprint(v1::Namespace& netns) {
  auto* observe_time = netns.release_observe_time();
  std::vector<v1::LinkStatistics*> statistics;
  std::vector<Lifetimes> lifetimes;
  statistics.reserve(netns.links_size());
  for (v1::Link& link : *netns.mutable_links()) {
    statistics.push_back(link.release_statistics());
    for (v1::Address& address : *link.mutable_addresses()) {
      lifetimes.push_back({address.release_valid_lifetime(), address.release_preferred_lifetime()});
    }
  }
  const uint64_t fingerprint = std::hash<std::string>()(netns.SerializeAsString());
  netns.set_allocated_observe_time(observe_time);
  size_t next_link = 0, next_address = 0;
  for (v1::Link& link : *netns.mutable_links()) {
    link.set_allocated_statistics(statistics[next_link++]);
    for (v1::Address& address : *link.mutable_addresses()) {
      const Lifetimes& own = lifetimes[next_address++];
      address.set_allocated_valid_lifetime(own.valid);
      address.set_allocated_preferred_lifetime(own.preferred);
    }
  }
  return fingerprint;
}

}  // namespace warren::inventory
