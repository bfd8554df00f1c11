#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <prometheus/text_serializer.h>

#include <map>
#include <sstream>
#include <string>

#include "server/metrics/exec_metrics.h"
#include "server/metrics/http_metrics.h"
#include "server/metrics/room_metrics.h"

namespace warren::metrics {
namespace {

using ::testing::HasSubstr;

std::string Text(const prometheus::Registry& registry) {
  std::ostringstream text;
  prometheus::TextSerializer().Serialize(text, registry.Collect());
  return text.str();
}

TEST(RoomMetricsTest, TransitionsAreCountedByTheStateReached) {
  prometheus::Registry registry;
  QueueMetrics metrics(registry);
  EXPECT_THAT(Text(registry), HasSubstr("warren_intents_total{state=\"FAILED\"} 0\n")) << "there from the beginning";
  const v1::Intent intent;
  const auto transition = [&](v1::Intent::State from, v1::Intent::State to, double seconds) {
    metrics.OnTransition({from, to, absl::Seconds(seconds), intent});
  };
  transition(v1::Intent::STATE_UNSPECIFIED, v1::Intent::QUEUED, 0);
  transition(v1::Intent::STATE_UNSPECIFIED, v1::Intent::QUEUED, 0);
  transition(v1::Intent::QUEUED, v1::Intent::RUNNING, 0.5);
  transition(v1::Intent::RUNNING, v1::Intent::SUCCEEDED, 2);
  transition(v1::Intent::QUEUED, v1::Intent::CANCELLED, 1);
  metrics.OnQueueDepth(7);
  const std::string text = Text(registry);
  EXPECT_THAT(text, HasSubstr("warren_intents_total{state=\"QUEUED\"} 2\n"));
  EXPECT_THAT(text, HasSubstr("warren_intents_total{state=\"RUNNING\"} 1\n"));
  EXPECT_THAT(text, HasSubstr("warren_intents_total{state=\"SUCCEEDED\"} 1\n"));
  EXPECT_THAT(text, HasSubstr("warren_intents_total{state=\"CANCELLED\"} 1\n"));
  EXPECT_THAT(text, HasSubstr("warren_intent_queue_depth 7\n"));
  EXPECT_THAT(text, HasSubstr("warren_intent_queue_seconds_sum{until=\"started\"} 0.5\n"));
  EXPECT_THAT(text, HasSubstr("warren_intent_queue_seconds_count{until=\"finished\"} 2\n"));
  EXPECT_THAT(text, HasSubstr("warren_intent_queue_seconds_sum{until=\"finished\"} 3\n"));
}

TEST(RoomMetricsTest, SessionsComeAndGo) {
  prometheus::Registry registry;
  HostMetrics metrics(registry);
  for (const int change : {1, 1, -1}) metrics.OnConnected(change);
  metrics.OnSession();
  metrics.OnReboot();
  const std::string text = Text(registry);
  EXPECT_THAT(text, HasSubstr("warren_connected_agents 1\n"));
  EXPECT_THAT(text, HasSubstr("warren_agent_sessions_total 1\n"));
  EXPECT_THAT(text, HasSubstr("warren_host_reboots_total 1\n"));
}

TEST(RoomMetricsTest, CommitsAreTimedAndTheirFailuresCounted) {
  prometheus::Registry registry;
  StoreMetrics metrics(registry);
  store::KvObserver::Batch batch;
  batch.transactions = 12;
  batch.seconds = 0.25;
  metrics.OnBatch(batch);
  batch.status = absl::ResourceExhaustedError("disk full");
  metrics.OnBatch(batch);
  const std::string text = Text(registry);
  EXPECT_THAT(text, HasSubstr("warren_store_commit_seconds_sum 0.5\n"));
  EXPECT_THAT(text, HasSubstr("warren_store_commit_batch_size_sum 24\n"));
  EXPECT_THAT(text, HasSubstr("warren_store_commit_failures_total 1\n"));
}

TEST(RoomMetricsTest, HttpAnswersAreCountedByStatus) {
  prometheus::Registry registry;
  HttpMetrics metrics(registry);
  metrics.OnConnections(1);
  for (const int status : {200, 404, 200, 99'999}) metrics.OnAnswer(status);
  metrics.OnInFlight(2);
  metrics.OnInFlight(-1);
  metrics.OnSlowReader();
  const std::string text = Text(registry);
  EXPECT_THAT(text, HasSubstr("warren_http_requests_total{code=\"200\"} 2\n"));
  EXPECT_THAT(text, HasSubstr("warren_http_requests_total{code=\"404\"} 1\n"));
  EXPECT_THAT(text, HasSubstr("warren_http_connections 1\n"));
  EXPECT_THAT(text, HasSubstr("warren_http_in_flight 1\n"));
  EXPECT_THAT(text, HasSubstr("warren_http_slow_readers_total 1\n"));
}

TEST(RoomMetricsTest, CommandsAreCountedByHowTheyEnded) {
  prometheus::Registry registry;
  ExecMetrics metrics(registry);
  for (const int change : {1, 1, -1}) metrics.OnSessions(change);
  using absl::StatusCode;
  for (const StatusCode how :
       {StatusCode::kOk, StatusCode::kNotFound, StatusCode::kPermissionDenied, StatusCode::kCancelled,
        StatusCode::kAborted, StatusCode::kDeadlineExceeded, StatusCode::kUnavailable}) {
    metrics.OnEnded(how);
  }
  metrics.OnIn(3);
  metrics.OnOut(5);
  const std::string text = Text(registry);
  EXPECT_THAT(text, HasSubstr("warren_exec_sessions 1\n"));
  for (const auto& [result, count] :
       std::map<std::string, int>{{"ok", 1}, {"refused", 2}, {"cancelled", 1}, {"ended", 2}, {"unavailable", 1}}) {
    EXPECT_THAT(text, HasSubstr("warren_exec_sessions_total{result=\"" + result + "\"} " + std::to_string(count)));
  }
  EXPECT_THAT(text, HasSubstr("warren_exec_bytes_total{direction=\"in\"} 3\n"));
  EXPECT_THAT(text, HasSubstr("warren_exec_bytes_total{direction=\"out\"} 5\n"));
}

}  // namespace
}  // namespace warren::metrics
