// The settings of a link below /proc/sys/net.

#include <sys/socket.h>

#include <algorithm>

#include "absl/strings/str_cat.h"
#include "agent/executor/facility/facilities.h"
#include "agent/kernel/route.h"
#include "agent/kernel/sysctl.h"

namespace warren::executor {
namespace {

constexpr std::string_view kIpv6Forwarding = "ipv6/conf/forwarding";

// Forwarding that is switched on for a link makes the kernel drop the routes that all links of the namespace have by
// router advertisement (rt6_purge_dflt_routers).
class Ipv6Routes {
 public:
  explicit Ipv6Routes(kernel::Netlink& netlink) : netlink_(netlink) {
    if (auto routes = List(); routes.ok()) before_ = *std::move(routes);
  }
  absl::Status BringBack() {
    auto now = List();
    if (!now.ok()) return now.status();
    absl::Status first;
    for (const kernel::Route& route : before_) {
      const auto same = [&](const kernel::Route& other) { return other.body == route.body; };
      if (std::any_of(now->begin(), now->end(), same)) continue;
      first.Update(kernel::ReplayRoute(netlink_, route, {}));
    }
    return first;
  }

 private:
  absl::StatusOr<std::vector<kernel::Route>> List() {
    kernel::RouteFilter filter;
    filter.family = AF_INET6;
    return kernel::ListRoutes(netlink_, filter);
  }

  kernel::Netlink& netlink_;
  std::vector<kernel::Route> before_;
};

class SettingFacility : public Facility {
 public:
  std::string_view name() const override { return "setting"; }
  Stage stage() const override { return Stage::kBeforeAddresses; }

  absl::StatusOr<std::vector<Entry>> Read(const Where& where, Losses losses) const override {
    std::vector<Entry> entries;
    if ((losses & (kGoesDown | kLosesIpv6 | kLeaves)) == 0) return entries;
    const auto which = (losses & kLeaves)      ? kernel::LinkSettings::kAll
                       : (losses & kLosesIpv6) ? kernel::LinkSettings::kIpv6
                                               : kernel::LinkSettings::kIpv6Mtu;
    auto status = where.worker.Within(where.netns, [&] {
      auto settings = kernel::ListLinkSettings(where.link.name, which);
      if (!settings.ok()) return settings.status();
      // Otherwise the kernel makes it the link's again by itself.
      const std::string own = absl::StrCat(where.link.mtu);
      if (which == kernel::LinkSettings::kIpv6Mtu)
        std::erase_if(*settings, [&](const auto& mtu) { return mtu.value == own; });
      for (kernel::LinkSetting& each : *settings) entries.push_back({std::move(each.key), std::move(each.value)});
      return absl::OkStatus();
    });
    if (!status.ok()) return status;
    return entries;
  }
  absl::StatusOr<std::vector<Entry>> Missing(const Where& where, const std::vector<Entry>& wanted) const override {
    std::vector<Entry> missing;
    auto status = where.worker.Within(where.netns, [&] {
      for (const Entry& entry : wanted) {
        if (kernel::ReadLinkSetting(where.link.name, entry.key) != entry.body) missing.push_back(entry);
      }
      return absl::OkStatus();
    });
    if (!status.ok()) return status;
    return missing;
  }
  absl::Status Put(const Where& where, const Entry& entry) const override {
    const auto write = [&] {
      return where.worker.Within(where.netns, [&] {
        return kernel::WriteLinkSetting(where.link.name, {entry.key, entry.body});
      });
    };
    if (entry.key != kIpv6Forwarding || entry.body == "0") return write();
    Ipv6Routes routes(where.netlink);
    if (auto s = write(); !s.ok()) return s;
    return routes.BringBack();
  }
  // It is there as long as its link is.
  absl::Status Remove(const Where&, const Entry&) const override {
    return absl::UnimplementedError("a setting cannot be removed");
  }
  std::string Shown(const Where& where, const Entry& entry) const override {
    return kernel::SettingName(where.link.name, entry.key);
  }
};

}  // namespace

const Facility& Settings() {
  static const auto* facility = new SettingFacility;
  return *facility;
}

}  // namespace warren::executor
