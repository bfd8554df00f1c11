#include "agent/kernel/event.h"

#include <linux/if.h>
#include <linux/if_addr.h>
#include <linux/if_link.h>
#include <linux/net_namespace.h>
#include <linux/rtnetlink.h>
#include <netlink/attr.h>
#include <netlink/msg.h>

#include "agent/kernel/route.h"

namespace warren::kernel {
namespace {

// Everything about a link but the other end, which a veth has not when it is first told of (veth_newlink): not what a
// bridge, or a wireless driver, tells of its ports.
bool IsWhole(nlmsghdr* header) {
  if (static_cast<const ifinfomsg*>(NLMSG_DATA(header))->ifi_family != AF_UNSPEC) return false;
  nlattr* table[IFLA_MAX + 1] = {};
  nlmsg_parse(header, sizeof(ifinfomsg), table, IFLA_MAX, nullptr);
  return table[IFLA_IFNAME] && table[IFLA_MTU] && table[IFLA_OPERSTATE] && table[IFLA_NUM_TX_QUEUES];
}

}  // namespace

bool ParseEvent(int origin, nlmsghdr* header, bool links, Event* event) {
  event->nsid = origin;
  switch (header->nlmsg_type) {
    case RTM_NEWLINK:
    case RTM_DELLINK: {
      const auto* info = static_cast<const ifinfomsg*>(NLMSG_DATA(header));
      event->kind = Event::Kind::kLink;
      event->ifindex = info->ifi_index;
      event->up = (info->ifi_flags & IFF_UP) != 0;
      // AF_BRIDGE: it has only left a bridge.
      event->deleted = header->nlmsg_type == RTM_DELLINK && info->ifi_family == AF_UNSPEC;
      if (links && header->nlmsg_type == RTM_NEWLINK && IsWhole(header)) {
        event->link.assign(static_cast<const char*>(NLMSG_DATA(header)), header->nlmsg_len - NLMSG_HDRLEN);
      }
      return true;
    }
    case RTM_NEWADDR:
    case RTM_DELADDR: {
      const auto* info = static_cast<const ifaddrmsg*>(NLMSG_DATA(header));
      event->kind = Event::Kind::kAddress;
      event->ifindex = static_cast<int>(info->ifa_index);
      event->family = info->ifa_family;
      event->deleted = header->nlmsg_type == RTM_DELADDR;
      nlattr* table[IFA_MAX + 1] = {};
      nlmsg_parse(header, sizeof *info, table, IFA_MAX, nullptr);
      if (const nlattr* local = table[IFA_LOCAL] ? table[IFA_LOCAL] : table[IFA_ADDRESS]) {
        event->address = {info->ifa_family,
                          {static_cast<const char*>(nla_data(local)), static_cast<size_t>(nla_len(local))}};
      }
      return true;
    }
    case RTM_NEWROUTE:
    case RTM_DELROUTE: {
      const auto* info = static_cast<const rtmsg*>(NLMSG_DATA(header));
      if (info->rtm_flags & RTM_F_CLONED) return false;
      if (info->rtm_family != AF_INET && info->rtm_family != AF_INET6) return false;
      // Every address has some there.
      if (info->rtm_table == kLocalTable && info->rtm_protocol == RTPROT_KERNEL) return false;
      event->kind = Event::Kind::kRoute;
      event->family = info->rtm_family;
      event->deleted = header->nlmsg_type == RTM_DELROUTE;
      event->replaced = !event->deleted && (header->nlmsg_flags & NLM_F_REPLACE) != 0;
      event->route.assign(static_cast<const char*>(NLMSG_DATA(header)), header->nlmsg_len - NLMSG_HDRLEN);
      return true;
    }
    // A new one has no routes yet; of one that replaces another the request's flags are told (nexthop_notify).
    case RTM_NEWNEXTHOP:
    case RTM_DELNEXTHOP:
      event->kind = Event::Kind::kNexthop;
      event->deleted = header->nlmsg_type == RTM_DELNEXTHOP;
      return event->deleted || (header->nlmsg_flags & NLM_F_REPLACE) != 0;
    case RTM_NEWNSID:
    case RTM_DELNSID: {
      // Other namespaces' ids for each other.
      if (origin != EventSocket::kOwnNamespace) return false;
      nlattr* table[NETNSA_MAX + 1] = {};
      nlmsg_parse(header, sizeof(rtgenmsg), table, NETNSA_MAX, nullptr);
      if (!table[NETNSA_NSID]) return false;
      event->kind = Event::Kind::kNsid;
      event->nsid = nla_get_s32(table[NETNSA_NSID]);
      event->deleted = header->nlmsg_type == RTM_DELNSID;
      return true;
    }
    default:
      return false;
  }
}

}  // namespace warren::kernel
