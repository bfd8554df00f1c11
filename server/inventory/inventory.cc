#include "server/inventory/inventory.h"

#include <unordered_map>
#include <utility>

#include "proto/common/refusals.h"
#include "proto/common/status_payload.h"
#include "server/inventory/view.h"

namespace warren::inventory {
namespace {

constexpr char kHostNamespace[] = "@host";

}  // namespace

bool Inventory::Order::operator()(const std::string& a, const std::string& b) const {
  const bool a_rest = a != kHostNamespace;
  const bool b_rest = b != kHostNamespace;
  return a_rest != b_rest ? b_rest : a < b;
}

Inventory::Inventory(feed::Options feed) : feed_(feed, absl::ToUnixMicros(feed.clock())) {}

void Inventory::Apply(const std::string& host, uint64_t session, v1::InventoryUpdate update) {
  // Made ready before a lock is taken, and what is replaced is freed after it is given back.
  std::vector<std::pair<std::string, Known>> told;
  told.reserve(update.namespaces_size());
  for (v1::Namespace& netns : *update.mutable_namespaces()) {
    std::string name = LastSegment(netns.name());
    netns.set_name("hosts/" + host + "/namespaces/" + name);
    netns.set_link_count(netns.links_size());
    netns.set_route_count(netns.routes_size());
    const uint64_t fingerprint = Fingerprint(netns);
    told.emplace_back(std::move(name), Known{std::make_shared<const v1::Namespace>(std::move(netns)), fingerprint, {}});
  }
  Prepared prepared;
  prepared.reserve(update.changes_size());
  for (v1::NamespaceChange& change : *update.mutable_changes()) {
    std::string name = LastSegment(change.namespace_().name());
    prepared.emplace_back(std::move(name), PartsChange(std::move(change)));
  }
  Namespaces replaced;
  std::optional<Namespaces> abandoned;
  Changes changes;
  LabelsPtr labels;

  MutexLock ordering(&order_);
  {
    MutexLock lock(&mutex_);
    Host& entry = hosts_[host];
    if (session < entry.session) return;
    if (session > entry.session) {
      entry.session = session;
      entry.arriving.swap(abandoned);
    }
    labels = entry.labels;
    if (update.full_begin()) {
      if (!abandoned) entry.arriving.swap(abandoned);
      entry.arriving.emplace();
    }
    Namespaces& target = entry.arriving ? *entry.arriving : entry.known;
    const bool seen = !entry.arriving;
    for (auto& [name, netns] : told) {
      Known& known = target[name];
      if (seen && (known.netns == nullptr || known.fingerprint != netns.fingerprint)) {
        changes.push_back({known.netns, netns.netns, nullptr});
      }
      std::swap(known, netns);
    }
    for (const std::string& removed : update.removed()) {
      const auto found = target.find(LastSegment(removed));
      if (found == target.end()) continue;
      if (seen) changes.push_back({found->second.netns, nullptr, nullptr});
      target.erase(found);
    }
    ApplyChanges(std::move(prepared), target, seen ? &changes : nullptr);
    if (update.full_end() && entry.arriving) {
      replaced.swap(entry.known);
      entry.known = std::move(*entry.arriving);
      entry.arriving.reset();
      entry.complete = true;
      Compare(replaced, entry.known, changes);
    }
  }
  Tell(host, labels, labels, changes);
}

void Inventory::SetLabels(const std::string& host, uint64_t session, LabelsPtr labels) {
  if (labels != nullptr && labels->empty()) labels = nullptr;
  LabelsPtr before;
  Changes changes;
  MutexLock ordering(&order_);
  {
    MutexLock lock(&mutex_);
    Host& entry = hosts_[host];
    if (session < entry.labels_session) return;
    entry.labels_session = session;
    if (entry.labels == labels || (entry.labels && labels && *entry.labels == *labels)) return;
    before = std::exchange(entry.labels, labels);
    changes.reserve(entry.known.size());
    for (const auto& [name, known] : entry.known) changes.push_back({known.netns, known.netns, known.parts});
  }
  Tell(host, before, labels, changes);
}

void Inventory::Forget(const std::string& host) {
  Host forgotten;
  Changes changes;
  MutexLock ordering(&order_);
  {
    MutexLock lock(&mutex_);
    const auto found = hosts_.find(host);
    if (found == hosts_.end()) return;
    forgotten = std::move(found->second);
    hosts_.erase(found);
  }
  Compare(forgotten.known, {}, changes);
  Tell(host, forgotten.labels, forgotten.labels, changes);
}

void Inventory::Compare(const Namespaces& from, const Namespaces& to, Changes& changes) {
  const Order before{};
  auto a = from.begin();
  auto b = to.begin();
  while (a != from.end() || b != to.end()) {
    if (b == to.end() || (a != from.end() && before(a->first, b->first))) {
      changes.push_back({a++->second.netns, nullptr, nullptr});
    } else if (a == from.end() || before(b->first, a->first)) {
      changes.push_back({nullptr, b->second.netns, b->second.parts});
      ++b;
    } else {
      if (a->second.fingerprint != b->second.fingerprint) {
        changes.push_back({a->second.netns, b->second.netns, b->second.parts});
      }
      ++a, ++b;
    }
  }
}

void Inventory::ApplyChanges(Prepared prepared, Namespaces& target, Changes* changes) {
  if (prepared.empty()) return;
  // One event for each namespace.
  std::unordered_map<std::string_view, size_t> places;
  for (size_t i = 0; changes != nullptr && i < changes->size(); ++i) {
    if ((*changes)[i].now != nullptr) places.emplace((*changes)[i].now->name(), i);
  }
  for (auto& [name, change] : prepared) {
    const auto found = target.find(name);
    if (found == target.end()) continue;
    Known& known = found->second;
    if (known.parts == nullptr) known.parts = std::make_shared<Parts>(*known.netns);
    known.parts->Apply(std::move(change));
    const NamespacePtr before = std::exchange(known.netns, known.parts->head());
    const uint64_t fingerprint = known.parts->fingerprint();
    if (std::exchange(known.fingerprint, fingerprint) == fingerprint || changes == nullptr) continue;
    const auto place = places.find(before->name());
    if (place == places.end()) {
      changes->push_back({before, known.netns, known.parts});
      places.emplace(changes->back().before->name(), changes->size() - 1);
    } else {
      // The name seen by `places` goes with the message it is in.
      const size_t i = place->second;
      places.erase(place);
      Change& earlier = (*changes)[i];
      earlier.now = known.netns;
      earlier.parts = known.parts;
      places.emplace(earlier.now->name(), i);
    }
  }
}

void Inventory::Tell(const std::string& host, const LabelsPtr& before, const LabelsPtr& now, const Changes& changes) {
  if (changes.empty()) return;
  const int64_t revision = feed_.revision() + 1;
  if (feed_.Skip(revision)) return;
  std::vector<feed::EventPtr> events;
  events.reserve(changes.size());
  for (const Change& change : changes) {
    auto event = std::make_shared<feed::Event>();
    event->revision = revision;
    event->host = host;
    if (change.now != nullptr) {
      event->changed = EncodeEvent(v1::NamespaceEvent::CHANGED, BasicView(*change.now), revision);
      event->late_full = change.parts;
      if (change.parts == nullptr) {
        event->changed_full = EncodeEvent(v1::NamespaceEvent::CHANGED, *change.now, revision);
      }
      const auto subject = std::make_shared<const NamespaceSubject>(host, *change.now, now);
      event->subject_bytes += subject->Bytes();
      event->now = subject;
    }
    if (change.before != nullptr) {
      v1::Namespace gone;
      gone.set_name(change.before->name());
      event->deleted = EncodeEvent(v1::NamespaceEvent::DELETED, gone, revision);
      const auto subject = std::make_shared<const NamespaceSubject>(host, *change.before, before);
      event->subject_bytes += subject->Bytes();
      event->before = subject;
    }
    events.push_back(std::move(event));
  }
  feed_.Append(revision, std::move(events));
}

void Inventory::Close() { feed_.Close(StoppingError("the server is stopping; watch again without after_revision")); }

const Inventory::Host* Inventory::Find(const std::string& host) const {
  const auto found = hosts_.find(host);
  return found == hosts_.end() ? nullptr : &found->second;
}

bool Inventory::Complete(const std::string& host) const {
  MutexLock lock(&mutex_);
  const Host* entry = Find(host);
  return entry != nullptr && entry->complete;
}

NamespacePtr Inventory::Get(const std::string& host, const std::string& name, View view) const {
  std::shared_ptr<const Parts> parts;
  {
    MutexLock lock(&mutex_);
    const Host* entry = Find(host);
    if (entry == nullptr) return nullptr;
    const auto found = entry->known.find(name);
    if (found == entry->known.end()) return nullptr;
    if (view == View::kBasic || found->second.parts == nullptr) return found->second.netns;
    parts = found->second.parts;
  }
  return parts->Whole();
}

std::vector<NamespacePtr> Inventory::List(const std::string& host, const std::string& after, size_t limit,
                                          View view) const {
  std::vector<NamespacePtr> listed;
  std::vector<std::pair<size_t, std::shared_ptr<const Parts>>> in_parts;
  {
    MutexLock lock(&mutex_);
    const Host* entry = Find(host);
    if (entry == nullptr) return listed;
    auto at = after.empty() ? entry->known.begin() : entry->known.upper_bound(after);
    for (; at != entry->known.end() && listed.size() < limit; ++at) {
      if (view == View::kFull && at->second.parts != nullptr) in_parts.emplace_back(listed.size(), at->second.parts);
      listed.push_back(at->second.netns);
    }
  }
  for (const auto& [place, parts] : in_parts) listed[place] = parts->Whole();
  return listed;
}

size_t Inventory::Count(const std::string& host) const {
  MutexLock lock(&mutex_);
  const Host* entry = Find(host);
  return entry == nullptr ? 0 : entry->known.size() - entry->known.count(kHostNamespace);
}

LabelsPtr Inventory::LabelsOf(const std::string& host) const {
  MutexLock lock(&mutex_);
  const Host* entry = Find(host);
  return entry == nullptr ? nullptr : entry->labels;
}

std::vector<std::string> Inventory::Hosts() const {
  std::vector<std::string> names;
  MutexLock lock(&mutex_);
  names.reserve(hosts_.size());
  for (const auto& [name, entry] : hosts_) names.push_back(name);
  return names;
}

}  // namespace warren::inventory
