#ifndef WARREN_SERVER_INVENTORY_PARTS_H_
#define WARREN_SERVER_INVENTORY_PARTS_H_

// A namespace kept in parts, each link and route serialized by itself, for one that is told in changes: with 10,000
// links a change of one costs what one costs. Its message is put together when somebody asks for it.
//
// Thread-safe: a lock of its own, under which nothing else is called. Cost: a change some µs for each part it names;
// memory the bytes of the message; Whole and Encode copy all of them (3 MB for 10,000 links, 1 ms), and Whole parses
// them (10 ms) after the lock is given back, unless somebody has one of the same state still.

#include <cstddef>
#include <cstdint>
#include <map>
#include <memory>
#include <string>
#include <unordered_map>
#include <vector>

#include "proto/common/mutex.h"
#include "server/feed/feed.h"
#include "warren/v1/agents.pb.h"
#include "warren/v1/inventory.pb.h"

namespace warren::inventory {

using NamespacePtr = std::shared_ptr<const v1::Namespace>;

// A change made ready to be applied.
struct PartsChange {
  explicit PartsChange(v1::NamespaceChange change);

  struct Part {
    std::string bytes;
    uint64_t fingerprint = 0;  // as in view.h
  };
  v1::Namespace head;
  std::vector<std::pair<int32_t, Part>> links;
  std::vector<int32_t> removed_links;
  std::vector<Part> routes;
  std::vector<Part> removed_routes;
};

class Parts : public feed::LateEncoding {
 public:
  explicit Parts(const v1::Namespace& netns);

  // The name stays.
  void Apply(PartsChange change);

  // As Fingerprint (view.h) of the whole.
  uint64_t fingerprint() const;
  // Without links and routes, with their counts.
  NamespacePtr head() const;
  NamespacePtr Whole() const;
  // A serialized NamespaceEvent, CHANGED.
  std::string Encode(int64_t revision) const override;

 private:
  using Part = PartsChange::Part;
  void SetHead(v1::Namespace head, const std::string& name) ABSL_EXCLUSIVE_LOCKS_REQUIRED(mutex_);
  void PutLink(int32_t ifindex, Part part) ABSL_EXCLUSIVE_LOCKS_REQUIRED(mutex_);
  void PutRoute(Part part) ABSL_EXCLUSIVE_LOCKS_REQUIRED(mutex_);
  void RemoveRoute(const Part& part) ABSL_EXCLUSIVE_LOCKS_REQUIRED(mutex_);
  std::string Bytes() const ABSL_EXCLUSIVE_LOCKS_REQUIRED(mutex_);

  mutable Mutex mutex_;
  NamespacePtr head_ ABSL_GUARDED_BY(mutex_);
  uint64_t head_fingerprint_ ABSL_GUARDED_BY(mutex_) = 0;
  uint64_t parts_fingerprint_ ABSL_GUARDED_BY(mutex_) = 0;
  std::map<int32_t, Part> links_ ABSL_GUARDED_BY(mutex_);
  // In the order they came, and where each is.
  std::map<uint64_t, Part> routes_ ABSL_GUARDED_BY(mutex_);
  std::unordered_multimap<uint64_t, uint64_t> route_places_ ABSL_GUARDED_BY(mutex_);  // by fingerprint
  uint64_t next_route_ ABSL_GUARDED_BY(mutex_) = 0;
  uint64_t version_ ABSL_GUARDED_BY(mutex_) = 0;
  mutable std::weak_ptr<const v1::Namespace> whole_ ABSL_GUARDED_BY(mutex_);
  mutable uint64_t whole_version_ ABSL_GUARDED_BY(mutex_) = 0;
};

}  // namespace warren::inventory

#endif  // WARREN_SERVER_INVENTORY_PARTS_H_
