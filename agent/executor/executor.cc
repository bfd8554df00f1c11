#include "agent/executor/executor.h"

#include <errno.h>
#include <string.h>
#include <sys/eventfd.h>
#include <unistd.h>

#include <chrono>
#include <filesystem>
#include <future>
#include <map>
#include <optional>
#include <set>
#include <thread>
#include <utility>

#include "absl/strings/str_cat.h"
#include "agent/executor/apply.h"
#include "agent/executor/recover.h"
#include "agent/executor/result.h"
#include "agent/journal/journal.h"
#include "agent/kernel/boot.h"
#include "agent/kernel/error.h"
#include "proto/common/file_lock.h"
#include "proto/common/mutex.h"
#include "proto/common/unique_fd.h"

namespace warren::executor {
namespace {

absl::Status MakeFolder(const std::string& path) {
  std::error_code error;
  std::filesystem::create_directories(path, error);
  if (!error) return absl::OkStatus();
  return absl::FailedPreconditionError(absl::StrCat("cannot make the directory ", path, ": ", error.message()));
}

using Steady = std::chrono::steady_clock::time_point;

// Far longer than a machine is up; what is longer is no limit.
constexpr int64_t kLongestSeconds = int64_t{100} * 365 * 24 * 3600;

Steady BeginBy(Steady now, const v1::IntentDelivery& intent) {
  if (!intent.has_expires_in() || intent.expires_in().seconds() > kLongestSeconds) return Steady::max();
  if (intent.expires_in().seconds() < 0) return now;
  return now + std::chrono::seconds(intent.expires_in().seconds()) +
         std::chrono::nanoseconds(intent.expires_in().nanos());
}

class OneByOne : public Executor {
 public:
  OneByOne(Options options, std::string boot_id, FileLock lock, std::unique_ptr<journal::Journal> journal,
           UniqueFd stop, Listener& listener)
      : options_(std::move(options)),
        boot_id_(std::move(boot_id)),
        lock_(std::move(lock)),
        journal_(std::move(journal)),
        stop_(std::move(stop)),
        listener_(listener) {}
  ~OneByOne() override { Stop(); }

  // Starts the thread and waits until it has recovered.
  absl::Status Start() {
    std::promise<absl::Status> recovered;
    auto outcome = recovered.get_future();
    thread_ = std::jthread([this, &recovered] { Run(recovered); });
    return outcome.get();
  }

  void Submit(std::vector<v1::IntentDelivery> intents) override {
    const Steady now = options_.clock();
    std::vector<Finished> again;
    {
      MutexLock lock(&mutex_);
      for (v1::IntentDelivery& intent : intents) {
        const int64_t sequence = intent.sequence();
        if (const auto kept = results_.find(sequence); kept != results_.end()) {
          again.push_back({kept->second, {}, true});
        } else if (sequence != running_ && !stopping_ && !queue_.contains(sequence) &&
                   queue_.size() < options_.max_queued) {
          const Steady begin_by = BeginBy(now, intent);
          queue_.emplace(sequence, Queued{std::move(intent), begin_by});
        }
      }
      changed_.SignalAll();
    }
    for (Finished& finished : again) listener_.OnFinished(std::move(finished));
  }

  CancelOutcome Cancel(int64_t sequence) override {
    Finished finished;
    {
      MutexLock lock(&mutex_);
      if (sequence == running_) return {false, "running"};
      if (const auto kept = results_.find(sequence); kept != results_.end()) {
        if (kept->second.state() == v1::Intent::CANCELLED) return {true, ""};
        return {false, "finished"};
      }
      const auto found = queue_.find(sequence);
      if (found == queue_.end()) return {false, "unknown"};
      finished.result = NeverBegan(found->second.intent, boot_id_, v1::Intent::CANCELLED);
      queue_.erase(found);
      results_[sequence] = finished.result;
    }
    // Not in the journal: after a crash the server, which asked, has it delivered and cancelled once more.
    listener_.OnFinished(std::move(finished));
    return {true, ""};
  }

  std::vector<v1::IntentResult> UnacknowledgedResults() override {
    MutexLock lock(&mutex_);
    std::vector<v1::IntentResult> all;
    for (const auto& [sequence, result] : results_) all.push_back(result);
    return all;
  }

  void Acknowledge(const std::vector<int64_t>& sequences) override {
    {
      MutexLock lock(&mutex_);
      for (const int64_t sequence : sequences) results_.erase(sequence);
      acknowledged_.insert(acknowledged_.end(), sequences.begin(), sequences.end());
      changed_.SignalAll();
    }
  }

  void DropQueued() override {
    MutexLock lock(&mutex_);
    queue_.clear();
  }

  bool OwnsNetns(uint64_t cookie) const override { return journal_->OwnsNetns(cookie); }
  bool OwnsLink(uint64_t netns_cookie, int ifindex) const override {
    return journal_->OwnsLink({netns_cookie, ifindex});
  }

  absl::Status Health() override { return journal_->Health(); }
  Stats stats() override {
    Stats stats;
    const journal::Stats journal = journal_->GetStats();
    stats.journal_bytes = journal.bytes;
    stats.journal_rows = journal.rows;
    MutexLock lock(&mutex_);
    stats.queued = queue_.size();
    stats.unacknowledged = results_.size();
    return stats;
  }

  void SetServerAddress(const kernel::Ip& address) override {
    MutexLock lock(&mutex_);
    server_ = address;
  }

  void Stop() override {
    {
      MutexLock lock(&mutex_);
      stopping_ = true;
      queue_.clear();
      changed_.SignalAll();
    }
    // Ends a wait for the kernel, which may be longer than an agent may take to stop.
    const uint64_t one = 1;
    (void)!write(stop_.get(), &one, sizeof one);
    if (thread_.joinable()) thread_.join();
  }

 private:
  struct Queued {
    v1::IntentDelivery intent;
    Steady begin_by;  // until when it may begin
  };

  absl::Status Recover(Places& places) {
    if (auto s = places.dir().Prepare(); !s.ok()) return s;
    if (auto s = executor::Recover(*journal_, places, options_.run_dir, options_.release_timeout, options_.logger);
        !s.ok()) {
      return s;
    }
    auto kept = journal_->LoadResults();
    if (!kept.ok()) return kept.status();
    auto interrupted = journal_->LoadInterrupted();
    if (!interrupted.ok()) return interrupted.status();
    interrupted_ = *std::move(interrupted);
    MutexLock lock(&mutex_);
    for (const journal::Result& each : *kept) {
      v1::IntentResult result;
      if (!result.ParseFromString(each.body)) {
        return absl::DataLossError(absl::StrCat("the journal's result of intent ", each.sequence, " cannot be read"));
      }
      results_[each.sequence] = std::move(result);
    }
    return absl::OkStatus();
  }

  void Run(std::promise<absl::Status>& recovered) {
    // Namespace switching is this thread's alone: it was made for it, in the host's namespace.
    auto worker = kernel::NetnsWorker::Create();
    if (!worker.ok()) return recovered.set_value(worker.status());
    const kernel::NetnsDir dir(options_.netns_dir);
    Places places(*worker, dir);
    const absl::Status status = Recover(places);
    recovered.set_value(status);  // dangles from here on
    if (!status.ok()) return;
    Applier applier(*journal_, places, {options_.run_dir, boot_id_, options_.release_timeout, stop_.get()}, listener_);
    while (true) {
      std::optional<v1::IntentDelivery> intent;
      bool expired = false;
      kernel::Ip server;
      std::vector<int64_t> acknowledged;
      {
        MutexLock lock(&mutex_);
        while (!stopping_ && queue_.empty() && acknowledged_.empty()) changed_.Wait(&mutex_);
        acknowledged.swap(acknowledged_);
        if (!queue_.empty()) {
          Queued& first = queue_.begin()->second;
          intent = std::move(first.intent);
          const int64_t sequence = intent->sequence();
          expired = first.begin_by <= options_.clock() && !interrupted_.contains(sequence);
          queue_.erase(queue_.begin());
          if (expired) {
            results_[sequence] = NeverBegan(*intent, boot_id_, v1::Intent::EXPIRED);
          } else {
            running_ = sequence;
            server = server_;
          }
        } else if (stopping_ && acknowledged.empty()) {
          return;
        }
      }
      if (!acknowledged.empty()) Forget(acknowledged);
      if (!intent) continue;
      if (expired) {
        Expire(*intent);
      } else {
        Execute(applier, *intent, server);
      }
    }
  }

  // Not in the journal, as a cancelled one is not: after a crash it is delivered and expires once more.
  void Expire(const v1::IntentDelivery& intent) {
    options_.logger.Info("intent expired",
                         {{"intent", intent.intent_id()}, {"sequence", absl::StrCat(intent.sequence())}});
    listener_.OnFinished({NeverBegan(intent, boot_id_, v1::Intent::EXPIRED), {}, false});
  }

  void Execute(Applier& applier, const v1::IntentDelivery& intent, const kernel::Ip& server) {
    listener_.OnStarted(intent.sequence());
    options_.logger.Info("intent started",
                         {{"intent", intent.intent_id()}, {"sequence", absl::StrCat(intent.sequence())}});
    std::optional<Finished> finished = applier.Apply(intent, server);
    {
      MutexLock lock(&mutex_);
      running_ = 0;
      interrupted_.erase(intent.sequence());
      if (finished) results_[intent.sequence()] = finished->result;
    }
    if (!finished) return;
    const v1::IntentResult& result = finished->result;
    options_.logger.Info("intent finished", {{"intent", intent.intent_id()},
                                             {"sequence", absl::StrCat(intent.sequence())},
                                             {"state", v1::Intent::State_Name(result.state())},
                                             {"error", result.error().message()}});
    for (const std::string& problem : result.error().not_undone()) {
      options_.logger.Error("not undone", {{"intent", intent.intent_id()}, {"left", problem}});
    }
    listener_.OnFinished(*std::move(finished));
  }

  void Forget(const std::vector<int64_t>& sequences) {
    if (auto s = journal_->ForgetResults(sequences); !s.ok()) {
      // They are reported once more after a restart, and acknowledged once more.
      options_.logger.Warn("journal", {{"reason", std::string(s.message())}});
    }
  }

  const Options options_;
  const std::string boot_id_;
  const FileLock lock_;
  const std::unique_ptr<journal::Journal> journal_;
  const UniqueFd stop_;  // an eventfd
  Listener& listener_;

  Mutex mutex_;
  CondVar changed_;
  bool stopping_ ABSL_GUARDED_BY(mutex_) = false;
  std::map<int64_t, Queued> queue_ ABSL_GUARDED_BY(mutex_);              // by sequence: the order accepted
  int64_t running_ ABSL_GUARDED_BY(mutex_) = 0;                          // 0: none
  std::map<int64_t, v1::IntentResult> results_ ABSL_GUARDED_BY(mutex_);  // not acknowledged
  std::vector<int64_t> acknowledged_ ABSL_GUARDED_BY(mutex_);            // still in the journal
  kernel::Ip server_ ABSL_GUARDED_BY(mutex_);
  std::set<int64_t> interrupted_;  // the thread's: begun before a crash, undone after it, and to be run again
  std::jthread thread_;
};

}  // namespace

absl::StatusOr<std::unique_ptr<Executor>> Executor::Open(Options options, Listener& listener) {
  for (const std::string& folder : {options.state_dir, options.run_dir}) {
    if (auto s = MakeFolder(folder); !s.ok()) return s;
  }
  auto lock = FileLock::Acquire(options.state_dir + "/agent.lock");
  if (!lock.ok()) return lock.status();
  auto boot_id = kernel::BootId();
  if (!boot_id.ok()) return boot_id.status();
  auto journal = journal::Journal::Open(options.state_dir + "/journal.db", *boot_id);
  if (!journal.ok()) return journal.status();
  UniqueFd stop(eventfd(0, EFD_CLOEXEC));
  if (!stop.valid()) return kernel::ErrnoError(errno, "making an eventfd");
  auto executor = std::make_unique<OneByOne>(std::move(options), *boot_id, *std::move(lock), *std::move(journal),
                                             std::move(stop), listener);
  if (auto s = executor->Start(); !s.ok()) return s;
  return executor;
}

}  // namespace warren::executor
