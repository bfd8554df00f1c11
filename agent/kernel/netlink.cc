#include "agent/kernel/netlink.h"

#include <errno.h>
#include <fcntl.h>
#include <linux/rtnetlink.h>
#include <sys/socket.h>

#include <algorithm>

#include "agent/kernel/error.h"

#ifndef SO_NETNS_COOKIE
#define SO_NETNS_COOKIE 71
#endif

namespace warren::kernel {
namespace {

// The largest part of a dump the kernel sends at once is 32 KiB when the buffer allows it (af_netlink.c).
constexpr size_t kBufferSize = 64 * 1024;
// Of what is sent in one go, all acknowledgements must fit into the receive buffer, which libnl makes 32 KiB large: one
// that does not is dropped, and would be waited for in vain.
constexpr size_t kMessagesASend = 32;

std::string ExtendedAck(const nlmsghdr* header) {
  if (!(header->nlmsg_flags & NLM_F_ACK_TLVS)) return "";
  const auto* error = static_cast<const nlmsgerr*>(NLMSG_DATA(header));
  size_t skip = sizeof *error;
  if (!(header->nlmsg_flags & NLM_F_CAPPED)) skip += error->msg.nlmsg_len - NLMSG_HDRLEN;
  const auto* data = reinterpret_cast<const char*>(error);
  nlattr* table[NLMSGERR_ATTR_MAX + 1] = {};
  auto* first = reinterpret_cast<nlattr*>(const_cast<char*>(data + NLMSG_ALIGN(skip)));
  const int length = static_cast<int>(header->nlmsg_len) - NLMSG_HDRLEN - static_cast<int>(NLMSG_ALIGN(skip));
  if (length <= 0 || nla_parse(table, NLMSGERR_ATTR_MAX, first, length, nullptr) < 0) return "";
  if (table[NLMSGERR_ATTR_MSG] == nullptr) return "";
  return nla_get_string(table[NLMSGERR_ATTR_MSG]);
}

}  // namespace

Message::Message(int type, int flags) : msg_(nlmsg_alloc_size(8192)) {
  nlmsg_put(msg_.get(), NL_AUTO_PORT, NL_AUTO_SEQ, type, 0, NLM_F_REQUEST | flags);
}

Message Message::FromBody(int type, int flags, std::string_view body) {
  Message message(type, flags);
  message.Append(body.data(), static_cast<int>(body.size()));
  return message;
}

Message& Message::Put(int type, const void* data, int length) {
  nla_put(msg_.get(), type, length, data);
  return *this;
}

absl::StatusOr<uint64_t> NetnsCookie(int socket) {
  uint64_t cookie = 0;
  socklen_t length = sizeof cookie;
  if (getsockopt(socket, SOL_SOCKET, SO_NETNS_COOKIE, &cookie, &length) != 0) {
    return ErrnoError(errno, "reading SO_NETNS_COOKIE (Linux 5.14 or newer is needed)");
  }
  return cookie;
}

absl::StatusOr<Netlink> Netlink::Open() {
  Netlink netlink(nl_socket_alloc());
  // libnl opens with SOCK_CLOEXEC; a descriptor leaked into a child would keep the namespace alive.
  if (const int code = nl_connect(netlink.socket_.get(), NETLINK_ROUTE); code < 0) {
    return ErrnoError(errno != 0 ? errno : EIO, "opening a netlink socket");
  }
  const int fd = netlink.fd();
  const int one = 1;
  setsockopt(fd, SOL_NETLINK, NETLINK_EXT_ACK, &one, sizeof one);
  setsockopt(fd, SOL_NETLINK, NETLINK_CAP_ACK, &one, sizeof one);
  setsockopt(fd, SOL_NETLINK, NETLINK_GET_STRICT_CHK, &one, sizeof one);
  auto cookie = NetnsCookie(fd);
  if (!cookie.ok()) return cookie.status();
  netlink.cookie_ = *cookie;
  return netlink;
}

absl::StatusOr<uint32_t> Netlink::Send(Message& message, std::string_view doing) {
  nlmsghdr* header = nlmsg_hdr(message.get());
  // A message may be sent again, so that numbers given before are not kept.
  header->nlmsg_seq = nl_socket_use_seq(socket_.get());
  header->nlmsg_pid = nl_socket_get_local_port(socket_.get());
  if (send(fd(), header, header->nlmsg_len, 0) < 0) return ErrnoError(errno, doing);
  return header->nlmsg_seq;
}

absl::Status Netlink::Read(uint32_t sequence, bool dump, std::string_view doing,
                           const std::function<void(const nlmsghdr*)>& each, bool* interrupted) {
  // Not before it is needed: there may be many sockets that nobody has used yet.
  if (!buffer_) buffer_ = std::make_unique_for_overwrite<char[]>(kBufferSize);
  while (true) {
    const ssize_t got = recv(fd(), buffer_.get(), kBufferSize, MSG_TRUNC);
    if (got < 0) {
      if (errno == EINTR) continue;
      return ErrnoError(errno, doing);
    }
    if (static_cast<size_t>(got) > kBufferSize) return ErrnoError(EMSGSIZE, doing);
    int left = static_cast<int>(got);
    for (auto* header = reinterpret_cast<nlmsghdr*>(buffer_.get()); nlmsg_ok(header, left);
         header = nlmsg_next(header, &left)) {
      if (header->nlmsg_seq != sequence) continue;  // left over from a request given up
      if (interrupted != nullptr && (header->nlmsg_flags & NLM_F_DUMP_INTR)) *interrupted = true;
      if (header->nlmsg_type == NLMSG_ERROR) {
        const auto* error = static_cast<const nlmsgerr*>(NLMSG_DATA(header));
        if (error->error == 0) return absl::OkStatus();
        return ErrnoError(-error->error, doing, ExtendedAck(header));
      }
      if (header->nlmsg_type == NLMSG_DONE) {
        const int error = *static_cast<const int*>(NLMSG_DATA(header));
        if (error < 0) return ErrnoError(-error, doing);
        return absl::OkStatus();
      }
      if (each) each(header);
      if (!dump && !(header->nlmsg_flags & NLM_F_MULTI) && each) return absl::OkStatus();
    }
  }
}

absl::Status Netlink::Do(Message& message, std::string_view doing) {
  nlmsg_hdr(message.get())->nlmsg_flags |= NLM_F_ACK;
  const auto sequence = Send(message, doing);
  if (!sequence.ok()) return sequence.status();
  return Read(*sequence, false, doing, nullptr, nullptr);
}

std::vector<absl::Status> Netlink::DoAll(std::vector<Message>& messages, std::string_view doing) {
  std::vector<absl::Status> statuses;
  for (size_t begin = 0; begin < messages.size(); begin = statuses.size()) {
    const size_t end = std::min(messages.size(), begin + kMessagesASend);
    std::vector<iovec> parts;
    for (size_t i = begin; i < end; ++i) {
      nlmsghdr* header = nlmsg_hdr(messages[i].get());
      header->nlmsg_flags |= NLM_F_ACK;
      header->nlmsg_seq = nl_socket_use_seq(socket_.get());
      header->nlmsg_pid = nl_socket_get_local_port(socket_.get());
      parts.push_back({header, NLMSG_ALIGN(header->nlmsg_len)});
    }
    msghdr all{};
    all.msg_iov = parts.data();
    all.msg_iovlen = parts.size();
    if (sendmsg(fd(), &all, 0) < 0) {
      statuses.resize(messages.size(), ErrnoError(errno, doing));
      return statuses;
    }
    for (size_t i = begin; i < end; ++i) {
      statuses.push_back(Read(nlmsg_hdr(messages[i].get())->nlmsg_seq, false, doing, nullptr, nullptr));
    }
  }
  return statuses;
}

absl::Status Netlink::Get(Message& message, std::string_view doing, const std::function<void(const nlmsghdr*)>& each) {
  const auto sequence = Send(message, doing);
  if (!sequence.ok()) return sequence.status();
  return Read(*sequence, false, doing, each, nullptr);
}

absl::Status Netlink::Dump(Message& message, std::string_view doing, const std::function<void(const nlmsghdr*)>& each,
                           const std::function<void()>& restart) {
  nlmsg_hdr(message.get())->nlmsg_flags |= NLM_F_DUMP;
  constexpr int kTries = 10;
  for (int i = 0; i < kTries; ++i) {
    bool interrupted = false;
    const auto sequence = Send(message, doing);
    if (!sequence.ok()) return sequence.status();
    if (auto s = Read(*sequence, true, doing, each, &interrupted); !s.ok()) return s;
    if (!interrupted || !restart) return absl::OkStatus();
    if (i + 1 < kTries) restart();
  }
  // A table that never stands still: what the last pass saw is as good as any.
  return absl::OkStatus();
}

}  // namespace warren::kernel
