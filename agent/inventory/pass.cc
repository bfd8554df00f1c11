// A pass of KernelInventory over what may have changed: which namespaces it looks at, and in which order.

#include <algorithm>
#include <utility>

#include "absl/time/clock.h"
#include "absl/time/time.h"
#include "agent/inventory/kernel_inventory.h"
#include "agent/kernel/netns_name.h"
#include "proto/common/names.h"

namespace warren::inventory {

void KernelInventory::BeginPass(bool whole) {
  Hear();
  if (whole) {
    told_.clear();
    links_ = routes_ = 0;
    host_nsid_.reset();
  }
  if (!topology_.Knows(Host())) IndexHost();
  IndexNewOfHost();
  pass_ = Pass{};
  pass_->whole = whole;
  for (const std::string& name : std::exchange(failed_, {})) stale_[name].all = true;
  if (whole || list_wanted_ || !monitor_) {
    ListNames();
  } else {
    pass_->listed = true;
  }
}

void KernelInventory::ListNames() {
  const bool everything = pass_->whole || !monitor_;
  list_wanted_ = false;
  if (everything) stale_.clear();
  if (!worker_) return;
  std::vector<std::string> others;
  auto names = dir_.List(&others);
  if (!names.ok()) {
    // There is no directory before the first namespace is made.
    if (!IsGone(names.status())) {
      options_.logger.Warn("namespaces cannot be listed", {{"error", std::string(names.status().message())}});
    }
    return;
  }
  const absl::Time settled = absl::Now() - absl::FromChrono(kernel::NetnsWatch::kPatience);
  for (const std::string& raw : others) {
    if (kernel::IsOutOfTheWay(raw)) continue;
    const bool old = !names_ || kernel::LookAtName(dir_, raw).changed_at < settled;
    if (names_) names_->Await(raw, old);
    std::string name = EscapeName(raw);
    if (old && (everything || !unusable_.contains(name))) pass_->todo.push_back(name);
    if (old) pass_->seen.insert(std::move(name));
  }
  for (const std::string& raw : *names) {
    std::string name = EscapeName(raw);
    if (everything || !topology_.Knows(name)) pass_->todo.push_back(name);
    pass_->seen.insert(std::move(name));
  }
}

std::optional<std::string> KernelInventory::Next() {
  if (pass_->todo.empty() && !pass_->listed) {
    pass_->listed = true;
    for (std::string& name : topology_.Names()) {
      if (name != Host() && !pass_->seen.contains(name)) pass_->todo.push_back(std::move(name));
    }
    for (const std::string& name : unusable_) {
      if (!pass_->seen.contains(name)) pass_->todo.push_back(name);
    }
    if (pass_->whole || !monitor_) pass_->todo.push_back(Host());
  }
  std::string name;
  if (!pass_->todo.empty()) {
    name = std::move(pass_->todo.front());
    pass_->todo.pop_front();
  } else if (!stale_.empty()) {
    // The host's own last, as in Refresh: '@' is before letters, but not before all names.
    auto next = stale_.begin();
    if (next->first == Host() && stale_.size() > 1) ++next;
    name = next->first;
  } else {
    return std::nullopt;
  }
  return name;
}

std::vector<std::string> KernelInventory::Following(const std::string& name) const {
  std::vector<std::string> names = {name};
  for (const std::string& other : pass_->todo) {
    if (names.size() >= kReadAtOnce) return names;
    names.push_back(other);
  }
  for (const auto& [other, stale] : stale_) {
    if (names.size() >= kReadAtOnce) return names;
    if (other != name && other != Host()) names.push_back(other);
  }
  return names;
}

Inventory::Slice KernelInventory::Continue(const std::function<bool()>& interrupted) {
  Slice slice;
  if (!pass_) {
    slice.done = true;
    return slice;
  }
  while (!builder_.full() && !interrupted()) {
    if (const auto name = Next()) {
      if (!ahead_.contains(*name)) ReadNext(Following(*name));
      Look(*name);
      continue;
    }
    LookAtConcerned();
    slice.done = true;
    break;
  }
  ahead_.clear();
  slice.updates = builder_.Take();
  if (pass_->whole) {
    if (slice.updates.empty() && slice.done) slice.updates.emplace_back();
    if (!slice.updates.empty()) {
      if (!pass_->begun) slice.updates.front().set_full_begin(true);
      pass_->begun = true;
      if (slice.done) slice.updates.back().set_full_end(true);
    }
  }
  if (slice.done) pass_.reset();
  return slice;
}

}  // namespace warren::inventory
