#include "agent/inventory/update_builder.h"

#include <utility>

namespace warren::inventory {
namespace {

constexpr size_t kFieldOverhead = 6;  // tag and length

}  // namespace

void UpdateBuilder::Close() {
  if (mentioned_.empty()) return;
  done_.push_back(std::move(current_));
  current_.Clear();
  mentioned_.clear();
  size_ = 0;
}

void UpdateBuilder::MakeRoom(const std::string& name, size_t size) {
  if (size_ + size > kLimit || mentioned_.contains(name)) Close();
  mentioned_.insert(name);
  size_ += size;
}

void UpdateBuilder::Add(const std::string& name, v1::Namespace netns) {
  MakeRoom(name, netns.ByteSizeLong() + kFieldOverhead);
  *current_.add_namespaces() = std::move(netns);
}

void UpdateBuilder::Remove(const std::string& name) {
  MakeRoom(name, name.size() + kFieldOverhead);
  current_.add_removed(name);
}

std::vector<v1::InventoryUpdate> UpdateBuilder::Take() {
  Close();
  return std::exchange(done_, {});
}

}  // namespace warren::inventory
