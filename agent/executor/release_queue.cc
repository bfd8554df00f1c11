#include "agent/executor/release_queue.h"

#include <errno.h>
#include <pthread.h>
#include <sys/eventfd.h>

#include <algorithm>
#include <chrono>
#include <cstdint>
#include <iterator>
#include <thread>
#include <unordered_map>
#include <utility>

#include "agent/executor/places.h"
#include "agent/kernel/error.h"
#include "agent/kernel/netns.h"
#include "agent/kernel/release.h"
#include "proto/common/mutex.h"
#include "proto/common/unique_fd.h"

namespace warren::executor {
namespace {

// Links deleted before it is asked again whether to stop.
constexpr size_t kLinksAtOnce = 200;
// So long namespaces wait for others that are on their way, from the last that came, and in all; and, where there are
// many, for others to come. What the kernel has begun with it finishes before it begins with the next, so that a second
// lot waits for the whole of the first.
constexpr std::chrono::milliseconds kExpected{100};
constexpr std::chrono::milliseconds kGather{500};
constexpr std::chrono::milliseconds kQuiet{10};
constexpr size_t kMany = 8;
constexpr size_t kAtOnce = 64;
// Each umount(2) waits for a grace period of RCU, which those of other threads wait for as well: with eight of them it
// takes 0.03 ms instead of 0.13. Fewer names a thread than this are not worth one.
constexpr size_t kThreads = 8;
constexpr size_t kNamesAThread = 4;
// So many are kept alive by a descriptor each at most...
constexpr size_t kHeld = 2048;
// ... and no more than the kernel frees in this time, which is part of each one's timeout. It takes some 0.5 ms each,
// and more the more namespaces there are: each is looked up in all others (net/core/net_namespace.c, unhash_nsid).
constexpr double kFreeMs = 2000, kEachMs = 0.5, kEachOtherMs = 0.0006;

// The kernel gives the lowest free ids, so that the highest known is about as many as there are.
size_t HeldAtMost(int highest_nsid) {
  return std::min(kHeld, static_cast<size_t>(kFreeMs / (kEachMs + kEachOtherMs * std::max(highest_nsid, 0))));
}

struct Item {
  uint64_t id = 0;
  Remainder remainder;
  std::function<void(v1::ReleasePending)> done;
};
using Items = std::vector<std::unique_ptr<Item>>;
using Clock = std::chrono::steady_clock;

class FourThreads final : public ReleaseQueue {
 public:
  // What each thread works with: it was made where they are made, in the host's namespace.
  struct Workers {
    kernel::NetnsWorker links, netns, ends, looks;
    std::vector<kernel::NetnsWorker> names;  // those that help to take names away
  };

  FourThreads(Options options, Workers workers, absl::StatusOr<kernel::ReleaseWatcher> watcher, UniqueFd stop)
      : options_(std::move(options)),
        dir_(options_.netns_dir),
        workers_(std::move(workers)),
        watcher_(std::move(watcher)),
        stop_(std::move(stop)) {
    links_ = std::jthread([this] { DeleteLinks(); });
    netns_ = std::jthread([this] { DropNetns(); });
    if (watcher_.ok()) ends_ = std::jthread([this] { Hear(); });
    looks_ = std::jthread([this] { LookAround(); });
  }
  ~FourThreads() override { Stop(); }

  void Add(Work work) override {
    auto item = std::make_unique<Item>();
    item->remainder = Remainder(work.steps, std::move(work.drops));
    item->done = std::move(work.done);
    MutexLock lock(&mutex_);
    if (stopping_) return;
    item->id = ++last_id_;
    ++pending_;
    (item->remainder.links.empty() ? for_netns_ : for_links_).push_back(std::move(item));
    added_.SignalAll();
  }

  void Expect(bool more) override {
    MutexLock lock(&mutex_);
    if (std::exchange(more_, more) != more) added_.SignalAll();
  }

  size_t pending() const override {
    MutexLock lock(&mutex_);
    return pending_;
  }

  void Stop() override {
    {
      MutexLock lock(&mutex_);
      stopping_ = true;
      added_.SignalAll();
    }
    const uint64_t one = 1;
    (void)!write(stop_.get(), &one, sizeof one);
    for (std::jthread* thread : {&links_, &netns_, &ends_, &looks_}) {
      if (thread->joinable()) thread->join();
    }
    MutexLock lock(&mutex_);
    for_links_.clear();
    for_netns_.clear();
    waiting_.clear();
    held_.clear();
    pending_ = 0;
  }

 private:
  // What the kernel still has when the time is over.
  struct Held {
    std::unique_ptr<Item> item;
    kernel::Release left;
  };

  bool stopping() const {
    MutexLock lock(&mutex_);
    return stopping_;
  }

  void DeleteLinks() {
    pthread_setname_np(pthread_self(), "delete-links");
    Places places(workers_.links, dir_);
    while (true) {
      Items items;
      {
        MutexLock lock(&mutex_);
        while (for_links_.empty() && !stopping_) added_.Wait(&mutex_);
        if (stopping_) return;
        size_t links = 0, taken = 0;
        while (taken < for_links_.size() && links < kLinksAtOnce) links += for_links_[taken++]->remainder.links.size();
        std::move(for_links_.begin(), for_links_.begin() + taken, std::back_inserter(items));
        for_links_.erase(for_links_.begin(), for_links_.begin() + taken);
      }
      std::vector<Remainder*> remainders;
      for (const auto& item : items) remainders.push_back(&item->remainder);
      DeleteSetAside(places, remainders);
      MutexLock lock(&mutex_);
      std::move(items.begin(), items.end(), std::back_inserter(for_netns_));
      added_.SignalAll();
    }
  }

  // Waits for more to let go of together with `held` others; false: that is all.
  bool Gather(size_t held, size_t most, Clock::time_point latest) ABSL_EXCLUSIVE_LOCKS_REQUIRED(mutex_) {
    if (held >= most) return false;
    while (for_netns_.empty() && !stopping_) {
      const Clock::time_point now = Clock::now();
      if (now >= latest || (!more_ && held < kMany)) return false;
      const Clock::time_point until = std::min(latest, now + (more_ ? kExpected : kQuiet));
      if (!added_.WaitUntil(&mutex_, until) && for_netns_.empty()) return false;
    }
    return !stopping_;
  }

  void LetGoOf(const Items& items, std::vector<UniqueFd>& last) {
    const size_t threads = std::min(kThreads, items.size() / kNamesAThread + 1);
    std::vector<std::vector<UniqueFd>> kept(threads);
    const auto share = [&](size_t which) {
      for (size_t i = which; i < items.size(); i += threads) {
        LetGo(which == 0 ? workers_.netns : workers_.names[which - 1], items[i]->remainder, kept[which]);
      }
    };
    {
      std::vector<std::jthread> others;
      for (size_t which = 1; which < threads; ++which) others.emplace_back(share, which);
      share(0);
    }
    for (auto& each : kept) std::move(each.begin(), each.end(), std::back_inserter(last));
  }

  void DropNetns() {
    pthread_setname_np(pthread_self(), "let-go");
    Places places(workers_.netns, dir_);
    while (true) {
      {
        MutexLock lock(&mutex_);
        while (for_netns_.empty() && !stopping_) added_.Wait(&mutex_);
      }
      const Clock::time_point latest = Clock::now() + kGather;
      Items together;
      std::vector<UniqueFd> last;
      int highest_nsid = 0;
      NamedNsids named;
      while (true) {
        Items items;
        {
          MutexLock lock(&mutex_);
          const bool more = Gather(last.size(), HeldAtMost(highest_nsid), latest);
          if (stopping_) return;
          if (!more) break;
          // Not more than can be seen to fit.
          const size_t taken = std::min(for_netns_.size(), kAtOnce);
          std::move(for_netns_.begin(), for_netns_.begin() + taken, std::back_inserter(items));
          for_netns_.erase(for_netns_.begin(), for_netns_.begin() + taken);
        }
        if (stopping()) return;
        for (const auto& item : items) {
          LookUpNetns(places, item->remainder, named);
          for (const Drop& drop : item->remainder.drops) highest_nsid = std::max(highest_nsid, drop.nsid);
          if (watcher_.ok()) watcher_->Watch(item->id, item->remainder.Awaited());
          places.CloseAll();
        }
        LetGoOf(items, last);
        std::move(items.begin(), items.end(), std::back_inserter(together));
      }
      Await(together);
    }
  }

  // They are about to be let go, with the last descriptor.
  void Await(Items& items) {
    for (auto& item : items) {
      if (!watcher_.ok()) {
        if (!item->remainder.Awaited().empty()) NoteUnseen(watcher_.status(), item->remainder);
        Finish(*item);
        continue;
      }
      const uint64_t id = item->id;
      {
        MutexLock lock(&mutex_);
        waiting_[id] = std::move(item);
      }
      watcher_->Await(id, options_.timeout);
    }
  }

  void Hear() {
    pthread_setname_np(pthread_self(), "hear-release");
    while (true) {
      auto ended = watcher_->Next(stop_.get());
      if (!ended.ok()) return;
      Items gone;
      {
        MutexLock lock(&mutex_);
        for (kernel::ReleaseWatcher::Ended& each : *ended) {
          const auto found = waiting_.find(each.id);
          std::unique_ptr<Item> item = std::move(found->second);
          waiting_.erase(found);
          if (!each.status.ok()) NoteUnseen(each.status, item->remainder);
          if (each.left.empty() || !each.status.ok()) {
            gone.push_back(std::move(item));
          } else {
            held_.push_back({std::move(item), std::move(each.left)});
          }
        }
      }
      for (const auto& item : gone) Finish(*item);
      MutexLock lock(&mutex_);
      if (!held_.empty()) added_.SignalAll();
    }
  }

  // Finds out who holds what the kernel still has: it takes as long as there are processes, and whatever else goes
  // meanwhile is not to wait for it.
  void LookAround() {
    pthread_setname_np(pthread_self(), "find-holders");
    Places places(workers_.looks, dir_);
    while (true) {
      std::vector<Held> held;
      {
        MutexLock lock(&mutex_);
        while (held_.empty() && !stopping_) added_.Wait(&mutex_);
        if (stopping_) return;
        held = std::exchange(held_, {});
      }
      std::vector<Left> left;
      for (Held& each : held) left.push_back({&each.item->remainder, std::move(each.left)});
      NamedNsids named;
      NoteLeft(places, left, named);
      for (const Held& each : held) Finish(*each.item);
    }
  }

  void Finish(Item& item) {
    {
      MutexLock lock(&mutex_);
      if (stopping_) return;
      --pending_;
    }
    item.done(std::move(item.remainder.pending));
  }

  const Options options_;
  const kernel::NetnsDir dir_;
  Workers workers_;
  absl::StatusOr<kernel::ReleaseWatcher> watcher_;
  const UniqueFd stop_;  // an eventfd

  mutable Mutex mutex_;
  CondVar added_;
  bool stopping_ ABSL_GUARDED_BY(mutex_) = false;
  bool more_ ABSL_GUARDED_BY(mutex_) = false;
  uint64_t last_id_ ABSL_GUARDED_BY(mutex_) = 0;
  size_t pending_ ABSL_GUARDED_BY(mutex_) = 0;
  Items for_links_ ABSL_GUARDED_BY(mutex_);
  Items for_netns_ ABSL_GUARDED_BY(mutex_);
  std::unordered_map<uint64_t, std::unique_ptr<Item>> waiting_ ABSL_GUARDED_BY(mutex_);
  std::vector<Held> held_ ABSL_GUARDED_BY(mutex_);

  std::jthread links_, netns_, ends_, looks_;
};

}  // namespace

absl::StatusOr<std::unique_ptr<ReleaseQueue>> ReleaseQueue::Start(Options options) {
  auto links = kernel::NetnsWorker::Create(), netns = kernel::NetnsWorker::Create(),
       ends = kernel::NetnsWorker::Create(), looks = kernel::NetnsWorker::Create();
  for (const auto* worker : {&links, &netns, &ends, &looks}) {
    if (!worker->ok()) return worker->status();
  }
  std::vector<kernel::NetnsWorker> names;
  while (names.size() < kThreads - 1) {
    auto worker = kernel::NetnsWorker::Create();
    if (!worker.ok()) return worker.status();
    names.push_back(*std::move(worker));
  }
  UniqueFd stop(eventfd(0, EFD_CLOEXEC));
  if (!stop.valid()) return kernel::ErrnoError(errno, "making an eventfd");
  auto watcher = kernel::ReleaseWatcher::Open(*ends, options.events);
  return std::make_unique<FourThreads>(
      std::move(options),
      FourThreads::Workers{*std::move(links), *std::move(netns), *std::move(ends), *std::move(looks), std::move(names)},
      std::move(watcher), std::move(stop));
}

}  // namespace warren::executor
