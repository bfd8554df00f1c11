#include "proto/common/metrics.h"

#include <arpa/inet.h>
#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <prometheus/counter.h>
#include <sys/socket.h>
#include <unistd.h>

#include "absl/strings/numbers.h"

namespace warren {
namespace {

using ::testing::HasSubstr;

// What `curl http://ADDRESS/metrics` has, headers included.
std::string Scrape(const std::string& address) {
  int port = 0;
  EXPECT_TRUE(absl::SimpleAtoi(address.substr(address.rfind(':') + 1), &port));
  const int fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
  sockaddr_in to{};
  to.sin_family = AF_INET;
  to.sin_port = htons(static_cast<uint16_t>(port));
  to.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
  EXPECT_EQ(connect(fd, reinterpret_cast<sockaddr*>(&to), sizeof to), 0);
  const std::string request = "GET /metrics HTTP/1.0\r\n\r\n";
  EXPECT_EQ(write(fd, request.data(), request.size()), static_cast<ssize_t>(request.size()));
  std::string answer;
  char buffer[4096];
  for (ssize_t got; (got = read(fd, buffer, sizeof buffer)) > 0;) answer.append(buffer, static_cast<size_t>(got));
  close(fd);
  return answer;
}

TEST(Metrics, AreServedOnAFreePortWithTheVersion) {
  Metrics metrics;
  auto& counter = prometheus::BuildCounter()
                      .Name("warren_things_total")
                      .Help("Things counted")
                      .Register(metrics.registry())
                      .Add({{"kind", "good"}});
  counter.Increment(3);
  const auto address = metrics.Serve("127.0.0.1:0");
  ASSERT_TRUE(address.ok()) << address.status();
  EXPECT_THAT(*address, ::testing::MatchesRegex("127\\.0\\.0\\.1:[1-9][0-9]*"));
  const std::string text = Scrape(*address);
  EXPECT_THAT(text, HasSubstr("200 OK"));
  EXPECT_THAT(text, HasSubstr("# HELP warren_things_total Things counted"));
  EXPECT_THAT(text, HasSubstr("# TYPE warren_things_total counter"));
  EXPECT_THAT(text, HasSubstr("warren_things_total{kind=\"good\"} 3"));
  EXPECT_THAT(text, ::testing::ContainsRegex("warren_build_info\\{version=\"[0-9.]+\"\\} 1"));
}

TEST(Metrics, SeveralProcessesPartsMayBeServedBesideEachOther) {
  Metrics one, two;
  const auto first = one.Serve("localhost:0"), second = two.Serve("127.0.0.1:0");
  ASSERT_TRUE(first.ok() && second.ok());
  EXPECT_NE(*first, *second);
}

TEST(Metrics, AnAddressThatCannotBeServedIsRefusedWithTheReason) {
  Metrics metrics, other;
  EXPECT_EQ(metrics.Serve("unix:/run/x.sock").status().code(), absl::StatusCode::kInvalidArgument);
  EXPECT_EQ(metrics.Serve("7602").status().code(), absl::StatusCode::kInvalidArgument);
  const auto taken = other.Serve("127.0.0.1:0");
  ASSERT_TRUE(taken.ok());
  const absl::Status status = metrics.Serve(*taken).status();
  EXPECT_EQ(status.code(), absl::StatusCode::kUnavailable);
  EXPECT_THAT(std::string(status.message()), HasSubstr(*taken));
}

}  // namespace
}  // namespace warren
