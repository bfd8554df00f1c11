// Queueing disciplines, their classes and filters.

#include "absl/strings/str_cat.h"
#include "agent/executor/facility/facilities.h"
#include "agent/kernel/qdisc.h"

namespace warren::executor {
namespace {

kernel::TrafficControl Parse(const Entry& entry) {
  return kernel::TrafficControlFromBody(static_cast<kernel::TrafficPart>(entry.key.empty() ? 'q' : entry.key[0]),
                                        entry.body);
}

class TrafficControlFacility : public Facility {
 public:
  std::string_view name() const override { return "traffic control"; }
  Stage stage() const override { return Stage::kLast; }

  absl::StatusOr<std::vector<Entry>> Read(const Where& where, Losses losses) const override {
    std::vector<Entry> entries;
    if ((losses & kLeaves) == 0) return entries;
    auto parts = kernel::ListTrafficControl(where.netlink, where.link.ifindex);
    if (!parts.ok()) return parts.status();
    for (kernel::TrafficControl& each : *parts) {
      // Its first letter is the part; of a filter the rest of its identity is in the body.
      std::string key = absl::StrCat(std::string(1, static_cast<char>(each.part)), absl::Hex(each.parent), ".",
                                     absl::Hex(each.handle), ".", entries.size());
      entries.push_back({std::move(key), std::move(each.body)});
    }
    return entries;
  }
  absl::Status Put(const Where& where, const Entry& entry) const override {
    return kernel::PutTrafficControl(where.netlink, Parse(entry), where.link.ifindex);
  }
  absl::Status Remove(const Where& where, const Entry& entry) const override {
    return kernel::DeleteTrafficControl(where.netlink, Parse(entry), where.link.ifindex);
  }
  std::string Shown(const Where& where, const Entry& entry) const override {
    return absl::StrCat(Parse(entry).ToString(), " of ", where.link.name);
  }
};

}  // namespace

const Facility& TrafficControls() {
  static const auto* facility = new TrafficControlFacility;
  return *facility;
}

}  // namespace warren::executor
