#include "agent/executor/locks.h"

#include <algorithm>
#include <set>
#include <string>
#include <utility>

#include "absl/strings/str_cat.h"
#include "agent/kernel/route.h"
#include "proto/common/names.h"

namespace warren::executor {
namespace {

constexpr char kOthers[] = "links of others";
// Modes of the shared keys.
constexpr int kShared = 1;      // of the host's own namespace: works on what it names
constexpr int kTakesAway = 1;   // of links of others: deletes or moves them
constexpr int kUses = 2;        // works on links that it did not make
constexpr int kPorts = 1;       // of a bridge
constexpr int kRoutesOver = 2;  // of a link

class Collector {
 public:
  explicit Collector(const NameOfLink& name_of) : name_of_(name_of) {}

  void Add(const v1::CreateNamespace& o) { Netns(o.namespace_()); }
  void Add(const v1::DeleteNamespace& o) {
    Netns(o.namespace_());
    Others(kTakesAway);
  }
  void Add(const v1::CreateVeth& o) {
    for (const v1::VethEnd* end : {&o.a(), &o.b()}) {
      NewLink(end->namespace_(), end->name());
      Made(end->namespace_(), end->name());
    }
    // One that is there already is only looked at, but must not be taken away meanwhile.
    if (o.allow_existing()) Others(kUses);
  }
  void Add(const v1::MoveLink& o) {
    Link(o.namespace_(), o.name());
    const std::string& name = o.to_name().empty() ? o.name() : o.to_name();
    NewLink(o.to_namespace(), name);
    if (IsMade(o.namespace_(), o.name())) {
      Made(o.to_namespace(), name);
    } else {
      Others(kTakesAway);
    }
  }
  void Add(const v1::DeleteLink& o) {
    Link(o.namespace_(), o.name());
    Others(kTakesAway);
  }
  void Add(const v1::SetLink& o) {
    Uses(o.namespace_(), o.name());
    if (!o.has_new_name()) return;
    NewLink(o.namespace_(), o.new_name());
    if (IsMade(o.namespace_(), o.name())) Made(o.namespace_(), o.new_name());
  }
  void Add(const v1::AddAddress& o) { Uses(o.namespace_(), o.link()); }
  void Add(const v1::DeleteAddress& o) { Uses(o.namespace_(), o.link()); }
  void Add(const v1::AddRoute& o) { Route(o.namespace_(), o.destination(), o.table(), o.dev()); }
  void Add(const v1::DeleteRoute& o) { Route(o.namespace_(), o.destination(), o.table(), o.dev()); }
  void Add(const v1::CreateBridge& o) {
    NewLink(o.namespace_(), o.name());
    Made(o.namespace_(), o.name());
  }
  void Add(const v1::DeleteBridge& o) {
    Link(o.namespace_(), o.name());
    Others(kTakesAway);
  }
  void Add(const v1::AttachLink& o) { Port(o.namespace_(), o.link(), o.bridge(), o.move_addresses()); }
  // Without a bridge it is from whichever it is a port of.
  void Add(const v1::DetachLink& o) {
    Port(o.namespace_(), o.link(), o.bridge(), o.move_addresses() || o.bridge().empty());
  }

  std::vector<Lock> Take() && { return std::move(locks_); }

 private:
  static bool IsHost(const std::string& netns) { return netns == kHostNamespace; }

  void Put(std::string key, int mode) { locks_.push_back({std::move(key), mode}); }
  void Netns(const std::string& netns) {
    if (IsHost(netns)) {
      Put("host", kShared);
    } else {
      Put(absl::StrCat("netns ", netns), Lock::kExclusive);
    }
  }
  void Others(int mode) { Put(kOthers, mode); }
  void NewLink(const std::string& netns, const std::string& name, int mode = Lock::kExclusive) {
    Netns(netns);
    if (IsHost(netns)) Put(absl::StrCat("link ", name), mode);
  }
  void Link(const std::string& netns, const std::string& name, int mode = Lock::kExclusive) {
    NewLink(netns, name, mode);
    if (!IsHost(netns) || IsMade(netns, name)) return;
    const std::string own = name_of_(name);
    if (own != name) Put(absl::StrCat("link ", own), mode);
  }
  void Uses(const std::string& netns, const std::string& name) {
    Link(netns, name);
    if (!IsMade(netns, name)) Others(kUses);
  }
  void Route(const std::string& netns, const std::string& destination, uint32_t table, const std::string& dev) {
    Netns(netns);
    const bool made = !dev.empty() && IsMade(netns, dev);
    if (!made) Others(kUses);
    if (!IsHost(netns)) return;
    if (dev.empty()) return Put("host", Lock::kExclusive);
    Put(absl::StrCat("route ", table == 0 ? kernel::kMainTable : table, " ", destination), Lock::kExclusive);
    if (!made) Link(netns, dev, kRoutesOver);
  }
  void Port(const std::string& netns, const std::string& link, const std::string& bridge, bool whole) {
    Uses(netns, link);
    if (!IsHost(netns)) return;
    if (whole) return Put("host", Lock::kExclusive);
    Link(netns, bridge, kPorts);
  }
  void Made(const std::string& netns, const std::string& name) { made_.emplace(netns, name); }
  bool IsMade(const std::string& netns, const std::string& name) const { return made_.contains({netns, name}); }

  const NameOfLink& name_of_;
  std::set<std::pair<std::string, std::string>> made_;  // by this intent: namespace and link
  std::vector<Lock> locks_;
};

}  // namespace

std::vector<Lock> LocksOf(const v1::IntentDelivery& intent, const NameOfLink& name_of) {
  Collector locks(name_of);
  for (const v1::Operation& operation : intent.operations()) {
    switch (operation.kind_case()) {
      case v1::Operation::kCreateNamespace:
        locks.Add(operation.create_namespace());
        break;
      case v1::Operation::kDeleteNamespace:
        locks.Add(operation.delete_namespace());
        break;
      case v1::Operation::kCreateVeth:
        locks.Add(operation.create_veth());
        break;
      case v1::Operation::kMoveLink:
        locks.Add(operation.move_link());
        break;
      case v1::Operation::kDeleteLink:
        locks.Add(operation.delete_link());
        break;
      case v1::Operation::kSetLink:
        locks.Add(operation.set_link());
        break;
      case v1::Operation::kAddAddress:
        locks.Add(operation.add_address());
        break;
      case v1::Operation::kDeleteAddress:
        locks.Add(operation.delete_address());
        break;
      case v1::Operation::kAddRoute:
        locks.Add(operation.add_route());
        break;
      case v1::Operation::kDeleteRoute:
        locks.Add(operation.delete_route());
        break;
      case v1::Operation::kCreateBridge:
        locks.Add(operation.create_bridge());
        break;
      case v1::Operation::kDeleteBridge:
        locks.Add(operation.delete_bridge());
        break;
      case v1::Operation::kAttachLink:
        locks.Add(operation.attach_link());
        break;
      case v1::Operation::kDetachLink:
        locks.Add(operation.detach_link());
        break;
      case v1::Operation::KIND_NOT_SET:
        break;  // refused when its turn comes
    }
  }
  return std::move(locks).Take();
}

bool FreesLinks(const std::vector<Lock>& locks) {
  return std::find(locks.begin(), locks.end(), Lock{kOthers, kTakesAway}) != locks.end();
}

}  // namespace warren::executor
