// What is finished is kept for a time, and so many of it; a host can be forgotten.

#include <set>
#include <thread>

#include "tests/server/intents/queue_test.h"

namespace warren::intents {
namespace {

using absl::StatusCode;
using testing::ElementsAre;
using testing::IsEmpty;
using testing::SizeIs;

constexpr char kId[] = "123e4567-e89b-42d3-a456-426614174000";

class RetireTest : public QueueTest {
 protected:
  v1::Intent Finished(const std::string& host, const std::string& netns, std::string id = "") {
    const v1::Intent intent = MustAccept(Request(host, netns, std::move(id)));
    Finish(intent);
    return WaitFor(intent);
  }
  std::vector<std::string> Listed(const std::string& host = "-") {
    ListRequest request;
    request.host = host;
    std::vector<std::string> names;
    const auto page = queue().List(request);
    EXPECT_TRUE(page.ok()) << page.status();
    for (const v1::Intent& intent : page->intents) {
      names.push_back(intent.operations(0).create_namespace().namespace_());
    }
    return names;
  }
  void Retire() {
    queue().RetireDue();
    Settle();
  }
  absl::Status Forget(const std::string& host, std::vector<std::string> keys = {}) {
    struct State {
      Mutex mutex;
      CondVar changed;
      std::optional<absl::Status> status ABSL_GUARDED_BY(mutex);
    };
    auto state = std::make_shared<State>();
    queue().ForgetHost(host, std::move(keys), [state](absl::Status status) {
      MutexLock lock(&state->mutex);
      state->status = Unshared(status);
      state->changed.SignalAll();
    });
    MutexLock lock(&state->mutex);
    while (!state->status) state->changed.Wait(&state->mutex);
    return Unshared(*state->status);
  }
  size_t Rows(const std::string& prefix) { return store_->kv().Range(store::RangeRequest::Prefix(prefix))->kvs.size(); }
};
INSTANTIATE_TEST_SUITE_P(Stores, RetireTest, Stores(), StoreName);

TEST_P(RetireTest, WhatIsOldEnoughGoesAndStaysGone) {
  queue().HostConnected("h1", 1);
  const v1::Intent old = Finished("h1", "old");
  const v1::Intent waiting = MustAccept("h1", "waiting");
  clock_.Advance(absl::Hours(7 * 24) - absl::Seconds(1));
  Finished("h1", "young");
  Retire();
  EXPECT_THAT(Listed(), ElementsAre("old", "waiting", "young"));
  clock_.Advance(absl::Seconds(2));
  Retire();
  EXPECT_THAT(Listed(), ElementsAre("waiting", "young")) << "what is not finished never goes";
  const auto gone = queue().Get("h1", IdOf(old));
  EXPECT_THAT(gone, Fails(StatusCode::kNotFound, "there is no intent"));
  EXPECT_EQ(ReasonOf(gone.status()), "INTENT_NOT_FOUND");
  EXPECT_EQ(Rows("i/h1/"), 2u);
  Restart();
  EXPECT_THAT(Listed(), ElementsAre("waiting", "young"));
  EXPECT_EQ(StateOf(waiting), v1::Intent::QUEUED);
}

TEST_P(RetireTest, TheAgeIsThatOfTheResult) {
  queue().HostConnected("h1", 1);
  const v1::Intent slow = MustAccept("h1", "slow");
  clock_.Advance(absl::Hours(6 * 24));
  Finish(slow);
  WaitFor(slow);
  clock_.Advance(absl::Hours(2 * 24));
  Retire();
  EXPECT_THAT(Listed(), ElementsAre("slow"));
}

TEST_P(RetireTest, WhatAClockThatWasAheadLeftIsNoReasonToWait) {
  queue().HostConnected("h1", 1);
  clock_.Advance(absl::Hours(24 * 3650));
  Finished("h1", "ahead");
  const v1::Intent slow = MustAccept("h1", "slow");
  clock_.Advance(-absl::Hours(24 * 3650));
  Finish(slow);
  WaitFor(slow);
  Retire();
  EXPECT_THAT(Listed(), SizeIs(2));
  Finished("h1", "right");
  clock_.Advance(absl::Hours(24 * 8));
  Retire();
  EXPECT_THAT(Listed(), ::testing::IsEmpty());
}

TEST_P(RetireTest, BeyondTheCountTheOldestGoButNoneIsForgottenWithinADay) {
  options_.retention_count = 2;
  queue().HostConnected("h1", 1);
  queue().HostConnected("h2", 2);
  Finished("h1", "a");
  Finished("h2", "b");
  Finished("h1", "c");
  Finished("h2", "d");
  Retire();
  EXPECT_THAT(Listed(), SizeIs(4)) << "a request_id is remembered for a day";
  clock_.Advance(absl::Hours(25));
  Finished("h1", "e");
  Retire();
  EXPECT_THAT(Listed(), ElementsAre("d", "e"));
}

TEST_P(RetireTest, ManyGoInSeveralCommits) {
  queue().HostConnected("h1", 1);
  std::vector<v1::Intent> intents;
  for (int i = 0; i < 1200; ++i) intents.push_back(MustAccept("h1", absl::StrCat("n", i)));
  for (const v1::Intent& intent : intents) Finish(intent);
  for (const v1::Intent& intent : intents) WaitFor(intent);
  clock_.Advance(absl::Hours(8 * 24));
  const size_t before = gate_.commits();
  queue().RetireDue();
  while (Rows("i/h1/") > 0) Settle();
  EXPECT_EQ(gate_.commits() - before, 3u) << "each small enough to hold nobody up";
}

TEST_P(RetireTest, ARetiredIdIsFreeAgain) {
  queue().HostConnected("h1", 1);
  const v1::Intent first = Finished("h1", "a", kId);
  clock_.Advance(absl::Hours(8 * 24));
  Retire();
  const v1::Intent second = MustAccept(Request("h1", "b", kId));
  EXPECT_GT(second.sequence(), first.sequence());
  Finish(second);
  EXPECT_EQ(WaitFor(second).state(), v1::Intent::SUCCEEDED);
}

TEST_P(RetireTest, AFailedCommitRetiresNothing) {
  queue().HostConnected("h1", 1);
  Finished("h1", "a");
  clock_.Advance(absl::Hours(8 * 24));
  gate_.FailWith(absl::UnavailableError("no"));
  queue().RetireDue();
  gate_.WaitForFailures(1);
  gate_.FailWith(absl::OkStatus());
  Settle();
  EXPECT_THAT(Listed(), ElementsAre("a"));
  Retire();
  EXPECT_THAT(Listed(), ::testing::IsEmpty());
}

TEST_P(RetireTest, MoreThanMayBeKeptIsNotAccepted) {
  options_.max_finished = 2;
  queue().HostConnected("h1", 1);
  Finished("h1", "a");
  Finished("h1", "b");
  const auto refused = Accept(Request("h1", "c"));
  EXPECT_THAT(refused, Fails(StatusCode::kResourceExhausted, "--max-finished"));
  EXPECT_EQ(ReasonOf(refused.status()), "HISTORY_FULL");
  clock_.Advance(absl::Hours(8 * 24));
  Retire();
  EXPECT_TRUE(Accept(Request("h1", "c")).ok());
}

TEST_P(RetireTest, AForgottenHostHasNothingLeft) {
  queue().HostConnected("h1", 1);
  Finished("h1", "a");
  queue().HostDisconnected("h1", 1);
  const v1::Intent queued = MustAccept("h1", "b");
  const v1::Intent other = MustAccept("h2", "c");
  ASSERT_TRUE(store_->kv().CommitAndWait({{}, {store::Mutation::Put("h/h1", "record")}}).ok());
  Reply wait = SendWait(queued);
  ASSERT_TRUE(Forget("h1", {"h/h1"}).ok());
  EXPECT_THAT(wait.Await(), Fails(StatusCode::kNotFound, "host h1 was deleted"));
  EXPECT_THAT(Listed(), ElementsAre("c"));
  EXPECT_EQ(Rows("i/h1/") + Rows("c/h1") + Rows("h/h1"), 0u);
  EXPECT_FALSE(queue().HasIntents("h1"));
  EXPECT_EQ(queue().QueuedCount("h1"), 0u);
  EXPECT_EQ(queue().QueuedCount("h2"), 1u);
  Restart();
  EXPECT_THAT(Listed(), ElementsAre("c"));
}

TEST_P(RetireTest, AForgottenHostMayComeAgainAsANewOne) {
  queue().HostConnected("h1", 1);
  Finished("h1", "a", kId);
  queue().HostDisconnected("h1", 1);
  ASSERT_TRUE(Forget("h1").ok());
  const v1::Intent again = MustAccept(Request("h1", "b", kId));
  queue().HostConnected("h1", 2);
  EXPECT_EQ(dispatcher_.WaitForDelivered(2).back().delivery.sequence, again.sequence());
  Finish(again);
  EXPECT_EQ(WaitFor(again).state(), v1::Intent::SUCCEEDED);
}

TEST_P(RetireTest, WhileAHostIsBeingForgottenNothingIsAcceptedForIt) {
  MustAccept("h1", "a");
  gate_.Hold();
  Reply late;
  absl::Status forgotten = absl::UnknownError("not answered");
  Mutex mutex;
  CondVar changed;
  bool done = false;
  queue().ForgetHost("h1", {}, [&](absl::Status status) {
    MutexLock lock(&mutex);
    forgotten = Unshared(status);
    done = true;
    changed.SignalAll();
  });
  gate_.WaitForHeld(1);
  EXPECT_THAT(Accept(Request("h1", "b")), Fails(StatusCode::kUnavailable, "is being deleted"));
  EXPECT_THAT(Forget("h1"), Fails(StatusCode::kAborted, "already"));
  gate_.Release();
  MutexLock lock(&mutex);
  while (!done) changed.Wait(&mutex);
  EXPECT_TRUE(forgotten.ok()) << forgotten;
}

TEST_P(RetireTest, WhileAHostWithoutIntentsIsBeingForgottenNothingIsAcceptedForIt) {
  queue();
  gate_.Hold();
  std::thread forgetting([&] { EXPECT_TRUE(Forget("h1").ok()); });
  gate_.WaitForHeld(1);
  EXPECT_THAT(Accept(Request("h1", "a")), Fails(StatusCode::kUnavailable, "is being deleted"));
  gate_.Release();
  forgetting.join();
  MustAccept("h1", "a");
  EXPECT_EQ(Rows("i/h1/"), 1u);
}

TEST_P(RetireTest, AHostThatCouldNotBeForgottenIsWhole) {
  const v1::Intent intent = MustAccept("h1", "a");
  gate_.FailWith(absl::UnavailableError("no"));
  EXPECT_THAT(Forget("h1"), Fails(StatusCode::kUnavailable, "no"));
  gate_.FailWith(absl::OkStatus());
  EXPECT_EQ(StateOf(intent), v1::Intent::QUEUED);
  EXPECT_TRUE(Accept(Request("h1", "b")).ok());
}

TEST_P(RetireTest, ForgettingWhatIsNotKnownIsNoError) { EXPECT_TRUE(Forget("h9").ok()); }

}  // namespace
}  // namespace warren::intents
