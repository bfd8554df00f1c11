#include "agent/kernel/link.h"

#include <errno.h>
#include <linux/if_link.h>
#include <linux/rtnetlink.h>
#include <linux/veth.h>
#include <net/if.h>
#include <netlink/attr.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/random.h>
#include <sys/socket.h>

#include <algorithm>
#include <iterator>
#include <string_view>
#include <utility>

#include "absl/strings/str_cat.h"
#include "agent/kernel/error.h"

#ifndef IFLA_ALT_IFNAME
#define IFLA_ALT_IFNAME 53
#endif

namespace warren::kernel {
namespace {

// The kinds whose links go with the one that they stand on. A tunnel only sends by its link, and stays.
constexpr const char* kUpperKinds[] = {"vlan", "macvlan", "macvtap", "ipvlan", "ipvtap", "macsec", "vxlan"};

// What a link stands on, where that is in its own namespace.
int LowerOf(nlattr* const* table) {
  if (table[IFLA_LINKINFO] == nullptr || table[IFLA_LINK_NETNSID] != nullptr) return 0;
  nlattr* nested[IFLA_INFO_MAX + 1] = {};
  nla_parse_nested(nested, IFLA_INFO_MAX, table[IFLA_LINKINFO], nullptr);
  const std::string_view kind = nested[IFLA_INFO_KIND] ? nla_get_string(nested[IFLA_INFO_KIND]) : "";
  if (std::find(std::begin(kUpperKinds), std::end(kUpperKinds), kind) == std::end(kUpperKinds)) return 0;
  const nlattr* lower = table[IFLA_LINK];
  // It does not say so where the others do (vxlan_fill_info; NETDEV_UNREGISTER in vxlan_netdevice_event).
  if (kind == "vxlan") {
    nlattr* data = nested[IFLA_INFO_DATA];
    lower = data ? nla_find(static_cast<nlattr*>(nla_data(data)), nla_len(data), IFLA_VXLAN_LINK) : nullptr;
  }
  return lower ? nla_get_s32(lower) : 0;
}

Link Parse(const nlmsghdr* header) {
  Link link;
  const auto* info = static_cast<const ifinfomsg*>(NLMSG_DATA(header));
  link.ifindex = info->ifi_index;
  link.flags = info->ifi_flags;
  link.type = info->ifi_type;
  nlattr* table[IFLA_MAX + 1] = {};
  nlmsg_parse(const_cast<nlmsghdr*>(header), sizeof *info, table, IFLA_MAX, nullptr);
  const auto text = [&](int type) { return table[type] ? std::string(nla_get_string(table[type])) : std::string(); };
  const auto number = [&](int type) { return table[type] ? nla_get_u32(table[type]) : 0; };
  link.name = text(IFLA_IFNAME);
  link.mtu = number(IFLA_MTU);
  link.qdisc = text(IFLA_QDISC);
  link.alias = text(IFLA_IFALIAS);
  link.master = static_cast<int>(number(IFLA_MASTER));
  link.peer = static_cast<int>(number(IFLA_LINK));
  link.group = number(IFLA_GROUP);
  link.tx_queues = number(IFLA_NUM_TX_QUEUES);
  link.rx_queues = number(IFLA_NUM_RX_QUEUES);
  if (table[IFLA_LINK_NETNSID]) link.peer_nsid = nla_get_s32(table[IFLA_LINK_NETNSID]);
  if (table[IFLA_OPERSTATE]) link.oper_state = nla_get_u8(table[IFLA_OPERSTATE]);
  if (table[IFLA_ADDRESS]) {
    link.mac.assign(static_cast<const char*>(nla_data(table[IFLA_ADDRESS])), nla_len(table[IFLA_ADDRESS]));
  }
  if (table[IFLA_LINKINFO]) {
    nlattr* nested[IFLA_INFO_MAX + 1] = {};
    nla_parse_nested(nested, IFLA_INFO_MAX, table[IFLA_LINKINFO], nullptr);
    if (nested[IFLA_INFO_KIND]) link.kind = nla_get_string(nested[IFLA_INFO_KIND]);
    link.lower = LowerOf(table);
  }
  if (table[IFLA_PROP_LIST]) {
    int left;
    nlattr* property;
    nla_for_each_nested(property, table[IFLA_PROP_LIST], left) {
      if (nla_type(property) == IFLA_ALT_IFNAME) link.alternative_names.emplace_back(nla_get_string(property));
    }
  }
  if (table[IFLA_STATS64] && nla_len(table[IFLA_STATS64]) >= static_cast<int>(8 * sizeof(uint64_t))) {
    // Attributes are aligned to 4 bytes only; an older kernel has fewer counters at the end.
    rtnl_link_stats64 s{};
    const size_t length = static_cast<size_t>(nla_len(table[IFLA_STATS64]));
    memcpy(&s, nla_data(table[IFLA_STATS64]), std::min(length, sizeof s));
    link.statistics = {s.rx_bytes, s.rx_packets, s.rx_errors, s.rx_dropped,
                       s.tx_bytes, s.tx_packets, s.tx_errors, s.tx_dropped};
  }
  return link;
}

absl::StatusOr<Link> GetOne(Netlink& netlink, Message& message, std::string_view doing) {
  Link link;
  auto status = netlink.Get(message, doing, [&](const nlmsghdr* header) { link = Parse(header); });
  if (!status.ok()) return status;
  return link;
}

// The attributes of one end; a veth peer's come after an ifinfomsg of its own.
void PutEnd(Message& message, const NewVethEnd& end) {
  const uint32_t fd = static_cast<uint32_t>(end.netns->fd.get());
  message.PutName(IFLA_IFNAME, end.name).Put(IFLA_ADDRESS, end.mac).PutU32(IFLA_NET_NS_FD, fd);
  message.PutU32(IFLA_NUM_TX_QUEUES, end.queues).PutU32(IFLA_NUM_RX_QUEUES, end.queues);
  if (end.mtu != 0) message.PutU32(IFLA_MTU, end.mtu);
  if (end.group != 0) message.PutU32(IFLA_GROUP, end.group);
}

absl::StatusOr<std::vector<Link>> DumpLinks(Netlink& netlink, Message& message, std::string_view doing) {
  std::vector<Link> links;
  auto status = netlink.Dump(
      message, doing, [&](const nlmsghdr* header) { links.push_back(Parse(header)); }, [&] { links.clear(); });
  if (!status.ok()) return status;
  return links;
}

}  // namespace

absl::StatusOr<std::vector<Link>> ListLinks(Netlink& netlink) {
  Message message(RTM_GETLINK, 0, ifinfomsg{});
  return DumpLinks(netlink, message, "listing links");
}

absl::StatusOr<std::vector<Link>> ListLinksOn(Netlink& netlink, int ifindex) {
  std::vector<Link> uppers;
  for (const char* kind : kUpperKinds) {
    Message message(RTM_GETLINK, 0, ifinfomsg{});
    nlattr* info = message.Begin(IFLA_LINKINFO);
    message.PutName(IFLA_INFO_KIND, kind);
    message.End(info);
    auto links = DumpLinks(netlink, message, "listing links");
    if (!links.ok()) return links.status();
    // The kernel ignores a kind that it has not loaded, and tells of all.
    const bool all = std::any_of(links->begin(), links->end(), [&](const Link& link) { return link.kind != kind; });
    if (all) uppers.clear();
    for (Link& link : *links) {
      if (link.lower == ifindex) uppers.push_back(std::move(link));
    }
    if (all) break;
  }
  return uppers;
}

absl::StatusOr<std::vector<Link>> ListLinksIn(Netlink& netlink, int nsid) {
  Message message(RTM_GETLINK, 0, ifinfomsg{});
  message.PutU32(IFLA_TARGET_NETNSID, static_cast<uint32_t>(nsid));
  return DumpLinks(netlink, message, absl::StrCat("listing links of nsid ", nsid));
}

absl::StatusOr<Link> GetLink(Netlink& netlink, const std::string& name) {
  Message message(RTM_GETLINK, 0, ifinfomsg{});
  // The kernel looks for either among both, but takes no long one as the former (rtnl_dev_get).
  message.PutName(name.size() < IFNAMSIZ ? IFLA_IFNAME : IFLA_ALT_IFNAME, name);
  return GetOne(netlink, message, absl::StrCat("looking up link ", name));
}

absl::StatusOr<Link> GetLink(Netlink& netlink, int ifindex) {
  ifinfomsg info{};
  info.ifi_index = ifindex;
  Message message(RTM_GETLINK, 0, info);
  return GetOne(netlink, message, absl::StrCat("looking up link ", ifindex));
}

int LowerOf(const nlmsghdr* message) {
  nlattr* table[IFLA_MAX + 1] = {};
  nlmsg_parse(const_cast<nlmsghdr*>(message), sizeof(ifinfomsg), table, IFLA_MAX, nullptr);
  return LowerOf(table);
}

bool HasLink(int socket, int ifindex) {
  ifreq request{};
  request.ifr_ifindex = ifindex;
  return ioctl(socket, SIOCGIFNAME, &request) == 0 || errno != ENODEV;
}

absl::StatusOr<int> IndexOfLink(int socket, const std::string& name) {
  ifreq request{};
  if (name.size() >= sizeof request.ifr_name) return ErrnoError(ENODEV, absl::StrCat("looking up link ", name));
  name.copy(request.ifr_name, name.size());
  if (ioctl(socket, SIOCGIFINDEX, &request) != 0) return ErrnoError(errno, absl::StrCat("looking up link ", name));
  return request.ifr_ifindex;
}

bool IsNameTaken(int socket, const std::string& name) {
  // The name is looked up before anything else (sock_setbindtodevice); what a netlink socket is bound to means nothing.
  return setsockopt(socket, SOL_SOCKET, SO_BINDTODEVICE, name.c_str(), static_cast<socklen_t>(name.size())) == 0 ||
         errno != ENODEV;
}

uint32_t RandomGroup() {
  uint32_t group = 0;
  while ((group & INT32_MAX) == 0) {
    if (getrandom(&group, sizeof group, 0) != sizeof group) group = 0;
  }
  return group & INT32_MAX;
}

absl::StatusOr<Link> GetLinkIn(Netlink& netlink, int nsid, int ifindex) {
  ifinfomsg info{};
  info.ifi_index = ifindex;
  Message message(RTM_GETLINK, 0, info);
  message.PutU32(IFLA_TARGET_NETNSID, static_cast<uint32_t>(nsid));
  return GetOne(netlink, message, absl::StrCat("looking up link ", ifindex, " of nsid ", nsid));
}

Link LinkFromBody(const std::string& body) {
  std::string bytes(NLMSG_HDRLEN, '\0');
  bytes += body;
  auto* header = reinterpret_cast<nlmsghdr*>(bytes.data());
  header->nlmsg_len = static_cast<uint32_t>(bytes.size());
  header->nlmsg_type = RTM_NEWLINK;
  return Parse(header);
}

bool IsFallback(const Link& link) {
  // fb_tunnel_dev of ip_tunnel.c and its siblings: known by kind and fixed name.
  static constexpr std::pair<std::string_view, std::string_view> kFallback[] = {
      {"ipip", "tunl0"},     {"sit", "sit0"},       {"gre", "gre0"},    {"gretap", "gretap0"}, {"erspan", "erspan0"},
      {"ip6tnl", "ip6tnl0"}, {"ip6gre", "ip6gre0"}, {"vti", "ip_vti0"}, {"vti6", "ip6_vti0"},
  };
  return std::any_of(std::begin(kFallback), std::end(kFallback),
                     [&](const auto& fallback) { return link.kind == fallback.first && link.name == fallback.second; });
}

absl::Status CreateVeth(Netlink& netlink, const NewVethEnd& a, const NewVethEnd& b) {
  ifinfomsg main{};
  main.ifi_index = a.ifindex;
  if (a.up) main.ifi_flags = main.ifi_change = IFF_UP;
  Message message(RTM_NEWLINK, NLM_F_CREATE | NLM_F_EXCL, main);
  PutEnd(message, a);
  nlattr* info = message.Begin(IFLA_LINKINFO);
  message.PutName(IFLA_INFO_KIND, "veth");
  nlattr* data = message.Begin(IFLA_INFO_DATA);
  nlattr* peer = message.Begin(VETH_INFO_PEER);
  const ifinfomsg peer_info{};
  message.Append(&peer_info, sizeof peer_info);
  PutEnd(message, b);
  message.End(peer);
  message.End(data);
  message.End(info);
  return netlink.Do(message, absl::StrCat("creating veth pair ", a.name, ", ", b.name));
}

absl::Status CreateBridge(Netlink& netlink, const std::string& name, const std::string& mac, uint32_t mtu, int ifindex,
                          uint32_t group) {
  ifinfomsg main{};
  main.ifi_index = ifindex;
  Message message(RTM_NEWLINK, NLM_F_CREATE | NLM_F_EXCL, main);
  message.PutName(IFLA_IFNAME, name).Put(IFLA_ADDRESS, mac);
  if (mtu != 0) message.PutU32(IFLA_MTU, mtu);
  if (group != 0) message.PutU32(IFLA_GROUP, group);
  nlattr* info = message.Begin(IFLA_LINKINFO);
  message.PutName(IFLA_INFO_KIND, "bridge");
  message.End(info);
  return netlink.Do(message, absl::StrCat("creating bridge ", name));
}

absl::Status DeleteLink(Netlink& netlink, int ifindex) {
  ifinfomsg info{};
  info.ifi_index = ifindex;
  Message message(RTM_DELLINK, 0, info);
  return netlink.Do(message, "deleting the link");
}

Message SetLinkMessage(int ifindex, const LinkChange& change) {
  ifinfomsg info{};
  info.ifi_index = ifindex;
  if (change.up) {
    info.ifi_change = IFF_UP;
    info.ifi_flags = *change.up ? IFF_UP : 0;
  }
  Message message(RTM_NEWLINK, 0, info);
  if (change.mtu) message.PutU32(IFLA_MTU, *change.mtu);
  if (change.mac) message.Put(IFLA_ADDRESS, *change.mac);
  if (change.name) message.PutName(IFLA_IFNAME, *change.name);
  if (change.master) message.PutU32(IFLA_MASTER, static_cast<uint32_t>(*change.master));
  if (change.group) message.PutU32(IFLA_GROUP, *change.group);
  return message;
}

absl::Status SetLink(Netlink& netlink, int ifindex, const LinkChange& change) {
  Message message = SetLinkMessage(ifindex, change);
  return netlink.Do(message, "changing the link");
}

absl::Status MoveLink(Netlink& netlink, int ifindex, const Netns& target, const std::string& name, int wanted_ifindex) {
  ifinfomsg info{};
  info.ifi_index = ifindex;
  Message message(RTM_NEWLINK, 0, info);
  message.PutU32(IFLA_NET_NS_FD, static_cast<uint32_t>(target.fd.get())).PutName(IFLA_IFNAME, name);
  if (wanted_ifindex != 0) message.PutU32(IFLA_NEW_IFINDEX, static_cast<uint32_t>(wanted_ifindex));
  return netlink.Do(message, "moving the link");
}

}  // namespace warren::kernel
