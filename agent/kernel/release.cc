#include "agent/kernel/release.h"

#include <errno.h>
#include <limits.h>
#include <linux/if_link.h>
#include <linux/net_namespace.h>
#include <linux/rtnetlink.h>
#include <netlink/attr.h>
#include <poll.h>
#include <sys/eventfd.h>
#include <sys/socket.h>

#include <algorithm>
#include <chrono>
#include <map>
#include <optional>
#include <unordered_map>

#include "agent/kernel/error.h"
#include "agent/kernel/link.h"
#include "agent/kernel/nsid.h"
#include "proto/common/mutex.h"
#include "proto/common/unique_fd.h"

namespace warren::kernel {
namespace {

using Clock = std::chrono::steady_clock;
// A link by (nsid, ifindex); a namespace itself by (nsid, 0), before its links.
using Key = std::pair<int, int>;

// Deadlines beyond it are none; the clock cannot tell them.
constexpr absl::Duration kForEver = absl::Hours(24 * 365);
constexpr int kOwnNamespace = EventSocket::kOwnNamespace;

bool IsElsewhere(const Key& key) { return key.first != kOwnNamespace && key.second != 0; }

std::set<Key> KeysOf(const Release& release) {
  std::set<Key> keys = release.links;
  for (const int nsid : release.nsids) keys.emplace(nsid, 0);
  return keys;
}

}  // namespace

class ReleaseWatcher::State : public EventSocket::Listener {
 public:
  State(std::shared_ptr<EventSocket> events, Netlink queries, UniqueFd wake)
      : source_(std::move(events)), wake_(std::move(wake)), links_fd_(queries.fd()), queries_(std::move(queries)) {}
  ~State() override { source_->Remove(*this); }

  absl::Status Begin() {
    if (auto status = source_->Add(*this, {RTNLGRP_NSID, RTNLGRP_LINK}); !status.ok()) return status;
    Tune();
    return absl::OkStatus();
  }

  void Watch(uint64_t id, Release release) {
    // What was said before is not about these: the kernel gives nsids out again.
    const absl::Status heard = source_->Read(*this);
    {
      MutexLock lock(&mutex_);
      Settle(heard);
      for (const Key& key : KeysOf(release)) {
        const auto [place, added] = index_.try_emplace(key);
        place->second.push_back(id);
        if (added && IsElsewhere(key)) ++elsewhere_;
      }
      waits_[id].left = std::move(release);
      if (!ended_.empty()) Wake();
    }
    Tune();
  }

  void Await(uint64_t id, absl::Duration timeout) {
    MutexLock lock(&mutex_);
    const auto found = waits_.find(id);
    if (found == waits_.end()) return;
    Waiting& waiting = found->second;
    waiting.awaited = true;
    ++awaited_;
    bool wake = !listens_;
    if (waiting.left.empty() || !waiting.status.ok()) {
      End(id);
      wake = true;
    } else if (timeout < kForEver) {
      waiting.deadline = Clock::now() + absl::ToChronoNanoseconds(timeout);
      const auto place = deadlines_.emplace(*waiting.deadline, id).first;
      wake |= place == deadlines_.begin();
    }
    if (wake) Wake();
  }

  absl::StatusOr<std::vector<Ended>> Next(int stop) {
    bool woken = false;
    while (true) {
      const absl::Status heard = source_->Read(*this);
      int events, timeout;
      {
        MutexLock lock(&mutex_);
        uint64_t ignored;
        if (woken) (void)!read(wake_.get(), &ignored, sizeof ignored);
        Settle(heard);
        EndDue();
        listens_ = awaited_ > 0;
        // poll(2) passes over -1. As long as nothing is awaited nobody need be woken for what others do.
        events = listens_ ? source_->fd() : -1;
        timeout = ended_.empty() ? UntilFirstDeadline() : 0;
      }
      Tune();
      {
        MutexLock lock(&mutex_);
        if (!ended_.empty()) return std::exchange(ended_, {});
      }
      pollfd wait[] = {{events, POLLIN, 0}, {wake_.get(), POLLIN, 0}, {stop, POLLIN, 0}};
      if (poll(wait, std::size(wait), timeout) < 0 && errno != EINTR) {
        return ErrnoError(errno, "waiting for link events");
      }
      if (wait[2].revents != 0) return absl::CancelledError("told to stop");
      woken = wait[1].revents != 0;
    }
  }

  void OnEvent(int origin, nlmsghdr* message) override {
    MutexLock lock(&mutex_);
    Hear(origin, message);
  }
  void OnLost() override {
    MutexLock lock(&mutex_);
    lost_ = true;
  }
  void OnReadByOther() override {
    MutexLock lock(&mutex_);
    if (lost_ || freeing_ || !ended_.empty()) Wake();
  }

 private:
  struct Waiting {
    Release left;
    absl::Status status;
    bool awaited = false;
    std::optional<Clock::time_point> deadline;
  };

  void Wake() {
    const uint64_t one = 1;
    (void)!write(wake_.get(), &one, sizeof one);
  }

  int UntilFirstDeadline() ABSL_EXCLUSIVE_LOCKS_REQUIRED(mutex_) {
    if (deadlines_.empty()) return -1;
    const auto left = std::chrono::ceil<std::chrono::milliseconds>(deadlines_.begin()->first - Clock::now()).count();
    return static_cast<int>(std::clamp<int64_t>(left, 0, INT_MAX));
  }

  // Hears of other namespaces only while something there is waited for: it costs everybody (event_socket.h).
  void Tune() {
    MutexLock one_at_a_time(&tuning_);
    bool all;
    {
      MutexLock lock(&mutex_);
      all = elsewhere_ > 0;
    }
    if (all == hears_all_) return;
    const absl::Status status = source_->HearAll(*this, all);
    if (status.ok()) {
      hears_all_ = all;
      return;
    }
    MutexLock lock(&mutex_);
    EndAll(status);
  }

  // What follows from what was heard, with all of it read by now: the kernel goes on dropping events, and does not say
  // so again, until there are none.
  void Settle(absl::Status heard) ABSL_EXCLUSIVE_LOCKS_REQUIRED(mutex_) {
    if (std::exchange(lost_, false) && heard.ok()) {
      std::set<Key> all;
      for (const auto& [key, ids] : index_) all.insert(key);
      heard = LookAgain(all);
    }
    if (!heard.ok()) EndAll(heard);
    if (std::exchange(freeing_, false)) Sweep();
  }

  // The kernel takes all links that it frees together off the host's list at once, and then tells of each when it has
  // taken that apart, 0.3 ms each: with the first that is told, look which others are not there any more.
  void Sweep() ABSL_EXCLUSIVE_LOCKS_REQUIRED(mutex_) {
    std::vector<Key> gone;
    for (auto at = index_.lower_bound({kOwnNamespace, 1}); at != index_.end() && at->first.first == kOwnNamespace;
         ++at) {
      if (!HasLink(links_fd_, at->first.second)) gone.push_back(at->first);
    }
    for (const Key& key : gone) Gone(key);
  }

  void Hear(int origin, nlmsghdr* header) ABSL_EXCLUSIVE_LOCKS_REQUIRED(mutex_) {
    if (header->nlmsg_type == RTM_DELLINK) {
      const auto* info = static_cast<const ifinfomsg*>(NLMSG_DATA(header));
      // AF_BRIDGE: it has only left a bridge.
      if (info->ifi_family != AF_UNSPEC) return;
      const Key key(origin, info->ifi_index);
      // Of those that a look has found to be gone each is still told, and is no reason to look again.
      freeing_ |= origin == kOwnNamespace && index_.contains(key);
      Gone(key);
    } else if (header->nlmsg_type == RTM_DELNSID && origin == kOwnNamespace) {
      nlattr* table[NETNSA_MAX + 1] = {};
      nlmsg_parse(header, sizeof(rtgenmsg), table, NETNSA_MAX, nullptr);
      if (table[NETNSA_NSID]) Gone({nla_get_s32(table[NETNSA_NSID]), 0});
    }
  }

  void Gone(const Key& key) ABSL_EXCLUSIVE_LOCKS_REQUIRED(mutex_) {
    const bool is_netns = key.second == 0;
    auto from = index_.lower_bound(key);
    // Of its links nothing more is heard, since it has no id to be heard by.
    const auto to = index_.upper_bound(is_netns ? Key(key.first, INT_MAX) : key);
    while (from != to) {
      for (const uint64_t id : from->second) {
        Waiting& waiting = waits_.at(id);
        if (from->first.second == 0) {
          waiting.left.nsids.erase(from->first.first);
        } else {
          waiting.left.links.erase(from->first);
        }
        if (waiting.left.empty() && waiting.awaited) End(id);
      }
      if (IsElsewhere(from->first)) --elsewhere_;
      from = index_.erase(from);
    }
  }

  // One that is awaited. The index does not know it any more, or is about to forget it.
  void End(uint64_t id) ABSL_EXCLUSIVE_LOCKS_REQUIRED(mutex_) {
    const auto found = waits_.find(id);
    Waiting& waiting = found->second;
    if (waiting.deadline) deadlines_.erase({*waiting.deadline, id});
    --awaited_;
    ended_.push_back({id, std::move(waiting.left), std::move(waiting.status)});
    waits_.erase(found);
  }

  void EndAll(const absl::Status& why) ABSL_EXCLUSIVE_LOCKS_REQUIRED(mutex_) {
    index_.clear();
    elsewhere_ = 0;
    std::vector<uint64_t> awaited;
    for (auto& [id, waiting] : waits_) {
      waiting.status = why;
      if (waiting.awaited) awaited.push_back(id);
    }
    for (const uint64_t id : awaited) End(id);
  }

  void EndDue() ABSL_EXCLUSIVE_LOCKS_REQUIRED(mutex_) {
    const Clock::time_point now = Clock::now();
    std::vector<uint64_t> due;
    std::set<Key> keys;
    for (const auto& [deadline, id] : deadlines_) {
      if (deadline > now) break;
      due.push_back(id);
      keys.merge(KeysOf(waits_.at(id).left));
    }
    if (due.empty()) return;
    const absl::Status status = LookAgain(keys);
    for (const uint64_t id : due) {
      const auto found = waits_.find(id);
      if (found == waits_.end()) continue;  // it was gone after all
      for (const Key& key : KeysOf(found->second.left)) {
        const auto place = index_.find(key);
        std::erase(place->second, id);
        if (!place->second.empty()) continue;
        if (IsElsewhere(key)) --elsewhere_;
        index_.erase(place);
      }
      found->second.status = status;
      End(id);
    }
  }

  // Finds out which of these are gone.
  absl::Status LookAgain(const std::set<Key>& keys) ABSL_EXCLUSIVE_LOCKS_REQUIRED(mutex_) {
    if (keys.empty()) return absl::OkStatus();
    const auto nsids = ListNsids(queries_);
    if (!nsids.ok()) return nsids.status();
    std::map<int, std::set<int>> links;  // asked about, by origin
    for (const auto& [nsid, ifindex] : keys) {
      if (nsid != kOwnNamespace && !nsids->contains(nsid)) {
        Gone({nsid, 0});
      } else if (ifindex != 0) {
        links[nsid].insert(ifindex);
      }
    }
    for (auto& [origin, gone] : links) {
      Message list(RTM_GETLINK, 0, ifinfomsg{});
      // Honoured for dumps, and only for dumps.
      if (origin != kOwnNamespace) list.PutU32(IFLA_TARGET_NETNSID, static_cast<uint32_t>(origin));
      std::set<int> present;
      const absl::Status status = queries_.Dump(
          list, "listing links",
          [&](const nlmsghdr* header) { present.insert(static_cast<const ifinfomsg*>(NLMSG_DATA(header))->ifi_index); },
          [&] { present.clear(); });
      if (!status.ok() && ErrnoOf(status) != EINVAL) return status;  // EINVAL: that namespace is gone altogether
      for (const int ifindex : gone) {
        if (!present.contains(ifindex)) Gone({origin, ifindex});
      }
    }
    return absl::OkStatus();
  }

  const std::shared_ptr<EventSocket> source_;  // its lock is taken before mutex_
  const UniqueFd wake_;                        // an eventfd: look at the deadlines and at what has ended
  const int links_fd_;                         // a socket that tells of the host's links without waiting for RTNL
  Mutex tuning_;                               // before all others
  bool hears_all_ ABSL_GUARDED_BY(tuning_) = true;
  Mutex mutex_;
  Netlink queries_ ABSL_GUARDED_BY(mutex_);
  std::map<Key, std::vector<uint64_t>> index_ ABSL_GUARDED_BY(mutex_);
  size_t elsewhere_ ABSL_GUARDED_BY(mutex_) = 0;  // keys that are links of other namespaces
  size_t awaited_ ABSL_GUARDED_BY(mutex_) = 0;    // waits that have been let go
  bool listens_ ABSL_GUARDED_BY(mutex_) = false;  // whoever is in Next is woken by events
  bool lost_ ABSL_GUARDED_BY(mutex_) = false;     // so that anything may be gone
  bool freeing_ ABSL_GUARDED_BY(mutex_) = false;  // a link of the host's is gone, and others may be
  std::unordered_map<uint64_t, Waiting> waits_ ABSL_GUARDED_BY(mutex_);
  std::set<std::pair<Clock::time_point, uint64_t>> deadlines_ ABSL_GUARDED_BY(mutex_);
  std::vector<Ended> ended_ ABSL_GUARDED_BY(mutex_);
};

ReleaseWatcher::ReleaseWatcher(std::unique_ptr<State> state) : state_(std::move(state)) {}
ReleaseWatcher::ReleaseWatcher(ReleaseWatcher&&) noexcept = default;
ReleaseWatcher& ReleaseWatcher::operator=(ReleaseWatcher&&) noexcept = default;
ReleaseWatcher::~ReleaseWatcher() = default;

absl::StatusOr<ReleaseWatcher> ReleaseWatcher::Open(NetnsWorker& worker, const SharedEvents& events) {
  if (!events.ok()) return events.status();
  auto queries = worker.OpenNetlink(worker.host());
  if (!queries.ok()) return queries.status();
  UniqueFd wake(eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK));
  if (!wake.valid()) return ErrnoError(errno, "making an eventfd");
  auto state = std::make_unique<State>(*events, *std::move(queries), std::move(wake));
  if (auto status = state->Begin(); !status.ok()) return status;
  return ReleaseWatcher(std::move(state));
}

void ReleaseWatcher::Watch(uint64_t id, Release release) { state_->Watch(id, std::move(release)); }
void ReleaseWatcher::Await(uint64_t id, absl::Duration timeout) { state_->Await(id, timeout); }
absl::StatusOr<std::vector<ReleaseWatcher::Ended>> ReleaseWatcher::Next(int stop) { return state_->Next(stop); }

absl::StatusOr<std::vector<OuterEnd>> OuterEnds(Netlink& host, const Netns& self, int nsid) {
  std::vector<OuterEnd> ends;
  // Asked by nsid, the kernel answers in terms of whoever asks: with the host's ids, its own among them, which it gets
  // by this if it had none.
  Message message(RTM_GETLINK, 0, ifinfomsg{});
  // Without an IFLA_EXT_MASK, for which the kernel would first measure every link of the host (rtnl_calcit).
  message.PutU32(IFLA_TARGET_NETNSID, static_cast<uint32_t>(nsid));
  nlattr* info = message.Begin(IFLA_LINKINFO);
  message.PutName(IFLA_INFO_KIND, "veth");
  message.End(info);
  auto status = host.Dump(
      message, "listing links",
      [&](const nlmsghdr* header) {
        nlattr* table[IFLA_MAX + 1] = {};
        nlmsg_parse(const_cast<nlmsghdr*>(header), sizeof(ifinfomsg), table, IFLA_MAX, nullptr);
        if (!table[IFLA_LINK] || !table[IFLA_LINK_NETNSID] || !table[IFLA_IFNAME]) return;
        ends.push_back({{nla_get_s32(table[IFLA_LINK_NETNSID]), nla_get_s32(table[IFLA_LINK])},
                        nla_get_string(table[IFLA_IFNAME])});
      },
      [&] { ends.clear(); });
  if (!status.ok()) return status;
  if (ends.empty()) return ends;
  const auto own = GetNsid(host, self);
  if (!own.ok()) return own.status();
  for (OuterEnd& end : ends) {
    if (end.link.first == *own) end.link.first = kOwnNamespace;
  }
  return ends;
}

}  // namespace warren::kernel
