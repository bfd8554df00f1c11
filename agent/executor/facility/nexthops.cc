// Nexthop objects of a link, and the groups they are members of. An object needs its link up, with a carrier, and an
// address that reaches its gateway; a group needs its members; a route needs either.

#include "absl/strings/str_cat.h"
#include "agent/executor/facility/facilities.h"
#include "agent/kernel/nexthop.h"

namespace warren::executor {
namespace {

class NexthopFacility : public Facility {
 public:
  std::string_view name() const override { return "nexthop"; }
  Stage stage() const override { return Stage::kBeforeRoutes; }

  absl::StatusOr<std::vector<Entry>> Read(const Where& where, Losses losses) const override {
    std::vector<Entry> entries;
    if ((losses & (kGoesDown | kLosesIpv6 | kLeaves)) == 0) return entries;
    auto nexthops = kernel::ListNexthopsOf(where.netlink, where.link.ifindex);
    if (!nexthops.ok()) return nexthops.status();
    for (kernel::NexthopObject& each : *nexthops) entries.push_back({absl::StrCat(each.id), std::move(each.body)});
    return entries;
  }
  absl::Status Put(const Where& where, const Entry& entry) const override {
    return kernel::PutNexthop(where.netlink, kernel::NexthopFromBody(entry.body), where.link.ifindex);
  }
  absl::Status Remove(const Where& where, const Entry& entry) const override {
    return kernel::DeleteNexthop(where.netlink, kernel::NexthopFromBody(entry.body).id);
  }
  std::string Shown(const Where&, const Entry& entry) const override {
    return absl::StrCat("nexthop object ", entry.key);
  }
};

}  // namespace

const Facility& Nexthops() {
  static const auto* facility = new NexthopFacility;
  return *facility;
}

}  // namespace warren::executor
