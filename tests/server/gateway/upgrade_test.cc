#include "server/gateway/upgrade.h"

#include <gmock/gmock.h>

namespace warren::gateway {
namespace {

using ::testing::HasSubstr;

HttpRequest Good() {
  HttpRequest request;
  request.verb = "GET";
  request.headers = {{"upgrade", "WebSocket"},
                     {"connection", "keep-alive, upgrade"},
                     {"sec-websocket-version", "13"},
                     {"sec-websocket-key", "dGhlIHNhbXBsZSBub25jZQ=="}};
  return request;
}

// A good one, but for this header.
int Status(const std::string& name, const std::string& value) {
  HttpRequest request = Good();
  for (auto& [key, old] : request.headers) {
    if (key == name) old = value;
  }
  const auto refusal = WhyNoUpgrade(request);
  return refusal ? refusal->status : 101;
}

TEST(UpgradeTest, WhatTheRfcAsksForIsTaken) {
  EXPECT_FALSE(WhyNoUpgrade(Good()));
  EXPECT_EQ(Status("upgrade", "h2c,  WEBSOCKET"), 101);
  EXPECT_EQ(Status("connection", "Upgrade"), 101);
  HttpRequest lines = Good();
  lines.headers.insert(lines.headers.begin(), {{"upgrade", "h2c"}, {"connection", "close"}});
  EXPECT_FALSE(WhyNoUpgrade(lines));
}

TEST(UpgradeTest, WhatIsNoUpgradeIsToldToBeOne) {
  EXPECT_EQ(Status("upgrade", "h2c"), 426);
  EXPECT_EQ(Status("upgrade", "websockets"), 426);
  EXPECT_EQ(Status("connection", "keep-alive"), 426);
  HttpRequest old = Good();
  old.version = 10;
  const auto refusal = WhyNoUpgrade(old);
  ASSERT_TRUE(refusal);
  EXPECT_EQ(refusal->status, 426);
  EXPECT_THAT(refusal->headers, ::testing::Contains(::testing::Pair("Upgrade", "websocket")));
}

TEST(UpgradeTest, WhatIsOfAnotherVersionIsToldThatOfOurs) {
  EXPECT_EQ(Status("sec-websocket-version", "8"), 426);
  EXPECT_EQ(Status("sec-websocket-version", ""), 426);
  HttpRequest old = Good();
  old.headers[2].second = "8";
  EXPECT_THAT(WhyNoUpgrade(old)->headers, ::testing::ElementsAre(::testing::Pair("Sec-WebSocket-Version", "13")));
}

TEST(UpgradeTest, WhatHasABadKeyOrABodyIsRefused) {
  EXPECT_EQ(Status("sec-websocket-key", ""), 400);
  EXPECT_EQ(Status("sec-websocket-key", "dGhlIHNhbXBsZSBub25j"), 400);
  EXPECT_EQ(Status("sec-websocket-key", "************************"), 400);
  HttpRequest body = Good();
  body.body = "x";
  EXPECT_THAT(WhyNoUpgrade(body)->why, HasSubstr("no body"));
}

}  // namespace
}  // namespace warren::gateway
