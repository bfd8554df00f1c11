#include "agent/kernel/link_settings.h"

#include <arpa/inet.h>
#include <linux/if_bridge.h>
#include <linux/if_link.h>
#include <linux/rtnetlink.h>
#include <net/if.h>

#include <cstring>
#include <iterator>
#include <optional>

#include "absl/strings/str_cat.h"
#include "agent/kernel/body.h"

namespace warren::kernel {
namespace {

constexpr size_t kHeader = NLMSG_ALIGN(sizeof(ifinfomsg));
// Newer than the headers (Linux 6.7).
constexpr int kFdbMaxLearned = 49;

absl::StatusOr<std::string> Look(Netlink& netlink, int ifindex) {
  ifinfomsg info{};
  info.ifi_index = ifindex;
  Message message(RTM_GETLINK, 0, info);
  std::string body;
  auto status = netlink.Get(message, "looking up the link", [&](const nlmsghdr* header) { body = BodyOf(header); });
  if (!status.ok()) return status;
  return body;
}

// Whatever its width.
uint64_t Number(const std::string& payload) {
  uint8_t narrow = 0;
  uint16_t middle = 0;
  uint32_t wide = 0;
  uint64_t number = 0;
  const auto read = [&](auto& value) {
    memcpy(&value, payload.data(), sizeof value);
    return uint64_t{value};
  };
  switch (payload.size()) {
    case sizeof narrow:
      return read(narrow);
    case sizeof middle:
      return read(middle);
    case sizeof wide:
      return read(wide);
    default:
      return payload.size() < sizeof number ? 0 : read(number);
  }
}

std::string Differs(const std::string& name, const std::string& is, const std::string& as_new) {
  return absl::StrCat("its ", name, " is ", is, ", not ", as_new);
}

struct Default {
  int attribute;
  const char* name;
  uint64_t value;
  uint64_t or_value;  // the same, rounded otherwise on a kernel whose clock ticks at another rate
};
// As br_dev_setup, br_multicast_ctx_init and br_vlan_init have them; times in 1/100 s. Not what follows from its ports
// and its peers: the ids, the root, the topology, the timers, the querier that it hears.
constexpr Default kOfBridge[] = {
    {IFLA_BR_FORWARD_DELAY, "forward_delay", 1500, 1500},
    {IFLA_BR_HELLO_TIME, "hello_time", 200, 200},
    {IFLA_BR_MAX_AGE, "max_age", 2000, 2000},
    {IFLA_BR_AGEING_TIME, "ageing_time", 30000, 30000},
    {IFLA_BR_STP_STATE, "stp_state", 0, 0},
    {IFLA_BR_PRIORITY, "priority", 0x8000, 0x8000},
    {IFLA_BR_VLAN_FILTERING, "vlan_filtering", 0, 0},
    {IFLA_BR_VLAN_DEFAULT_PVID, "vlan_default_pvid", 1, 1},
    {IFLA_BR_VLAN_STATS_ENABLED, "vlan_stats_enabled", 0, 0},
    {IFLA_BR_VLAN_STATS_PER_PORT, "vlan_stats_per_port", 0, 0},
    {IFLA_BR_GROUP_FWD_MASK, "group_fwd_mask", 0, 0},
    {IFLA_BR_MCAST_ROUTER, "mcast_router", 1, 1},
    {IFLA_BR_MCAST_SNOOPING, "mcast_snooping", 1, 1},
    {IFLA_BR_MCAST_QUERY_USE_IFADDR, "mcast_query_use_ifaddr", 0, 0},
    {IFLA_BR_MCAST_QUERIER, "mcast_querier", 0, 0},
    {IFLA_BR_MCAST_HASH_ELASTICITY, "mcast_hash_elasticity", 16, 16},
    {IFLA_BR_MCAST_HASH_MAX, "mcast_hash_max", 4096, 4096},
    {IFLA_BR_MCAST_LAST_MEMBER_CNT, "mcast_last_member_count", 2, 2},
    {IFLA_BR_MCAST_STARTUP_QUERY_CNT, "mcast_startup_query_count", 2, 2},
    {IFLA_BR_MCAST_LAST_MEMBER_INTVL, "mcast_last_member_interval", 100, 100},
    {IFLA_BR_MCAST_MEMBERSHIP_INTVL, "mcast_membership_interval", 26000, 26000},
    {IFLA_BR_MCAST_QUERIER_INTVL, "mcast_querier_interval", 25500, 25500},
    {IFLA_BR_MCAST_QUERY_INTVL, "mcast_query_interval", 12500, 12500},
    {IFLA_BR_MCAST_QUERY_RESPONSE_INTVL, "mcast_query_response_interval", 1000, 1000},
    {IFLA_BR_MCAST_STARTUP_QUERY_INTVL, "mcast_startup_query_interval", 3125, 3124},
    {IFLA_BR_MCAST_STATS_ENABLED, "mcast_stats_enabled", 0, 0},
    {IFLA_BR_MCAST_IGMP_VERSION, "mcast_igmp_version", 2, 2},
    {IFLA_BR_MCAST_MLD_VERSION, "mcast_mld_version", 1, 1},
    {IFLA_BR_NF_CALL_IPTABLES, "nf_call_iptables", 0, 0},
    {IFLA_BR_NF_CALL_IP6TABLES, "nf_call_ip6tables", 0, 0},
    {IFLA_BR_NF_CALL_ARPTABLES, "nf_call_arptables", 0, 0},
    {kFdbMaxLearned, "fdb_max_learned", 0, 0},
};

// The bits of IFLA_BR_MULTI_BOOLOPT (enum br_boolopt_id), all off in a new bridge.
constexpr const char* kBridgeOptions[] = {"no_linklocal_learn", "mcast_vlan_snooping", "mst_enabled",
                                          "mdb_offload_fail_notification", "fdb_local_vlan_0"};

void CompareBridge(const std::string& data, std::vector<std::string>& differences) {
  for (const Default& each : kOfBridge) {
    const auto told = AttributeOf(data, 0, each.attribute);
    if (!told) continue;
    const uint64_t is = Number(*told);
    if (is == each.value || is == each.or_value) continue;
    differences.push_back(Differs(each.name, absl::StrCat(is), absl::StrCat(each.value)));
  }
  if (const auto protocol = AttributeOf(data, 0, IFLA_BR_VLAN_PROTOCOL); protocol && protocol->size() == 2) {
    const uint16_t is = ntohs(static_cast<uint16_t>(Number(*protocol)));
    if (is == 0x88a8) differences.push_back(Differs("vlan_protocol", "802.1ad", "802.1Q"));
  }
  if (const auto group = AttributeOf(data, 0, IFLA_BR_GROUP_ADDR)) {
    const std::string as_new("\x01\x80\xc2\x00\x00\x00", 6);
    if (*group != as_new) differences.push_back("its group_address is another than 01:80:c2:00:00:00");
  }
  if (const auto options = AttributeOf(data, 0, IFLA_BR_MULTI_BOOLOPT);
      options && options->size() == sizeof(br_boolopt_multi)) {
    br_boolopt_multi is{};
    memcpy(&is, options->data(), sizeof is);
    for (size_t bit = 0; bit < std::size(kBridgeOptions); ++bit) {
      if (is.optval & is.optmask & (1u << bit)) differences.push_back(Differs(kBridgeOptions[bit], "1", "0"));
    }
  }
}

void CompareFlags(uint32_t flags, std::vector<std::string>& differences) {
  struct Flag {
    uint32_t flag;
    const char* name;
    bool as_new;
  };
  for (const Flag& each : {Flag{IFF_NOARP, "arp", false}, Flag{IFF_MULTICAST, "multicast", true},
                           Flag{IFF_ALLMULTI, "allmulticast", false}, Flag{IFF_PROMISC, "promisc", false},
                           Flag{IFF_DYNAMIC, "dynamic", false}}) {
    const bool set = (flags & each.flag) != 0;
    if (set == each.as_new) continue;
    const bool on = each.flag == IFF_NOARP ? !set : set;
    differences.push_back(Differs(each.name, on ? "on" : "off", on ? "off" : "on"));
  }
}

}  // namespace

absl::StatusOr<std::vector<std::string>> SettingsNotAsNew(Netlink& netlink, int ifindex) {
  auto told = Look(netlink, ifindex);
  if (!told.ok()) return told.status();
  std::vector<std::string> differences;
  CompareFlags(HeaderOf<ifinfomsg>(*told).ifi_flags, differences);
  // As ether_setup has it, for either kind.
  constexpr uint32_t kQueueLength = 1000;
  const uint32_t length = U32Of(*told, kHeader, IFLA_TXQLEN);
  if (length != kQueueLength) {
    differences.push_back(Differs("txqueuelen", absl::StrCat(length), absl::StrCat(kQueueLength)));
  }
  if (const auto alias = AttributeOf(*told, kHeader, IFLA_IFALIAS)) {
    differences.push_back(absl::StrCat("it has the alias \"", alias->c_str(), "\""));
  }
  if (const auto mode = AttributeOf(*told, kHeader, IFLA_LINKMODE); mode && Number(*mode) != 0) {
    differences.push_back(Differs("mode", "dormant", "default"));
  }
  if (const auto off = AttributeOf(*told, kHeader, IFLA_PROTO_DOWN); off && Number(*off) != 0) {
    differences.push_back(Differs("protodown", "on", "off"));
  }
  const auto info = AttributeOf(*told, kHeader, IFLA_LINKINFO);
  const auto kind = info ? AttributeOf(*info, 0, IFLA_INFO_KIND) : std::nullopt;
  if (!kind || std::string(kind->c_str()) != "bridge") return differences;
  if (const auto data = AttributeOf(*info, 0, IFLA_INFO_DATA)) CompareBridge(*data, differences);
  return differences;
}

absl::StatusOr<MtuLimits> MtuLimitsOf(Netlink& netlink, int ifindex) {
  auto told = Look(netlink, ifindex);
  if (!told.ok()) return told.status();
  MtuLimits limits{U32Of(*told, kHeader, IFLA_MIN_MTU), U32Of(*told, kHeader, IFLA_MAX_MTU)};
  const auto info = AttributeOf(*told, kHeader, IFLA_LINKINFO);
  const auto kind = info ? AttributeOf(*info, 0, IFLA_INFO_KIND) : std::nullopt;
  if (kind && std::string(kind->c_str()) == "vxlan") {
    const auto data = AttributeOf(*info, 0, IFLA_INFO_DATA);
    if (data) limits.lower = static_cast<int>(U32Of(*data, 0, IFLA_VXLAN_LINK));
  } else if (kind && std::string(kind->c_str()) != "veth" && !AttributeOf(*told, kHeader, IFLA_LINK_NETNSID)) {
    limits.lower = static_cast<int>(U32Of(*told, kHeader, IFLA_LINK));
  }
  return limits;
}

}  // namespace warren::kernel
