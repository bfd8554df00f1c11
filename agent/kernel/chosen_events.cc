#include "agent/kernel/chosen_events.h"

#include <errno.h>
#include <linux/rtnetlink.h>
#include <sys/socket.h>

#include "agent/kernel/error.h"
#include "agent/kernel/event_reading.h"
#include "agent/kernel/event_socket.h"
#include "agent/kernel/nsid.h"

namespace warren::kernel {
namespace {

constexpr int kGroups[] = {RTNLGRP_LINK,       RTNLGRP_IPV4_IFADDR, RTNLGRP_IPV6_IFADDR,
                           RTNLGRP_IPV4_ROUTE, RTNLGRP_IPV6_ROUTE,  RTNLGRP_NEXTHOP};
constexpr int kReceiveBuffer = 4 << 20;

absl::Status Set(int fd, int option, int value) {
  if (setsockopt(fd, SOL_NETLINK, option, &value, sizeof value) != 0) {
    return ErrnoError(errno, "listening to chosen namespaces");
  }
  return absl::OkStatus();
}

}  // namespace

ChosenEvents::ChosenEvents(Netlink requests, Netlink events)
    : requests_(std::move(requests)), events_(std::move(events)), buffer_(kEventBuffer) {}

absl::StatusOr<ChosenEvents> ChosenEvents::Open(NetnsWorker& worker) {
  auto made = worker.NewNetns();
  if (!made.ok()) return made.status();
  auto events = worker.OpenNetlink(made->netns);
  if (!events.ok()) return events.status();
  if (auto status = Set(events->fd(), NETLINK_LISTEN_ALL_NSID, 1); !status.ok()) return status;
  setsockopt(events->fd(), SOL_SOCKET, SO_RCVBUFFORCE, &kReceiveBuffer, sizeof kReceiveBuffer);
  return ChosenEvents(std::move(made->netlink), *std::move(events));
}

absl::Status ChosenEvents::Choose(const Netns& netns, uint64_t cookie) {
  const auto id = GetOrAssignNsid(requests_, netns, NsidIs::kMissing);
  if (!id.ok()) return id.status();
  // Of one that is gone the kernel gives the id to another.
  if (const auto before = cookies_.find(*id); before != cookies_.end()) ids_.erase(before->second);
  ids_[cookie] = *id;
  cookies_[*id] = cookie;
  return absl::OkStatus();
}

void ChosenEvents::Forget(uint64_t cookie) {
  const auto found = ids_.find(cookie);
  if (found == ids_.end()) return;
  cookies_.erase(found->second);
  ids_.erase(found);
}

absl::Status ChosenEvents::Listen(bool on) {
  if (on == listens_) return absl::OkStatus();
  if (!on) Read();
  for (const int group : kGroups) {
    const auto status = Set(events_.fd(), on ? NETLINK_ADD_MEMBERSHIP : NETLINK_DROP_MEMBERSHIP, group);
    // Kernels before 5.3 have no nexthop objects, nor their group.
    if (!status.ok() && group != RTNLGRP_NEXTHOP) return status;
  }
  listens_ = on;
  return absl::OkStatus();
}

ChosenEvents::News ChosenEvents::Read() {
  News news;
  const auto each = [&](int origin, nlmsghdr* header) {
    const auto from = cookies_.find(origin);
    if (from == cookies_.end()) return;
    Event event;
    if (ParseEvent(origin, header, /*links=*/true, &event)) news.events.emplace_back(from->second, std::move(event));
  };
  (void)ReadEvents(events_.fd(), buffer_, each, [&] { news.lost = true; });
  return news;
}

}  // namespace warren::kernel
