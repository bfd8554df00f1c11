#include "agent/session/reporter.h"

#include <gtest/gtest.h>

#include <atomic>
#include <thread>

#include "tests/agent/session/outbox_reader.h"
#include "tests/fakes/fake_executor.h"
#include "tests/fakes/fake_inventory.h"
#include "tests/fakes/recording_observer.h"

namespace warren::session {
namespace {

class ReporterTest : public ::testing::Test {
 protected:
  ReporterTest() {
    host_.Set("@host", 1);
    EXPECT_TRUE(reporter_.Start(executor_, [this] { return std::make_unique<inventory::FakeInventory>(host_); }).ok());
  }
  ~ReporterTest() override {
    host_.Release();
    reporter_.Stop();
  }

  RecordingObserver observer_;
  inventory::FakeHost host_;
  OutboxReader stream_;
  Reporter reporter_{observer_};
  executor::FakeExecutor executor_{reporter_};
};

TEST_F(ReporterTest, ASessionBeginsWithTheWholeInventoryAndThenWhatNoServerAcknowledged) {
  host_.Set("red", 7);
  executor_.Finish(4, {"red"});
  executor_.Finish(3, {"red"}, "no");
  reporter_.BeginSession(stream_.outbox());
  EXPECT_EQ(stream_.Until("4"), "begin +@host=1 | +red=7 | end | FAILED 3 SUCCEEDED 4");
}

TEST_F(ReporterTest, AResultComesWithTheInventoryItLeft) {
  reporter_.BeginSession(stream_.outbox());
  stream_.Until("end");
  host_.Set("red", 1);
  executor_.Finish(1, {"red", "@host"});
  EXPECT_EQ(stream_.Until("SUCCEEDED 1"), "+red=1 SUCCEEDED 1");
  host_.Erase("red");
  executor_.Finish(2, {"red"});
  EXPECT_EQ(stream_.Until("SUCCEEDED 2"), "-red SUCCEEDED 2");
  executor_.Finish(3, {"red"});
  EXPECT_EQ(stream_.Until("SUCCEEDED 3"), "SUCCEEDED 3") << "nothing has changed";
}

TEST_F(ReporterTest, AResultThatComesDuringTheWholePassIsToldAfterItWithWhatItChanged) {
  host_.HoldWholePass();
  reporter_.BeginSession(stream_.outbox());
  host_.WaitUntilHeld();
  host_.Set("red", 1);
  executor_.Finish(1, {"red"});
  host_.Release();
  EXPECT_EQ(stream_.Until("SUCCEEDED 1"), "begin +@host=1 | end | +red=1 SUCCEEDED 1");
}

TEST_F(ReporterTest, AnOldResultDeliveredAgainDuringTheWholePassIsToldOnce) {
  executor_.Finish(1, {"red"});
  host_.HoldWholePass();
  reporter_.BeginSession(stream_.outbox());
  host_.WaitUntilHeld();
  v1::IntentDelivery again;
  again.set_sequence(1);
  executor_.Submit({again});
  host_.Release();
  executor_.Finish(2, {});
  EXPECT_EQ(stream_.Until("SUCCEEDED 2"), "begin +@host=1 | end | SUCCEEDED 1 | SUCCEEDED 2");
}

TEST_F(ReporterTest, AResultDeliveredAgainLaterIsToldAgain) {
  reporter_.BeginSession(stream_.outbox());
  executor_.Finish(1, {});
  stream_.Until("SUCCEEDED 1");
  v1::IntentDelivery again;
  again.set_sequence(1);
  executor_.Submit({again});
  EXPECT_EQ(stream_.Until("SUCCEEDED 1"), "SUCCEEDED 1");
  EXPECT_EQ(observer_.Count("intent SUCCEEDED"), 1) << "but counted once";
}

TEST_F(ReporterTest, AnotherSessionIsToldEverythingAnew) {
  host_.Set("red", 1);
  reporter_.BeginSession(stream_.outbox());
  executor_.Finish(1, {"red"});
  stream_.Until("SUCCEEDED 1");
  stream_.outbox()->Close();
  reporter_.EndSession();
  executor_.Finish(2, {"red"});
  executor_.Acknowledge({1});
  OutboxReader next;
  reporter_.BeginSession(next.outbox());
  EXPECT_EQ(next.Until("SUCCEEDED"), "begin +@host=1 | +red=1 | end | SUCCEEDED 2");
}

TEST_F(ReporterTest, OnceIdleWhatOthersChangedIsToldWithoutBeingAskedFor) {
  host_.Set("red", 1);
  reporter_.BeginSession(stream_.outbox());
  stream_.Until("end");
  host_.Set("red", 2);
  host_.Set("foreign", 3);
  executor_.Finish(1, {});
  EXPECT_EQ(stream_.Until("+red=2"), "SUCCEEDED 1 | +foreign=3 | +red=2");
}

TEST_F(ReporterTest, APassOverTheRestIsBrokenOffForAResult) {
  reporter_.BeginSession(stream_.outbox());
  stream_.Until("end");
  host_.MakePassesEndless();
  executor_.Finish(1, {});
  stream_.Until("SUCCEEDED 1");
  host_.WaitForPasses(1);
  host_.Set("red", 1);
  executor_.Finish(2, {"red"});
  EXPECT_EQ(stream_.Until("SUCCEEDED 2"), "+red=1 SUCCEEDED 2");
}

TEST_F(ReporterTest, APassOverTheRestGoesOnAfterAnIntent) {
  reporter_.BeginSession(stream_.outbox());
  stream_.Until("end");
  executor_.Begin(1);
  executor_.Finish(2, {});
  executor_.Finish(1, {});
  host_.WaitForPasses(1);
}

TEST_F(ReporterTest, ALongIntentIsSaidToHaveBegunOnceAndAgainToTheNextSession) {
  reporter_.BeginSession(stream_.outbox());
  stream_.Until("end");
  executor_.Begin(7);
  EXPECT_EQ(stream_.Until("started 7"), "started 7");
  executor_.Finish(8, {});
  EXPECT_EQ(stream_.Until("SUCCEEDED 8"), "SUCCEEDED 8");
  stream_.outbox()->Close();
  reporter_.EndSession();
  executor_.Acknowledge({8});
  OutboxReader next;
  reporter_.BeginSession(next.outbox());
  EXPECT_EQ(next.Until("started 7"), "begin +@host=1 | end | started 7");
}

TEST_F(ReporterTest, ResultsTooLargeForOneMessageAreSplit) {
  for (int i = 1; i <= 5; ++i) executor_.Finish(i, {}, std::string(400000, 'x'));
  reporter_.BeginSession(stream_.outbox());
  EXPECT_EQ(stream_.Until("FAILED 5"), "begin +@host=1 | end | FAILED 1 FAILED 2 | FAILED 3 FAILED 4 | FAILED 5");
}

TEST_F(ReporterTest, NoResultGoesOutWhileItIsHeld) {
  reporter_.BeginSession(stream_.outbox());
  stream_.Until("end");
  {
    Reporter::Hold hold(reporter_);
    executor_.Finish(1, {});
    v1::AgentMessage answer;
    answer.mutable_cancel_answer()->set_sequence(1);
    stream_.outbox()->Put(std::move(answer));
  }
  EXPECT_EQ(stream_.Until("SUCCEEDED 1"), "cancel_answer { sequence: 1 } | SUCCEEDED 1");
}

TEST_F(ReporterTest, WhatASlowServerHasNotTakenHoldsTheInventoryBack) {
  v1::AgentMessage large;
  large.mutable_cancel_answer()->set_reason(std::string(Outbox::kRoom, 'x'));
  stream_.outbox()->Put(std::move(large));
  reporter_.BeginSession(stream_.outbox());
  // The inventory is begun only with this message out of the way, and a session that ends instead is left behind.
  EXPECT_EQ(stream_.outbox()->size(), 1u);
  stream_.Next();
  EXPECT_EQ(stream_.Until("end"), "begin +@host=1 | end");

  OutboxReader slow;
  large.mutable_cancel_answer()->set_reason(std::string(Outbox::kRoom, 'x'));
  slow.outbox()->Put(std::move(large));
  reporter_.BeginSession(slow.outbox());
  slow.outbox()->Close();
  reporter_.EndSession();
  OutboxReader next;
  reporter_.BeginSession(next.outbox());
  EXPECT_EQ(next.Until("end"), "begin +@host=1 | end");
}

TEST_F(ReporterTest, DrainingReturnsWhenTheLastResultIsOnItsWay) {
  reporter_.Drain(absl::InfiniteDuration());  // without a session there is nobody to tell
  reporter_.BeginSession(stream_.outbox());
  std::string told;
  std::jthread reader([&] { told = stream_.Until("SUCCEEDED 1"); });
  executor_.Finish(1, {});
  reporter_.Drain(absl::InfiniteDuration());
  reader.join();
  EXPECT_NE(told.find("SUCCEEDED 1"), std::string::npos);
  executor_.Finish(2, {});
  reporter_.Drain(absl::ZeroDuration());  // nobody reads
}

TEST_F(ReporterTest, CountsWhatTheExecutorTells) {
  executor_.Finish(1, {});
  executor_.Finish(2, {}, "no");
  reporter_.OnOperation("create_veth", absl::Milliseconds(1), "EEXIST");
  EXPECT_EQ(observer_.Count("intent SUCCEEDED"), 1);
  EXPECT_EQ(observer_.Count("intent FAILED"), 1);
  EXPECT_EQ(observer_.Count("operation create_veth EEXIST"), 1);
  reporter_.BeginSession(stream_.outbox());
  observer_.WaitFor("inventory", 1);
}

// With an inventory that hears of changes.
class HearingReporterTest : public ReporterTest {
 protected:
  HearingReporterTest() {
    reporter_.Stop();
    host_.MakeHeard();
    EXPECT_TRUE(
        hearing_.Start(hearing_executor_, [this] { return std::make_unique<inventory::FakeInventory>(host_); }).ok());
    hearing_.BeginSession(stream_.outbox());
    stream_.Until("end");
  }
  ~HearingReporterTest() override { hearing_.Stop(); }

  Reporter hearing_{observer_};
  executor::FakeExecutor hearing_executor_{hearing_};
};

TEST_F(HearingReporterTest, WhatOthersChangeIsToldWithoutAnyIntent) {
  host_.Change("red", 1);
  EXPECT_EQ(stream_.Until("+red=1"), "+red=1");
  host_.Change("red", 2);
  EXPECT_EQ(stream_.Until("+red=2"), "+red=2");
}

TEST_F(HearingReporterTest, WhatOthersChangeIsToldWhileAnIntentRuns) {
  hearing_executor_.Begin(1);
  host_.Change("red", 1);
  stream_.Until("+red=1");
  hearing_executor_.Finish(1, {});
  EXPECT_EQ(stream_.Until("SUCCEEDED 1"), "SUCCEEDED 1");
}

TEST_F(HearingReporterTest, AResultBringsNoPassOverWhatWasNotHeardOf) {
  host_.Set("unheard", 1);
  host_.Set("red", 1);
  hearing_executor_.Finish(1, {"red"});
  EXPECT_EQ(stream_.Until("SUCCEEDED 1"), "+red=1 SUCCEEDED 1");
  host_.Change("blue", 1);
  EXPECT_EQ(stream_.Until("+unheard=1"), "+blue=1 | +unheard=1") << "told only once something is heard";
}

TEST_F(HearingReporterTest, WhatIsHeardWhileAResultIsReportedIsToldAfterIt) {
  {
    // The refresh takes the event off the descriptor: what remains is known to the inventory only.
    Reporter::Hold hold(hearing_);
    host_.Set("red", 1);
    host_.Change("blue", 2);
    hearing_executor_.Finish(1, {"red"});
  }
  EXPECT_EQ(stream_.Until("+blue=2"), "+red=1 SUCCEEDED 1 | +blue=2");
}

TEST_F(HearingReporterTest, ManyIntentsAtOnceAreHurriedForAndAfterThemEverythingIsLookedAt) {
  for (int64_t sequence = 1; sequence <= 8; ++sequence) hearing_executor_.Begin(sequence);
  host_.WaitUntilHurrying(true);
  host_.Set("unheard", 1);
  for (int64_t sequence = 1; sequence <= 8; ++sequence) hearing_executor_.Finish(sequence, {});
  host_.WaitUntilHurrying(false);
  stream_.Until("+unheard=1");
}

TEST_F(HearingReporterTest, WhatOthersChangeIsToldWhileManyIntentsRunAndNoneEnds) {
  for (int64_t sequence = 1; sequence <= 8; ++sequence) hearing_executor_.Begin(sequence);
  host_.WaitUntilHurrying(true);
  host_.ChangeElsewhere("red", 1);
  stream_.Until("+red=1");
  host_.ChangeElsewhere("red", 2);
  stream_.Until("+red=2");
  for (int64_t sequence = 1; sequence <= 8; ++sequence) hearing_executor_.Finish(sequence, {});
}

TEST_F(HearingReporterTest, WhatOthersChangeIsToldWhileResultsComeAllTheTime) {
  for (int64_t sequence = 1; sequence <= 8; ++sequence) hearing_executor_.Begin(sequence);
  host_.WaitUntilHurrying(true);
  std::atomic<bool> told = false;
  std::jthread results([&] {
    for (int64_t sequence = 100; !told; ++sequence) hearing_executor_.Finish(sequence, {"own"});
  });
  host_.ChangeElsewhere("red", 1);
  stream_.Until("+red=1");
  told = true;
}

TEST_F(HearingReporterTest, WhatWasNotHeardIsFoundInTheEndAndCounted) {
  host_.ChangeUnheard("red", 1);
  stream_.Until("+red=1");
  observer_.WaitFor("unheard 1", 1);
}

TEST(ReporterStart, ReturnsWhyThereIsNoInventory) {
  RecordingObserver observer;
  Reporter reporter(observer);
  executor::FakeExecutor executor(reporter);
  const absl::Status status =
      reporter.Start(executor, [] { return absl::PermissionDeniedError("no namespaces for you"); });
  EXPECT_EQ(status, absl::PermissionDeniedError("no namespaces for you"));
  reporter.Stop();
}

}  // namespace
}  // namespace warren::session
