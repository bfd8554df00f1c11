#include "server/inventory/inventory.h"

#include <utility>

namespace warren::inventory {
namespace {

constexpr char kHostNamespace[] = "@host";

std::string LastSegment(const std::string& name) { return name.substr(name.rfind('/') + 1); }

}  // namespace

bool Inventory::Order::operator()(const std::string& a, const std::string& b) const {
  const bool a_rest = a != kHostNamespace;
  const bool b_rest = b != kHostNamespace;
  return a_rest != b_rest ? b_rest : a < b;
}

void Inventory::Apply(const std::string& host, uint64_t session, v1::InventoryUpdate update) {
  // Made ready before the lock is taken, and what is replaced is freed after it is given back.
  std::vector<std::pair<std::string, NamespacePtr>> changed;
  changed.reserve(update.namespaces_size());
  for (v1::Namespace& told : *update.mutable_namespaces()) {
    std::string name = LastSegment(told.name());
    told.set_name("hosts/" + host + "/namespaces/" + name);
    told.set_link_count(told.links_size());
    told.set_route_count(told.routes_size());
    changed.emplace_back(std::move(name), std::make_shared<const v1::Namespace>(std::move(told)));
  }
  Namespaces replaced;
  std::optional<Namespaces> abandoned;

  MutexLock lock(&mutex_);
  Host& entry = hosts_[host];
  if (session < entry.session) return;
  if (session > entry.session) {
    entry.session = session;
    entry.arriving.swap(abandoned);
  }
  if (update.full_begin()) {
    if (!abandoned) entry.arriving.swap(abandoned);
    entry.arriving.emplace();
  }
  Namespaces& target = entry.arriving ? *entry.arriving : entry.known;
  for (auto& [name, netns] : changed) target[name].swap(netns);
  for (const std::string& removed : update.removed()) target.erase(LastSegment(removed));
  if (update.full_end() && entry.arriving) {
    replaced.swap(entry.known);
    entry.known = std::move(*entry.arriving);
    entry.arriving.reset();
    entry.complete = true;
  }
}

void Inventory::Forget(const std::string& host) {
  MutexLock lock(&mutex_);
  hosts_.erase(host);
}

const Inventory::Host* Inventory::Find(const std::string& host) const {
  const auto found = hosts_.find(host);
  return found == hosts_.end() ? nullptr : &found->second;
}

bool Inventory::Complete(const std::string& host) const {
  MutexLock lock(&mutex_);
  const Host* entry = Find(host);
  return entry != nullptr && entry->complete;
}

NamespacePtr Inventory::Get(const std::string& host, const std::string& name) const {
  MutexLock lock(&mutex_);
  const Host* entry = Find(host);
  if (entry == nullptr) return nullptr;
  const auto found = entry->known.find(name);
  return found == entry->known.end() ? nullptr : found->second;
}

std::vector<NamespacePtr> Inventory::List(const std::string& host, const std::string& after, size_t limit) const {
  std::vector<NamespacePtr> listed;
  MutexLock lock(&mutex_);
  const Host* entry = Find(host);
  if (entry == nullptr) return listed;
  auto at = after.empty() ? entry->known.begin() : entry->known.upper_bound(after);
  for (; at != entry->known.end() && listed.size() < limit; ++at) listed.push_back(at->second);
  return listed;
}

size_t Inventory::Count(const std::string& host) const {
  MutexLock lock(&mutex_);
  const Host* entry = Find(host);
  return entry == nullptr ? 0 : entry->known.size() - entry->known.count(kHostNamespace);
}

}  // namespace warren::inventory
