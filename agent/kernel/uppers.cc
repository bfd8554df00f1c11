#include "agent/kernel/uppers.h"

#include <linux/rtnetlink.h>
#include <sys/socket.h>

#include <algorithm>
#include <string>
#include <utility>

#include "agent/kernel/link.h"

namespace warren::kernel {

Uppers::Uppers(SharedEvents events) : events_(std::move(events)) {
  if (events_.ok()) (void)(*events_)->Add(*this, {RTNLGRP_LINK}, EventSocket::Scope::kOwn);
}

Uppers::~Uppers() {
  if (events_.ok()) (*events_)->Remove(*this);
}

absl::StatusOr<bool> Uppers::StandOn(Netlink& host, int ifindex) {
  if (!events_.ok() || !(*events_)->Read(*this).ok()) {
    auto uppers = ListLinksOn(host, ifindex);
    if (!uppers.ok()) return uppers.status();
    return !uppers->empty();
  }
  MutexLock lock(&mutex_);
  if (!known_) {
    auto links = ListLinks(host);
    if (!links.ok()) return links.status();
    lowers_.clear();
    for (const Link& link : *links) {
      if (link.lower != 0) lowers_[link.ifindex] = link.lower;
    }
    known_ = true;
  }
  return std::any_of(lowers_.begin(), lowers_.end(), [&](const auto& each) { return each.second == ifindex; });
}

void Uppers::OnEvent(int origin, nlmsghdr* message) {
  if (origin != EventSocket::kOwnNamespace) return;
  if (message->nlmsg_type != RTM_NEWLINK && message->nlmsg_type != RTM_DELLINK) return;
  const auto* info = static_cast<const ifinfomsg*>(NLMSG_DATA(message));
  if (info->ifi_family != AF_UNSPEC) return;  // AF_BRIDGE: what a bridge says of its port
  const int lower = message->nlmsg_type == RTM_NEWLINK ? LowerOf(message) : 0;
  MutexLock lock(&mutex_);
  if (lower != 0) {
    lowers_[info->ifi_index] = lower;
  } else if (!lowers_.empty()) {
    lowers_.erase(info->ifi_index);
  }
}

void Uppers::OnLost() {
  MutexLock lock(&mutex_);
  known_ = false;
}

}  // namespace warren::kernel
