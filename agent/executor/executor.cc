#include "agent/executor/executor.h"

#include <pthread.h>

#include <algorithm>
#include <chrono>
#include <map>
#include <optional>
#include <set>
#include <thread>
#include <utility>

#include "absl/strings/str_cat.h"
#include "agent/executor/book.h"
#include "agent/executor/creator.h"
#include "agent/executor/deleter.h"
#include "agent/executor/expiry.h"
#include "agent/executor/explain.h"
#include "agent/executor/folders.h"
#include "agent/executor/mark.h"
#include "agent/executor/operation_names.h"
#include "agent/executor/operations.h"
#include "agent/executor/ownership_watch.h"
#include "agent/executor/recover.h"
#include "agent/executor/release_queue.h"
#include "agent/executor/result.h"
#include "agent/executor/schedule.h"
#include "agent/executor/warm_pool.h"
#include "agent/executor/work.h"
#include "agent/executor/worker.h"
#include "agent/journal/journal.h"
#include "agent/kernel/boot.h"
#include "agent/kernel/link_names.h"
#include "proto/common/file_lock.h"
#include "proto/common/mutex.h"

namespace warren::executor {
namespace {

using Steady = std::chrono::steady_clock::time_point;

size_t Workers(size_t asked) {
  if (asked != 0) return asked;
  return std::clamp<size_t>(std::thread::hardware_concurrency(), 1, 4);
}

void NameThread(const char* name) { pthread_setname_np(pthread_self(), name); }

class Parallel : public Executor {
 public:
  Parallel(Options options, std::string boot_id, FileLock lock, std::unique_ptr<journal::Journal> journal,
           Listener& listener)
      : options_(std::move(options)),
        boot_id_(std::move(boot_id)),
        lock_(std::move(lock)),
        journal_(std::move(journal)),
        listener_(listener),
        dir_(options_.netns_dir),
        worker_count_(Workers(options_.workers)),
        book_(*journal_) {}
  ~Parallel() override { Stop(); }

  // Recovers, and starts the threads.
  absl::Status Start() {
    absl::Status recovered;
    std::jthread([&] { recovered = Recover(); }).join();  // a thread for namespace work
    if (!recovered.ok()) return recovered;
    if (options_.warm_namespaces > 0) {
      WarmPool::Options warm;
      warm.size = options_.warm_namespaces;
      warm.logger = options_.logger;
      auto pool = WarmPool::Start(std::move(warm));
      if (!pool.ok()) return pool.status();
      warm_ = *std::move(pool);
    }
    ReleaseQueue::Options release;
    release.timeout = options_.release_timeout;
    release.netns_dir = options_.netns_dir;
    release.events = options_.events;
    auto queue = ReleaseQueue::Start(std::move(release));
    if (!queue.ok()) return queue.status();
    release_ = *std::move(queue);
    work_ = {journal_.get(), &book_, &listener_, warm_.get(), watch_.get(), uppers_.get(), options_.run_dir, boot_id_};
    auto netns = kernel::NetnsWorker::Create();
    if (!netns.ok()) return netns.status();
    bookkeeper_ =
        std::jthread([this, worker = std::make_shared<kernel::NetnsWorker>(*std::move(netns))] { KeepBook(*worker); });
    for (size_t i = 0; i < worker_count_; ++i) {
      auto netns = kernel::NetnsWorker::Create();
      if (!netns.ok()) return netns.status();
      workers_.emplace_back(
          [this, worker = std::make_unique<Worker>(work_, *std::move(netns), dir_)] { Run(*worker); });
    }
    return absl::OkStatus();
  }

  void Submit(std::vector<v1::IntentDelivery> intents) override {
    const Steady now = options_.clock();
    const Steady asked = std::chrono::steady_clock::now();
    if (warm_ != nullptr && std::any_of(intents.begin(), intents.end(), MakesNamespaces)) warm_->Expect();
    std::vector<Finished> told;
    {
      MutexLock lock(&mutex_);
      heard_ = true;
      for (v1::IntentDelivery& intent : intents) {
        const int64_t sequence = intent.sequence();
        if (const auto kept = results_.find(sequence); kept != results_.end()) {
          told.push_back({kept->second, {}, true});
        } else if (auto error = UnescapeLinks(intent)) {
          // Not in the journal: after a crash it is delivered and refused once more.
          v1::IntentResult result = BeginResult(intent, boot_id_);
          Fail(result, *std::move(error));
          results_[sequence] = result;
          told.push_back({std::move(result), {}, false});
        } else if (!stopping_ && schedule_.queued() < options_.max_queued) {
          const Steady begin_by = BeginBy(now, intent);
          schedule_.Add(std::move(intent), begin_by, asked);
        }
      }
      Changed();
    }
    for (Finished& finished : told) listener_.OnFinished(std::move(finished));
  }

  CancelOutcome Cancel(int64_t sequence) override {
    Finished finished;
    {
      MutexLock lock(&mutex_);
      if (const auto kept = results_.find(sequence); kept != results_.end()) {
        if (kept->second.state() == v1::Intent::CANCELLED) return {true, ""};
        return {false, "finished"};
      }
      if (schedule_.StateOf(sequence) == Schedule::State::kRunning) return {false, "running"};
      const auto intent = schedule_.Remove(sequence);
      if (!intent) return {false, "unknown"};
      finished.result = NeverBegan(*intent, boot_id_, v1::Intent::CANCELLED);
      results_[sequence] = finished.result;
      Changed();
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
    MutexLock lock(&mutex_);
    for (const int64_t sequence : sequences) results_.erase(sequence);
    acknowledged_.insert(acknowledged_.end(), sequences.begin(), sequences.end());
    to_book_.SignalAll();
    Changed();
  }

  void DropQueued() override {
    MutexLock lock(&mutex_);
    schedule_.DropQueued();
    heard_ = false;
    Changed();
  }

  bool OwnsNetns(uint64_t cookie) const override { return journal_->OwnsNetns(cookie); }
  bool OwnsName(uint64_t cookie, const std::string& name) const override {
    const auto given = journal_->NameOf(cookie);
    return given && IsNameOf(name, *given, cookie);
  }
  bool OwnsLink(uint64_t netns_cookie, int ifindex) const override {
    return journal_->OwnsLink({netns_cookie, ifindex});
  }
  bool OwnsLink(uint64_t netns_cookie, const kernel::Link& link, int nsid) override {
    watch_->Learn(netns_cookie, nsid);
    const auto mark = journal_->MarkOf({netns_cookie, link.ifindex});
    return mark && Fits(*mark, link);
  }

  absl::Status Health() override { return journal_->Health(); }
  Stats stats() override {
    Stats stats;
    const journal::Stats journal = journal_->GetStats();
    stats.journal_bytes = journal.bytes;
    stats.journal_rows = journal.rows;
    if (warm_ != nullptr) {
      const WarmPool::Stats warm = warm_->stats();
      stats.warm = warm.warm;
      stats.warm_hits = warm.hits;
      stats.warm_misses = warm.misses;
    }
    MutexLock lock(&mutex_);
    stats.queued = schedule_.queued();
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
      schedule_.DropQueued();
      to_workers_.SignalAll();
    }
    for (std::jthread& worker : workers_) {
      if (worker.joinable()) worker.join();
    }
    // What is committed and waits for the kernel goes on with the next start.
    if (release_ != nullptr) release_->Stop();
    {
      MutexLock lock(&mutex_);
      closing_ = true;
      to_book_.SignalAll();
    }
    if (bookkeeper_.joinable()) bookkeeper_.join();
    if (warm_ != nullptr) warm_->Stop();
  }

 private:
  absl::Status Recover() {
    // Namespace switching is this thread's alone: it was made for it, in the host's namespace.
    auto worker = kernel::NetnsWorker::Create();
    if (!worker.ok()) return worker.status();
    Places places(*worker, dir_);
    if (auto s = dir_.Prepare(); !s.ok()) return s;
    auto host = places.Host();
    if (!host.ok()) return host.status();
    // Before anything is compared with what there is: what goes after that is heard.
    watch_ = std::make_unique<OwnershipWatch>(options_.events, *journal_, (*host)->cookie(), [this] {
      MutexLock lock(&mutex_);
      compare_ = true;
      to_book_.SignalAll();
    });
    uppers_ = std::make_unique<kernel::Uppers>(options_.events);
    if (auto s = executor::Recover(*journal_, places, options_.events, options_.run_dir, options_.release_timeout,
                                   options_.logger);
        !s.ok()) {
      return s;
    }
    auto kept = journal_->LoadResults();
    if (!kept.ok()) return kept.status();
    auto interrupted = journal_->LoadInterrupted();
    if (!interrupted.ok()) return interrupted.status();
    MutexLock lock(&mutex_);
    interrupted_ = *std::move(interrupted);
    for (const journal::Result& each : *kept) {
      v1::IntentResult result;
      if (!result.ParseFromString(each.body)) {
        return absl::DataLossError(absl::StrCat("the journal's result of intent ", each.sequence, " cannot be read"));
      }
      results_[each.sequence] = std::move(result);
    }
    return absl::OkStatus();
  }

  // After a change of the schedule.
  void Changed() ABSL_EXCLUSIVE_LOCKS_REQUIRED(mutex_) {
    // Until the server has the results: telling them is work too, for the same processors and locks of the kernel.
    const bool telling = heard_ && !results_.empty();
    if (warm_ != nullptr) warm_->SetBusy(schedule_.ready() || schedule_.running() > 0 || telling);
    // One at a time: whoever takes some wakes the next when there are more.
    if (schedule_.ready()) to_workers_.Signal();
  }

  void Run(Worker& worker) {
    NameThread("executor");
    while (true) {
      std::vector<Task> batch;
      std::vector<Finished> expired;
      {
        MutexLock lock(&mutex_);
        while (!stopping_ && !schedule_.ready()) to_workers_.Wait(&mutex_);
        if (stopping_) return;
        const Steady now = options_.clock();
        for (Schedule::Item& item : schedule_.Take(worker_count_)) {
          const int64_t sequence = item.intent.sequence();
          if (item.begin_by <= now && !interrupted_.contains(sequence)) {
            expired.push_back({NeverBegan(item.intent, boot_id_, v1::Intent::EXPIRED), {}, false});
            results_[sequence] = expired.back().result;
            schedule_.Finish(sequence);
          } else {
            if (OnlyDeletesNamespaces(item.intent)) deleting_.insert(sequence);
            batch.push_back({std::move(item.intent), server_, item.asked, item.early});
          }
        }
        release_->Expect(!deleting_.empty());
        Changed();
      }
      // Not in the journal, as a cancelled one is not: after a crash it is delivered and expires once more.
      for (Finished& finished : expired) {
        LogResult(options_.logger, "intent expired", finished.result);
        listener_.OnFinished(std::move(finished));
      }
      for (const Task& task : batch) {
        listener_.OnStarted(task.intent.sequence());
        options_.logger.Debug("intent started", {{"intent", task.intent.intent_id()},
                                                 {"sequence", absl::StrCat(task.intent.sequence())}});
      }
      worker.Run(batch, [this](Outcome outcome) { Settle(std::move(outcome)); });
    }
  }

  void Settle(Outcome outcome) {
    std::vector<int64_t> decided;
    for (const Committed& committed : outcome.committed) decided.push_back(committed.result.sequence());
    for (const Finished& finished : outcome.finished) decided.push_back(finished.result.sequence());
    for (const Task& task : outcome.again) decided.push_back(task.intent.sequence());
    for (Committed& committed : outcome.committed) {
      ReleaseQueue::Work work = std::move(committed.release);
      work.done = [this, result = std::move(committed.result),
                   touched = std::move(committed.touched)](v1::ReleasePending pending) mutable {
        result.mutable_release_pending()->MergeFrom(pending);
        MutexLock lock(&mutex_);
        released_.push_back({std::move(result), std::move(touched), false});
        to_book_.SignalAll();
      };
      release_->Add(std::move(work));
    }
    {
      MutexLock lock(&mutex_);
      for (const int64_t sequence : decided) deleting_.erase(sequence);
      release_->Expect(!deleting_.empty());
      for (Task& task : outcome.again) schedule_.Again({std::move(task.intent), Steady::max(), task.asked, false});
      if (!outcome.again.empty()) Changed();
    }
    Tell(std::move(outcome.finished));
  }

  void Tell(std::vector<Finished> all) {
    if (all.empty()) return;
    std::vector<int64_t> sequences;
    {
      MutexLock lock(&mutex_);
      for (const Finished& finished : all) {
        const int64_t sequence = finished.result.sequence();
        interrupted_.erase(sequence);
        results_[sequence] = finished.result;
        sequences.push_back(sequence);
      }
    }
    // Before those that had to wait for them: what has an order is told in it.
    for (Finished& finished : all) {
      LogResult(options_.logger, "intent finished", finished.result);
      listener_.OnFinished(std::move(finished));
    }
    MutexLock lock(&mutex_);
    for (const int64_t sequence : sequences) schedule_.Finish(sequence);
    Changed();
  }

  // Writes down what the kernel has let go of, and forgets what the server has, and what others have deleted.
  void KeepBook(kernel::NetnsWorker& netns) {
    NameThread("bookkeeper");
    while (true) {
      std::vector<int64_t> acknowledged;
      std::vector<Finished> released;
      bool compare = false;
      {
        MutexLock lock(&mutex_);
        while (!closing_ && !compare_ && acknowledged_.empty() && released_.empty()) to_book_.Wait(&mutex_);
        acknowledged.swap(acknowledged_);
        released.swap(released_);
        compare = std::exchange(compare_, false) && !closing_;
        if (acknowledged.empty() && released.empty() && !compare) return;
      }
      if (compare) {
        Places places(netns, dir_);
        ForgetDeleted(*journal_, *watch_, places, options_.run_dir, options_.logger);
      }
      if (!released.empty()) {
        std::vector<v1::IntentResult> results;
        for (Finished& finished : released) {
          Succeed(finished.result);
          results.push_back(finished.result);
        }
        book_.Close(results);
        Tell(std::move(released));
      }
      if (acknowledged.empty()) continue;
      if (auto s = journal_->ForgetResults(acknowledged); !s.ok()) {
        // They are reported once more after a restart, and acknowledged once more.
        options_.logger.Warn("journal", {{"reason", std::string(s.message())}});
      }
    }
  }

  const Options options_;
  const std::string boot_id_;
  const FileLock lock_;
  const std::unique_ptr<journal::Journal> journal_;
  Listener& listener_;
  const kernel::NetnsDir dir_;
  const size_t worker_count_;
  Book book_;
  std::unique_ptr<WarmPool> warm_;  // null: none
  Work work_;

  Mutex mutex_;
  CondVar to_workers_, to_book_;
  bool stopping_ ABSL_GUARDED_BY(mutex_) = false;
  bool closing_ ABSL_GUARDED_BY(mutex_) = false;  // nothing more will be released
  bool heard_ ABSL_GUARDED_BY(mutex_) = false;    // somebody is there to acknowledge results
  Schedule schedule_ ABSL_GUARDED_BY(mutex_){kernel::NameOfLink};
  std::map<int64_t, v1::IntentResult> results_ ABSL_GUARDED_BY(mutex_);  // not acknowledged
  std::vector<int64_t> acknowledged_ ABSL_GUARDED_BY(mutex_);            // still in the journal
  std::set<int64_t> deleting_ ABSL_GUARDED_BY(mutex_);                   // namespaces alone, and not committed yet
  bool compare_ ABSL_GUARDED_BY(mutex_) = false;                         // something was deleted by others
  std::vector<Finished> released_ ABSL_GUARDED_BY(mutex_);               // and not in the journal as finished
  kernel::Ip server_ ABSL_GUARDED_BY(mutex_);
  // Begun before a crash, undone after it, and to be run again.
  std::set<int64_t> interrupted_ ABSL_GUARDED_BY(mutex_);
  // They use all the others; last.
  std::unique_ptr<OwnershipWatch> watch_;
  std::unique_ptr<kernel::Uppers> uppers_;
  std::unique_ptr<ReleaseQueue> release_;
  std::jthread bookkeeper_;
  std::vector<std::jthread> workers_;
};

}  // namespace

absl::StatusOr<std::unique_ptr<Executor>> Executor::Open(Options options, Listener& listener) {
  if (auto s = MakeFolders(options.state_dir, options.run_dir); !s.ok()) return s;
  auto lock = FileLock::Acquire(options.state_dir + "/agent.lock");
  if (!lock.ok()) return lock.status();
  auto boot_id = kernel::BootId();
  if (!boot_id.ok()) return boot_id.status();
  auto journal = journal::Journal::Open(options.state_dir + "/journal.db", *boot_id);
  if (!journal.ok()) return journal.status();
  auto executor =
      std::make_unique<Parallel>(std::move(options), *boot_id, *std::move(lock), *std::move(journal), listener);
  if (auto s = executor->Start(); !s.ok()) return s;
  return executor;
}

}  // namespace warren::executor
