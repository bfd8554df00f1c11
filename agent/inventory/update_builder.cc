#include "agent/inventory/update_builder.h"

#include <algorithm>
#include <utility>

namespace warren::inventory {
namespace {

constexpr size_t kFieldOverhead = 6;  // tag and length

// Moves elements from the front of one field to another while there is room; returns how many.
template <typename Field>
int MoveSome(Field* from, int next, size_t* room, Field* to) {
  while (next < from->size()) {
    const size_t size = from->Get(next).ByteSizeLong() + kFieldOverhead;
    // One that is larger than a part has to go somewhere.
    if (size > *room && *room < UpdateBuilder::kPart) break;
    *room -= std::min(size, *room);
    *to->Add() = std::move(*from->Mutable(next++));
    if (*room == 0) break;
  }
  return next;
}

v1::Namespace HeadOf(const v1::Namespace& netns) {
  v1::Namespace head;
  head.set_name(netns.name());
  head.set_raw_name(netns.raw_name());
  if (netns.has_identity()) *head.mutable_identity() = netns.identity();
  head.set_foreign(netns.foreign());
  head.set_nsid(netns.nsid());
  head.set_link_count(netns.link_count());
  head.set_route_count(netns.route_count());
  if (netns.has_observe_time()) *head.mutable_observe_time() = netns.observe_time();
  return head;
}

}  // namespace

void UpdateBuilder::Close() {
  if (mentioned_.empty()) return;
  done_.push_back(std::move(current_));
  current_.Clear();
  mentioned_.clear();
  size_ = 0;
}

void UpdateBuilder::MakeRoom(const std::string& name, size_t size, Said said) {
  // Changes are applied last, so that they may follow whatever was said.
  if (size_ + size > kLimit || (said == Said::kAll && mentioned_.contains(name))) Close();
  mentioned_.insert(name);
  size_ += size;
}

void UpdateBuilder::Add(const std::string& name, v1::Namespace netns) {
  if (netns.ByteSizeLong() <= kPart) {
    MakeRoom(name, netns.ByteSizeLong() + kFieldOverhead, Said::kAll);
    *current_.add_namespaces() = std::move(netns);
    return;
  }
  v1::NamespaceChange rest;
  rest.mutable_links()->Swap(netns.mutable_links());
  rest.mutable_routes()->Swap(netns.mutable_routes());
  *rest.mutable_namespace_() = HeadOf(netns);
  MakeRoom(name, netns.ByteSizeLong() + kFieldOverhead, Said::kAll);
  *current_.add_namespaces() = std::move(netns);
  if (rest.links_size() > 0 || rest.routes_size() > 0) Change(name, std::move(rest));
}

void UpdateBuilder::Change(const std::string& name, v1::NamespaceChange change) {
  if (change.ByteSizeLong() <= kPart) {
    MakeRoom(name, change.ByteSizeLong() + kFieldOverhead, Said::kChange);
    *current_.add_changes() = std::move(change);
    return;
  }
  // All that goes before all that comes: what comes may take the place of what goes.
  int removed = 0, removed_routes = 0, links = 0, routes = 0;
  while (removed < change.removed_links_size() || removed_routes < change.removed_routes_size() ||
         links < change.links_size() || routes < change.routes_size()) {
    v1::NamespaceChange part;
    *part.mutable_namespace_() = change.namespace_();
    constexpr size_t kIndex = 6;
    size_t room = kPart;
    for (; removed < change.removed_links_size() && room >= kIndex; room -= kIndex) {
      part.add_removed_links(change.removed_links(removed++));
    }
    if (removed == change.removed_links_size()) {
      removed_routes = MoveSome(change.mutable_removed_routes(), removed_routes, &room, part.mutable_removed_routes());
    }
    if (removed_routes == change.removed_routes_size()) {
      links = MoveSome(change.mutable_links(), links, &room, part.mutable_links());
    }
    if (links == change.links_size()) {
      routes = MoveSome(change.mutable_routes(), routes, &room, part.mutable_routes());
    }
    MakeRoom(name, part.ByteSizeLong() + kFieldOverhead, Said::kChange);
    *current_.add_changes() = std::move(part);
  }
}

void UpdateBuilder::Remove(const std::string& name) {
  MakeRoom(name, name.size() + kFieldOverhead, Said::kAll);
  current_.add_removed(name);
}

std::vector<v1::InventoryUpdate> UpdateBuilder::Take() {
  Close();
  return std::exchange(done_, {});
}

}  // namespace warren::inventory
