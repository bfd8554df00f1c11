#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <netdb.h>
#include <prometheus/text_serializer.h>
#include <sys/socket.h>

#include <atomic>
#include <memory>
#include <sstream>
#include <string>

#include "proto/common/unique_fd.h"
#include "server/metrics/pages.h"
#include "server/metrics/room_metrics.h"

namespace warren::metrics {
namespace {

using ::testing::HasSubstr;
using ::testing::Not;
using ::testing::StartsWith;

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

class PagesTest : public ::testing::Test {
 protected:
  void SetUp() override {
    auto pages = Pages::Serve(*ParseListenAddress("127.0.0.1:0"), registry_, [this] {
      return ready_ ? absl::OkStatus() : absl::UnavailableError("the disk is full");
    });
    ASSERT_TRUE(pages.ok()) << pages.status();
    pages_ = *std::move(pages);
  }

  // The whole answer to a request.
  std::string Ask(const std::string& method, const std::string& path) {
    const auto address = ParseListenAddress(pages_->address());
    addrinfo hints{};
    hints.ai_socktype = SOCK_STREAM;
    addrinfo* found = nullptr;
    EXPECT_EQ(getaddrinfo(address->host.c_str(), std::to_string(address->port).c_str(), &hints, &found), 0);
    const std::unique_ptr<addrinfo, void (*)(addrinfo*)> owner(found, freeaddrinfo);
    const UniqueFd fd(socket(found->ai_family, SOCK_STREAM | SOCK_CLOEXEC, 0));
    EXPECT_EQ(connect(fd.get(), found->ai_addr, found->ai_addrlen), 0);
    const std::string request = method + " " + path + " HTTP/1.0\r\n\r\n";
    EXPECT_EQ(send(fd.get(), request.data(), request.size(), MSG_NOSIGNAL), static_cast<ssize_t>(request.size()));
    std::string answer;
    char buffer[4096];
    for (ssize_t got; (got = recv(fd.get(), buffer, sizeof buffer, 0)) > 0;) answer.append(buffer, got);
    return answer;
  }

  std::atomic<bool> ready_ = true;
  prometheus::Registry registry_;
  std::unique_ptr<Pages> pages_;
};

TEST_F(PagesTest, HealthIsWellAndReadinessSaysWhyNot) {
  EXPECT_THAT(Ask("GET", "/healthz"), StartsWith("HTTP/1.0 200"));
  EXPECT_THAT(Ask("GET", "/readyz"), StartsWith("HTTP/1.0 200"));
  ready_ = false;
  EXPECT_THAT(Ask("GET", "/healthz"), StartsWith("HTTP/1.0 200"));
  const std::string answer = Ask("GET", "/readyz");
  EXPECT_THAT(answer, StartsWith("HTTP/1.0 503"));
  EXPECT_THAT(answer, HasSubstr("the disk is full"));
}

TEST_F(PagesTest, MetricsAreServedInPrometheusText) {
  HostMetrics metrics(registry_);
  const std::string answer = Ask("GET", "/metrics");
  EXPECT_THAT(answer, StartsWith("HTTP/1.0 200"));
  EXPECT_THAT(answer, HasSubstr("text/plain; version=0.0.4"));
  EXPECT_THAT(answer, HasSubstr("# TYPE warren_connected_agents gauge\n"));
  EXPECT_THAT(Ask("HEAD", "/metrics"), Not(HasSubstr("# TYPE")));
}

TEST_F(PagesTest, NothingElseIsServed) {
  for (const char* path : {"/", "/etc/passwd", "/healthz/x", "/metricsx"}) {
    EXPECT_THAT(Ask("GET", path), StartsWith("HTTP/1.0 404")) << path;
  }
}

TEST_F(PagesTest, APortThatIsTakenIsRefused) {
  const auto second = Pages::Serve(*ParseListenAddress(pages_->address()), registry_, [] { return absl::OkStatus(); });
  EXPECT_EQ(second.status().code(), absl::StatusCode::kUnavailable);
}

}  // namespace
}  // namespace warren::metrics
