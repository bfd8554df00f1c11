#ifndef WARREN_AGENT_INVENTORY_UPDATE_BUILDER_H_
#define WARREN_AGENT_INVENTORY_UPDATE_BUILDER_H_

#include <cstddef>
#include <string>
#include <vector>

#include "absl/container/flat_hash_set.h"
#include "warren/v1/agents.pb.h"

namespace warren::inventory {

// Packs namespaces into updates of about 1 MiB at most, each of which says one thing of a namespace, or changes of it
// after that. What is larger than a part is told in parts: a namespace with some of its links, and the rest as changes.
// One thread.
class UpdateBuilder {
 public:
  static constexpr size_t kLimit = 1 << 20;  // bytes
  static constexpr size_t kPart = 256 << 10;

  // Named by the last segment of the name.
  void Add(const std::string& name, v1::Namespace netns);
  void Remove(const std::string& name);
  void Change(const std::string& name, v1::NamespaceChange change);

  bool empty() const { return done_.empty() && mentioned_.empty(); }
  // An update is full.
  bool full() const { return !done_.empty(); }
  // All that was added since, in order.
  std::vector<v1::InventoryUpdate> Take();

 private:
  enum class Said { kAll, kChange };
  void MakeRoom(const std::string& name, size_t size, Said said);
  void Close();

  std::vector<v1::InventoryUpdate> done_;
  v1::InventoryUpdate current_;
  absl::flat_hash_set<std::string> mentioned_;  // in current_
  size_t size_ = 0;
};

}  // namespace warren::inventory

#endif  // WARREN_AGENT_INVENTORY_UPDATE_BUILDER_H_
