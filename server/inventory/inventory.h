#ifndef WARREN_SERVER_INVENTORY_INVENTORY_H_
#define WARREN_SERVER_INVENTORY_INVENTORY_H_

// The mirror of what every host reported: its namespaces with their links and routes, and its labels. It believes what
// it is told and keeps it in memory only; agents tell everything again when they connect.
//
// Events: what changes goes to a feed, one revision for each report that changes anything. Only differences are events:
// a full report of what is known already, or one in which nothing but counters, remaining lifetimes and observe_time
// is new, brings none. Revisions begin at the microseconds since 1970 when the inventory was made, so that those of an
// earlier run of the server are below and get OUT_OF_RANGE. While nobody watches, nor did in the last minutes
// (feed::Options::keep_unwatched), nothing is encoded nor kept, and no watch can go on from that time.
//
// Threading: every method may be called from any thread; one mutex, held for map operations only, and one that keeps
// changes and their events in one order, under which a feed's wakes are called. What readers get is shared and never
// changes.
// Cost: a namespace as its protobuf message, once. Get is two map look-ups; List copies one pointer a namespace
// returned. A namespace reported whole is serialized once to tell whether it changed, and twice more, BASIC and FULL,
// for its event while somebody watches. One that was told in changes is kept in parts (parts.h): a change costs what it
// names, whatever else there is, and the whole is put together for who asks for View::kFull.

#include <cstddef>
#include <cstdint>
#include <map>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "proto/common/mutex.h"
#include "server/feed/feed.h"
#include "server/inventory/parts.h"
#include "server/inventory/subject.h"
#include "warren/v1/agents.pb.h"
#include "warren/v1/inventory.pb.h"

namespace warren::inventory {

// kBasic: links and routes are left out where that saves work.
enum class View { kBasic, kFull };

class Inventory {
 public:
  // The feed's clock also says where revisions begin.
  explicit Inventory(feed::Options feed = {});

  // Applies what a session of the host says. Session numbers of a host ascend: what an older session says is ignored
  // once a newer one has said something.
  //
  // From full_begin to full_end (which may be in one message or in many) what comes is collected and then takes the
  // place of everything known; until then readers see what was there before. Outside of that, messages change what is
  // known. Namespace.name, link_count and route_count are made right, whatever was sent. A change of a namespace that
  // is not known is passed over.
  void Apply(const std::string& host, uint64_t session, v1::InventoryUpdate update);

  // The host's labels are these from now on (null: none), as a session of it says; what an older one says is ignored.
  // Other ones than before are a change of each of its namespaces, for a filter may tell them apart.
  void SetLabels(const std::string& host, uint64_t session, LabelsPtr labels);

  // Drops everything known of a host; its namespaces are told as deleted.
  void Forget(const std::string& host);

  // The host has told everything at least once.
  bool Complete(const std::string& host) const;

  // `name` is the last segment of Namespace.name. Null: there is none.
  NamespacePtr Get(const std::string& host, const std::string& name, View view = View::kFull) const;

  // Namespaces of a host, "@host" first, then by name; those after `after` (empty: from the first), at most `limit`.
  std::vector<NamespacePtr> List(const std::string& host, const std::string& after, size_t limit,
                                 View view = View::kFull) const;

  // Namespaces of a host without "@host".
  size_t Count(const std::string& host) const;

  // Null: none.
  LabelsPtr LabelsOf(const std::string& host) const;

  // Hosts of which something is known, by name.
  std::vector<std::string> Hosts() const;

  // The server is stopping: watches end with UNAVAILABLE, none is opened any more.
  void Close();

  // Its events are serialized NamespaceEvents; their subjects are NamespaceSubjects.
  feed::Feed& feed() { return feed_; }
  const feed::Feed& feed() const { return feed_; }

 private:
  // "@host" first.
  struct Order {
    bool operator()(const std::string& a, const std::string& b) const;
  };
  struct Known {
    NamespacePtr netns;  // without links and routes when it is kept in parts
    uint64_t fingerprint = 0;
    std::shared_ptr<Parts> parts;  // null: it is not
  };
  using Namespaces = std::map<std::string, Known, Order>;
  struct Host {
    uint64_t session = 0;  // the newest that said something
    bool complete = false;
    LabelsPtr labels;
    uint64_t labels_session = 0;  // that said so
    Namespaces known;
    std::optional<Namespaces> arriving;  // a full report that has begun and not ended
  };
  // Null `before`: it is new; null `now`: it is gone.
  struct Change {
    NamespacePtr before;
    NamespacePtr now;
    std::shared_ptr<Parts> parts;  // of now
  };
  using Changes = std::vector<Change>;
  using Prepared = std::vector<std::pair<std::string, PartsChange>>;

  const Host* Find(const std::string& host) const ABSL_EXCLUSIVE_LOCKS_REQUIRED(mutex_);
  // What takes `from` to `to`.
  static void Compare(const Namespaces& from, const Namespaces& to, Changes& changes);
  // `changes` has the differences made by what was applied before, unless null.
  static void ApplyChanges(Prepared prepared, Namespaces& target, Changes* changes);
  // Labels as they were before and are now.
  void Tell(const std::string& host, const LabelsPtr& before, const LabelsPtr& now, const Changes& changes)
      ABSL_EXCLUSIVE_LOCKS_REQUIRED(order_);

  Mutex order_;  // before mutex_
  mutable Mutex mutex_;
  std::map<std::string, Host> hosts_ ABSL_GUARDED_BY(mutex_);
  feed::Feed feed_;
};

}  // namespace warren::inventory

#endif  // WARREN_SERVER_INVENTORY_INVENTORY_H_
