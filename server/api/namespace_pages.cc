#include "server/api/namespace_pages.h"

#include <algorithm>
#include <utility>

#include "server/inventory/view.h"

namespace warren::api {
namespace {

constexpr size_t kChunk = 256;

}  // namespace

NamespaceScan::NamespaceScan(const inventory::Inventory& inventory, const std::string& host, const std::string& after,
                             filter::Filter filter, bool full)
    : inventory_(inventory),
      filter_(std::move(filter)),
      view_(full ? inventory::View::kFull : inventory::View::kBasic) {
  const size_t slash = after.find('/');
  const std::string after_host = after.substr(0, slash);
  if (host == "-") {
    hosts_ = inventory.Hosts();
    hosts_.erase(hosts_.begin(), std::lower_bound(hosts_.begin(), hosts_.end(), after_host));
  } else {
    hosts_.push_back(host);
  }
  if (hosts_.empty()) return;
  if (hosts_.front() == after_host && slash != std::string::npos) after_ = after.substr(slash + 1);
  labels_ = inventory_.LabelsOf(hosts_.front());
}

inventory::NamespacePtr NamespaceScan::Next() {
  while (host_ < hosts_.size()) {
    const std::string& host = hosts_[host_];
    if (next_ == chunk_.size()) {
      if (!chunk_.empty()) after_ = inventory::LastSegment(chunk_.back()->name());
      chunk_ = inventory_.List(host, after_, kChunk, view_);
      next_ = 0;
    }
    if (chunk_.empty()) {
      after_.clear();
      if (++host_ < hosts_.size()) labels_ = inventory_.LabelsOf(hosts_[host_]);
      continue;
    }
    const inventory::NamespacePtr& netns = chunk_[next_++];
    if (filter_.empty() || filter_.Matches(inventory::NamespaceSubject(host, *netns, labels_))) return netns;
  }
  return nullptr;
}

std::string NamespaceScan::key() const {
  return hosts_[host_] + "/" + inventory::LastSegment(chunk_[next_ - 1]->name());
}

absl::StatusOr<SnapshotSource::Page> NamespaceSnapshot::Next() {
  Page page;
  size_t bytes = 0;
  if (held_) {
    bytes = held_->size();
    page.events.push_back(*std::exchange(held_, std::nullopt));
  }
  while (page.events.size() < kMaxPageEvents) {
    const inventory::NamespacePtr netns = scan_.Next();
    if (netns == nullptr) {
      page.last = true;
      break;
    }
    std::string event = full_ ? inventory::EncodeEvent(v1::NamespaceEvent::EXISTING, *netns, 0)
                              : inventory::EncodeEvent(v1::NamespaceEvent::EXISTING, inventory::BasicView(*netns), 0);
    bytes += event.size();
    if (bytes > kMaxPageBytes && !page.events.empty()) {
      held_ = std::move(event);
      break;
    }
    page.events.push_back(std::move(event));
  }
  return page;
}

}  // namespace warren::api
