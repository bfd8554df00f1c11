#include "server/gateway/path.h"

#include <gmock/gmock.h>

namespace warren::gateway {
namespace {

using ::testing::ElementsAre;
using ::testing::HasSubstr;

std::string Refusal(const std::string& raw) {
  const auto segments = SplitPath(raw);
  EXPECT_EQ(segments.status().code(), absl::StatusCode::kInvalidArgument) << raw;
  return std::string(segments.status().message());
}

TEST(PathTest, IsCutAtItsSlashesAndNotDecoded) {
  EXPECT_THAT(*SplitPath("/v1/hosts/a%20b%2Fc"), ElementsAre("v1", "hosts", "a%20b%2Fc"));
  EXPECT_THAT(*SplitPath("/"), ElementsAre(""));
  EXPECT_THAT(*SplitPath("/a//b/"), ElementsAre("a", "", "b", ""));
  EXPECT_THAT(*SplitPath("/a:b"), ElementsAre("a:b"));
}

TEST(PathTest, OfAWholeTargetIsWhatFollowsTheHost) {
  EXPECT_EQ(OriginForm("http://h:1/a?b"), "/a?b");
  EXPECT_EQ(OriginForm("HTTPS://h"), "/");
  for (const std::string same : {"/a?b", "*", "ftp://h/a", "/http://h/a"}) EXPECT_EQ(OriginForm(same), same);
}

TEST(PathTest, ThatIsNoneIsRefused) {
  for (const std::string raw : {"", "v1", "http://h/v1", "*"}) EXPECT_THAT(Refusal(raw), HasSubstr("begin with"));
}

TEST(PathTest, BrokenEscapesAreRefused) {
  for (const std::string raw : {"/%", "/%2", "/%zz", "/a%", "/%%20", "/%2x/b"}) {
    EXPECT_THAT(Refusal(raw), HasSubstr("hex digits"));
  }
}

TEST(PathTest, DotSegmentsAreRefusedHoweverTheyAreWritten) {
  for (const std::string raw :
       {"/./a", "/a/..", "/%2e", "/%2E%2e/a", "/a/.%2e/b", "/..", "/a%2F..%2Fb", "/..%2f", "/a%2f%2e"}) {
    EXPECT_THAT(Refusal(raw), HasSubstr("segment"));
  }
  EXPECT_THAT(*SplitPath("/.../..a/a."), ElementsAre("...", "..a", "a."));
}

TEST(PathTest, ControlCharactersAreRefusedEncodedOrNot) {
  for (const std::string& raw : std::vector<std::string>{"/%00", "/a%0d%0a", std::string("/a\0b", 4), "/\t", "/%7f"}) {
    EXPECT_THAT(Refusal(raw), HasSubstr("control character"));
  }
}

TEST(PathTest, WhatIsNotUtf8IsRefused) {
  for (const std::string raw :
       {"/%ff", "/%c0%af", "/%e0%80%af", "/%c0%ae%c0%ae", "/%ed%a0%80", "/%f4%90%80%80", "/%e2%82"}) {
    EXPECT_THAT(Refusal(raw), HasSubstr("UTF-8"));
  }
  EXPECT_THAT(*SplitPath("/%e2%82%ac"), ElementsAre("%e2%82%ac"));
}

TEST(PathTest, IsDecodedOnce) {
  EXPECT_EQ(DecodePath("a%2520b", false), "a%20b");
  EXPECT_EQ(DecodePath("a%2Fb%2fc%3A", false), "a/b/c:");
  EXPECT_EQ(DecodePath("a%2Fb%2fc%3A", true), "a%2Fb%2fc:");
  EXPECT_EQ(DecodePath("a+b", false), "a+b");
}

TEST(PathTest, AQueryHasSpacesForItsPluses) {
  EXPECT_EQ(*DecodeQuery("a+b%2B%20c"), "a b+ c");
  EXPECT_FALSE(DecodeQuery("%").ok());
  EXPECT_FALSE(DecodeQuery("a%00").ok());
  EXPECT_FALSE(DecodeQuery("%c0%80").ok());
}

}  // namespace
}  // namespace warren::gateway
