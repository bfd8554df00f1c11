#include "agent/inventory/topology.h"

#include <algorithm>
#include <utility>

#include "proto/common/names.h"

namespace warren::inventory {

std::set<std::string> Topology::Put(const std::string& name, uint64_t cookie, std::vector<End> ends) {
  std::set<std::string> neighbours;
  if (const auto found = netns_.find(name); found != netns_.end() && found->second.cookie != cookie) {
    neighbours = Remove(name);
  }
  const std::string shown_before = NameOf(cookie);
  names_[cookie].insert(name);
  const bool renamed = NameOf(cookie) != shown_before;

  Known now{cookie, {}};
  for (End& end : ends) now.ends.emplace(end.ifindex, std::move(end));
  Known& known = netns_[name];
  for (const auto& [ifindex, end] : known.ends) {
    const auto same = now.ends.find(ifindex);
    if (same == now.ends.end() || same->second.name != end.name) AddNames(end.peer_netns, name, &neighbours);
  }
  for (const auto& [ifindex, end] : now.ends) {
    const auto same = known.ends.find(ifindex);
    if (renamed || same == known.ends.end() || same->second.name != end.name) {
      AddNames(end.peer_netns, name, &neighbours);
    }
  }
  Unindex(known);
  known = std::move(now);
  Index(known);
  return neighbours;
}

std::set<std::string> Topology::Remove(const std::string& name) {
  std::set<std::string> neighbours;
  const auto found = netns_.find(name);
  if (found == netns_.end()) return neighbours;
  for (const auto& [ifindex, end] : found->second.ends) AddNames(end.peer_netns, name, &neighbours);
  Unindex(found->second);
  auto& names = names_[found->second.cookie];
  names.erase(name);
  if (names.empty()) names_.erase(found->second.cookie);
  netns_.erase(found);
  return neighbours;
}

std::string Topology::NameOf(uint64_t cookie) const {
  const auto found = names_.find(cookie);
  if (found == names_.end() || found->second.empty()) return "";
  const std::string host(kHostNamespace);
  return found->second.contains(host) ? host : *found->second.begin();
}

uint64_t Topology::CookieOf(const std::string& name) const {
  const auto found = netns_.find(name);
  return found == netns_.end() ? 0 : found->second.cookie;
}

const End* Topology::Find(uint64_t cookie, int ifindex) const {
  const auto known = netns_.find(NameOf(cookie));
  if (known == netns_.end()) return nullptr;
  const auto end = known->second.ends.find(ifindex);
  return end == known->second.ends.end() ? nullptr : &end->second;
}

std::set<uint64_t> Topology::Having(int ifindex, int peer, const std::string& mac) const {
  std::set<uint64_t> cookies;
  const auto found = by_mac_.find(mac);
  if (found == by_mac_.end()) return cookies;
  for (const uint64_t cookie : found->second) {
    const End* end = Find(cookie, ifindex);
    if (end != nullptr && end->peer == peer && end->mac == mac) cookies.insert(cookie);
  }
  return cookies;
}

std::vector<std::string> Topology::Names() const {
  std::vector<std::string> names;
  for (const auto& [name, known] : netns_) names.push_back(name);
  return names;
}

void Topology::Index(const Known& known) {
  for (const auto& [ifindex, end] : known.ends) {
    // Only ends that have another one are ever looked for.
    if (end.peer != 0 && !end.mac.empty()) by_mac_[end.mac].push_back(known.cookie);
  }
}

void Topology::Unindex(const Known& known) {
  for (const auto& [ifindex, end] : known.ends) {
    const auto found = by_mac_.find(end.mac);
    if (end.peer == 0 || found == by_mac_.end()) continue;
    auto& cookies = found->second;
    if (const auto one = std::find(cookies.begin(), cookies.end(), known.cookie); one != cookies.end())
      cookies.erase(one);
    if (cookies.empty()) by_mac_.erase(found);
  }
}

void Topology::AddNames(uint64_t cookie, const std::string& but, std::set<std::string>* out) const {
  const auto found = names_.find(cookie);
  if (cookie == 0 || found == names_.end()) return;
  for (const std::string& name : found->second) {
    if (name != but) out->insert(name);
  }
}

}  // namespace warren::inventory
