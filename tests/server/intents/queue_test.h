#ifndef WARREN_TESTS_SERVER_INTENTS_QUEUE_TEST_H_
#define WARREN_TESTS_SERVER_INTENTS_QUEUE_TEST_H_

// What the tests of the queue's rules stand on: an Intents over a real store, with a dispatcher and a host directory
// that do what the test says. Every suite runs over SqliteKv and over MemoryKv.

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "absl/strings/cord.h"
#include "absl/strings/str_cat.h"
#include "google/rpc/error_details.pb.h"
#include "proto/common/mutex.h"
#include "proto/common/names.h"
#include "proto/common/status_payload.h"
#include "server/intents/intents.h"
#include "server/store/kv.h"
#include "tests/fakes/fake_dispatcher.h"
#include "tests/fakes/fake_host_directory.h"
#include "tests/fakes/gated_kv.h"
#include "tests/support/unshared.h"

namespace warren::intents {

// A callback's answer. Fails the test when it is given twice.
class Reply {
 public:
  IntentDone Done() {
    return [state = state_](absl::StatusOr<v1::Intent> result) {
      MutexLock lock(&state->mutex);
      EXPECT_FALSE(state->result.has_value()) << "answered twice";
      if (result.ok()) {
        state->result = *std::move(result);
      } else {
        state->result = Unshared(result.status());
      }
      state->changed.SignalAll();
    };
  }
  absl::StatusOr<v1::Intent> Await() const {
    MutexLock lock(&state_->mutex);
    while (!state_->result.has_value()) state_->changed.Wait(&state_->mutex);
    if (state_->result->ok()) return **state_->result;
    return Unshared(state_->result->status());
  }
  bool answered() const {
    MutexLock lock(&state_->mutex);
    return state_->result.has_value();
  }

 private:
  struct State {
    Mutex mutex;
    CondVar changed;
    std::optional<absl::StatusOr<v1::Intent>> result ABSL_GUARDED_BY(mutex);
  };
  std::shared_ptr<State> state_ = std::make_shared<State>();
};

// A store that outlives the Intents over it.
class StoreUnderTest {
 public:
  virtual ~StoreUnderTest() = default;
  virtual store::Kv& kv() = 0;
  // Closes it and opens it again, where it can be closed.
  virtual void Reopen() = 0;
};
using MakeStore = std::unique_ptr<StoreUnderTest> (*)();
std::unique_ptr<StoreUnderTest> MakeSqliteStore();
std::unique_ptr<StoreUnderTest> MakeMemoryStore();

// "Sqlite" and "Memory", for INSTANTIATE_TEST_SUITE_P.
inline auto Stores() { return testing::Values(&MakeSqliteStore, &MakeMemoryStore); }
inline std::string StoreName(const testing::TestParamInfo<MakeStore>& info) {
  return info.param == &MakeSqliteStore ? "Sqlite" : "Memory";
}

// Remembers what the queue tells its observer.
class RecordingObserver : public IntentsObserver {
 public:
  void OnTransition(const Transition& transition) override {
    MutexLock lock(&mutex_);
    lines_.push_back(absl::StrCat(v1::Intent::State_Name(transition.from), ">", v1::Intent::State_Name(transition.to),
                                  " ", absl::FormatDuration(transition.since_accepted), " ",
                                  transition.intent.operations_size()));
  }
  void OnQueueDepth(size_t unfinished) override {
    MutexLock lock(&mutex_);
    depths_.push_back(unfinished);
  }
  std::vector<std::string> lines() const {
    MutexLock lock(&mutex_);
    return lines_;
  }
  std::vector<size_t> depths() const {
    MutexLock lock(&mutex_);
    return depths_;
  }

 private:
  mutable Mutex mutex_;
  std::vector<std::string> lines_ ABSL_GUARDED_BY(mutex_);
  std::vector<size_t> depths_ ABSL_GUARDED_BY(mutex_);
};

// A clock that stands still until it is moved.
class ManualClock {
 public:
  absl::Time Now() const {
    MutexLock lock(&mutex_);
    return now_;
  }
  void Advance(absl::Duration by) {
    MutexLock lock(&mutex_);
    now_ += by;
  }

 private:
  mutable Mutex mutex_;
  absl::Time now_ ABSL_GUARDED_BY(mutex_) = absl::FromUnixSeconds(1'700'000'000);
};

class QueueTest : public testing::TestWithParam<MakeStore> {
 protected:
  QueueTest() : store_(GetParam()()), gate_(store_->kv()) {
    directory_.Add("h1");
    directory_.Add("h2");
    options_.backoff_min = absl::Milliseconds(1);
    options_.backoff_max = absl::Milliseconds(4);
    options_.clock = [this] { return clock_.Now(); };
  }
  ~QueueTest() override { intents_.reset(); }

  // The queue, opened on first use: a test changes options_ before.
  Intents& queue() {
    if (intents_ == nullptr) {
      auto opened = Intents::Open(gate_, dispatcher_, directory_, options_);
      EXPECT_TRUE(opened.ok()) << opened.status();
      intents_ = *std::move(opened);
    }
    return *intents_;
  }
  // As when the server restarts.
  void Restart() {
    intents_.reset();
    store_->Reopen();
    gate_.Set(store_->kv());
    dispatcher_.Clear();
    queue();
  }

  static Operations CreateNamespaces(const std::vector<std::string>& names) {
    Operations operations;
    for (const std::string& name : names) operations.Add()->mutable_create_namespace()->set_namespace_(name);
    return operations;
  }
  static AcceptRequest Request(const std::string& host, const std::string& netns, std::string id = "") {
    AcceptRequest request;
    request.host = host;
    request.operations = CreateNamespaces({netns});
    request.request_id = std::move(id);
    return request;
  }
  Reply Send(AcceptRequest request) {
    Reply reply;
    queue().Accept(std::move(request), reply.Done());
    return reply;
  }
  absl::StatusOr<v1::Intent> Accept(AcceptRequest request) { return Send(std::move(request)).Await(); }
  v1::Intent MustAccept(AcceptRequest request) {
    auto intent = Accept(std::move(request));
    EXPECT_TRUE(intent.ok()) << intent.status();
    return intent.ok() ? *intent : v1::Intent();
  }
  v1::Intent MustAccept(const std::string& host, const std::string& netns) { return MustAccept(Request(host, netns)); }

  static std::string IdOf(const v1::Intent& intent) { return ParseIntent(intent.name())->id; }
  static std::string HostOf(const v1::Intent& intent) { return ParseIntent(intent.name())->host; }
  v1::Intent Get(const v1::Intent& intent) {
    auto now = queue().Get(HostOf(intent), IdOf(intent));
    EXPECT_TRUE(now.ok()) << now.status();
    return now.ok() ? *now : v1::Intent();
  }
  v1::Intent::State StateOf(const v1::Intent& intent) { return Get(intent).state(); }

  Reply SendCancel(const v1::Intent& intent) {
    Reply reply;
    queue().Cancel(HostOf(intent), IdOf(intent), reply.Done());
    return reply;
  }
  Reply SendWait(const v1::Intent& intent, absl::Duration timeout = absl::InfiniteDuration()) {
    Reply reply;
    queue().Wait(HostOf(intent), IdOf(intent), timeout, reply.Done());
    return reply;
  }
  v1::Intent WaitFor(const v1::Intent& intent) {
    auto finished = SendWait(intent).Await();
    EXPECT_TRUE(finished.ok()) << finished.status();
    return finished.ok() ? *finished : v1::Intent();
  }

  static v1::IntentResult Result(const v1::Intent& intent, v1::Intent::State state = v1::Intent::SUCCEEDED) {
    v1::IntentResult result;
    result.set_sequence(intent.sequence());
    result.set_intent_id(IdOf(intent));
    result.set_state(state);
    return result;
  }
  void Finish(const v1::Intent& intent, v1::Intent::State state = v1::Intent::SUCCEEDED) {
    queue().Finished(HostOf(intent), {Result(intent, state)});
  }

  // Returns when all that was under way without anybody's doing is over: what was posted has run, what was committed is
  // answered, and what follows from that too.
  void Settle() {
    for (int i = 0; i < 4; ++i) {
      ASSERT_TRUE(store_->kv().CommitAndWait({}).ok());
      AcceptRequest check = Request("h1", "checked");
      check.validate_only = true;
      check.allow_unknown_host = true;
      (void)Accept(std::move(check));
    }
  }

  static std::string Deliver(const v1::Intent& intent, uint64_t session) {
    return absl::StrCat("deliver ", HostOf(intent), "#", session, " ", intent.sequence());
  }
  static std::string Ask(const v1::Intent& intent, uint64_t session) {
    return absl::StrCat("cancel ", HostOf(intent), "#", session, " ", intent.sequence());
  }
  static std::string Acknowledge(const v1::Intent& intent, uint64_t session) {
    return absl::StrCat("acknowledge ", HostOf(intent), "#", session, " ", intent.sequence());
  }
  // The send cursor as the store has it.
  int64_t StoredCursor(const std::string& host) {
    auto row = store_->kv().Get("c/" + host);
    if (!row.ok()) return 0;
    if (row->value.front() != '+') return std::stoll(row->value);
    return row->mod_revision * 10000 + std::stoll(row->value.substr(1));
  }

  ManualClock clock_;
  std::unique_ptr<StoreUnderTest> store_;
  store::GatedKv gate_;
  FakeDispatcher dispatcher_;
  FakeHostDirectory directory_;
  Options options_;

 private:
  std::unique_ptr<Intents> intents_;
};

// Whether a StatusOr, or a Status, has this code and a message with this in it.
MATCHER_P2(Fails, code, text, "") {
  const absl::Status status = [&] {
    if constexpr (std::is_same_v<std::decay_t<decltype(arg)>, absl::Status>) {
      return arg;
    } else {
      return arg.status();
    }
  }();
  *result_listener << "status " << status.ToString();
  return status.code() == code && std::string(status.message()).find(text) != std::string::npos;
}

// The fields that a BadRequest names.
inline std::vector<std::string> BadFields(const absl::Status& status) {
  google::rpc::BadRequest details;
  const auto payload = status.GetPayload(kBadRequestUrl);
  EXPECT_TRUE(payload.has_value() && details.ParseFromString(std::string(*payload))) << status;
  std::vector<std::string> fields;
  for (const auto& violation : details.field_violations()) fields.push_back(violation.field());
  return fields;
}

// When to try again, in seconds; -1: it does not say.
inline int64_t RetryDelay(const absl::Status& status) {
  google::rpc::RetryInfo details;
  const auto payload = status.GetPayload(kRetryInfoUrl);
  if (!payload.has_value() || !details.ParseFromString(std::string(*payload))) return -1;
  return details.retry_delay().seconds();
}

}  // namespace warren::intents

#endif  // WARREN_TESTS_SERVER_INTENTS_QUEUE_TEST_H_
