#include "agent/kernel/monitor.h"

#include <errno.h>
#include <linux/rtnetlink.h>
#include <sys/eventfd.h>
#include <unistd.h>

#include <set>
#include <utility>

#include "agent/kernel/error.h"
#include "proto/common/mutex.h"
#include "proto/common/unique_fd.h"

namespace warren::kernel {

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
  void TellWhole(int nsid) {
    MutexLock lock(&mutex_);
    whole_.insert(nsid);
  }

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
    MutexLock lock(&mutex_);
    // Of most others there is more than anybody keeps.
    if (!ParseEvent(origin, message, whole_.contains(origin), &event)) return;
    if (event.kind == Event::Kind::kNsid && event.deleted) whole_.erase(event.nsid);
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
  std::set<int> whole_ ABSL_GUARDED_BY(mutex_) = {EventSocket::kOwnNamespace};
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
void Monitor::TellWhole(int nsid) { kept_->TellWhole(nsid); }
absl::Status Monitor::Read(const std::function<void(const Event&)>& each) { return kept_->Read(each); }
std::vector<int> Monitor::descriptors() const { return kept_->descriptors(); }

}  // namespace warren::kernel
