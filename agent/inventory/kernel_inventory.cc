#include "agent/inventory/kernel_inventory.h"

#include <errno.h>
#include <sys/epoll.h>

#include <algorithm>
#include <utility>

#include "absl/cleanup/cleanup.h"
#include "absl/time/clock.h"
#include "absl/time/time.h"
#include "agent/kernel/boot.h"
#include "agent/kernel/error.h"
#include "agent/kernel/link.h"
#include "agent/kernel/netns_name.h"
#include "agent/kernel/nsid.h"
#include "proto/common/names.h"

namespace warren::inventory {
namespace {

// How often one namespace is looked at again for the sake of others within one refresh: names that are being changed
// all the time are left for the next pass.
constexpr int kRounds = 3;
// How long after many intents what is read may have to wait as it did before.
constexpr std::chrono::seconds kCalm{10};

}  // namespace

const std::string& KernelInventory::Host() {
  static const std::string host(kHostNamespace);
  return host;
}

bool KernelInventory::IsGone(const absl::Status& status) {
  const int error = kernel::ErrnoOf(status);
  return error == ENOENT || error == EINVAL || error == ELOOP || error == ENOTDIR;
}

absl::StatusOr<std::unique_ptr<KernelInventory>> KernelInventory::Create(Options options) {
  auto boot_id = kernel::BootId();
  if (!boot_id.ok()) return boot_id.status();
  std::optional<kernel::NetnsWorker> worker;
  if (auto created = kernel::NetnsWorker::Create(); created.ok()) {
    worker.emplace(*std::move(created));
  } else if (kernel::ErrnoOf(created.status()) != ENOENT) {
    return created.status();
  }
  auto netlink = kernel::Netlink::Open();
  if (!netlink.ok()) return netlink.status();
  std::unique_ptr<KernelInventory> inventory(
      new KernelInventory(std::move(options), *std::move(boot_id), std::move(worker), *std::move(netlink)));
  if (auto status = inventory->Listen(); !status.ok()) {
    inventory->options_.logger.Warn("changes are not heard: every pass looks at everything",
                                    {{"error", std::string(status.message())}});
  }
  return inventory;
}

KernelInventory::KernelInventory(Options options, std::string boot_id, std::optional<kernel::NetnsWorker> worker,
                                 kernel::Netlink host_netlink)
    : options_(std::move(options)),
      boot_id_(std::move(boot_id)),
      dir_(options_.netns_dir),
      worker_(std::move(worker)),
      host_netlink_(std::move(host_netlink)),
      peers_(topology_, [this](const std::string& name) { return Open(name); }),
      round_(options_.check_interval) {
  peers_.SetHost(worker_ ? &worker_->host() : nullptr, host_netlink_.cookie());
}

absl::Status KernelInventory::Listen() {
  if (!worker_) return absl::FailedPreconditionError("this kernel has no namespaces");
  auto monitor = kernel::Monitor::Open(options_.events, options_.event_buffer);
  if (!monitor.ok()) return monitor.status();
  auto names = kernel::NetnsWatch::Open(options_.netns_dir);
  if (!names.ok()) return names.status();
  UniqueFd epoll(epoll_create1(EPOLL_CLOEXEC)), chosen(epoll_create1(EPOLL_CLOEXEC));
  if (!epoll.valid() || !chosen.valid()) return kernel::ErrnoError(errno, "making an epoll descriptor");
  std::vector<int> fds = monitor->descriptors();
  fds.push_back(names->fd());
  for (const int fd : fds) {
    epoll_event event{};
    event.events = EPOLLIN;
    if (epoll_ctl(epoll.get(), EPOLL_CTL_ADD, fd, &event) != 0) return kernel::ErrnoError(errno, "listening to events");
  }
  auto reader = Reader::Create(dir_);
  if (!reader.ok()) return reader.status();
  monitor_ = *std::move(monitor);
  names_ = *std::move(names);
  epoll_ = std::move(epoll);
  chosen_epoll_ = std::move(chosen);
  reader_ = *std::move(reader);
  // From the beginning, so that the agent has as many descriptors whatever happens; tried again when it is needed.
  if (auto events = kernel::ChosenEvents::Open(*worker_); events.ok()) HearBy(*std::move(events));
  return absl::OkStatus();
}

absl::StatusOr<kernel::Netns> KernelInventory::Open(const std::string& name) const {
  if (name == Host()) return absl::InvalidArgumentError("the host's own namespace is open already");
  auto raw = UnescapeName(name);
  if (!raw.ok()) return raw.status();
  return dir_.Open(*raw);
}

void KernelInventory::Hear() {
  if (!monitor_) return;
  const auto now = Clock::now();
  if (auto status = monitor_->Read([&](const kernel::Event& event) { Hear(event, now); }); !status.ok()) {
    options_.logger.Warn("events cannot be read", {{"error", std::string(status.message())}});
    LookAtEverything();
  }
  const kernel::NetnsWatch::News news = names_->Read();
  for (const std::string& raw : news.names) {
    const std::string name = EscapeName(raw);
    Note(name, kernel::Event{});
    NoteName(name, now);
  }
  list_wanted_ |= news.lost;
  HearChosen(now);
}

void KernelInventory::Hear(const kernel::Event& event, Clock::time_point now) {
  if (event.kind == kernel::Event::Kind::kLost) return LookAtEverything();
  if (event.kind == kernel::Event::Kind::kNsid) {
    const auto known = cookies_.find(event.nsid);
    if (!event.deleted || known == cookies_.end()) return;
    // It is gone, or, where the id has been given to another meanwhile and that is known already, is asked again.
    for (const std::string& name : topology_.NamesOf(known->second)) Note(name, kernel::Event{});
    nsids_.erase(known->second);
    cookies_.erase(known);
    return;
  }
  if (event.nsid == kernel::EventSocket::kOwnNamespace) return Note(Host(), event);
  const auto cookie = cookies_.find(event.nsid);
  // Of one that was not looked into yet there is nothing to be known anew.
  if (cookie == cookies_.end()) return;
  for (const std::string& name : topology_.NamesOf(cookie->second)) {
    Note(name, event);
    const auto told = told_.find(name);
    if (told == told_.end() || !IsSettled(told->second, now)) continue;
    ChangedByOthers(cookie->second, now);
    NoteOthers(name, now);
  }
}

void KernelInventory::Note(const std::string& name, const kernel::Event& event) {
  ahead_.erase(name);
  const auto told = told_.find(name);
  if (told == told_.end() || told->second.parts == nullptr) {
    stale_[name].all = true;
  } else {
    stale_[name].Add(event);
  }
}

void KernelInventory::LookAtEverything() {
  list_wanted_ = true;
  ahead_.clear();
  nsids_.clear();
  cookies_.clear();
  host_nsid_.reset();
  for (const auto& [name, told] : told_) stale_[name].all = true;
}

std::vector<v1::InventoryUpdate> KernelInventory::Refresh(const std::set<std::string>& names) {
  Hear();
  // Under its other names, too: what has become foreign under one is so under all.
  std::set<std::string> shown = names;
  for (const std::string& name : names) {
    for (const std::string& other : topology_.NamesOf(topology_.CookieOf(name))) {
      if (shown.insert(other).second) stale_[other].all = true;
    }
  }
  if (!topology_.Knows(Host())) IndexHost();
  IndexNewOfHost();
  const auto now = Clock::now();
  const auto touched = [&](const std::string& name) {
    if (const auto told = told_.find(name); told != told_.end()) told->second.touched = now;
  };
  std::vector<std::string> ahead;
  for (const std::string& name : shown) {
    if (name == Host()) continue;
    if (hurries_) stale_[name].all = true;  // it was not heard
    ahead.push_back(name);
  }
  ReadNext(ahead);
  refreshing_ = true;
  // Others first, so that the host's view of them is told once.
  for (const std::string& name : shown) {
    if (name == Host()) continue;
    if (ReadsAside()) LookMeanwhile();
    others_.Ours(topology_.CookieOf(name), now);
    Look(name);
    touched(name);
  }
  if (shown.contains(Host())) Look(Host());
  LookAtConcerned();
  refreshing_ = false;
  ahead_.clear();
  shown_of_host_.clear();
  return builder_.Take();
}

void KernelInventory::Hurry(bool on) {
  if (!monitor_ || hurries_ == on) return;
  if (on && chosen_) (void)chosen_->Listen(true);
  if (auto status = monitor_->HearAll(!on); !status.ok()) {
    options_.logger.Warn("events cannot be chosen", {{"error", std::string(status.message())}});
    return;
  }
  // By now both tell of the chosen ones, or did: what both have told is told again, in order, which changes nothing.
  if (on) {
    hurries_ = true;
    // Now, and not only by the way: some of those that are wanted may never have been chosen.
    choose_again_ = true;
    chosen_at_ = {};
    return Hear();
  }
  HearChosen(Clock::now());
  hurries_ = false;
  calm_at_ = Clock::now() + kCalm;
  if (chosen_) (void)chosen_->Listen(false);
  for (const auto& [name, told] : told_) {
    const bool heard = told.parts != nullptr && chosen_ && chosen_->Has(topology_.CookieOf(name));
    if (name != Host() && !heard) stale_[name].all = true;
  }
}

Counts KernelInventory::counts() const {
  return {topology_.size() - (topology_.Knows(Host()) ? 1 : 0), links_, routes_};
}

void KernelInventory::Count(const Told& told, bool there) {
  links_ = there ? links_ + told.links : links_ - told.links;
  routes_ = there ? routes_ + told.routes : routes_ - told.routes;
}

void KernelInventory::Concern(const Topology::Concerned& concerned) {
  for (const auto& [name, links] : concerned) {
    Stale& stale = stale_[name];
    const auto told = told_.find(name);
    if (told != told_.end() && told->second.parts != nullptr) {
      stale.links.insert(links.begin(), links.end());
      stale.unseen.insert(links.begin(), links.end());  // the other end may be elsewhere now
    } else {
      stale.all = true;
    }
    concerned_.insert(name);
  }
}

void KernelInventory::LookAtConcerned() {
  for (int round = 0; round < kRounds && !concerned_.empty(); ++round) {
    for (const std::string& name : std::exchange(concerned_, {})) {
      if (stale_.contains(name)) Look(name);
    }
  }
  concerned_.clear();
}

void KernelInventory::Look(const std::string& name) {
  const bool needs_all = NeedsAll(name);
  Stale stale;
  if (const auto known = stale_.find(name); known != stale_.end()) {
    stale = std::move(known->second);
    stale_.erase(known);
  }
  concerned_.erase(name);
  elsewhere_.erase(name);
  if (failed_.erase(name) > 0) stale.all = true;
  const absl::Cleanup looked = [this, other = std::exchange(looking_, name)] { looking_ = other; };
  absl::Status status;
  if (name == Host()) {
    auto read = ahead_.extract(name);
    const bool of_use = read && read.mapped().contents.ok();
    status = LookInto(name, host_netlink_, worker_ ? &worker_->host() : nullptr, std::move(stale),
                      of_use ? &read.mapped().contents : nullptr);
  } else if (!worker_) {
    return Vanished(name);
  } else {
    if (needs_all && ReadsAside() && !ahead_.contains(name)) ReadAhead({name});
    auto read = ahead_.extract(name);
    const auto netns = read ? std::move(read.mapped().netns) : Open(name);
    if (!netns.ok()) {
      const std::string raw = UnescapeName(name).value_or(name);
      const kernel::NoNetns other = kernel::LookAtName(dir_, raw);
      const bool coming = names_ && names_->Awaits(raw);
      if (!other.what.empty() && !coming) return TellUnusable(name, raw, other.what);
      if (coming || IsGone(netns.status())) return Vanished(name);
    }
    status = netns.status();
    if (status.ok()) {
      auto netlink = read ? std::move(read.mapped().netlink) : worker_->OpenNetlink(*netns);
      status = netlink.ok()
                   ? LookInto(name, *netlink, &*netns, std::move(stale), read ? &read.mapped().contents : nullptr)
                   : netlink.status();
    }
  }
  // What was told of it before stays: it is there, only not to be seen at the moment.
  if (!status.ok()) {
    stale_.erase(name);
    failed_.insert(name);  // until something else is looked at
    options_.logger.Warn("a namespace cannot be looked into",
                         {{"namespace", name}, {"error", std::string(status.message())}});
  }
}

void KernelInventory::Vanished(const std::string& name) {
  Forget(name);
  unusable_.erase(name);
  const auto told = told_.find(name);
  if (told == told_.end()) return;
  Count(told->second, false);
  told_.erase(told);
  builder_.Remove(name);
  ++told_count_;
}

void KernelInventory::Forget(const std::string& name) {
  const uint64_t cookie = topology_.CookieOf(name);
  Concern(topology_.Remove(name));
  if (!topology_.NameOf(cookie).empty()) return;
  peers_.Forget(cookie);
  others_.Forget(cookie);
  if (chosen_) chosen_->Forget(cookie);
  if (const auto nsid = nsids_.find(cookie); nsid != nsids_.end()) {
    cookies_.erase(nsid->second);
    nsids_.erase(nsid);
  }
}

absl::StatusOr<int> KernelInventory::NsidOf(const kernel::Netns& netns, uint64_t cookie) {
  if (cookie == host_netlink_.cookie()) {
    if (host_nsid_) return *host_nsid_;
    const auto nsid = kernel::GetNsid(host_netlink_, netns);
    if (nsid.ok()) host_nsid_ = *nsid;
    return nsid;
  }
  if (const auto known = nsids_.find(cookie); known != nsids_.end()) return known->second;
  // What somebody just made has none, unless a veth into it has been told of.
  const auto likely = refreshing_ ? kernel::NsidIs::kMissing : kernel::NsidIs::kGiven;
  const auto nsid =
      monitor_ ? kernel::GetOrAssignNsid(host_netlink_, netns, likely) : kernel::GetNsid(host_netlink_, netns);
  if (nsid.ok() && *nsid >= 0) {
    nsids_[cookie] = *nsid;
    cookies_[*nsid] = cookie;
    if (monitor_ && chosen_ && chosen_->Has(cookie)) monitor_->TellWhole(*nsid);
    peers_.Learn(host_netlink_.cookie(), *nsid, cookie);
  }
  return nsid;
}

}  // namespace warren::inventory
