#include "agent/kernel/monitor.h"

#include <arpa/inet.h>
#include <errno.h>
#include <linux/filter.h>
#include <linux/if.h>
#include <linux/if_addr.h>
#include <linux/if_link.h>
#include <linux/net_namespace.h>
#include <linux/rtnetlink.h>
#include <netlink/attr.h>
#include <stddef.h>
#include <string.h>
#include <sys/socket.h>

#include <utility>

#include "agent/kernel/error.h"
#include "agent/kernel/nsid.h"
#include "agent/kernel/route.h"

namespace warren::kernel {
namespace {

// Larger than any event: they are allocated at a page or two (NLMSG_GOODSIZE), link events with many VFs at more.
constexpr size_t kBufferSize = 64 * 1024;

// af_netlink.c, netlink_cmsg_listen_all_nsid: with events from where the listener has an id for.
int OriginOf(msghdr& message) {
  for (cmsghdr* c = CMSG_FIRSTHDR(&message); c != nullptr; c = CMSG_NXTHDR(&message, c)) {
    if (c->cmsg_level == SOL_NETLINK && c->cmsg_type == NETLINK_LISTEN_ALL_NSID) {
      return *reinterpret_cast<const int*>(CMSG_DATA(c));
    }
  }
  return EventSocket::kOwnNamespace;
}

// What is not wanted is not even queued.
absl::Status Filter(int fd, const std::vector<uint16_t>& types) {
  std::vector<sock_filter> code = {BPF_STMT(BPF_LD | BPF_H | BPF_ABS, offsetof(nlmsghdr, nlmsg_type))};
  for (size_t i = 0; i < types.size(); ++i) {
    // Loads are in network order. On a match over the rest and the refusal.
    const auto over = static_cast<uint8_t>(types.size() - i);
    code.push_back(BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, static_cast<uint32_t>(htons(types[i])), over, 0));
  }
  code.push_back(BPF_STMT(BPF_RET | BPF_K, 0));
  code.push_back(BPF_STMT(BPF_RET | BPF_K, UINT32_MAX));
  const sock_fprog program{static_cast<unsigned short>(code.size()), code.data()};
  if (setsockopt(fd, SOL_SOCKET, SO_ATTACH_FILTER, &program, sizeof program) != 0) {
    return ErrnoError(errno, "choosing among events");
  }
  return absl::OkStatus();
}

// Everything about a link but the other end, which a veth has not when it is first told of (veth_newlink): not what a
// bridge, or a wireless driver, tells of its ports.
bool IsWhole(nlmsghdr* header) {
  if (static_cast<const ifinfomsg*>(NLMSG_DATA(header))->ifi_family != AF_UNSPEC) return false;
  nlattr* table[IFLA_MAX + 1] = {};
  nlmsg_parse(header, sizeof(ifinfomsg), table, IFLA_MAX, nullptr);
  return table[IFLA_IFNAME] && table[IFLA_MTU] && table[IFLA_OPERSTATE] && table[IFLA_NUM_TX_QUEUES];
}

// False: nobody wants to know.
bool Parse(int origin, nlmsghdr* header, Event* event) {
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
      if (origin == EventSocket::kOwnNamespace && header->nlmsg_type == RTM_NEWLINK && IsWhole(header)) {
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
      if (info->rtm_table == kLocalTable) return false;
      event->kind = Event::Kind::kRoute;
      event->family = info->rtm_family;
      event->deleted = header->nlmsg_type == RTM_DELROUTE;
      event->replaced = !event->deleted && (header->nlmsg_flags & NLM_F_REPLACE) != 0;
      event->route.assign(static_cast<const char*>(NLMSG_DATA(header)), header->nlmsg_len - NLMSG_HDRLEN);
      return true;
    }
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

}  // namespace

EventSocket::EventSocket(Netlink socket, int own_nsid)
    : socket_(std::move(socket)), own_nsid_(own_nsid), buffer_(kBufferSize) {}

absl::StatusOr<EventSocket> EventSocket::Open(NetnsWorker& worker, const Options& options) {
  auto socket = worker.OpenNetlink(worker.host());
  if (!socket.ok()) return socket.status();
  const int fd = socket->fd();
  // Somebody, or the kernel when it is asked for a veth that leads to the host, may give the host's namespace an id of
  // its own, and its events have that from then on. It never changes; and as long as there is none, the kernel looks
  // for it among all others with every event of the host.
  auto own = GetOrAssignNsid(*socket, worker.host());
  if (!own.ok()) return own.status();
  EventSocket events(*std::move(socket), *own);
  if (auto status = events.HearAll(true); !status.ok()) return status;
  // Without CAP_NET_ADMIN in the initial user namespace, as much as the system grants.
  if (setsockopt(fd, SOL_SOCKET, SO_RCVBUFFORCE, &options.receive_buffer, sizeof options.receive_buffer) != 0) {
    setsockopt(fd, SOL_SOCKET, SO_RCVBUF, &options.receive_buffer, sizeof options.receive_buffer);
  }
  if (!options.types.empty()) {
    if (auto status = Filter(fd, options.types); !status.ok()) return status;
  }
  for (const int group : options.groups) {
    if (setsockopt(fd, SOL_NETLINK, NETLINK_ADD_MEMBERSHIP, &group, sizeof group) != 0) {
      return ErrnoError(errno, "listening to events");
    }
  }
  return events;
}

absl::Status EventSocket::HearAll(bool all) {
  const int on = all ? 1 : 0;
  if (setsockopt(fd(), SOL_NETLINK, NETLINK_LISTEN_ALL_NSID, &on, sizeof on) != 0) {
    return ErrnoError(errno, "listening to all namespaces (CAP_NET_BROADCAST is needed)");
  }
  return absl::OkStatus();
}

absl::Status EventSocket::Read(const std::function<void(int origin, nlmsghdr* message)>& each,
                               const std::function<void()>& lost) {
  while (true) {
    iovec part{buffer_.data(), buffer_.size()};
    alignas(cmsghdr) char control[CMSG_SPACE(sizeof(int)) * 2];
    msghdr message{};
    message.msg_iov = &part;
    message.msg_iovlen = 1;
    message.msg_control = control;
    message.msg_controllen = sizeof control;
    const ssize_t got = recvmsg(fd(), &message, MSG_DONTWAIT);
    if (got < 0) {
      if (errno == EINTR) continue;
      if (errno == EAGAIN) return absl::OkStatus();
      if (errno != ENOBUFS) return ErrnoError(errno, "reading events");
      lost();
      continue;
    }
    if (message.msg_flags & MSG_TRUNC) {
      lost();
      continue;
    }
    int origin = OriginOf(message);
    if (origin == own_nsid_) origin = kOwnNamespace;
    int left = static_cast<int>(got);
    for (auto* header = reinterpret_cast<nlmsghdr*>(buffer_.data()); nlmsg_ok(header, left);
         header = nlmsg_next(header, &left)) {
      each(origin, header);
    }
  }
}

absl::StatusOr<Monitor> Monitor::Open(NetnsWorker& worker, int receive_buffer) {
  EventSocket::Options options;
  options.groups = {RTNLGRP_LINK,       RTNLGRP_IPV4_IFADDR, RTNLGRP_IPV6_IFADDR,
                    RTNLGRP_IPV4_ROUTE, RTNLGRP_IPV6_ROUTE,  RTNLGRP_NSID};
  options.receive_buffer = receive_buffer;
  auto socket = EventSocket::Open(worker, options);
  if (!socket.ok()) return socket.status();
  return Monitor(*std::move(socket));
}

absl::Status Monitor::Read(const std::function<void(const Event&)>& each) {
  return socket_.Read(
      [&](int origin, nlmsghdr* header) {
        Event event;
        if (Parse(origin, header, &event)) each(event);
      },
      [&] { each(Event{}); });
}

}  // namespace warren::kernel
