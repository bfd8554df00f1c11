#include "proto/common/pages.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <netdb.h>
#include <prometheus/counter.h>
#include <sys/socket.h>

#include <atomic>
#include <memory>
#include <string>

#include "proto/common/metrics.h"
#include "proto/common/unique_fd.h"

namespace warren {
namespace {

using ::testing::HasSubstr;
using ::testing::MatchesRegex;
using ::testing::Not;
using ::testing::StartsWith;

class PagesTest : public ::testing::Test {
 protected:
  void SetUp() override {
    auto pages = Pages::Serve(*ParseListenAddress("127.0.0.1:0"), metrics_, [this] {
      return ready_ ? absl::OkStatus() : absl::UnavailableError("the disk is full");
    });
    ASSERT_TRUE(pages.ok()) << pages.status();
    pages_ = *std::move(pages);
  }

  // A connection to the pages.
  UniqueFd Connect() {
    const auto address = ParseListenAddress(pages_->address());
    addrinfo hints{};
    hints.ai_socktype = SOCK_STREAM;
    addrinfo* found = nullptr;
    EXPECT_EQ(getaddrinfo(address->host.c_str(), std::to_string(address->port).c_str(), &hints, &found), 0);
    const std::unique_ptr<addrinfo, void (*)(addrinfo*)> owner(found, freeaddrinfo);
    UniqueFd fd(socket(found->ai_family, SOCK_STREAM | SOCK_CLOEXEC, 0));
    EXPECT_EQ(connect(fd.get(), found->ai_addr, found->ai_addrlen), 0);
    return fd;
  }
  // The whole answer to a request.
  std::string Ask(const std::string& method, const std::string& path) {
    const UniqueFd fd = Connect();
    const std::string request = method + " " + path + " HTTP/1.0\r\n\r\n";
    EXPECT_EQ(send(fd.get(), request.data(), request.size(), MSG_NOSIGNAL), static_cast<ssize_t>(request.size()));
    std::string answer;
    char buffer[4096];
    for (ssize_t got; (got = recv(fd.get(), buffer, sizeof buffer, 0)) > 0;) answer.append(buffer, got);
    return answer;
  }

  std::atomic<bool> ready_ = true;
  Metrics metrics_;
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
  prometheus::BuildCounter()
      .Name("warren_things_total")
      .Help("Things counted")
      .Register(metrics_.registry())
      .Add({{"kind", "good"}})
      .Increment(3);
  const std::string answer = Ask("GET", "/metrics");
  EXPECT_THAT(answer, StartsWith("HTTP/1.0 200"));
  EXPECT_THAT(answer, HasSubstr("text/plain; version=0.0.4"));
  EXPECT_THAT(answer, HasSubstr("# HELP warren_things_total Things counted\n"));
  EXPECT_THAT(answer, HasSubstr("# TYPE warren_things_total counter\n"));
  EXPECT_THAT(answer, HasSubstr("warren_things_total{kind=\"good\"} 3\n"));
  EXPECT_THAT(Ask("HEAD", "/metrics"), Not(HasSubstr("# TYPE")));
}

TEST_F(PagesTest, NothingElseIsServed) {
  for (const char* path : {"/", "/etc/passwd", "/healthz/x", "/metricsx"}) {
    EXPECT_THAT(Ask("GET", path), StartsWith("HTTP/1.0 404")) << path;
  }
}

TEST_F(PagesTest, SeveralPortsOfAProcessShowTheSame) {
  const auto second = Pages::Serve(*ParseListenAddress("localhost:0"), metrics_, [] { return absl::OkStatus(); });
  ASSERT_TRUE(second.ok()) << second.status();
  EXPECT_NE((*second)->address(), pages_->address());
  EXPECT_THAT((*second)->address(), MatchesRegex("127\\.0\\.0\\.1:[1-9][0-9]*"));
}

TEST_F(PagesTest, EndsWhileSomebodyIsConnectedAndLeavesThePortFree) {
  const UniqueFd silent = Connect();
  const auto address = *ParseListenAddress(pages_->address());
  pages_.reset();
  const auto next = Pages::Serve(address, metrics_, [] { return absl::OkStatus(); });
  EXPECT_TRUE(next.ok()) << next.status();
}

TEST_F(PagesTest, AUnixSocketIsRefused) {
  const auto pages = Pages::Serve(*ParseListenAddress("unix:/run/x.sock"), metrics_, [] { return absl::OkStatus(); });
  EXPECT_EQ(pages.status().code(), absl::StatusCode::kInvalidArgument);
}

TEST_F(PagesTest, APortThatIsTakenIsRefused) {
  const auto second = Pages::Serve(*ParseListenAddress(pages_->address()), metrics_, [] { return absl::OkStatus(); });
  EXPECT_EQ(second.status().code(), absl::StatusCode::kUnavailable);
  EXPECT_THAT(std::string(second.status().message()), HasSubstr(pages_->address()));
}

}  // namespace
}  // namespace warren
