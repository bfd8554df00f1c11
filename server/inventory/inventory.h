#ifndef WARREN_SERVER_INVENTORY_INVENTORY_H_
#define WARREN_SERVER_INVENTORY_INVENTORY_H_

// The mirror of what every host reported: its namespaces with their links and routes. It believes what it is told and
// keeps it in memory only; agents tell everything again when they connect.
//
// Threading: every method may be called from any thread; one mutex, held for map operations only. What readers get is
// shared and never changes.
// Cost: a namespace as its protobuf message, once. Get is two map look-ups; List copies one pointer a namespace
// returned. Nothing of ours is linked: it knows neither streams nor stores.

#include <cstddef>
#include <cstdint>
#include <map>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "proto/common/mutex.h"
#include "warren/v1/agents.pb.h"
#include "warren/v1/inventory.pb.h"

namespace warren::inventory {

using NamespacePtr = std::shared_ptr<const v1::Namespace>;

class Inventory {
 public:
  // Applies what a session of the host says. Session numbers of a host ascend: what an older session says is ignored
  // once a newer one has said something.
  //
  // From full_begin to full_end (which may be in one message or in many) what comes is collected and then takes the
  // place of everything known; until then readers see what was there before. Outside of that, messages change what is
  // known. Namespace.name, link_count and route_count are made right, whatever was sent.
  void Apply(const std::string& host, uint64_t session, v1::InventoryUpdate update);

  // Drops everything known of a host.
  void Forget(const std::string& host);

  // The host has told everything at least once.
  bool Complete(const std::string& host) const;

  // `name` is the last segment of Namespace.name. Null: there is none.
  NamespacePtr Get(const std::string& host, const std::string& name) const;

  // Namespaces of a host, "@host" first, then by name; those after `after` (empty: from the first), at most `limit`.
  std::vector<NamespacePtr> List(const std::string& host, const std::string& after, size_t limit) const;

  // Namespaces of a host without "@host".
  size_t Count(const std::string& host) const;

 private:
  // "@host" first.
  struct Order {
    bool operator()(const std::string& a, const std::string& b) const;
  };
  using Namespaces = std::map<std::string, NamespacePtr, Order>;
  struct Host {
    uint64_t session = 0;  // the newest that said something
    bool complete = false;
    Namespaces known;
    std::optional<Namespaces> arriving;  // a full report that has begun and not ended
  };

  const Host* Find(const std::string& host) const ABSL_EXCLUSIVE_LOCKS_REQUIRED(mutex_);

  mutable Mutex mutex_;
  std::map<std::string, Host> hosts_ ABSL_GUARDED_BY(mutex_);
};

}  // namespace warren::inventory

#endif  // WARREN_SERVER_INVENTORY_INVENTORY_H_
