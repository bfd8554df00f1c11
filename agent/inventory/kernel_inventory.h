#ifndef WARREN_AGENT_INVENTORY_KERNEL_INVENTORY_H_
#define WARREN_AGENT_INVENTORY_KERNEL_INVENTORY_H_

// The inventory of the running kernel: looks into every namespace in turn, one open at a time. What it keeps of each is
// the ends of its links and a fingerprint of what was told last.
//
// Cost: some 0.1 ms a namespace, so 10,000 in about a second, and the listing of 10,000 names 30 ms; memory some 1 KB a
// namespace with two links. No descriptor is kept but that of the host's namespace and a socket in it.

#include <deque>
#include <memory>
#include <optional>
#include <set>
#include <string>
#include <vector>

#include "absl/container/flat_hash_map.h"
#include "absl/status/statusor.h"
#include "agent/inventory/inventory.h"
#include "agent/inventory/peers.h"
#include "agent/inventory/topology.h"
#include "agent/inventory/update_builder.h"
#include "agent/kernel/netlink.h"
#include "agent/kernel/netns.h"
#include "proto/common/logging.h"

namespace warren::inventory {

struct Options {
  std::string host;  // the host's name, for those of its namespaces
  std::string netns_dir = "/run/netns";
  Ownership ownership;
  Logger logger = Logger::Null();
};

class KernelInventory : public Inventory {
 public:
  // On the thread that will use it, in the host's namespace. On a kernel without namespaces (/proc has none) only the
  // host's own is shown.
  static absl::StatusOr<std::unique_ptr<KernelInventory>> Create(Options options);

  std::vector<v1::InventoryUpdate> Refresh(const std::set<std::string>& names) override;
  void BeginPass(bool whole) override;
  Slice Continue(const std::function<bool()>& interrupted) override;
  Counts counts() const override;

 private:
  struct Pass {
    bool whole = false;
    bool begun = false;   // full_begin has been told
    bool listed = false;  // todo holds those that have vanished, and the host's own
    std::set<std::string> seen;
    std::deque<std::string> todo;
  };

  KernelInventory(Options options, std::string boot_id, std::optional<kernel::NetnsWorker> worker,
                  kernel::Netlink host_netlink);

  // All take shown names. Look tells what is new of one namespace, and adds to dirty_ who else has to be looked at.
  void Look(const std::string& name);
  absl::Status LookInto(const std::string& name, kernel::Netlink& netlink, const kernel::Netns* netns);
  void Vanished(const std::string& name);
  void LookAtDirty();
  absl::StatusOr<kernel::Netns> Open(const std::string& name) const;
  // The host's ends before anything else, so that every veth into the host finds its other end.
  void IndexHost();
  // What the host calls a namespace; -1: nothing.
  absl::StatusOr<int> NsidOf(const kernel::Netns& netns, uint64_t cookie);
  // The next to look at, or none.
  std::optional<std::string> Next();

  const Options options_;
  const std::string boot_id_;
  const kernel::NetnsDir dir_;
  std::optional<kernel::NetnsWorker> worker_;
  kernel::Netlink host_netlink_;
  Topology topology_;
  Peers peers_;
  // By cookie. An id once given stays, and asking for one takes the kernel a walk through all that the host has.
  absl::flat_hash_map<uint64_t, int> nsids_;
  struct Told {
    uint64_t fingerprint = 0;
    uint32_t links = 0, routes = 0;
  };
  void Count(const Told& told, bool there);

  absl::flat_hash_map<std::string, Told> told_;  // what was told last
  size_t links_ = 0, routes_ = 0;                // in all of them
  std::set<std::string> dirty_;
  UpdateBuilder builder_;
  std::optional<Pass> pass_;
};

}  // namespace warren::inventory

#endif  // WARREN_AGENT_INVENTORY_KERNEL_INVENTORY_H_
