#include "agent/kernel/departures.h"

#include <linux/net_namespace.h>
#include <linux/rtnetlink.h>
#include <netlink/attr.h>
#include <netlink/msg.h>
#include <sys/socket.h>

#include <utility>

namespace warren::kernel {

Departures::Departures(SharedEvents events, Listener& listener) : events_(std::move(events)), listener_(listener) {
  if (events_.ok()) (void)(*events_)->Add(*this, {RTNLGRP_LINK, RTNLGRP_NSID}, EventSocket::Scope::kAlong);
}

Departures::~Departures() {
  if (events_.ok()) (*events_)->Remove(*this);
}

void Departures::Read() {
  if (events_.ok()) (void)(*events_)->Read(*this);
}

void Departures::OnEvent(int origin, nlmsghdr* message) {
  if (message->nlmsg_type == RTM_DELLINK) {
    const auto* info = static_cast<const ifinfomsg*>(NLMSG_DATA(message));
    // AF_BRIDGE: it has only left a bridge.
    if (info->ifi_family == AF_UNSPEC) listener_.OnLinkWent(origin, info->ifi_index);
  } else if (message->nlmsg_type == RTM_DELNSID && origin == EventSocket::kOwnNamespace) {
    nlattr* table[NETNSA_MAX + 1] = {};
    nlmsg_parse(message, sizeof(rtgenmsg), table, NETNSA_MAX, nullptr);
    if (table[NETNSA_NSID]) listener_.OnNetnsWent(nla_get_s32(table[NETNSA_NSID]));
  }
}

}  // namespace warren::kernel
