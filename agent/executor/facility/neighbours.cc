// Static neighbours and proxies. They need no address of their link.

#include "absl/strings/str_cat.h"
#include "agent/executor/facility/facilities.h"
#include "agent/kernel/neighbour.h"

namespace warren::executor {
namespace {

class NeighbourFacility : public Facility {
 public:
  std::string_view name() const override { return "neighbour"; }
  Stage stage() const override { return Stage::kBeforeRoutes; }

  absl::StatusOr<std::vector<Entry>> Read(const Where& where, Losses losses) const override {
    std::vector<Entry> entries;
    if ((losses & (kLosesAddresses | kGoesDown | kLosesIpv6 | kLeaves)) == 0) return entries;
    auto neighbours = kernel::ListStaticNeighbours(where.netlink, where.link);
    if (!neighbours.ok()) return neighbours.status();
    for (kernel::Neighbour& each : *neighbours) entries.push_back({each.ToString(), std::move(each.body)});
    return entries;
  }
  absl::Status Put(const Where& where, const Entry& entry) const override {
    return kernel::PutNeighbour(where.netlink, kernel::NeighbourFromBody(entry.body), where.link.ifindex);
  }
  absl::Status Remove(const Where& where, const Entry& entry) const override {
    return kernel::DeleteNeighbour(where.netlink, kernel::NeighbourFromBody(entry.body), where.link.ifindex);
  }
  std::string Shown(const Where& where, const Entry& entry) const override {
    return absl::StrCat("neighbour ", entry.key, " of ", where.link.name);
  }
};

}  // namespace

const Facility& Neighbours() {
  static const auto* facility = new NeighbourFacility;
  return *facility;
}

}  // namespace warren::executor
