#include "agent/session/reporter.h"

#include <limits.h>
#include <poll.h>
#include <pthread.h>
#include <sys/eventfd.h>
#include <sys/timerfd.h>

#include <algorithm>
#include <iterator>
#include <utility>

namespace warren::session {
namespace {

using std::chrono::milliseconds;
using std::chrono::seconds;

// That an intent has begun is told with something else, or after this time: most are over before.
constexpr milliseconds kStartedDelay{5};
// The executor counts as idle when it has been for this long.
constexpr milliseconds kIdle{2};
// A pass over everything takes turns with rest four times as long, and is due, idle or not, after this time.
constexpr int kRest = 4;
constexpr seconds kOverdue{5};
// One over what was heard to have changed: sooner when no intent is running, whose result would tell it anyway.
constexpr milliseconds kHeardIdle{2};
constexpr milliseconds kHeard{10};
// When there are results all the time, one that has waited for this long gets a turn this long between two of them.
constexpr milliseconds kStarved{20};
// So many intents at once are many; it is over when none has run for this long.
constexpr size_t kMany = 8;
constexpr milliseconds kManyOver{50};
// While there are many, a pass has to wait for this long between two turns (kTurn).
constexpr milliseconds kHeardAmongMany{500};
// Meanwhile, and during a pass, the inventory is asked this often what others have changed, and looks at it so soon
// after it has heard of it; it rests four times as long as that took.
constexpr milliseconds kElsewhere{20};
constexpr milliseconds kElsewhereHeard{3};
constexpr int kElsewhereRest = 4;
// How often it goes on with its slow round over everything, and among many, for at most a fiftieth of the time.
constexpr seconds kCheck{1};
constexpr milliseconds kCheckAmongMany{100};
constexpr int kCheckRest = 50;

}  // namespace

Reporter::Reporter(Observer& observer)
    : observer_(observer),
      bell_(eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK)),
      alarm_(timerfd_create(CLOCK_MONOTONIC, TFD_CLOEXEC | TFD_NONBLOCK)),
      elsewhere_(kElsewhereRest),
      check_(kCheckRest) {}

void Reporter::Wake() {
  changed_.SignalAll();
  if (!std::exchange(asleep_, false)) return;
  const uint64_t one = 1;
  (void)!write(bell_.get(), &one, sizeof one);
}

void Reporter::SetAlarm(Clock::duration in) {
  const auto nanoseconds = std::chrono::nanoseconds(in).count();
  const itimerspec once{{}, {nanoseconds / 1'000'000'000, nanoseconds % 1'000'000'000}};
  (void)timerfd_settime(alarm_.get(), 0, &once, nullptr);
}

bool Reporter::Sleep(Clock::time_point later, int descriptor) {
  asleep_ = true;
  mutex_.Unlock();
  int timeout = -1;
  if (later != Clock::time_point::max()) {
    const auto left = std::chrono::ceil<milliseconds>(later - Clock::now()).count();
    timeout = static_cast<int>(std::clamp<int64_t>(left, 0, INT_MAX));
  }
  // poll(2) passes over -1.
  pollfd wait[] = {{bell_.get(), POLLIN, 0}, {descriptor, POLLIN, 0}, {alarm_.get(), POLLIN, 0}};
  (void)poll(wait, std::size(wait), timeout);
  mutex_.Lock();
  asleep_ = false;
  uint64_t ignored;
  for (const pollfd& rang : {wait[0], wait[2]}) {
    if (rang.revents != 0) (void)!read(rang.fd, &ignored, sizeof ignored);
  }
  return wait[1].revents != 0;
}

void Reporter::WantPass() {
  if (!pass_wanted_ && !pass_active_) wanted_since_ = Clock::now();
  pass_wanted_ = true;
}

absl::Status Reporter::Start(executor::Executor& executor, MakeInventory make) {
  executor_ = &executor;
  absl::Status made;
  bool ready = false;
  thread_ = std::jthread([&, make = std::move(make)] {
    pthread_setname_np(pthread_self(), "reporter");
    auto inventory = make();
    const bool ok = inventory.ok();
    if (ok) inventory_ = *std::move(inventory);
    {
      MutexLock lock(&mutex_);
      made = inventory.status();
      ready = true;
      hears_ = ok && inventory_->descriptor() >= 0;
      changed_.SignalAll();
    }
    if (ok) {
      inventory_->TellMeanwhile([this](std::vector<v1::InventoryUpdate> updates) { TellNow(std::move(updates)); });
      Run();
    }
    inventory_.reset();
  });
  MutexLock lock(&mutex_);
  while (!ready) changed_.Wait(&mutex_);
  return made;
}

void Reporter::Stop() {
  {
    MutexLock lock(&mutex_);
    stopping_ = true;
    if (outbox_) outbox_->Close();
    Wake();
  }
  if (thread_.joinable()) thread_.join();
}

void Reporter::BeginSession(std::shared_ptr<Outbox> outbox) {
  MutexLock lock(&mutex_);
  outbox_ = std::move(outbox);
  fresh_ = true;
  Wake();
}

void Reporter::EndSession() {
  MutexLock lock(&mutex_);
  outbox_.reset();
  fresh_ = false;
  Wake();
}

Reporter::Hold::Hold(Reporter& reporter) : reporter_(reporter) {
  MutexLock lock(&reporter_.mutex_);
  ++reporter_.holds_;
}

Reporter::Hold::~Hold() {
  MutexLock lock(&reporter_.mutex_);
  --reporter_.holds_;
  reporter_.Wake();
}

void Reporter::Drain(absl::Duration timeout) {
  // Bounded: the clock's own range ends at some 292 years.
  const auto deadline = Clock::now() + absl::ToChronoNanoseconds(std::min(timeout, absl::Hours(24 * 365)));
  std::shared_ptr<Outbox> outbox;
  {
    MutexLock lock(&mutex_);
    draining_ = true;
    Wake();
    while (outbox_ && (busy_ || fresh_ || !finished_.empty())) {
      if (!changed_.WaitUntil(&mutex_, deadline)) break;
    }
    outbox = outbox_;
  }
  if (outbox) outbox->WaitUntilWritten(absl::FromChrono(deadline - Clock::now()));
}

void Reporter::OnStarted(int64_t sequence) {
  MutexLock lock(&mutex_);
  running_.insert(sequence);
  if (started_.empty()) {
    started_since_ = Clock::now();
    // The thread is not woken for what is most likely over before it is to be told.
    SetAlarm(kStartedDelay);
  }
  started_.push_back(sequence);
  if (running_.size() == kMany && !hurries_) Wake();
}

void Reporter::OnFinished(executor::Finished finished) {
  if (!finished.again) observer_.OnIntent(finished.result.state());
  MutexLock lock(&mutex_);
  const int64_t sequence = finished.result.sequence();
  running_.erase(sequence);
  const bool untold = std::erase(started_, sequence) > 0;
  if (untold && started_.empty()) SetAlarm({});
  idle_since_ = Clock::now();
  // Without a session the executor keeps it for the next one.
  if (outbox_) finished_.push_back(std::move(finished));
  Wake();
}

void Reporter::OnOperation(const std::string& kind, absl::Duration took, const std::string& errno_name) {
  observer_.OnOperation(kind, took, errno_name);
}

Reporter::Task Reporter::Due(Clock::time_point now, Clock::time_point* later) {
  if (!outbox_) return Task::kNone;
  if (fresh_) return Task::kIntroduce;
  const bool may_pass = (pass_wanted_ || pass_active_) && !draining_ && holds_ == 0;
  if (hears_ && !draining_ && holds_ == 0) {
    if (hurries_ || pass_active_) {
      const auto due = elsewhere_.due(kElsewhere);
      if (due <= now) return Task::kElsewhere;
      *later = std::min(*later, due);
    }
    const auto due = check_.due(hurries_ ? Clock::duration(kCheckAmongMany) : kCheck);
    if (due <= now) return Task::kCheck;
    *later = std::min(*later, due);
  }
  const auto starved = hurries_ ? kHeardAmongMany : kStarved;
  if (may_pass && hears_ && pass_turn_ && wanted_since_ + starved <= now) return Task::kPass;
  if (!finished_.empty() && holds_ == 0) return Task::kResults;
  if (!started_.empty()) {
    const auto due = started_since_ + kStartedDelay;
    if (due <= now) return Task::kStarted;
    *later = std::min(*later, due);
  }
  if (may_pass) {
    Clock::time_point due;
    if (hurries_) {
      due = wanted_since_ + kHeardAmongMany;
    } else if (hears_) {
      due = pass_active_ ? now : wanted_since_ + (running_.empty() ? kHeardIdle : kHeard);
    } else {
      const auto earliest = pass_active_ ? now : pass_ended_ + kRest * pass_took_;
      due = std::max(earliest, wanted_since_ + kOverdue);
      if (running_.empty()) due = std::min(due, std::max(earliest, idle_since_ + kIdle));
    }
    if (due <= now) return Task::kPass;
    *later = std::min(*later, due);
  }
  return Task::kNone;
}

bool Reporter::PassMustWait() {
  const auto now = Clock::now();
  MutexLock lock(&mutex_);
  auto later = Clock::time_point::max();
  if (now >= turn_ends_) pass_turn_ = false;
  return stopping_ || Due(now, &later) != Task::kPass;
}

void Reporter::Run() {
  mutex_.Lock();
  while (!stopping_) {
    auto later = Clock::time_point::max();
    Hurry(Clock::now(), &later);
    const Task task = Due(Clock::now(), &later);
    if (task == Task::kNone) {
      // A pass that is due anyway will hear it all; without a session there is nobody to tell.
      const bool heard = hurries_ ? elsewhere_.called() : pass_wanted_ || pass_active_;
      const bool listen = hears_ && outbox_ && !heard;
      if (!Sleep(later, listen ? inventory_->descriptor() : -1)) continue;
      if (hurries_) {
        elsewhere_.Call(Clock::now() + kElsewhereHeard);
      } else {
        WantPass();
      }
      continue;
    }
    const std::shared_ptr<Outbox> outbox = outbox_;
    telling_ = outbox.get();
    if (task == Task::kIntroduce) fresh_ = false;
    busy_ = true;
    mutex_.Unlock();
    bool alive = false;
    switch (task) {
      case Task::kNone:
        break;
      case Task::kIntroduce:
        alive = Introduce(*outbox);
        break;
      case Task::kElsewhere:
        alive = LookElsewhere(*outbox);
        break;
      case Task::kCheck:
        alive = Check(*outbox);
        break;
      case Task::kResults:
        alive = ReportResults(*outbox);
        break;
      case Task::kStarted:
        alive = ReportStarted(*outbox);
        break;
      case Task::kPass:
        alive = ContinuePass(*outbox);
        break;
    }
    mutex_.Lock();
    telling_ = nullptr;
    busy_ = false;
    if (hears_ && inventory_->stale()) WantPass();
    if (const auto by = inventory_->ElsewhereBy()) elsewhere_.Call(*by + kElsewhereHeard);
    // Its end may not have been told yet; a newer one may have come.
    if (!alive && outbox_ == outbox) outbox_.reset();
    changed_.SignalAll();
  }
  mutex_.Unlock();
}

void Reporter::Hurry(Clock::time_point now, Clock::time_point* later) {
  bool hurry = hurries_ || running_.size() >= kMany;
  if (hurry && running_.empty()) {
    const auto over = idle_since_ + kManyOver;
    hurry = now < over;
    if (hurry) *later = std::min(*later, over);
  }
  if (hurry == hurries_) return;
  hurries_ = hurry;
  mutex_.Unlock();
  inventory_->Hurry(hurry);
  mutex_.Lock();
  if (hears_ && inventory_->stale()) WantPass();
}

}  // namespace warren::session
