#include "agent/session/refusing_executor.h"

#include <gtest/gtest.h>

namespace warren::session {
namespace {

struct Heard : executor::Listener {
  void OnStarted(int64_t) override {}
  void OnFinished(executor::Finished one) override { finished.push_back(std::move(one)); }
  void OnOperation(const std::string&, absl::Duration, const std::string&) override {}
  std::vector<executor::Finished> finished;
};

v1::IntentDelivery Delivery(int64_t sequence) {
  v1::IntentDelivery delivery;
  delivery.set_sequence(sequence);
  delivery.set_intent_id("id");
  return delivery;
}

TEST(RefusingExecutor, FailsEveryIntentWithTheReasonAndKeepsTheResultUntilAcknowledged) {
  Heard heard;
  RefusingExecutor executor("host h1: kernel has no network namespace support (CONFIG_NET_NS)", "boot", heard);
  executor.Submit({Delivery(3), Delivery(4)});
  ASSERT_EQ(heard.finished.size(), 2u);
  const v1::IntentResult& result = heard.finished[0].result;
  EXPECT_EQ(result.sequence(), 3);
  EXPECT_EQ(result.intent_id(), "id");
  EXPECT_EQ(result.state(), v1::Intent::FAILED);
  EXPECT_EQ(result.error().operation_index(), -1);
  EXPECT_EQ(result.error().code(), 9);  // FAILED_PRECONDITION
  EXPECT_EQ(result.error().message(), "host h1: kernel has no network namespace support (CONFIG_NET_NS)");
  EXPECT_EQ(result.boot_id(), "boot");
  EXPECT_FALSE(heard.finished[0].again);

  executor.Submit({Delivery(3)});
  EXPECT_TRUE(heard.finished[2].again);
  EXPECT_EQ(executor.UnacknowledgedResults().size(), 2u);
  executor.Acknowledge({3});
  ASSERT_EQ(executor.UnacknowledgedResults().size(), 1u);
  EXPECT_EQ(executor.UnacknowledgedResults()[0].sequence(), 4);
  EXPECT_EQ(executor.Cancel(4).reason, "finished");
  EXPECT_EQ(executor.Cancel(5).reason, "unknown");
}

TEST(RefusingExecutor, AnIntentThatComesTooLateExpires) {
  Heard heard;
  RefusingExecutor executor("no", "boot", heard);
  v1::IntentDelivery late = Delivery(3), later = Delivery(4), timely = Delivery(5);
  late.mutable_expires_in();
  later.mutable_expires_in()->set_seconds(-1);
  timely.mutable_expires_in()->set_nanos(1);
  executor.Submit({late, later, timely});
  ASSERT_EQ(heard.finished.size(), 3u);
  EXPECT_EQ(heard.finished[0].result.state(), v1::Intent::EXPIRED);
  EXPECT_FALSE(heard.finished[0].result.has_error());
  EXPECT_FALSE(heard.finished[0].result.has_start_time());
  EXPECT_EQ(heard.finished[1].result.state(), v1::Intent::EXPIRED);
  EXPECT_EQ(heard.finished[2].result.state(), v1::Intent::FAILED);
  EXPECT_EQ(executor.stats().unacknowledged, 3u);
}

}  // namespace
}  // namespace warren::session
