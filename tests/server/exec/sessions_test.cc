#include "server/exec/sessions.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <atomic>
#include <functional>
#include <future>
#include <optional>

#include "google/rpc/error_details.pb.h"
#include "proto/common/names.h"
#include "proto/common/status_payload.h"

namespace warren::exec {
namespace {

using ::testing::HasSubstr;

class Asked : public Session {
 public:
  void End(const absl::Status& why) override {
    // Nothing that two threads share: who still has some of it is counted in a library that ThreadSanitizer does not
    // see.
    absl::Status copy(why.code(), why.message());
    why.ForEachPayload([&](absl::string_view type, const absl::Cord& payload) {
      copy.SetPayload(type, absl::Cord(std::string(payload)));
    });
    ended_.set_value(std::move(copy));
  }
  // Waits for it.
  absl::Status Ended() { return ended_.get_future().get(); }

 private:
  std::promise<absl::Status> ended_;
};

class Hosts : public ExecHosts {
 public:
  absl::StatusOr<uint64_t> OpenExec(const std::string& host, const v1::OpenExec& open) override {
    std::function<void()> meanwhile;
    {
      MutexLock lock(&mutex_);
      told_.emplace_back(host, open);
      meanwhile = meanwhile_;
    }
    if (meanwhile) meanwhile();
    MutexLock lock(&mutex_);
    return answer_;
  }
  void Answer(absl::StatusOr<uint64_t> answer) {
    MutexLock lock(&mutex_);
    answer_ = std::move(answer);
  }
  // Happens after the agent was told, before that is known.
  void Meanwhile(std::function<void()> what) {
    MutexLock lock(&mutex_);
    meanwhile_ = std::move(what);
  }
  std::pair<std::string, v1::OpenExec> Last() {
    MutexLock lock(&mutex_);
    return told_.back();
  }
  size_t Count() {
    MutexLock lock(&mutex_);
    return told_.size();
  }

 private:
  Mutex mutex_;
  absl::StatusOr<uint64_t> answer_ ABSL_GUARDED_BY(mutex_) = 1;
  std::function<void()> meanwhile_ ABSL_GUARDED_BY(mutex_);
  std::vector<std::pair<std::string, v1::OpenExec>> told_ ABSL_GUARDED_BY(mutex_);
};

class Count : public ExecObserver {
 public:
  void OnSessions(int change) override { open += change; }
  void OnEnded(absl::StatusCode) override {}
  void OnIn(size_t) override {}
  void OnOut(size_t) override {}
  std::atomic<int> open = 0;
};

class SessionsTest : public ::testing::Test {
 protected:
  SessionsTest() {
    options_.observer = &count_;
    options_.attach_timeout = absl::Hours(1);
  }
  Sessions& sessions() {
    if (!sessions_) sessions_.emplace(hosts_, options_);
    return *sessions_;
  }
  absl::StatusOr<Sessions::Slot> Open(const std::string& host = "h1", const std::string& caller = "uid 0") {
    return sessions().Open({host, caller, "unix:77"}, asked_);
  }
  static void ExpectTooMany(const absl::StatusOr<Sessions::Slot>& slot, const std::string& what) {
    EXPECT_EQ(slot.status().code(), absl::StatusCode::kResourceExhausted);
    EXPECT_EQ(ReasonOf(slot.status()), "TOO_MANY_SESSIONS");
    EXPECT_TRUE(slot.status().GetPayload(kRetryInfoUrl).has_value());
    EXPECT_THAT(std::string(slot.status().message()), HasSubstr(what));
  }

  Hosts hosts_;
  Count count_;
  Sessions::Options options_;
  const std::shared_ptr<Asked> asked_ = std::make_shared<Asked>();
  std::optional<Sessions> sessions_;
};

TEST_F(SessionsTest, TheHostIsToldWhoAsksAndAnIdThatNobodyCanGuess) {
  const auto slot = Open();
  ASSERT_TRUE(slot.ok());
  const auto [host, open] = hosts_.Last();
  EXPECT_EQ(host, "h1");
  EXPECT_EQ(open.caller(), "uid 0");
  EXPECT_EQ(open.source(), "unix:77");
  EXPECT_EQ(WhyBadUuid(open.session_id()), std::nullopt);
  const auto other = Open();
  EXPECT_NE(hosts_.Last().second.session_id(), open.session_id());
}

TEST_F(SessionsTest, ASessionIsAttachedOnce) {
  const auto slot = Open();
  const std::string id = hosts_.Last().second.session_id();
  const auto attached = sessions().Attach(id);
  ASSERT_TRUE(attached.ok());
  EXPECT_EQ(*attached, asked_);
  EXPECT_EQ(sessions().Attach(id).status().code(), absl::StatusCode::kNotFound);
  EXPECT_EQ(ReasonOf(sessions().Attach(id).status()), "EXEC_SESSION_NOT_FOUND");
}

TEST_F(SessionsTest, AnIdThatNobodyWasToldIsNotFound) {
  const auto slot = Open();
  EXPECT_EQ(sessions().Attach("").status().code(), absl::StatusCode::kNotFound);
  EXPECT_EQ(sessions().Attach(NewUuid()).status().code(), absl::StatusCode::kNotFound);
}

TEST_F(SessionsTest, ASessionThatIsOverIsNotFound) {
  { const auto slot = Open(); }
  EXPECT_EQ(sessions().Attach(hosts_.Last().second.session_id()).status().code(), absl::StatusCode::kNotFound);
}

TEST_F(SessionsTest, WhatTheHostRefusesTakesNoPlace) {
  options_.max_total = 1;
  hosts_.Answer(WithReason(absl::UnavailableError("host h1 is away"), "HOST_AWAY"));
  for (int i = 0; i < 3; ++i) EXPECT_EQ(ReasonOf(Open().status()), "HOST_AWAY");
  EXPECT_EQ(count_.open, 0);
  hosts_.Answer(1);
  EXPECT_TRUE(Open().ok());
}

TEST_F(SessionsTest, WhatAnAgentWasAskedForEndsWithItsSessionUnlessItWasAttached) {
  hosts_.Answer(5);
  auto slot = Open();
  ASSERT_TRUE(slot.ok());
  const std::string id = hosts_.Last().second.session_id();
  const auto attached = std::make_shared<Asked>();
  const auto its_slot = sessions().Open({"h1", "uid 0", "unix:77"}, attached);
  ASSERT_TRUE(sessions().Attach(hosts_.Last().second.session_id()).ok());
  sessions().AgentGone("h2", 5);
  sessions().AgentGone("h1", 4);  // the one before, whose end is told late
  sessions().AgentGone("h1", 5);
  const absl::Status why = asked_->Ended();
  EXPECT_EQ(why.code(), absl::StatusCode::kUnavailable);
  EXPECT_EQ(ReasonOf(why), "HOST_WENT_AWAY");
  EXPECT_EQ(sessions().Attach(id).status().code(), absl::StatusCode::kNotFound);
  slot->reset();
  sessions().Shutdown();
  EXPECT_EQ(ReasonOf(attached->Ended()), "SERVER_STOPPING") << "that is its stream's business";
}

TEST_F(SessionsTest, AnAgentMayGoBeforeItIsKnownThatItWasAsked) {
  hosts_.Answer(5);
  hosts_.Meanwhile([this] { sessions().AgentGone("h1", 5); });
  EXPECT_EQ(ReasonOf(Open().status()), "HOST_WENT_AWAY");
  EXPECT_EQ(count_.open, 0);
  hosts_.Answer(6);  // to the next
  EXPECT_TRUE(Open().ok());
}

TEST_F(SessionsTest, EachLimitIsNamedAndThereIsRoomAgainWhenASessionIsOver) {
  options_.max_per_host = 2;
  options_.max_per_caller = 3;
  options_.max_total = 4;
  std::vector<Sessions::Slot> slots;
  const auto open = [&](const std::string& host, const std::string& caller) {
    auto slot = Open(host, caller);
    if (slot.ok()) slots.push_back(*std::move(slot));
    return slot;
  };
  EXPECT_TRUE(open("h1", "uid 0").ok());
  EXPECT_TRUE(open("h1", "uid 0").ok());
  ExpectTooMany(open("h1", "local"),
                "host h1 has 2 commands running, the limit (warren-server --exec-max-sessions-per-host)");
  EXPECT_TRUE(open("h2", "uid 0").ok());
  ExpectTooMany(open("h2", "uid 0"),
                "uid 0 has 3 commands running, the limit (warren-server --exec-max-sessions-per-caller)");
  EXPECT_TRUE(open("h2", "local").ok());
  ExpectTooMany(open("h3", "local"),
                "the server has 4 commands running, the limit (warren-server --exec-max-sessions)");
  EXPECT_EQ(hosts_.Count(), 4u) << "a host was asked for a session that there was no place for";
  EXPECT_EQ(count_.open, 4);
  slots.clear();
  EXPECT_EQ(count_.open, 0);
  EXPECT_TRUE(open("h1", "uid 0").ok());
}

TEST_F(SessionsTest, OneThatIsNotAttachedInTimeIsEndedAndThenNotFound) {
  options_.attach_timeout = absl::Milliseconds(20);
  const auto slot = Open();
  const absl::Status why = asked_->Ended();
  EXPECT_EQ(why.code(), absl::StatusCode::kUnavailable);
  EXPECT_EQ(ReasonOf(why), "HOST_NOT_ANSWERING");
  EXPECT_THAT(std::string(why.message()), HasSubstr("host h1: its agent did not take the command up within 20ms"));
  EXPECT_EQ(sessions().Attach(hosts_.Last().second.session_id()).status().code(), absl::StatusCode::kNotFound);
}

TEST_F(SessionsTest, OneThatWasAttachedIsNotEndedWhenTheTimeIsOver) {
  options_.attach_timeout = absl::Milliseconds(500);
  const auto first = Open();
  ASSERT_TRUE(sessions().Attach(hosts_.Last().second.session_id()).ok());
  const auto later = std::make_shared<Asked>();
  const auto slot = sessions().Open({"h1", "uid 0", ""}, later);
  EXPECT_EQ(ReasonOf(later->Ended()),
            "HOST_NOT_ANSWERING");  // whose time is over later; a second end of the first would throw
}

TEST_F(SessionsTest, AShutdownEndsAllAndOpensNoMore) {
  const auto waits = Open();
  const auto other = std::make_shared<Asked>();
  const auto attached = sessions().Open({"h1", "uid 0", ""}, other);
  const std::string id = hosts_.Last().second.session_id();
  ASSERT_TRUE(sessions().Attach(id).ok());
  sessions().Shutdown();
  for (const auto& asked : {asked_, other}) EXPECT_EQ(ReasonOf(asked->Ended()), "SERVER_STOPPING");
  EXPECT_EQ(ReasonOf(Open().status()), "SERVER_STOPPING");
  sessions().Shutdown();
}

TEST_F(SessionsTest, ManyAtOnceAreOpenedAttachedAndClosed) {
  options_.max_per_host = options_.max_per_caller = 1000;
  sessions();
  std::vector<std::thread> callers;
  for (int i = 0; i < 8; ++i) {
    callers.emplace_back([&, i] {
      for (int n = 0; n < 200; ++n) {
        const auto session = std::make_shared<Asked>();
        const auto slot = sessions().Open({"h" + std::to_string(i % 3), "local", ""}, session);
        ASSERT_TRUE(slot.ok()) << slot.status();
        // One of those that were opened meanwhile, perhaps over already.
        (void)sessions().Attach(hosts_.Last().second.session_id());
      }
    });
  }
  for (std::thread& caller : callers) caller.join();
  EXPECT_EQ(count_.open, 0);
}

}  // namespace
}  // namespace warren::exec
