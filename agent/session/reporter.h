#ifndef WARREN_AGENT_SESSION_REPORTER_H_
#define WARREN_AGENT_SESSION_REPORTER_H_

// Decides what the server is told, and when. To a new session: the whole inventory, then the results no server has
// acknowledged. After an intent: the inventory of the namespaces it touched, and with or after it the result, so that
// whoever sees a result sees the inventory it left. When the inventory hears of it: what else has changed on the host,
// a moment later, since changes come in numbers; where nothing is heard, once the executor is idle. What others are
// known to have changed goes before results, however many there are, for at most a fifth of the time.
//
// Threading: every method may be called from any thread, none blocks but Start, Drain and Stop. One thread of its own
// owns the inventory and switches namespaces; it waits when the session's outbox is full. Cost: a report of one intent
// takes what looking at its namespaces takes, some 0.1 ms each; results that come meanwhile go together. A pass over
// the rest is broken off for a result; one over everything, because nothing is heard, takes a fifth of one processor at
// most.

#include <chrono>
#include <cstdint>
#include <deque>
#include <functional>
#include <memory>
#include <set>
#include <string>
#include <thread>
#include <vector>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "absl/time/time.h"
#include "agent/executor/executor.h"
#include "agent/executor/listener.h"
#include "agent/inventory/inventory.h"
#include "agent/session/observer.h"
#include "agent/session/outbox.h"
#include "agent/session/pace.h"
#include "proto/common/mutex.h"
#include "proto/common/unique_fd.h"

namespace warren::session {

class Reporter : public executor::Listener {
 public:
  using MakeInventory = std::function<absl::StatusOr<std::unique_ptr<inventory::Inventory>>()>;

  explicit Reporter(Observer& observer);
  ~Reporter() override { Stop(); }

  // Starts the thread, on which the inventory is made; returns how that went. Both outlive Stop. Listens before that
  // already.
  absl::Status Start(executor::Executor& executor, MakeInventory make);

  // A session got its Welcome: tell it everything. Then: it is over.
  void BeginSession(std::shared_ptr<Outbox> outbox);
  void EndSession();

  // No result goes out while one of these lives.
  class Hold {
   public:
    explicit Hold(Reporter& reporter);
    ~Hold();
    Hold(const Hold&) = delete;
    Hold& operator=(const Hold&) = delete;

   private:
    Reporter& reporter_;
  };

  // Waits until all that is finished has been told and is on its way, there is no session, or the time is over.
  void Drain(absl::Duration timeout);
  // Idempotent.
  void Stop();

  void OnStarted(int64_t sequence) override;
  void OnFinished(executor::Finished finished) override;
  void OnOperation(const std::string& kind, absl::Duration took, const std::string& errno_name) override;

 private:
  using Clock = std::chrono::steady_clock;

  void Run();
  // Tells the inventory whether many intents are running.
  void Hurry(Clock::time_point now, Clock::time_point* later) ABSL_EXCLUSIVE_LOCKS_REQUIRED(mutex_);
  // Until something is to be done, or may be: it is `later`, or `descriptor` (-1: none) is readable. True: it is.
  bool Sleep(Clock::time_point later, int descriptor) ABSL_EXCLUSIVE_LOCKS_REQUIRED(mutex_);
  void Wake() ABSL_EXCLUSIVE_LOCKS_REQUIRED(mutex_);
  void SetAlarm(Clock::duration in);  // 0: none
  void WantPass() ABSL_EXCLUSIVE_LOCKS_REQUIRED(mutex_);
  // What is due now, or when something will be.
  enum class Task { kNone, kIntroduce, kElsewhere, kCheck, kResults, kStarted, kPass };
  Task Due(Clock::time_point now, Clock::time_point* later) ABSL_EXCLUSIVE_LOCKS_REQUIRED(mutex_);
  // Whether a pass over the inventory has to stand back.
  bool PassMustWait();

  // On the thread, without the lock. False: the session is over.
  bool Introduce(Outbox& outbox);
  bool ReportResults(Outbox& outbox);
  bool ReportStarted(Outbox& outbox);
  bool ContinuePass(Outbox& outbox);
  bool LookElsewhere(Outbox& outbox);
  // What others have changed, while a task waits for the kernel.
  void TellNow(std::vector<v1::InventoryUpdate> updates);
  bool Check(Outbox& outbox);
  bool SendResults(Outbox& outbox, std::vector<v1::IntentResult> results, v1::Report first);
  std::vector<int64_t> TakeStarted();

  Observer& observer_;
  executor::Executor* executor_ = nullptr;
  std::unique_ptr<inventory::Inventory> inventory_;  // the thread's
  Outbox* telling_ = nullptr;                        // the thread's: of the task at work
  const UniqueFd bell_;                              // an eventfd: wakes the thread while it is asleep_
  const UniqueFd alarm_;  // a timerfd: wakes it when what has begun is to be told, if that is not over by then

  mutable Mutex mutex_;
  CondVar changed_;
  std::shared_ptr<Outbox> outbox_ ABSL_GUARDED_BY(mutex_);
  bool fresh_ ABSL_GUARDED_BY(mutex_) = false;  // the session has been told nothing
  std::deque<executor::Finished> finished_ ABSL_GUARDED_BY(mutex_);
  std::set<int64_t> running_ ABSL_GUARDED_BY(mutex_);
  bool hurries_ ABSL_GUARDED_BY(mutex_) = false;
  std::vector<int64_t> started_ ABSL_GUARDED_BY(mutex_);  // not told
  Clock::time_point started_since_ ABSL_GUARDED_BY(mutex_);
  Clock::time_point idle_since_ ABSL_GUARDED_BY(mutex_);
  Pace elsewhere_ ABSL_GUARDED_BY(mutex_);
  Pace check_ ABSL_GUARDED_BY(mutex_);
  int holds_ ABSL_GUARDED_BY(mutex_) = 0;
  bool busy_ ABSL_GUARDED_BY(mutex_) = false;
  bool asleep_ ABSL_GUARDED_BY(mutex_) = false;
  bool hears_ ABSL_GUARDED_BY(mutex_) = false;  // the inventory tells when there is something to look at
  bool draining_ ABSL_GUARDED_BY(mutex_) = false;
  bool stopping_ ABSL_GUARDED_BY(mutex_) = false;
  bool pass_wanted_ ABSL_GUARDED_BY(mutex_) = false;
  bool pass_active_ ABSL_GUARDED_BY(mutex_) = false;
  bool pass_turn_ ABSL_GUARDED_BY(mutex_) = false;  // results had theirs
  Clock::time_point turn_ends_ ABSL_GUARDED_BY(mutex_);
  Clock::time_point wanted_since_ ABSL_GUARDED_BY(mutex_);
  Clock::time_point pass_ended_ ABSL_GUARDED_BY(mutex_);
  Clock::duration pass_took_ ABSL_GUARDED_BY(mutex_) = {};  // so far, or the last one

  std::jthread thread_;  // last: it uses all the others
};

}  // namespace warren::session

#endif  // WARREN_AGENT_SESSION_REPORTER_H_
