#include "agent/kernel/event_reading.h"

#include <errno.h>
#include <netlink/msg.h>
#include <sys/socket.h>

#include "agent/kernel/error.h"
#include "agent/kernel/event_socket.h"

namespace warren::kernel {
namespace {

// af_netlink.c, netlink_cmsg_listen_all_nsid: with events from where the listener has an id for.
int OriginOf(msghdr& message) {
  for (cmsghdr* c = CMSG_FIRSTHDR(&message); c != nullptr; c = CMSG_NXTHDR(&message, c)) {
    if (c->cmsg_level == SOL_NETLINK && c->cmsg_type == NETLINK_LISTEN_ALL_NSID) {
      return *reinterpret_cast<const int*>(CMSG_DATA(c));
    }
  }
  return EventSocket::kOwnNamespace;
}

}  // namespace

EventReading ReadEvents(int fd, std::vector<char>& buffer, const std::function<void(int origin, nlmsghdr*)>& each,
                        const std::function<void()>& lost) {
  EventReading reading;
  while (true) {
    iovec part{buffer.data(), buffer.size()};
    alignas(cmsghdr) char control[CMSG_SPACE(sizeof(int)) * 2];
    msghdr message{};
    message.msg_iov = &part;
    message.msg_iovlen = 1;
    message.msg_control = control;
    message.msg_controllen = sizeof control;
    const ssize_t got = recvmsg(fd, &message, MSG_DONTWAIT);
    if (got < 0) {
      if (errno == EINTR) continue;
      if (errno == EAGAIN) return reading;
      if (errno != ENOBUFS) {
        reading.status = ErrnoError(errno, "reading events");
        return reading;
      }
    }
    reading.any = true;
    if (got < 0 || message.msg_flags & MSG_TRUNC) {
      lost();
      continue;
    }
    const int origin = OriginOf(message);
    int left = static_cast<int>(got);
    for (auto* header = reinterpret_cast<nlmsghdr*>(buffer.data()); nlmsg_ok(header, left);
         header = nlmsg_next(header, &left)) {
      each(origin, header);
    }
  }
}

}  // namespace warren::kernel
