#include "server/gateway/who_may_ask.h"

#include <gtest/gtest.h>

namespace warren::gateway {
namespace {

TEST(WhoMayAskTest, AddressesAndLocalhostAreItsOwn) {
  for (const std::string host :
       {"localhost", "LocalHost:7601", "127.0.0.1", "10.0.0.1:80", "[::1]", "[fe80::1]:7601", ""}) {
    EXPECT_TRUE(IsOurHost(host, {})) << host;
  }
  for (const std::string host : {"a", "localhost.example", "127.0.0.1.example", "127.0.0.1:x", "[::1", "[a]", "[::1]a",
                                 "1.2.3", "a b", "::1", "localhost:80:80", ":80"}) {
    EXPECT_FALSE(IsOurHost(host, {})) << host;
  }
}

TEST(WhoMayAskTest, NamesAreThoseThatAreListed) {
  EXPECT_TRUE(IsOurHost("Console.example:80", {"a", "console.example"}));
  EXPECT_FALSE(IsOurHost("x.console.example", {"console.example"}));
  EXPECT_TRUE(IsOurHost("anything at all", {"*"}));
}

TEST(WhoMayAskTest, OriginsAreComparedWhole) {
  EXPECT_TRUE(IsListedOrigin("https://a", {"https://b", "https://a"}));
  EXPECT_TRUE(IsListedOrigin("null", {"*"}));
  for (const std::string origin : {"", "https://a:1", "http://a", "https://a.b"}) {
    EXPECT_FALSE(IsListedOrigin(origin, {"https://a"})) << origin;
  }
  EXPECT_FALSE(IsListedOrigin("", {"*"}));
}

TEST(WhoMayAskTest, ANamedOriginIsNotAnyOrigin) {
  EXPECT_TRUE(IsNamedOrigin("https://a", {"https://b", "https://a"}));
  for (const std::string origin : {"", "*", "null", "https://b", "https://a:1"}) {
    EXPECT_FALSE(IsNamedOrigin(origin, {"*", "https://a", ""})) << origin;
  }
}

}  // namespace
}  // namespace warren::gateway
