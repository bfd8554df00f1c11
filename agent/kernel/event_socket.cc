#include "agent/kernel/event_socket.h"

#include <errno.h>
#include <sys/socket.h>

#include <algorithm>
#include <utility>

#include "agent/kernel/error.h"
#include "agent/kernel/event_reading.h"
#include "agent/kernel/netns.h"
#include "agent/kernel/nsid.h"

namespace warren::kernel {
namespace {

// How often it is tried to leave the others' namespaces at an instant at which nothing is queued. Two will do nearly
// always: an event would have to come between two calls of the kernel.
constexpr int kTries = 100;

absl::Status Set(int fd, int option, int value, const char* doing) {
  if (setsockopt(fd, SOL_NETLINK, option, &value, sizeof value) != 0) return ErrnoError(errno, doing);
  return absl::OkStatus();
}

}  // namespace

EventSocket::EventSocket(Netlink socket, int own_nsid)
    : fd_(socket.fd()), own_nsid_(own_nsid), socket_(std::move(socket)), buffer_(kEventBuffer) {}

absl::StatusOr<std::shared_ptr<EventSocket>> EventSocket::Open(int receive_buffer) {
  auto worker = NetnsWorker::Create();
  if (!worker.ok()) return worker.status();
  auto socket = worker->OpenNetlink(worker->host());
  if (!socket.ok()) return socket.status();
  // Somebody, or the kernel when it is asked for a veth that leads to the host, may give the host's namespace an id of
  // its own, and its events have that from then on. It never changes; and as long as there is none, the kernel looks
  // for it among all others with every event of the host.
  auto own = GetOrAssignNsid(*socket, worker->host());
  if (!own.ok()) return own.status();
  const int fd = socket->fd();
  if (setsockopt(fd, SOL_SOCKET, SO_RCVBUFFORCE, &receive_buffer, sizeof receive_buffer) != 0) {
    // Without CAP_NET_ADMIN in the initial user namespace, as much as the system grants.
    setsockopt(fd, SOL_SOCKET, SO_RCVBUF, &receive_buffer, sizeof receive_buffer);
  }
  std::shared_ptr<EventSocket> events(new EventSocket(*std::move(socket), *own));
  MutexLock lock(&events->mutex_);
  // Whether it may at all.
  for (const int all : {1, 0}) {
    auto status = Set(fd, NETLINK_LISTEN_ALL_NSID, all, "listening to all namespaces (CAP_NET_BROADCAST is needed)");
    if (!status.ok()) return status;
  }
  return events;
}

absl::Status EventSocket::Add(Listener& listener, std::set<int> groups, Scope scope) {
  MutexLock lock(&mutex_);
  // What happened before is only for those who listened.
  if (auto status = ReadAll(nullptr); !status.ok()) return status;
  listeners_.push_back({&listener, std::move(groups), scope});
  auto status = Tune();
  if (!status.ok()) listeners_.pop_back();
  return status;
}

void EventSocket::Remove(Listener& listener) {
  MutexLock lock(&mutex_);
  std::erase_if(listeners_, [&](const Registered& one) { return one.listener == &listener; });
  (void)Tune();  // at worst more is heard than anybody wants
}

absl::Status EventSocket::HearAll(Listener& listener, bool all) {
  MutexLock lock(&mutex_);
  // What has happened until now is still for it.
  if (auto status = ReadAll(nullptr); !status.ok()) return status;
  for (Registered& one : listeners_) {
    if (one.listener == &listener) one.scope = all ? Scope::kAll : Scope::kOwn;
  }
  return Tune();
}

absl::Status EventSocket::Tune() {
  std::set<int> groups;
  bool all = false;
  for (const Registered& one : listeners_) {
    groups.insert(one.groups.begin(), one.groups.end());
    all |= one.scope == Scope::kAll;
  }
  if (all && !all_) {
    if (auto status = ListenToAll(true); !status.ok()) return status;
  } else if (!all && all_) {
    if (auto status = LeaveOthers(); !status.ok()) return status;
  }
  for (const int group : groups) {
    if (groups_.contains(group)) continue;
    if (auto status = Set(fd_, NETLINK_ADD_MEMBERSHIP, group, "listening to events"); !status.ok()) return status;
    groups_.insert(group);
  }
  for (auto group = groups_.begin(); group != groups_.end();) {
    if (groups.contains(*group)) {
      ++group;
      continue;
    }
    if (auto status = Set(fd_, NETLINK_DROP_MEMBERSHIP, *group, "leaving events"); !status.ok()) return status;
    group = groups_.erase(group);
  }
  return absl::OkStatus();
}

absl::Status EventSocket::ListenToAll(bool all) {
  auto status = Set(fd_, NETLINK_LISTEN_ALL_NSID, all ? 1 : 0, "listening to all namespaces");
  if (status.ok()) all_ = all;
  return status;
}

absl::Status EventSocket::LeaveOthers() {
  for (int i = 0; i < kTries; ++i) {
    if (auto status = ReadAll(nullptr); !status.ok()) return status;
    if (auto status = ListenToAll(false); !status.ok()) return status;
    // Joining a group, once more, waits for those who are just queueing something (netlink_table_grab).
    if (!groups_.empty()) {
      auto status = Set(fd_, NETLINK_ADD_MEMBERSHIP, *groups_.begin(), "listening to events");
      if (!status.ok()) return status;
    }
    // Whether an event's origin is told depends on what the socket listens to when it is read: what others have queued
    // before would be taken for the host's own (netlink_cmsg_listen_all_nsid).
    char ignored;
    if (recv(fd_, &ignored, 0, MSG_PEEK | MSG_DONTWAIT) < 0 && errno == EAGAIN) return absl::OkStatus();
    if (auto status = ListenToAll(true); !status.ok()) return status;
  }
  return absl::OkStatus();  // more is heard than anybody wants
}

absl::Status EventSocket::Read(Listener& by) {
  MutexLock lock(&mutex_);
  return ReadAll(&by);
}

absl::Status EventSocket::ReadAll(const Listener* by) {
  const auto each = [this](int origin, nlmsghdr* header) ABSL_EXCLUSIVE_LOCKS_REQUIRED(mutex_) {
    if (origin == own_nsid_) origin = kOwnNamespace;
    for (const Registered& one : listeners_) {
      if (one.scope != Scope::kOwn || origin == kOwnNamespace) one.listener->OnEvent(origin, header);
    }
  };
  const auto lost = [this]() ABSL_EXCLUSIVE_LOCKS_REQUIRED(mutex_) {
    for (const Registered& one : listeners_) one.listener->OnLost();
  };
  EventReading reading = ReadEvents(fd_, buffer_, each, lost);
  if (reading.any) {
    for (const Registered& one : listeners_) {
      if (one.listener != by) one.listener->OnReadByOther();
    }
  }
  return std::move(reading.status);
}

}  // namespace warren::kernel
