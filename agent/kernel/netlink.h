#ifndef WARREN_AGENT_KERNEL_NETLINK_H_
#define WARREN_AGENT_KERNEL_NETLINK_H_

// One NETLINK_ROUTE socket in one namespace, and the messages sent through it. libnl builds messages and holds the
// socket; answers are read here, because libnl turns several errnos into one and drops the extended acknowledgement.
//
// Threading: a socket belongs to one thread at a time. It stays in the namespace it was opened in, whatever namespace
// the thread is in later, so only opening one switches namespaces (agent/kernel/netns.h).
// Cost: opening 5 µs, a round trip some 3 µs plus the kernel's work.

#include <linux/netlink.h>
#include <netlink/msg.h>
#include <netlink/netlink.h>
#include <netlink/socket.h>

#include <functional>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include "absl/status/status.h"
#include "absl/status/statusor.h"

namespace warren::kernel {

// A request under construction.
class Message {
 public:
  // A fixed header follows the netlink one: ifinfomsg, ifaddrmsg, rtmsg, rtgenmsg...
  template <typename Header>
  Message(int type, int flags, const Header& header) : Message(type, flags) {
    nlmsg_append(msg_.get(), const_cast<Header*>(&header), sizeof header, NLMSG_ALIGNTO);
  }
  // A body saved from a dump: fixed header and attributes.
  static Message FromBody(int type, int flags, std::string_view body);

  Message& Put(int type, const void* data, int length);
  Message& Put(int type, std::string_view bytes) { return Put(type, bytes.data(), static_cast<int>(bytes.size())); }
  Message& PutU32(int type, uint32_t value) { return Put(type, &value, sizeof value); }
  Message& PutName(int type, const std::string& text) {
    return Put(type, text.c_str(), static_cast<int>(text.size()) + 1);
  }
  // Everything put until the matching End is inside.
  nlattr* Begin(int type) { return nla_nest_start(msg_.get(), type); }
  void End(nlattr* nest) { nla_nest_end(msg_.get(), nest); }
  // Bytes that are no attribute (a peer's ifinfomsg).
  void Append(const void* data, int length) {
    nlmsg_append(msg_.get(), const_cast<void*>(data), static_cast<size_t>(length), NLMSG_ALIGNTO);
  }

  nl_msg* get() const { return msg_.get(); }

 private:
  Message(int type, int flags);
  struct Free {
    void operator()(nl_msg* msg) const { nlmsg_free(msg); }
  };
  std::unique_ptr<nl_msg, Free> msg_;
};

// SO_NETNS_COOKIE of any socket: the identity of its namespace within a boot (socket(7)). ENOPROTOOPT before
// Linux 5.14.
absl::StatusOr<uint64_t> NetnsCookie(int socket);

class Netlink {
 public:
  // In the namespace the calling thread is in.
  static absl::StatusOr<Netlink> Open();

  // Sends and waits for the acknowledgement; a refusal is ErrnoError, with `doing` in its message.
  absl::Status Do(Message& message, std::string_view doing);

  // Sends all in one go and reads their acknowledgements, in order: those after a refused one are carried out too.
  // Statuses as Do would give them; with one that is not the kernel's, all from there on are it.
  std::vector<absl::Status> DoAll(std::vector<Message>& messages, std::string_view doing);

  // Sends a request and hands each answer to `each`; begins again when the kernel says that the table changed
  // meanwhile (NLM_F_DUMP_INTR), after calling `restart`.
  absl::Status Dump(Message& message, std::string_view doing, const std::function<void(const nlmsghdr*)>& each,
                    const std::function<void()>& restart = nullptr);

  // Sends a request with exactly one answer.
  absl::Status Get(Message& message, std::string_view doing, const std::function<void(const nlmsghdr*)>& each);

  // SO_NETNS_COOKIE (kernel 5.14): which namespace this socket is in, unique within the boot.
  uint64_t cookie() const { return cookie_; }
  int fd() const { return nl_socket_get_fd(socket_.get()); }

 private:
  struct Free {
    void operator()(nl_sock* socket) const { nl_socket_free(socket); }
  };
  explicit Netlink(nl_sock* socket) : socket_(socket) {}
  // Reads answers to request `sequence` until an acknowledgement, the end of a dump, or an error.
  absl::Status Read(uint32_t sequence, bool dump, std::string_view doing,
                    const std::function<void(const nlmsghdr*)>& each, bool* interrupted);
  absl::StatusOr<uint32_t> Send(Message& message, std::string_view doing);

  std::unique_ptr<nl_sock, Free> socket_;
  uint64_t cookie_ = 0;
  std::unique_ptr<char[]> buffer_;
};

}  // namespace warren::kernel

#endif  // WARREN_AGENT_KERNEL_NETLINK_H_
