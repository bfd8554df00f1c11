// A link as a port of a bridge: its settings, and the forwarding entries that somebody set on it.

#include "absl/strings/str_cat.h"
#include "agent/executor/facility/facilities.h"
#include "agent/kernel/bridge_port.h"
#include "agent/kernel/neighbour.h"

namespace warren::executor {
namespace {

bool Concerns(const Where& where, Losses losses) {
  return where.link.master != 0 && (losses & (kLeavesBridge | kLeaves)) != 0;
}

class BridgePortFacility : public Facility {
 public:
  std::string_view name() const override { return "bridge port"; }
  Stage stage() const override { return Stage::kLast; }

  absl::StatusOr<std::vector<Entry>> Read(const Where& where, Losses losses) const override {
    std::vector<Entry> entries;
    if (!Concerns(where, losses)) return entries;
    auto settings = kernel::GetBridgePort(where.netlink, where.link.ifindex);
    if (!settings.ok()) return settings.status();
    if (!settings->empty()) entries.push_back({"", *std::move(settings)});
    return entries;
  }
  absl::Status Put(const Where& where, const Entry& entry) const override {
    return kernel::SetBridgePort(where.netlink, where.link.ifindex, entry.body);
  }
  // They are there as long as the port is.
  absl::Status Remove(const Where&, const Entry&) const override {
    return absl::UnimplementedError("the settings of a bridge port cannot be removed");
  }
  std::string Shown(const Where& where, const Entry&) const override {
    return absl::StrCat("settings of bridge port ", where.link.name);
  }
};

class BridgeEntryFacility : public Facility {
 public:
  std::string_view name() const override { return "bridge entry"; }
  Stage stage() const override { return Stage::kLast; }

  absl::StatusOr<std::vector<Entry>> Read(const Where& where, Losses losses) const override {
    std::vector<Entry> entries;
    if (!Concerns(where, losses)) return entries;
    auto found = kernel::ListStaticForwarding(where.netlink, where.link.ifindex, where.link.mac);
    if (!found.ok()) return found.status();
    for (kernel::Neighbour& each : *found) entries.push_back({each.ToString(), std::move(each.body)});
    return entries;
  }
  absl::Status Put(const Where& where, const Entry& entry) const override {
    return kernel::PutNeighbour(where.netlink, kernel::NeighbourFromBody(entry.body), where.link.ifindex);
  }
  absl::Status Remove(const Where& where, const Entry& entry) const override {
    return kernel::DeleteNeighbour(where.netlink, kernel::NeighbourFromBody(entry.body), where.link.ifindex);
  }
  std::string Shown(const Where& where, const Entry& entry) const override {
    return absl::StrCat("forwarding entry ", entry.key, " of bridge port ", where.link.name);
  }
};

}  // namespace

const Facility& BridgePorts() {
  static const auto* facility = new BridgePortFacility;
  return *facility;
}

const Facility& BridgeEntries() {
  static const auto* facility = new BridgeEntryFacility;
  return *facility;
}

}  // namespace warren::executor
