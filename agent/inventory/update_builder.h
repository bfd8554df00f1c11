#ifndef WARREN_AGENT_INVENTORY_UPDATE_BUILDER_H_
#define WARREN_AGENT_INVENTORY_UPDATE_BUILDER_H_

#include <cstddef>
#include <string>
#include <vector>

#include "absl/container/flat_hash_set.h"
#include "warren/v1/agents.pb.h"

namespace warren::inventory {

// Packs namespaces into updates of about 1 MiB at most, none of which says two things of one namespace. One thread.
class UpdateBuilder {
 public:
  static constexpr size_t kLimit = 1 << 20;  // bytes

  // Named by the last segment of the name.
  void Add(const std::string& name, v1::Namespace netns);
  void Remove(const std::string& name);

  // An update is full.
  bool full() const { return !done_.empty(); }
  // All that was added since, in order.
  std::vector<v1::InventoryUpdate> Take();

 private:
  void MakeRoom(const std::string& name, size_t size);
  void Close();

  std::vector<v1::InventoryUpdate> done_;
  v1::InventoryUpdate current_;
  absl::flat_hash_set<std::string> mentioned_;  // in current_
  size_t size_ = 0;
};

}  // namespace warren::inventory

#endif  // WARREN_AGENT_INVENTORY_UPDATE_BUILDER_H_
