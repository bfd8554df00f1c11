// Intents in the queue: order, duplicates, cancelling, dropping, stopping, limits, results.

#include <atomic>
#include <chrono>
#include <limits>
#include <thread>
#include <vector>

#include "agent/journal/journal.h"
#include "agent/kernel/boot.h"
#include "tests/agent/executor/executor_test.h"

namespace warren::executor {
namespace {

using ::testing::ElementsAre;
using ::testing::Field;
using ::testing::IsEmpty;
using ::testing::SizeIs;

class QueueTest : public ExecutorTest {
 protected:
  static std::string Create(const std::string& name) { return "create_namespace { namespace: '" + name + "' }"; }
  // The same for those that are to run one after the other: they have something in common.
  static std::string InTurn(const std::string& name) {
    return Create(name) + "\n delete_link { namespace: '@host' name: 'turn' allow_missing: true }";
  }
  static std::vector<int64_t> Sequences(const std::vector<v1::IntentResult>& results) {
    std::vector<int64_t> sequences;
    for (const auto& result : results) sequences.push_back(result.sequence());
    return sequences;
  }
  static std::vector<int64_t> Sequences(const std::vector<Finished>& all) {
    std::vector<int64_t> sequences;
    for (const auto& finished : all) sequences.push_back(finished.result.sequence());
    return sequences;
  }
};

TEST_F(QueueTest, RunsInTheOrderOfTheSequence) {
  recorder_.HoldAt(1);
  executor_->Submit({ParseIntent(1, InTurn("a"))});
  recorder_.WaitStarted(1);
  // Each needs what the one before it made.
  executor_->Submit({ParseIntent(2, "create_bridge { namespace: 'a' name: 'br0' }"),
                     ParseIntent(3, "add_address { namespace: 'a' link: 'br0' address: '10.0.0.1/24' }")});
  executor_->Submit({ParseIntent(4, "delete_namespace { namespace: 'a' }"), ParseIntent(5, InTurn("a"))});
  recorder_.Release();
  for (int64_t sequence = 1; sequence <= 5; ++sequence) recorder_.WaitFinished(sequence);
  EXPECT_THAT(recorder_.started(), ElementsAre(1, 2, 3, 4, 5));
  for (const Finished& finished : recorder_.finished()) {
    EXPECT_EQ(finished.result.state(), v1::Intent::SUCCEEDED) << finished.result.DebugString();
  }
}

TEST_F(QueueTest, ThoseThatHaveNothingInCommonRunSideBySide) {
  options_.workers = 2;
  Reopen();
  recorder_.HoldAt(1);
  executor_->Submit({ParseIntent(1, Create("a"))});
  recorder_.WaitStarted(1);
  executor_->Submit({ParseIntent(2, "delete_namespace { namespace: 'a' }"), ParseIntent(3, Create("b"))});
  EXPECT_EQ(recorder_.WaitFinished(3).result.state(), v1::Intent::SUCCEEDED);
  recorder_.Release();
  EXPECT_EQ(recorder_.WaitFinished(2).result.state(), v1::Intent::SUCCEEDED);
  EXPECT_EQ(Sequences(recorder_.finished()).front(), 3);
}

// The outer end of what is deleted keeps its name until the kernel has freed it.
TEST_F(QueueTest, ANameThatADeletionIsAboutToFreeIsWaitedFor) {
  const auto router = [](const std::string& name) {
    return Create(name) + "\n create_veth { a { namespace: '" + name +
           "' name: 'eth0' } b { namespace: '@host' name: 'v0' } }";
  };
  executor_->Submit({ParseIntent(1, router("a"))});
  recorder_.WaitFinished(1);
  executor_->Submit({ParseIntent(2, "delete_namespace { namespace: 'a' }"), ParseIntent(3, router("b"))});
  for (const int64_t sequence : {2, 3}) {
    const v1::IntentResult result = recorder_.WaitFinished(sequence).result;
    EXPECT_EQ(result.state(), v1::Intent::SUCCEEDED) << result.DebugString();
  }
  EXPECT_EQ(Sh("ip -n b -j link show eth0 | jq -r '.[0].ifname'; ls /run/netns"), "eth0\nb");
}

TEST_F(QueueTest, DuplicatesAreTakenOnce) {
  recorder_.HoldAt(1);
  executor_->Submit({ParseIntent(1, InTurn("a")), ParseIntent(2, InTurn("b")), ParseIntent(2, InTurn("b"))});
  recorder_.WaitStarted(1);
  executor_->Submit({ParseIntent(1, InTurn("a")), ParseIntent(2, InTurn("b")), ParseIntent(3, InTurn("c"))});
  recorder_.Release();
  recorder_.WaitFinished(3);
  EXPECT_THAT(recorder_.started(), ElementsAre(1, 2, 3));
  EXPECT_THAT(Sequences(recorder_.finished()), ElementsAre(1, 2, 3));
}

TEST_F(QueueTest, FinishedOneIsReportedOnceMoreWhenDeliveredOnceMore) {
  executor_->Submit({ParseIntent(1, InTurn("a"))});
  const Finished first = recorder_.WaitFinished(1);
  EXPECT_FALSE(first.again);
  executor_->Submit({ParseIntent(1, InTurn("a"))});
  const Finished second = recorder_.WaitFinished(1, 2);
  EXPECT_TRUE(second.again);
  EXPECT_EQ(second.result.SerializeAsString(), first.result.SerializeAsString());
  EXPECT_THAT(recorder_.started(), ElementsAre(1));
}

TEST_F(QueueTest, ResultsAreKeptUntilTheyAreAcknowledged) {
  executor_->Submit({ParseIntent(1, InTurn("a")), ParseIntent(2, InTurn("a")), ParseIntent(3, InTurn("b"))});
  recorder_.WaitFinished(3);
  const auto kept = executor_->UnacknowledgedResults();
  ASSERT_THAT(Sequences(kept), ElementsAre(1, 2, 3));
  EXPECT_EQ(kept[1].state(), v1::Intent::FAILED);
  EXPECT_EQ(kept[1].error().errno_name(), "EEXIST");
  Reopen();
  EXPECT_THAT(Sequences(executor_->UnacknowledgedResults()), ElementsAre(1, 2, 3)) << "across a restart too";
  executor_->Acknowledge({1, 3});
  EXPECT_THAT(Sequences(executor_->UnacknowledgedResults()), ElementsAre(2));
  Reopen();
  EXPECT_THAT(Sequences(executor_->UnacknowledgedResults()), ElementsAre(2));
  executor_->Acknowledge({2, 4711});
  EXPECT_THAT(executor_->UnacknowledgedResults(), IsEmpty());
  Reopen();
  EXPECT_THAT(executor_->UnacknowledgedResults(), IsEmpty());
}

TEST_F(QueueTest, QueuedOneIsCancelledAndNeverBegins) {
  recorder_.HoldAt(1);
  executor_->Submit({ParseIntent(1, InTurn("a")), ParseIntent(2, InTurn("b")), ParseIntent(3, InTurn("c"))});
  recorder_.WaitStarted(1);
  EXPECT_TRUE(executor_->Cancel(2).cancelled);
  const Finished cancelled = recorder_.WaitFinished(2);
  EXPECT_EQ(cancelled.result.state(), v1::Intent::CANCELLED);
  EXPECT_EQ(cancelled.result.intent_id(), "intent-2");
  EXPECT_FALSE(cancelled.result.has_start_time());
  EXPECT_FALSE(cancelled.result.has_error());
  EXPECT_TRUE(executor_->Cancel(2).cancelled) << "asked twice, answered twice";
  // Delivered once more it is told once more, and still does not begin.
  executor_->Submit({ParseIntent(2, InTurn("b"))});
  EXPECT_EQ(recorder_.WaitFinished(2, 2).result.state(), v1::Intent::CANCELLED);
  recorder_.Release();
  recorder_.WaitFinished(3);
  EXPECT_THAT(recorder_.started(), ElementsAre(1, 3));
  EXPECT_EQ(Sh("ls /run/netns | xargs"), "a c");
  EXPECT_THAT(Sequences(executor_->UnacknowledgedResults()), ElementsAre(1, 2, 3));
}

// Time that the test moves on.
class ExpiryTest : public QueueTest {
 protected:
  using Steady = std::chrono::steady_clock;

  ExpiryTest() {
    options_.clock = [this] { return Steady::time_point(std::chrono::milliseconds(now_)); };
  }
  static v1::IntentDelivery Within(int64_t milliseconds, v1::IntentDelivery intent) {
    intent.mutable_expires_in()->set_seconds(milliseconds / 1000);
    intent.mutable_expires_in()->set_nanos(static_cast<int32_t>(milliseconds % 1000 * 1000000));
    return intent;
  }

  std::atomic<int64_t> now_ = 1000000;
};

TEST_F(ExpiryTest, AnIntentWhoseTurnComesTooLateNeverBegins) {
  recorder_.HoldAt(1);
  executor_->Submit({Within(1, ParseIntent(1, InTurn("a"))), Within(1500, ParseIntent(2, InTurn("b"))),
                     Within(1501, ParseIntent(3, InTurn("c"))), ParseIntent(4, InTurn("d"))});
  recorder_.WaitStarted(1);
  now_ += 1500;
  recorder_.Release();
  for (int64_t sequence = 1; sequence <= 4; ++sequence) recorder_.WaitFinished(sequence);
  EXPECT_THAT(recorder_.started(), ElementsAre(1, 3, 4)) << "one that has begun goes on";
  const v1::IntentResult expired = recorder_.WaitFinished(2).result;
  EXPECT_EQ(expired.state(), v1::Intent::EXPIRED);
  EXPECT_EQ(expired.intent_id(), "intent-2");
  EXPECT_FALSE(expired.has_start_time());
  EXPECT_FALSE(expired.has_error());
  EXPECT_FALSE(expired.boot_id().empty());
  EXPECT_EQ(Sh("ls /run/netns | xargs"), "a c d");
}

TEST_F(ExpiryTest, NoTimeLeftIsTooLate) {
  executor_->Submit({Within(0, ParseIntent(1, InTurn("a"))), Within(-5000, ParseIntent(2, InTurn("b")))});
  EXPECT_EQ(recorder_.WaitFinished(1).result.state(), v1::Intent::EXPIRED);
  EXPECT_EQ(recorder_.WaitFinished(2).result.state(), v1::Intent::EXPIRED);
  EXPECT_EQ(Sh("ls /run/netns"), "");
}

TEST_F(ExpiryTest, MoreTimeThanThereIsIsNoLimit) {
  v1::IntentDelivery intent = ParseIntent(1, InTurn("a"));
  intent.mutable_expires_in()->set_seconds(std::numeric_limits<int64_t>::max());
  executor_->Submit({intent});
  EXPECT_EQ(recorder_.WaitFinished(1).result.state(), v1::Intent::SUCCEEDED);
}

TEST_F(ExpiryTest, TheResultIsToldUntilItIsAcknowledged) {
  const v1::IntentDelivery late = Within(0, ParseIntent(1, InTurn("a")));
  executor_->Submit({late});
  recorder_.WaitFinished(1);
  EXPECT_THAT(Sequences(executor_->UnacknowledgedResults()), ElementsAre(1));
  EXPECT_FALSE(executor_->Cancel(1).cancelled);
  EXPECT_EQ(executor_->Cancel(1).reason, "finished");
  // Delivered once more with time to spare, it does not come to life again.
  executor_->Submit({Within(60000, ParseIntent(1, InTurn("a")))});
  EXPECT_TRUE(recorder_.WaitFinished(1, 2).again);
  EXPECT_EQ(recorder_.WaitFinished(1, 2).result.state(), v1::Intent::EXPIRED);
  executor_->Acknowledge({1});
  EXPECT_THAT(executor_->UnacknowledgedResults(), IsEmpty());
}

TEST_F(ExpiryTest, AfterARestartWhatIsOverOrHadBegunDoesNotExpire) {
  executor_->Submit({ParseIntent(1, InTurn("a"))});
  recorder_.WaitFinished(1);
  executor_.reset();
  // As a kill right after the beginning of 2 leaves it.
  auto boot = kernel::BootId();
  ASSERT_TRUE(boot.ok());
  ASSERT_TRUE((*journal::Journal::Open(options_.state_dir + "/journal.db", *boot))->Begin(2, "").ok());
  Reopen();
  Reopen();  // once more, so that the journal has to remember it without the steps
  executor_->Submit({Within(0, ParseIntent(1, InTurn("a"))), Within(0, ParseIntent(2, InTurn("b"))),
                     Within(0, ParseIntent(3, InTurn("c")))});
  EXPECT_EQ(recorder_.WaitFinished(3).result.state(), v1::Intent::EXPIRED);
  EXPECT_EQ(recorder_.WaitFinished(1, 2).result.state(), v1::Intent::SUCCEEDED);
  EXPECT_EQ(recorder_.WaitFinished(2).result.state(), v1::Intent::SUCCEEDED);
  EXPECT_EQ(Sh("ls /run/netns | xargs"), "a b");
}

TEST_F(QueueTest, TellsHowMuchItHolds) {
  recorder_.HoldAt(1);
  executor_->Submit({ParseIntent(1, InTurn("a")), ParseIntent(2, InTurn("b")), ParseIntent(3, InTurn("c"))});
  recorder_.WaitStarted(1);
  EXPECT_EQ(executor_->stats().queued, 2u);
  EXPECT_EQ(executor_->stats().unacknowledged, 0u);
  EXPECT_GT(executor_->stats().journal_bytes, 0);
  recorder_.Release();
  recorder_.WaitFinished(3);
  EXPECT_EQ(executor_->stats().queued, 0u);
  EXPECT_EQ(executor_->stats().unacknowledged, 3u);
  EXPECT_GE(executor_->stats().journal_rows, 6) << "three results, three namespaces of its own";
  EXPECT_TRUE(executor_->Health().ok());
}

TEST_F(QueueTest, CancellingSaysWhyNot) {
  recorder_.HoldAt(1);
  executor_->Submit({ParseIntent(1, Create("a"))});
  recorder_.WaitStarted(1);
  const auto running = executor_->Cancel(1);
  EXPECT_FALSE(running.cancelled);
  EXPECT_EQ(running.reason, "running");
  recorder_.Release();
  EXPECT_EQ(recorder_.WaitFinished(1).result.state(), v1::Intent::SUCCEEDED);
  const auto finished = executor_->Cancel(1);
  EXPECT_FALSE(finished.cancelled);
  EXPECT_EQ(finished.reason, "finished");
  const auto unknown = executor_->Cancel(2);
  EXPECT_FALSE(unknown.cancelled);
  EXPECT_EQ(unknown.reason, "unknown");
}

TEST_F(QueueTest, WhatIsDroppedComesAgain) {
  recorder_.HoldAt(1);
  executor_->Submit({ParseIntent(1, InTurn("a")), ParseIntent(2, InTurn("b")), ParseIntent(3, InTurn("c"))});
  recorder_.WaitStarted(1);
  executor_->DropQueued();
  EXPECT_EQ(executor_->Cancel(2).reason, "unknown");
  recorder_.Release();
  recorder_.WaitFinished(1);
  executor_->Submit({ParseIntent(1, InTurn("a")), ParseIntent(2, InTurn("b"))});
  EXPECT_EQ(recorder_.WaitFinished(2).result.state(), v1::Intent::SUCCEEDED);
  EXPECT_THAT(recorder_.started(), ElementsAre(1, 2));
  EXPECT_EQ(Sh("ls /run/netns | xargs"), "a b");
}

TEST_F(QueueTest, StopFinishesTheOneThatIsRunning) {
  recorder_.HoldAt(1);
  executor_->Submit({ParseIntent(1, InTurn("a")), ParseIntent(2, InTurn("b"))});
  recorder_.WaitStarted(1);
  std::jthread stopping([&] { executor_->Stop(); });
  // Once Stop has begun, what is submitted is not taken.
  int64_t probe = 100;
  EXPECT_TRUE(Eventually([&] {
    executor_->Submit({ParseIntent(++probe, InTurn("c"))});
    return executor_->Cancel(probe).reason == "unknown";
  }));
  recorder_.Release();
  stopping.join();
  EXPECT_EQ(recorder_.WaitFinished(1).result.state(), v1::Intent::SUCCEEDED);
  executor_->Submit({ParseIntent(3, InTurn("c"))});
  executor_->Stop();
  Reopen();
  EXPECT_THAT(Sequences(executor_->UnacknowledgedResults()), ElementsAre(1));
  EXPECT_EQ(Sh("ls /run/netns"), "a");
}

TEST_F(QueueTest, HoldsNoMoreThanItMay) {
  options_.max_queued = 2;
  Reopen();
  recorder_.HoldAt(1);
  executor_->Submit({ParseIntent(1, InTurn("a"))});
  recorder_.WaitStarted(1);
  executor_->Submit({ParseIntent(2, InTurn("b")), ParseIntent(3, InTurn("c")), ParseIntent(4, InTurn("d"))});
  EXPECT_EQ(executor_->Cancel(4).reason, "unknown");
  recorder_.Release();
  recorder_.WaitFinished(3);
  executor_->Submit({ParseIntent(4, InTurn("d"))});
  recorder_.WaitFinished(4);
  EXPECT_THAT(recorder_.started(), ElementsAre(1, 2, 3, 4));
}

TEST_F(QueueTest, TellsEachOperationWithTheKernelsErrno) {
  executor_->Submit({ParseIntent(1, Create("a") + "\n" + Create("b") + "\n" + Create("a") + "\n" + Create("c"))});
  recorder_.WaitFinished(1);
  const auto operations = recorder_.operations();
  ASSERT_THAT(operations, SizeIs(3));
  EXPECT_THAT(operations,
              ElementsAre(Field(&Recorder::Operation::errno_name, ""), Field(&Recorder::Operation::errno_name, ""),
                          Field(&Recorder::Operation::errno_name, "EEXIST")));
  for (const auto& operation : operations) EXPECT_EQ(operation.kind, "create_namespace");
}

TEST_F(QueueTest, OperationItDoesNotKnowFailsTheIntent) {
  v1::IntentDelivery intent = ParseIntent(1, Create("a"));
  intent.add_operations();
  executor_->Submit({intent});
  const auto result = recorder_.WaitFinished(1).result;
  EXPECT_EQ(result.state(), v1::Intent::FAILED);
  EXPECT_EQ(result.error().operation_index(), 1);
  EXPECT_EQ(result.error().code(), 12);
  EXPECT_EQ(Sh("ls /run/netns"), "");
}

TEST_F(QueueTest, StopDoesNotWaitForAKernelThatDoesNotLetGoAndTheNextStartGoesOn) {
  options_.release_timeout = absl::Hours(1);
  Reopen();
  Succeed(Create("red"));
  Sh("mkdir -p /run/kept && touch /run/kept/red && mount --bind /run/netns/red /run/kept/red");
  const int64_t sequence = Submit("delete_namespace { namespace: 'red' }");
  EXPECT_TRUE(Eventually([] { return Sh("ls /run/netns").empty(); }));
  executor_->Stop();
  for (const auto& result : executor_->UnacknowledgedResults()) EXPECT_NE(result.sequence(), sequence);
  Sh("umount /run/kept/red && rm -r /run/kept");
  Reopen();
  const auto kept = executor_->UnacknowledgedResults();
  ASSERT_FALSE(kept.empty());
  EXPECT_EQ(kept.back().sequence(), sequence);
  EXPECT_EQ(kept.back().state(), v1::Intent::SUCCEEDED);
  EXPECT_FALSE(kept.back().has_release_pending()) << kept.back().DebugString();
}

TEST_F(QueueTest, SecondExecutorOverTheSameStateIsRefused) {
  Recorder other;
  auto second = Executor::Open(options_, other);
  EXPECT_EQ(second.status().code(), absl::StatusCode::kFailedPrecondition) << second.status().ToString();
}

TEST_F(QueueTest, MayBeCalledFromManyThreads) {
  constexpr int kThreads = 4, kEach = 10;
  {
    std::vector<std::jthread> threads;
    for (int t = 0; t < kThreads; ++t) {
      threads.emplace_back([&, t] {
        for (int i = 0; i < kEach; ++i) {
          const int64_t sequence = t * kEach + i + 1;
          executor_->Submit({ParseIntent(sequence, InTurn("n" + std::to_string(sequence)))});
          executor_->Cancel(sequence);
          (void)executor_->UnacknowledgedResults();
          (void)executor_->OwnsNetns(4711);
          executor_->SetServerAddress(*kernel::ParseIp("192.0.2.1"));
        }
      });
    }
  }
  int made = 0;
  for (int64_t sequence = 1; sequence <= kThreads * kEach; ++sequence) {
    const auto result = recorder_.WaitFinished(sequence).result;
    EXPECT_TRUE(result.state() == v1::Intent::SUCCEEDED || result.state() == v1::Intent::CANCELLED);
    made += result.state() == v1::Intent::SUCCEEDED;
  }
  EXPECT_EQ(Sh("ls /run/netns | wc -l"), std::to_string(made));
}

}  // namespace
}  // namespace warren::executor
