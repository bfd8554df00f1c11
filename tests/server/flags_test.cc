#include "server/flags.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <unistd.h>

#include <string>
#include <vector>

namespace warren::server {
namespace {

using ::testing::HasSubstr;

int Parse(std::vector<const char*> arguments, ServerFlags& flags) {
  arguments.insert(arguments.begin(), "warren-server");
  return ParseServerFlags(static_cast<int>(arguments.size()), arguments.data(), flags);
}

std::string Refusal(const ServerFlags& flags) { return std::string(Resolve(flags).status().message()); }

TEST(ServerFlagsTest, ByDefaultListensOnItsSocketAndOnLoopback) {
  ServerFlags flags;
  ASSERT_EQ(Parse({}, flags), -1);
  const auto settings = Resolve(flags);
  ASSERT_TRUE(settings.ok()) << settings.status();
  ASSERT_EQ(settings->grpc_listen.size(), 2u);
  EXPECT_EQ(settings->grpc_listen[0].ToString(), "unix:/run/warren/server.sock");
  EXPECT_EQ(settings->grpc_listen[1].ToString(), "127.0.0.1:7600");
  EXPECT_FALSE(settings->http_listen.has_value());
  ASSERT_TRUE(settings->metrics_listen.has_value());
  EXPECT_EQ(settings->metrics_listen->ToString(), "127.0.0.1:7602");
  EXPECT_EQ(settings->store_path, "/var/lib/warren/server/warren.db");
}

TEST(ServerFlagsTest, DirectoriesMoveWhatLiesInThem) {
  ServerFlags flags;
  ASSERT_EQ(Parse({"--run-dir", "/r", "--state-dir", "/s"}, flags), -1);
  const auto settings = Resolve(flags);
  ASSERT_TRUE(settings.ok());
  EXPECT_EQ(settings->grpc_listen[0].ToString(), "unix:/r/server.sock");
  EXPECT_EQ(settings->store_path, "/s/warren.db");
}

TEST(ServerFlagsTest, RetentionIsADurationOfADayOrMore) {
  ServerFlags flags;
  ASSERT_EQ(Parse({"--retention", "36h"}, flags), -1);
  EXPECT_EQ(Resolve(flags)->retention, absl::Hours(36));
  for (const char* wrong : {"23h", "soon", "-48h", "3d"}) {
    flags.retention = wrong;
    EXPECT_THAT(Refusal(flags), HasSubstr("--retention")) << wrong;
  }
}

TEST(ServerFlagsTest, OriginsThatMayRunCommandsAreNamedOneByOne) {
  ServerFlags flags;
  ASSERT_EQ(Parse({"--exec-origin", "https://a.example:8443,http://[::1]:3000", "--exec-origin", "http://b"}, flags),
            -1);
  EXPECT_EQ(flags.exec_origins.size(), 3u);
  EXPECT_TRUE(Resolve(flags).ok());
  for (const char* wrong : {"*", "null", "https://", "https://*.example", "https://a/", "https://A", "a.example", ""}) {
    flags.exec_origins = {"https://a", wrong};
    EXPECT_THAT(Refusal(flags), HasSubstr("--exec-origin")) << wrong;
  }
}

TEST(ServerFlagsTest, GrpcListenMayBeGivenMoreThanOnce) {
  ServerFlags flags;
  ASSERT_EQ(Parse({"--grpc-listen", "unix:/a.sock", "--grpc-listen", "[::1]:0", "--grpc-listen", "localhost:1"}, flags),
            -1);
  const auto settings = Resolve(flags);
  ASSERT_TRUE(settings.ok());
  ASSERT_EQ(settings->grpc_listen.size(), 3u);
  EXPECT_EQ(settings->grpc_listen[1].ToString(), "[::1]:0");
}

TEST(ServerFlagsTest, OtherThanLoopbackIsRefusedWithTheReason) {
  for (const char* flag : {"--grpc-listen", "--http-listen", "--metrics-listen"}) {
    ServerFlags flags;
    ASSERT_EQ(Parse({flag, "0.0.0.0:7600"}, flags), -1);
    EXPECT_EQ(Resolve(flags).status().code(), absl::StatusCode::kInvalidArgument);
    EXPECT_THAT(Refusal(flags), HasSubstr(std::string(flag) + " 0.0.0.0:7600: loopback unless TLS is on"));
  }
}

TEST(ServerFlagsTest, AnAddressThatIsNoneIsRefusedWithTheFlag) {
  ServerFlags flags;
  ASSERT_EQ(Parse({"--metrics-listen", "nonsense"}, flags), -1);
  EXPECT_THAT(Refusal(flags), HasSubstr("--metrics-listen"));
}

TEST(ServerFlagsTest, MetricsMayBeOff) {
  ServerFlags flags;
  ASSERT_EQ(Parse({"--metrics-listen", "off"}, flags), -1);
  const auto settings = Resolve(flags);
  ASSERT_TRUE(settings.ok());
  EXPECT_FALSE(settings->metrics_listen.has_value());
}

TEST(ServerFlagsTest, OnlyStoresThatThereAreAreTaken) {
  ServerFlags flags;
  ASSERT_EQ(Parse({"--store", "etcd:127.0.0.1:2379"}, flags), -1);
  EXPECT_THAT(Refusal(flags), HasSubstr("sqlite:PATH"));
  flags.store = "sqlite:";
  EXPECT_THAT(Refusal(flags), HasSubstr("sqlite:PATH"));
  flags.store = "sqlite:/x/y.db";
  const auto settings = Resolve(flags);
  ASSERT_TRUE(settings.ok());
  EXPECT_EQ(settings->store_path, "/x/y.db");
}

TEST(ServerFlagsTest, LimitsThatContradictEachOtherAreRefused) {
  ServerFlags flags;
  ASSERT_EQ(Parse({"--max-intent-bytes", "3000000", "--max-message-bytes", "3000000"}, flags), -1);
  EXPECT_THAT(Refusal(flags), HasSubstr("--max-message-bytes"));
  ServerFlags window;
  ASSERT_EQ(Parse({"--window", "1000", "--max-pending-to-agent", "1000"}, window), -1);
  EXPECT_THAT(Refusal(window), HasSubstr("--max-pending-to-agent"));
}

TEST(ServerFlagsTest, HistoryIsKeptForADurationThatIsOne) {
  ServerFlags flags;
  ASSERT_EQ(Parse({"--watch-history-duration", "1h30m"}, flags), -1);
  EXPECT_EQ(Resolve(flags)->watch_history_duration, absl::Minutes(90));
  for (const char* text : {"90", "-10m", "10ms", "soon"}) {
    flags.watch_history_duration = text;
    EXPECT_THAT(Refusal(flags), HasSubstr(std::string("--watch-history-duration \"") + text)) << text;
  }
}

TEST(ServerFlagsTest, RootAndTheServersOwnUserMayRunCommandsUnlessOthersAreListed) {
  ServerFlags flags;
  ASSERT_EQ(Parse({}, flags), -1);
  EXPECT_THAT(Resolve(flags)->exec_uids, ::testing::ElementsAre(0u, geteuid()));
  EXPECT_EQ(flags.exec_loopback, "on");
  ASSERT_EQ(Parse({"--exec-uid", "1000", "--exec-uid", "1001", "--exec-loopback=off"}, flags), -1);
  EXPECT_THAT(Resolve(flags)->exec_uids, ::testing::ElementsAre(1000u, 1001u));
  EXPECT_EQ(flags.exec_loopback, "off");
}

TEST(ServerFlagsTest, BadUsageIsExitCodeTwo) {
  ServerFlags flags;
  for (const std::vector<const char*>& arguments :
       std::vector<std::vector<const char*>>{{"--no-such-flag"},
                                             {"--window", "0"},
                                             {"--exec-uid", "root"},
                                             {"--exec-loopback", "maybe"},
                                             {"--window", "x"},
                                             {"--max-intent-bytes", "99999999"},
                                             {"--max-metadata-bytes", "99999999"},
                                             {"extra"}}) {
    EXPECT_EQ(Parse(arguments, flags), kExitUsage) << arguments[0];
  }
}

}  // namespace
}  // namespace warren::server
