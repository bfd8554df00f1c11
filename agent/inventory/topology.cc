#include "agent/inventory/topology.h"

#include <algorithm>
#include <utility>

#include "proto/common/names.h"

namespace warren::inventory {

Topology::Concerned Topology::Put(const std::string& name, uint64_t cookie, std::vector<End> ends) {
  Concerned concerned;
  if (const auto found = netns_.find(name); found != netns_.end() && found->second.cookie != cookie) {
    concerned = Remove(name);
  }
  const std::string shown_before = NameOf(cookie);
  names_[cookie].insert(name);
  const bool renamed = NameOf(cookie) != shown_before;

  Known now{cookie, {}};
  for (End& end : ends) now.ends.emplace(end.ifindex, std::move(end));
  Known& known = netns_[name];
  for (const auto& [ifindex, end] : known.ends) {
    const auto same = now.ends.find(ifindex);
    if (same == now.ends.end() || same->second.name != end.name) AddOtherEnd(end, name, &concerned);
  }
  for (const auto& [ifindex, end] : now.ends) {
    const auto same = known.ends.find(ifindex);
    if (renamed || same == known.ends.end() || same->second.name != end.name || !PointsBack(cookie, end)) {
      AddOtherEnd(end, name, &concerned);
    }
  }
  for (const auto& [ifindex, end] : known.ends) Unindex(known.cookie, end);
  known = std::move(now);
  for (const auto& [ifindex, end] : known.ends) Index(cookie, end);
  return concerned;
}

Topology::Concerned Topology::Update(const std::string& name, std::vector<End> ends, const std::vector<int>& gone) {
  Concerned concerned;
  const auto found = netns_.find(name);
  if (found == netns_.end()) return concerned;
  Known& known = found->second;
  for (const int ifindex : gone) {
    const auto end = known.ends.find(ifindex);
    if (end == known.ends.end()) continue;
    AddOtherEnd(end->second, name, &concerned);
    Unindex(known.cookie, end->second);
    known.ends.erase(end);
  }
  for (End& end : ends) {
    const auto [place, added] = known.ends.try_emplace(end.ifindex);
    if (added || place->second.name != end.name) {
      if (!added) AddOtherEnd(place->second, name, &concerned);
      AddOtherEnd(end, name, &concerned);
    } else if (!PointsBack(known.cookie, end)) {
      AddOtherEnd(end, name, &concerned);
    }
    if (!added) Unindex(known.cookie, place->second);
    place->second = std::move(end);
    Index(known.cookie, place->second);
  }
  return concerned;
}

Topology::Concerned Topology::Remove(const std::string& name) {
  Concerned concerned;
  const auto found = netns_.find(name);
  if (found == netns_.end()) return concerned;
  for (const auto& [ifindex, end] : found->second.ends) {
    AddOtherEnd(end, name, &concerned);
    Unindex(found->second.cookie, end);
  }
  auto& names = names_[found->second.cookie];
  names.erase(name);
  if (names.empty()) names_.erase(found->second.cookie);
  netns_.erase(found);
  return concerned;
}

std::string Topology::NameOf(uint64_t cookie) const {
  const auto found = names_.find(cookie);
  if (found == names_.end() || found->second.empty()) return "";
  const std::string host(kHostNamespace);
  return found->second.contains(host) ? host : *found->second.begin();
}

std::set<std::string> Topology::NamesOf(uint64_t cookie) const {
  const auto found = names_.find(cookie);
  return found == names_.end() ? std::set<std::string>() : found->second;
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

void Topology::Index(uint64_t cookie, const End& end) {
  // Only ends that have another one are ever looked for.
  if (end.peer != 0 && !end.mac.empty()) by_mac_[end.mac].push_back(cookie);
}

void Topology::Unindex(uint64_t cookie, const End& end) {
  const auto found = by_mac_.find(end.mac);
  if (end.peer == 0 || found == by_mac_.end()) return;
  auto& cookies = found->second;
  if (const auto one = std::find(cookies.begin(), cookies.end(), cookie); one != cookies.end()) cookies.erase(one);
  if (cookies.empty()) by_mac_.erase(found);
}

bool Topology::PointsBack(uint64_t cookie, const End& end) const {
  if (end.peer_netns == 0) return true;  // not known to be anywhere
  const End* other = Find(end.peer_netns, end.peer);
  return other != nullptr && other->peer == end.ifindex && other->peer_netns == cookie;
}

void Topology::AddOtherEnd(const End& end, const std::string& name, Concerned* out) const {
  const auto found = names_.find(end.peer_netns);
  if (end.peer_netns == 0 || found == names_.end()) return;
  for (const std::string& other : found->second) {
    if (other != name) (*out)[other].insert(end.peer);
  }
}

}  // namespace warren::inventory
