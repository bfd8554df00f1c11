#include "agent/kernel/settle.h"

#include <errno.h>
#include <linux/if.h>
#include <linux/netlink.h>
#include <linux/rtnetlink.h>
#include <poll.h>
#include <sys/socket.h>

#include <algorithm>
#include <chrono>

#include "agent/kernel/error.h"
#include "proto/common/unique_fd.h"

namespace warren::kernel {
namespace {

constexpr std::chrono::milliseconds kLongest{2000};

// What has a carrier is down to nobody but the one who has not looked yet (rfc2863_policy). A veth, whose peer counts
// as its lower layer, was LOWERLAYERDOWN without one (default_operstate).
bool IsSettled(const Link& link) {
  constexpr unsigned kCarrier = IFF_UP | IFF_LOWER_UP;
  const bool down = link.oper_state == IF_OPER_DOWN || link.oper_state == IF_OPER_LOWERLAYERDOWN;
  return (link.flags & kCarrier) != kCarrier || !down;
}

absl::StatusOr<UniqueFd> HearLinks(NetnsWorker& worker, const Netns& netns) {
  UniqueFd fd;
  auto status = worker.Within(netns, [&] {
    fd = UniqueFd(socket(AF_NETLINK, SOCK_RAW | SOCK_CLOEXEC | SOCK_NONBLOCK, NETLINK_ROUTE));
    sockaddr_nl address{};
    address.nl_family = AF_NETLINK;
    address.nl_groups = RTMGRP_LINK;
    if (fd.valid() && bind(fd.get(), reinterpret_cast<sockaddr*>(&address), sizeof address) == 0)
      return absl::OkStatus();
    return ErrnoError(errno, "listening to links");
  });
  if (!status.ok()) return status;
  return fd;
}

}  // namespace

absl::StatusOr<Link> GetSettledLink(NetnsWorker& worker, const Netns& netns, Netlink& netlink, int ifindex) {
  auto link = GetLink(netlink, ifindex);
  if (!link.ok() || IsSettled(*link)) return link;
  auto events = HearLinks(worker, netns);
  if (!events.ok()) return link;
  const auto end = std::chrono::steady_clock::now() + kLongest;
  for (;;) {
    // Whatever came before is in the answer.
    char some[8192];
    while (recv(events->get(), some, sizeof some, 0) > 0 || errno == ENOBUFS) {
    }
    link = GetLink(netlink, ifindex);
    if (!link.ok() || IsSettled(*link)) return link;
    const auto left = std::chrono::duration_cast<std::chrono::milliseconds>(end - std::chrono::steady_clock::now());
    if (left.count() <= 0) return link;
    pollfd wanted{events->get(), POLLIN, 0};
    (void)poll(&wanted, 1, static_cast<int>(left.count()));
  }
}

}  // namespace warren::kernel
