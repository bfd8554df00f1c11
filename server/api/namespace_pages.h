#ifndef WARREN_SERVER_API_NAMESPACE_PAGES_H_
#define WARREN_SERVER_API_NAMESPACE_PAGES_H_

// The namespaces of a host or of all hosts, in the order of lists, as far as a filter lets them through: for pages of
// ListNamespaces and for the snapshot of WatchNamespaces. Free of gRPC; one thread at a time; the inventory outlives
// it.

#include <cstddef>
#include <optional>
#include <string>
#include <vector>

#include "server/api/watch_call.h"
#include "server/filter/filter.h"
#include "server/inventory/inventory.h"

namespace warren::api {

class NamespaceScan {
 public:
  // `host`: "-": all, by name. `after`: the key of the last one seen; empty: from the first. Unless `full`, links and
  // routes may be left out.
  NamespaceScan(const inventory::Inventory& inventory, const std::string& host, const std::string& after,
                filter::Filter filter, bool full);

  // Null: there is none any more.
  inventory::NamespacePtr Next();
  // "HOST/NAME" of what Next returned last.
  std::string key() const;

 private:
  const inventory::Inventory& inventory_;
  const filter::Filter filter_;
  const inventory::View view_;
  std::vector<std::string> hosts_;
  size_t host_ = 0;
  inventory::LabelsPtr labels_;  // of the host
  std::string after_;            // in the host
  std::vector<inventory::NamespacePtr> chunk_;
  size_t next_ = 0;
};

class NamespaceSnapshot : public SnapshotSource {
 public:
  NamespaceSnapshot(const inventory::Inventory& inventory, const std::string& host, filter::Filter filter, bool full)
      : scan_(inventory, host, "", std::move(filter), full), full_(full) {}

  absl::StatusOr<Page> Next() override;

 private:
  NamespaceScan scan_;
  const bool full_;
  std::optional<std::string> held_;  // did not fit the page before
};

}  // namespace warren::api

#endif  // WARREN_SERVER_API_NAMESPACE_PAGES_H_
