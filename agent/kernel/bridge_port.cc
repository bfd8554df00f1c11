#include "agent/kernel/bridge_port.h"

#include <linux/if_link.h>
#include <linux/rtnetlink.h>

#include <optional>

#include "agent/kernel/body.h"

namespace warren::kernel {
namespace {

constexpr size_t kHeader = NLMSG_ALIGN(sizeof(ifinfomsg));
// How many groups it is in (Linux 6.3).
constexpr int kMulticastGroups = 41;

std::string Settable(const std::string& told) {
  return WithoutAttributes(
      told, 0,
      {IFLA_BRPORT_STATE, IFLA_BRPORT_ROOT_ID, IFLA_BRPORT_BRIDGE_ID, IFLA_BRPORT_DESIGNATED_PORT,
       IFLA_BRPORT_DESIGNATED_COST, IFLA_BRPORT_ID, IFLA_BRPORT_NO, IFLA_BRPORT_TOPOLOGY_CHANGE_ACK,
       IFLA_BRPORT_CONFIG_PENDING, IFLA_BRPORT_MESSAGE_AGE_TIMER, IFLA_BRPORT_FORWARD_DELAY_TIMER,
       IFLA_BRPORT_HOLD_TIMER, IFLA_BRPORT_FLUSH, IFLA_BRPORT_PAD, IFLA_BRPORT_MRP_RING_OPEN, IFLA_BRPORT_MRP_IN_OPEN,
       IFLA_BRPORT_MCAST_EHT_HOSTS_CNT, kMulticastGroups});
}

}  // namespace

absl::StatusOr<std::string> GetBridgePort(Netlink& netlink, int ifindex) {
  ifinfomsg info{};
  info.ifi_index = ifindex;
  Message message(RTM_GETLINK, 0, info);
  std::string settings;
  auto status = netlink.Get(message, "looking up the bridge port", [&](const nlmsghdr* header) {
    const auto link = AttributeOf(BodyOf(header), kHeader, IFLA_LINKINFO);
    const auto kind = link ? AttributeOf(*link, 0, IFLA_INFO_SLAVE_KIND) : std::nullopt;
    if (!kind || std::string(kind->c_str()) != "bridge") return;
    if (const auto told = AttributeOf(*link, 0, IFLA_INFO_SLAVE_DATA)) settings = Settable(*told);
  });
  if (!status.ok()) return status;
  return settings;
}

absl::Status SetBridgePort(Netlink& netlink, int ifindex, const std::string& settings) {
  ifinfomsg info{};
  info.ifi_index = ifindex;
  Message message(RTM_NEWLINK, 0, info);
  nlattr* link = message.Begin(IFLA_LINKINFO);
  message.PutName(IFLA_INFO_SLAVE_KIND, "bridge");
  message.Put(IFLA_INFO_SLAVE_DATA | NLA_F_NESTED, settings);
  message.End(link);
  return netlink.Do(message, "setting the bridge port");
}

}  // namespace warren::kernel
