#include "agent/kernel/release.h"

#include <errno.h>
#include <linux/net_namespace.h>
#include <linux/rtnetlink.h>
#include <netlink/attr.h>
#include <poll.h>
#include <sys/socket.h>

#include <algorithm>
#include <vector>

#include "absl/time/clock.h"
#include "agent/kernel/error.h"
#include "agent/kernel/link.h"

namespace warren::kernel {
namespace {

// The namespace an event came from (NETLINK_LISTEN_ALL_NSID, af_netlink.c); -1: the socket's own.
int OriginOf(msghdr& message) {
  for (cmsghdr* c = CMSG_FIRSTHDR(&message); c != nullptr; c = CMSG_NXTHDR(&message, c)) {
    if (c->cmsg_level == SOL_NETLINK && c->cmsg_type == NETLINK_LISTEN_ALL_NSID) {
      return *reinterpret_cast<const int*>(CMSG_DATA(c));
    }
  }
  return -1;
}

}  // namespace

absl::StatusOr<ReleaseWatcher> ReleaseWatcher::Open(NetnsWorker& worker) {
  auto events = worker.OpenNetlink(worker.host());
  if (!events.ok()) return events.status();
  auto queries = worker.OpenNetlink(worker.host());
  if (!queries.ok()) return queries.status();
  const int on = 1;
  if (setsockopt(events->fd(), SOL_NETLINK, NETLINK_LISTEN_ALL_NSID, &on, sizeof on) != 0) {
    return ErrnoError(errno, "listening to all namespaces (CAP_NET_BROADCAST is needed)");
  }
  const int size = 4 << 20;  // some 5,000 events
  setsockopt(events->fd(), SOL_SOCKET, SO_RCVBUFFORCE, &size, sizeof size);
  for (const int group : {RTNLGRP_NSID, RTNLGRP_LINK}) {
    if (setsockopt(events->fd(), SOL_NETLINK, NETLINK_ADD_MEMBERSHIP, &group, sizeof group) != 0) {
      return ErrnoError(errno, "listening to link events");
    }
  }
  return ReleaseWatcher(*std::move(events), *std::move(queries));
}

absl::Status ReleaseWatcher::LookAgain(Release& release) {
  std::set<int> nsids;
  Message message(RTM_GETNSID, 0, rtgenmsg{});
  auto status = queries_.Dump(
      message, "listing nsids",
      [&](const nlmsghdr* header) {
        nlattr* table[NETNSA_MAX + 1] = {};
        nlmsg_parse(const_cast<nlmsghdr*>(header), sizeof(rtgenmsg), table, NETNSA_MAX, nullptr);
        if (table[NETNSA_NSID]) nsids.insert(nla_get_s32(table[NETNSA_NSID]));
      },
      [&] { nsids.clear(); });
  if (!status.ok()) return status;
  std::erase_if(release.nsids, [&](int nsid) { return !nsids.contains(nsid); });
  std::set<int> origins;
  for (const auto& [nsid, ifindex] : release.links) origins.insert(nsid);
  for (const int origin : origins) {
    std::set<int> present;
    Message links(RTM_GETLINK, 0, ifinfomsg{});
    // Honoured for dumps, and only for dumps.
    if (origin >= 0) links.PutU32(IFLA_TARGET_NETNSID, static_cast<uint32_t>(origin));
    status = queries_.Dump(
        links, "listing links",
        [&](const nlmsghdr* header) { present.insert(static_cast<const ifinfomsg*>(NLMSG_DATA(header))->ifi_index); },
        [&] { present.clear(); });
    if (!status.ok() && ErrnoOf(status) != EINVAL) return status;  // EINVAL: that namespace is gone altogether
    std::erase_if(release.links,
                  [&](const auto& link) { return link.first == origin && !present.contains(link.second); });
  }
  return absl::OkStatus();
}

absl::StatusOr<Release> ReleaseWatcher::Wait(Release release, absl::Time deadline, int stop) {
  std::vector<char> buffer(64 * 1024);
  while (!release.empty()) {
    const absl::Duration left = deadline - absl::Now();
    if (left <= absl::ZeroDuration()) {
      if (auto s = LookAgain(release); !s.ok()) return s;
      return release;
    }
    pollfd wait[] = {{events_.fd(), POLLIN, 0}, {stop, POLLIN, 0}};  // poll(2) passes over -1
    const int ready =
        poll(wait, 2, static_cast<int>(absl::ToInt64Milliseconds(absl::Ceil(left, absl::Milliseconds(1)))));
    if (ready < 0 && errno != EINTR) return ErrnoError(errno, "waiting for link events");
    if (ready <= 0) continue;
    if (wait[1].revents != 0) return absl::CancelledError("told to stop");
    iovec part{buffer.data(), buffer.size()};
    alignas(cmsghdr) char control[CMSG_SPACE(sizeof(int)) * 2];
    msghdr message{};
    message.msg_iov = &part;
    message.msg_iovlen = 1;
    message.msg_control = control;
    message.msg_controllen = sizeof control;
    const ssize_t got = recvmsg(events_.fd(), &message, 0);
    if (got < 0) {
      if (errno == EINTR || errno == EAGAIN) continue;
      if (errno != ENOBUFS) return ErrnoError(errno, "reading link events");
      if (auto s = LookAgain(release); !s.ok()) return s;
      continue;
    }
    const int origin = OriginOf(message);
    int rest = static_cast<int>(got);
    for (auto* header = reinterpret_cast<nlmsghdr*>(buffer.data()); nlmsg_ok(header, rest);
         header = nlmsg_next(header, &rest)) {
      if (header->nlmsg_type == RTM_DELLINK) {
        release.links.erase({origin, static_cast<const ifinfomsg*>(NLMSG_DATA(header))->ifi_index});
      } else if (header->nlmsg_type == RTM_DELNSID && origin == -1) {
        nlattr* table[NETNSA_MAX + 1] = {};
        nlmsg_parse(header, sizeof(rtgenmsg), table, NETNSA_MAX, nullptr);
        if (table[NETNSA_NSID] == nullptr) continue;
        const int gone = nla_get_s32(table[NETNSA_NSID]);
        release.nsids.erase(gone);
        // Of its links nothing more is heard, since it has no id to be heard by.
        std::erase_if(release.links, [&](const auto& link) { return link.first == gone; });
      }
    }
  }
  return release;
}

}  // namespace warren::kernel
