#include "agent/executor/warm_pool.h"

#include <pthread.h>
#include <sys/resource.h>
#include <unistd.h>

#include <algorithm>
#include <atomic>
#include <string>
#include <thread>
#include <utility>
#include <vector>

#include "absl/strings/str_cat.h"
#include "proto/common/mutex.h"

namespace warren::executor {
namespace {

using Clock = std::chrono::steady_clock;
using Steady = Clock::time_point;
using Made = kernel::NetnsWorker::Made;

// Of a namespace: itself and the socket in it.
constexpr size_t kDescriptorsEach = 2;
// Between two looks at the host's settings.
constexpr size_t kBatch = 8;
// Right after an intent those who report it, or submit the next one, need the processors more.
constexpr std::chrono::milliseconds kRest{5};
constexpr int kNice = 10;

class Pool : public WarmPool {
 public:
  Pool(Options options, kernel::NetnsWorker worker, kernel::DeviceDefaults defaults)
      : options_(std::move(options)),
        worker_(std::move(worker)),
        defaults_(std::move(defaults)),
        looker_([this](std::stop_token stop) { LookAhead(stop); }),
        thread_([this] { Run(); }) {}
  ~Pool() override { Stop(); }

  std::optional<Claimed> Claim() override {
    std::optional<Claimed> claimed;
    {
      MutexLock lock(&mutex_);
      // After Stop there is none.
      if (warm_.empty()) {
        ++misses_;
      } else {
        ++hits_;
        claimed = Claimed{std::move(warm_.back()), lot_};
        warm_.pop_back();
        full_ = false;
      }
    }
    if (claimed && !busy_) Wake();
    return claimed;
  }

  bool Confirm(uint64_t lot, Steady asked) override {
    if (!IsOfLot(lot)) return false;
    LookUnlessSeen(asked);
    return IsOfLot(lot);
  }

  void SetBusy(bool busy) override {
    if (busy_.exchange(busy) && !busy && !full_) Wake(Clock::now());
  }

  void Expect() override {
    MutexLock lock(&ahead_mutex_);
    ahead_wanted_ = true;
    ahead_.Signal();
  }

  Stats stats() const override {
    MutexLock lock(&mutex_);
    return {warm_.size(), hits_, misses_};
  }

  void Stop() override {
    stopping_ = true;
    Wake();
    if (thread_.joinable()) thread_.join();
    looker_.request_stop();
    {
      MutexLock lock(&ahead_mutex_);
      ahead_.Signal();
    }
    if (looker_.joinable()) looker_.join();
    MutexLock lock(&mutex_);
    warm_.clear();
    outdated_.clear();
  }

 private:
  bool IsOfLot(uint64_t lot) const {
    MutexLock lock(&mutex_);
    return lot == lot_;
  }
  bool WasSeen(Steady since) const {
    MutexLock lock(&mutex_);
    return looked_at_ + options_.trust > since;
  }
  // Looks at the host's settings unless somebody has since then.
  void LookUnlessSeen(Steady since) {
    if (options_.size == 0 || WasSeen(since)) return;
    MutexLock looking(&look_mutex_);
    if (!WasSeen(since)) Look();
  }
  // Looks at the host's settings. When they are not those that what is here was made under, all goes.
  void Look() ABSL_EXCLUSIVE_LOCKS_REQUIRED(look_mutex_) {
    const Steady begun = options_.clock();
    std::string now = defaults_.Tell();
    bool outdated = false;
    {
      MutexLock lock(&mutex_);
      looked_at_ = begun;
      if (now == made_under_) return;
      made_under_ = std::move(now);
      ++lot_;
      full_ = false;
      // Closing them is left to the thread.
      outdated = !warm_.empty();
      std::move(warm_.begin(), warm_.end(), std::back_inserter(outdated_));
      warm_.clear();
    }
    if (outdated) Wake();
  }

  void LookAhead(const std::stop_token& stop) {
    pthread_setname_np(pthread_self(), "warm-look");
    while (true) {
      {
        MutexLock lock(&ahead_mutex_);
        while (!ahead_wanted_ && !stop.stop_requested()) ahead_.Wait(&ahead_mutex_);
        if (stop.stop_requested()) return;
        ahead_wanted_ = false;
      }
      LookUnlessSeen(options_.clock());
    }
  }

  void Wake(Steady idle_since = Steady::min()) {
    MutexLock lock(&wake_mutex_);
    awake_ = true;
    idle_since_ = std::max(idle_since_, idle_since);
    wake_.Signal();
  }
  void AwaitWake() {
    MutexLock lock(&wake_mutex_);
    while (!awake_) wake_.Wait(&wake_mutex_);
    awake_ = false;
    while (!busy_ && !stopping_ && Clock::now() < idle_since_ + kRest) {
      wake_.WaitUntil(&wake_mutex_, idle_since_ + kRest);
      awake_ = false;
    }
  }

  void Run() {
    pthread_setname_np(pthread_self(), "warm-pool");
    // Whoever has an intent to see to goes first. Not the least there is: it holds locks of the kernel now and then.
    (void)setpriority(PRIO_PROCESS, static_cast<id_t>(gettid()), kNice);
    while (!stopping_) {
      if (!Refill()) AwaitWake();
    }
  }

  // False: there is nothing to do until the next Wake.
  bool Refill() {
    if (!busy_ && !full_) LookUnlessSeen(options_.clock());
    std::vector<Made> outdated;
    uint64_t before = 0;
    size_t missing = 0;
    {
      MutexLock lock(&mutex_);
      before = lot_;
      missing = options_.size - warm_.size();
      full_ = missing == 0;
      outdated.swap(outdated_);
    }
    if (!outdated.empty()) {
      options_.logger.Info("what new namespaces take over from the host has changed: warm ones are made again",
                           {{"namespaces", absl::StrCat(outdated.size())}});
      outdated.clear();
    }
    std::vector<Made> batch;
    bool failed = false;
    while (!failed && !busy_ && !stopping_ && batch.size() < std::min(missing, kBatch)) {
      auto made = worker_.NewNetns();
      failed = !made.ok();
      if (failed) {
        // Tried again after the next work, and said once.
        if (!failing_) {
          options_.logger.Warn("no namespace can be made ahead of need; those that are needed are made when they are",
                               {{"reason", std::string(made.status().message())}});
        }
      } else {
        batch.push_back(*std::move(made));
      }
      failing_ = failed;
    }
    if (batch.empty()) return false;
    {
      MutexLock looking(&look_mutex_);
      Look();
    }
    MutexLock lock(&mutex_);
    // Otherwise nobody knows under which they were made.
    if (lot_ == before) {
      std::move(batch.begin(), batch.end(), std::back_inserter(warm_));
    }
    full_ = warm_.size() >= options_.size;
    return !failed;
  }

  const Options options_;
  kernel::NetnsWorker worker_;  // the thread's
  bool failing_ = false;        // the thread's
  std::atomic<bool> busy_ = false;
  std::atomic<bool> full_ = false;  // there is nothing to wake the thread for
  std::atomic<bool> stopping_ = false;

  Mutex look_mutex_;  // before mutex_
  kernel::DeviceDefaults defaults_ ABSL_GUARDED_BY(look_mutex_);

  mutable Mutex mutex_;
  std::string made_under_ ABSL_GUARDED_BY(mutex_);            // what defaults_ told
  uint64_t lot_ ABSL_GUARDED_BY(mutex_) = 0;                  // those made under it
  Steady looked_at_ ABSL_GUARDED_BY(mutex_) = Steady::min();  // when that began
  std::vector<Made> warm_ ABSL_GUARDED_BY(mutex_);
  std::vector<Made> outdated_ ABSL_GUARDED_BY(mutex_);
  int64_t hits_ ABSL_GUARDED_BY(mutex_) = 0;
  int64_t misses_ ABSL_GUARDED_BY(mutex_) = 0;

  Mutex wake_mutex_;
  CondVar wake_;
  bool awake_ ABSL_GUARDED_BY(wake_mutex_) = false;
  Steady idle_since_ ABSL_GUARDED_BY(wake_mutex_);

  Mutex ahead_mutex_;
  CondVar ahead_;
  bool ahead_wanted_ ABSL_GUARDED_BY(ahead_mutex_) = false;

  // Last: they use the rest.
  std::jthread looker_;
  std::jthread thread_;
};

// How many there can be without taking more than half of the descriptors.
size_t Fitting(const WarmPool::Options& options) {
  rlimit limit{};
  if (getrlimit(RLIMIT_NOFILE, &limit) != 0 || limit.rlim_cur == RLIM_INFINITY) return options.size;
  const size_t half = limit.rlim_cur / 2;
  const size_t fitting = half > kernel::DeviceDefaults::kDescriptors
                             ? (half - kernel::DeviceDefaults::kDescriptors) / kDescriptorsEach
                             : 0;
  if (fitting >= options.size) return options.size;
  options.logger.Warn(
      "fewer warm namespaces than asked for: half of the open files allowed are not enough; raise "
      "LimitNOFILE= of the service or ulimit -n, or lower --warm-namespaces",
      {{"asked", absl::StrCat(options.size)},
       {"kept", absl::StrCat(fitting)},
       {"open_files_allowed", absl::StrCat(limit.rlim_cur)}});
  return fitting;
}

}  // namespace

absl::StatusOr<std::unique_ptr<WarmPool>> WarmPool::Start(Options options) {
  options.size = Fitting(options);
  auto defaults = kernel::DeviceDefaults::Open(options.places);
  if (!defaults.ok()) return defaults.status();
  if (!defaults->complete()) {
    options.logger.Info(
        "this agent does not run in the machine's first network namespace and cannot see changes of the settings there "
        "that new namespaces begin with (net.*.conf.default and the like); after such a change, restart the agent");
  }
  auto worker = kernel::NetnsWorker::Create();
  if (!worker.ok()) return worker.status();
  return std::make_unique<Pool>(std::move(options), *std::move(worker), *std::move(defaults));
}

}  // namespace warren::executor
