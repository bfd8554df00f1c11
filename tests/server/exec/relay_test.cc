#include "server/exec/relay.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <atomic>
#include <future>
#include <optional>
#include <thread>
#include <vector>

namespace warren::exec {
namespace {

using ::testing::ElementsAre;
using ::testing::HasSubstr;
using TestRelay = Relay<std::string>;

// An end driven by hand. It holds the relay to the rules: one read and one write at a time, nothing after Finish.
class FakeEnd : public RelayEnd<std::string> {
 public:
  void StartRead() override {
    MutexLock lock(&mutex_);
    EXPECT_FALSE(reading_) << "a read was started while another was under way";
    EXPECT_FALSE(finished_) << "a read was started after the end";
    reading_ = true;
    changed_.SignalAll();
  }
  bool StartWrite(std::string& bytes) override {
    MutexLock lock(&mutex_);
    EXPECT_FALSE(writing_) << "a write was started while another was under way";
    EXPECT_FALSE(finished_) << "a write was started after the end";
    writing_ = std::move(bytes);
    changed_.SignalAll();
    return false;
  }
  void Finish(const absl::Status& status) override {
    MutexLock lock(&mutex_);
    EXPECT_FALSE(finished_) << "the end was finished twice";
    EXPECT_FALSE(writing_) << "the end was finished while a write was under way";
    finished_ = status;
    changed_.SignalAll();
  }
  void Cancel() override {
    MutexLock lock(&mutex_);
    cancelled_ = true;
  }

  bool reading() const {
    MutexLock lock(&mutex_);
    return reading_;
  }
  std::optional<std::string> writing() const {
    MutexLock lock(&mutex_);
    return writing_;
  }
  std::optional<absl::Status> finished() const {
    MutexLock lock(&mutex_);
    return finished_;
  }
  bool cancelled() const {
    MutexLock lock(&mutex_);
    return cancelled_;
  }
  // Takes the read (the write) that is under way, waiting for it; false: it is finished instead.
  bool TakeRead() {
    MutexLock lock(&mutex_);
    while (!reading_ && !finished_) changed_.Wait(&mutex_);
    return std::exchange(reading_, false);
  }
  std::optional<std::string> TakeWrite() {
    MutexLock lock(&mutex_);
    while (!writing_ && !finished_) changed_.Wait(&mutex_);
    return std::exchange(writing_, std::nullopt);
  }

 private:
  mutable Mutex mutex_;
  CondVar changed_;
  bool reading_ ABSL_GUARDED_BY(mutex_) = false;
  bool cancelled_ ABSL_GUARDED_BY(mutex_) = false;
  std::optional<std::string> writing_ ABSL_GUARDED_BY(mutex_);
  std::optional<absl::Status> finished_ ABSL_GUARDED_BY(mutex_);
};

class Notes : public ExecObserver {
 public:
  void OnSessions(int) override {}
  void OnEnded(absl::StatusCode how) override {
    ++ends;
    end = static_cast<int>(how);
  }
  void OnIn(size_t bytes) override { in += bytes; }
  void OnOut(size_t bytes) override { out += bytes; }
  std::atomic<int> ends = 0, end = -1;
  std::atomic<size_t> in = 0, out = 0;
};

class RelayTest : public ::testing::Test {
 protected:
  void SetUp() override { relay_->Prepare("h1", {"start"}); }
  void TearDown() override {
    EXPECT_EQ(notes_.ends, relay_over_ ? 1 : 0);
    if (!relay_over_) relay_->End(absl::CancelledError(""));
  }

  // The agent has attached and has the first message; the caller is being read.
  void Attach() {
    ASSERT_TRUE(relay_->Attach(agent_));
    ASSERT_EQ(agent_.TakeWrite(), "start");
    relay_->Written(Side::kAgent, true);
  }
  void Say(Side side, std::string bytes, Kind kind = Kind::kOther, absl::Status error = absl::OkStatus()) {
    ASSERT_TRUE((side == Side::kAgent ? agent_ : caller_).TakeRead());
    Message<std::string> message{std::move(bytes), 0, kind, std::move(error)};
    message.size = message.bytes.size();
    relay_->Received(side, message);
  }
  void AgentSays(std::string bytes, Kind kind = Kind::kOther, absl::Status error = absl::OkStatus()) {
    Say(Side::kAgent, std::move(bytes), kind, std::move(error));
  }
  std::optional<std::string> CallerHears() {
    auto heard = caller_.TakeWrite();
    if (heard) relay_->Written(Side::kCaller, true);
    return heard;
  }
  void ExpectOver(absl::StatusCode caller, absl::StatusCode agent) {
    relay_over_ = true;
    ASSERT_TRUE(caller_.finished().has_value());
    EXPECT_EQ(caller_.finished()->code(), caller) << *caller_.finished();
    ASSERT_TRUE(agent_.finished().has_value());
    EXPECT_EQ(agent_.finished()->code(), agent) << *agent_.finished();
    EXPECT_EQ(notes_.end, static_cast<int>(caller));
  }

  Notes notes_;
  FakeEnd caller_, agent_;
  const std::shared_ptr<TestRelay> relay_ = std::make_shared<TestRelay>(caller_, "stdin_end", &notes_);
  bool relay_over_ = false;
};

TEST_F(RelayTest, TheAgentIsSentTheFirstMessagesInOrderBeforeTheCallerIsRead) {
  relay_->Prepare("h1", {"start", "stdin", "end"});
  ASSERT_TRUE(relay_->Attach(agent_));
  for (const char* message : {"start", "stdin", "end"}) {
    EXPECT_FALSE(caller_.reading());
    EXPECT_EQ(agent_.TakeWrite(), message);
    relay_->Written(Side::kAgent, true);
  }
  EXPECT_TRUE(caller_.reading());
}

TEST_F(RelayTest, OneMessageIsReadWhenTheOneBeforeIsWritten) {
  Attach();
  AgentSays("out 1");
  EXPECT_EQ(caller_.writing(), "out 1");
  EXPECT_FALSE(agent_.reading()) << "a caller that does not read stops the agent";
  EXPECT_EQ(CallerHears(), "out 1");
  EXPECT_TRUE(agent_.reading());

  Say(Side::kCaller, "in 1");
  EXPECT_EQ(agent_.writing(), "in 1");
  EXPECT_FALSE(caller_.reading()) << "a command that does not read stops the caller";
  EXPECT_TRUE(agent_.reading()) << "one way does not stop the other";
  agent_.TakeWrite();
  relay_->Written(Side::kAgent, true);
  EXPECT_TRUE(caller_.reading());
  EXPECT_EQ(notes_.in, 4u);
  EXPECT_EQ(notes_.out, 5u);
}

TEST_F(RelayTest, HalfCloseAfterExitFinishesTheCallerWithOk) {
  Attach();
  AgentSays("started", Kind::kStarted);
  CallerHears();
  AgentSays("exit", Kind::kExit);
  EXPECT_EQ(CallerHears(), "exit");
  EXPECT_FALSE(caller_.finished());
  relay_->ReadEnded(Side::kAgent);
  ExpectOver(absl::StatusCode::kOk, absl::StatusCode::kOk);
}

TEST_F(RelayTest, AnAgentThatBreaksAfterExitHasDoneItsWork) {
  Attach();
  AgentSays("exit", Kind::kExit);
  relay_->Gone(Side::kAgent);
  EXPECT_FALSE(caller_.finished()) << "what is being written to the caller comes first";
  EXPECT_EQ(CallerHears(), "exit");
  ExpectOver(absl::StatusCode::kOk, absl::StatusCode::kOk);
}

TEST_F(RelayTest, TheAgentsErrorIsTheCallersStatus) {
  Attach();
  AgentSays("error", Kind::kError,
            WithReason(absl::NotFoundError("host h1: there is no user \"x\""), "USER_NOT_FOUND"));
  EXPECT_EQ(caller_.writing(), std::nullopt) << "errors are not passed on as messages";
  ExpectOver(absl::StatusCode::kNotFound, absl::StatusCode::kOk);
  EXPECT_EQ(ReasonOf(*caller_.finished()), "USER_NOT_FOUND");
}

TEST_F(RelayTest, AnAgentThatBreaksWhileTheCommandRunsIsUnavailable) {
  Attach();
  AgentSays("started", Kind::kStarted);
  CallerHears();
  relay_->Gone(Side::kAgent);
  relay_->ReadEnded(Side::kAgent);
  ExpectOver(absl::StatusCode::kUnavailable, absl::StatusCode::kCancelled);
  EXPECT_EQ(caller_.finished()->message(), "host h1 went away while the command ran; it is hung up there");
  EXPECT_EQ(ReasonOf(*caller_.finished()), "HOST_WENT_AWAY");
}

TEST_F(RelayTest, AnAgentThatHalfClosesWithoutExitIsUnavailableToo) {
  Attach();
  relay_->ReadEnded(Side::kAgent);
  ExpectOver(absl::StatusCode::kUnavailable, absl::StatusCode::kCancelled);
  EXPECT_THAT(std::string(caller_.finished()->message()), HasSubstr("was being started"));
}

TEST_F(RelayTest, AnAgentThatCannotBeWrittenIsUnavailable) {
  Attach();
  Say(Side::kCaller, "in");
  agent_.TakeWrite();
  relay_->Written(Side::kAgent, false);
  ExpectOver(absl::StatusCode::kUnavailable, absl::StatusCode::kCancelled);
}

TEST_F(RelayTest, ACallerThatHalfClosesEndsStandardInputOnly) {
  Attach();
  ASSERT_TRUE(caller_.TakeRead());
  relay_->ReadEnded(Side::kCaller);
  EXPECT_EQ(agent_.TakeWrite(), "stdin_end");
  relay_->Written(Side::kAgent, true);
  EXPECT_FALSE(caller_.reading());
  EXPECT_FALSE(agent_.finished());
  AgentSays("out");
  EXPECT_EQ(CallerHears(), "out");
}

TEST_F(RelayTest, StandardInputIsEndedOnce) {
  Attach();
  Say(Side::kCaller, "the caller's own end", Kind::kStdinEnd);
  EXPECT_EQ(agent_.TakeWrite(), "the caller's own end");
  relay_->Written(Side::kAgent, true);
  Say(Side::kCaller, "a signal");
  EXPECT_EQ(agent_.TakeWrite(), "a signal") << "signals may come after it";
  relay_->Written(Side::kAgent, true);
  ASSERT_TRUE(caller_.TakeRead());
  relay_->ReadEnded(Side::kCaller);
  EXPECT_EQ(agent_.writing(), std::nullopt);
  EXPECT_FALSE(caller_.reading());
}

TEST_F(RelayTest, ACallerThatGoesAwayEndsTheAgentsStream) {
  Attach();
  AgentSays("out");
  relay_->Gone(Side::kCaller);
  EXPECT_EQ(agent_.finished()->code(), absl::StatusCode::kCancelled);
  caller_.TakeWrite();
  relay_->Written(Side::kCaller, false);
  ExpectOver(absl::StatusCode::kCancelled, absl::StatusCode::kCancelled);
}

TEST_F(RelayTest, ACallerThatGoesAwayDoesNotWaitForACommandThatDoesNotRead) {
  Attach();
  Say(Side::kCaller, "in");
  relay_->Gone(Side::kCaller);
  EXPECT_TRUE(agent_.cancelled());
  EXPECT_FALSE(agent_.finished());
  agent_.TakeWrite();
  relay_->Written(Side::kAgent, false);
  ExpectOver(absl::StatusCode::kCancelled, absl::StatusCode::kCancelled);
}

TEST_F(RelayTest, WhatIsOverBeforeTheAgentComesCannotBeAttached) {
  relay_->Gone(Side::kCaller);
  EXPECT_EQ(caller_.finished()->code(), absl::StatusCode::kCancelled);
  EXPECT_FALSE(relay_->Attach(agent_));
  EXPECT_FALSE(agent_.reading());
  relay_over_ = true;
}

TEST_F(RelayTest, AnEndIsToldToBoth) {
  Attach();
  relay_->End(absl::UnavailableError("the server is shutting down"));
  relay_->End(absl::InternalError("a second reason"));
  ExpectOver(absl::StatusCode::kUnavailable, absl::StatusCode::kUnavailable);
}

TEST_F(RelayTest, WhatComesAfterTheEndIsPassedOver) {
  Attach();
  relay_->End(absl::UnavailableError(""));
  Message<std::string> late{"late", 4, Kind::kOther, {}};
  relay_->Received(Side::kAgent, late);
  relay_->Received(Side::kCaller, late);
  relay_->ReadEnded(Side::kCaller);
  relay_->ReadEnded(Side::kAgent);
  for (const Side side : {Side::kAgent, Side::kCaller}) {
    relay_->Gone(side);
    relay_->Closed(side);
  }
  ExpectOver(absl::StatusCode::kUnavailable, absl::StatusCode::kUnavailable);
  EXPECT_EQ(notes_.out, 0u);
}

TEST_F(RelayTest, ItsPlaceIsKeptUntilTheCallerIsFinished) {
  auto slot = std::make_shared<const int>(1);
  const std::weak_ptr<const int> watched = slot;
  relay_->Keep(std::move(slot));
  Attach();
  AgentSays("out");
  relay_->End(absl::UnavailableError(""));
  EXPECT_FALSE(watched.expired()) << "the caller is still being written";
  EXPECT_EQ(CallerHears(), "out");
  EXPECT_TRUE(watched.expired());
  ExpectOver(absl::StatusCode::kUnavailable, absl::StatusCode::kUnavailable);
}

TEST_F(RelayTest, APlaceThatComesTooLateIsFreeAtOnce) {
  relay_->End(absl::UnavailableError(""));
  auto slot = std::make_shared<const int>(1);
  const std::weak_ptr<const int> watched = slot;
  relay_->Keep(std::move(slot));
  EXPECT_TRUE(watched.expired());
  relay_over_ = true;
}

// Both ends, each by a thread that reads and one that writes; the relay is ended meanwhile in one of many ways.
TEST(RelayStressTest, NothingIsLostAndNothingIsOutOfOrder) {
  for (int round = 0; round < 60; ++round) {
    FakeEnd caller, agent;
    Notes notes;
    const auto relay = std::make_shared<TestRelay>(caller, "stdin_end", &notes);
    relay->Prepare("h1", {"start"});
    ASSERT_TRUE(relay->Attach(agent));
    const auto reader = [&](FakeEnd& end, Side side) {
      for (int n = 0; end.TakeRead(); ++n) {
        if (side == Side::kAgent && n == 300) {
          if (round % 3 == 0) relay->Gone(Side::kCaller);
          if (round % 3 == 1) relay->End(absl::UnavailableError(""));
          if (round % 3 == 2) relay->Gone(Side::kAgent);
          return;
        }
        Message<std::string> message{std::to_string(n), 1, Kind::kOther, {}};
        relay->Received(side, message);
      }
    };
    const auto writer = [&](FakeEnd& end, Side side) {
      int next = side == Side::kAgent ? -1 : 0;
      while (const auto heard = end.TakeWrite()) {
        EXPECT_EQ(*heard, next < 0 ? "start" : std::to_string(next));
        ++next;
        relay->Written(side, true);
      }
    };
    std::vector<std::thread> threads;
    threads.emplace_back(reader, std::ref(caller), Side::kCaller);
    threads.emplace_back(reader, std::ref(agent), Side::kAgent);
    threads.emplace_back(writer, std::ref(caller), Side::kCaller);
    threads.emplace_back(writer, std::ref(agent), Side::kAgent);
    for (std::thread& thread : threads) thread.join();
    EXPECT_TRUE(caller.finished().has_value());
    EXPECT_TRUE(agent.finished().has_value());
    EXPECT_EQ(notes.ends, 1);
  }
}

}  // namespace
}  // namespace warren::exec
