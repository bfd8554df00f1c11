#include "agent/kernel/monitor.h"

#include <errno.h>
#include <linux/if.h>
#include <linux/if_addr.h>
#include <linux/if_link.h>
#include <linux/net_namespace.h>
#include <linux/rtnetlink.h>
#include <netlink/attr.h>
#include <netlink/msg.h>
#include <sys/eventfd.h>
#include <unistd.h>

#include <set>
#include <utility>

#include "agent/kernel/error.h"
#include "agent/kernel/route.h"
#include "proto/common/mutex.h"
#include "proto/common/unique_fd.h"

namespace warren::kernel {
namespace {

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
    // A new one has no routes yet; of one that replaces another the request's flags are told (nexthop_notify).
    case RTM_NEWNEXTHOP:
    case RTM_DELNEXTHOP:
      event->kind = Event::Kind::kNexthop;
      event->deleted = header->nlmsg_type == RTM_DELNEXTHOP;
      return event->deleted || (header->nlmsg_flags & NLM_F_REPLACE) != 0;
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

// What the events of others' reading leave here until the inventory reads.
class Monitor::Kept : public EventSocket::Listener {
 public:
  Kept(std::shared_ptr<EventSocket> events, size_t most_bytes, UniqueFd bell)
      : source_(std::move(events)), most_bytes_(most_bytes), bell_(std::move(bell)) {}
  ~Kept() override { source_->Remove(*this); }

  absl::Status Begin() {
    std::set<int> groups = {RTNLGRP_LINK,       RTNLGRP_IPV4_IFADDR, RTNLGRP_IPV6_IFADDR, RTNLGRP_IPV4_ROUTE,
                            RTNLGRP_IPV6_ROUTE, RTNLGRP_NSID,        RTNLGRP_NEXTHOP};
    absl::Status status = source_->Add(*this, groups);
    // Kernels before 5.3 have no nexthop objects, nor their group.
    if (ErrnoOf(status) != EINVAL) return status;
    groups.erase(RTNLGRP_NEXTHOP);
    return source_->Add(*this, std::move(groups));
  }
  absl::Status HearAll(bool all) { return source_->HearAll(*this, all); }

  absl::Status Read(const std::function<void(const Event&)>& each) {
    const absl::Status status = source_->Read(*this);
    std::vector<Event> events;
    {
      MutexLock lock(&mutex_);
      events.swap(events_);
      bytes_ = 0;
      uint64_t ignored;
      if (std::exchange(rang_, false)) (void)!read(bell_.get(), &ignored, sizeof ignored);
    }
    for (const Event& event : events) each(event);
    return status;
  }

  std::vector<int> descriptors() const { return {source_->fd(), bell_.get()}; }

  void OnEvent(int origin, nlmsghdr* message) override {
    Event event;
    if (!Parse(origin, message, &event)) return;
    MutexLock lock(&mutex_);
    bytes_ += sizeof event + event.link.size() + event.route.size();
    if (bytes_ > most_bytes_) return Lose();
    events_.push_back(std::move(event));
  }
  void OnLost() override {
    MutexLock lock(&mutex_);
    Lose();
  }
  void OnReadByOther() override {
    MutexLock lock(&mutex_);
    if (events_.empty() || std::exchange(rang_, true)) return;
    const uint64_t one = 1;
    (void)!write(bell_.get(), &one, sizeof one);
  }

 private:
  // What came before it is part of everything that is to be looked at.
  void Lose() ABSL_EXCLUSIVE_LOCKS_REQUIRED(mutex_) {
    events_.assign(1, Event{});
    bytes_ = 0;
  }

  const std::shared_ptr<EventSocket> source_;
  const size_t most_bytes_;
  const UniqueFd bell_;  // an eventfd: somebody else has read
  Mutex mutex_;
  std::vector<Event> events_ ABSL_GUARDED_BY(mutex_);
  size_t bytes_ ABSL_GUARDED_BY(mutex_) = 0;
  bool rang_ ABSL_GUARDED_BY(mutex_) = false;
};

Monitor::Monitor(std::unique_ptr<Kept> kept) : kept_(std::move(kept)) {}
Monitor::Monitor(Monitor&&) noexcept = default;
Monitor& Monitor::operator=(Monitor&&) noexcept = default;
Monitor::~Monitor() = default;

absl::StatusOr<Monitor> Monitor::Open(const SharedEvents& events, size_t most_bytes) {
  if (!events.ok()) return events.status();
  UniqueFd bell(eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK));
  if (!bell.valid()) return ErrnoError(errno, "making an eventfd");
  auto kept = std::make_unique<Kept>(*events, most_bytes, std::move(bell));
  if (auto status = kept->Begin(); !status.ok()) return status;
  return Monitor(std::move(kept));
}

absl::Status Monitor::HearAll(bool all) { return kept_->HearAll(all); }
absl::Status Monitor::Read(const std::function<void(const Event&)>& each) { return kept_->Read(each); }
std::vector<int> Monitor::descriptors() const { return kept_->descriptors(); }

}  // namespace warren::kernel
