#include "server/gateway/pattern.h"

#include <gmock/gmock.h>

#include "server/gateway/path.h"

namespace warren::gateway {
namespace {

using ::testing::ElementsAre;
using ::testing::HasSubstr;
using ::testing::IsEmpty;
using ::testing::Optional;
using ::testing::Pair;

Pattern Of(const std::string& text) {
  auto pattern = Pattern::Parse(text);
  EXPECT_TRUE(pattern.ok()) << pattern.status();
  return *std::move(pattern);
}

std::optional<Pattern::Bindings> Match(const std::string& pattern, const std::string& path) {
  const auto segments = SplitPath(path);
  EXPECT_TRUE(segments.ok()) << segments.status();
  return Of(pattern).Match(*segments);
}

TEST(PatternTest, LiteralsMatchThemselves) {
  EXPECT_THAT(Match("/v1/hosts", "/v1/hosts"), Optional(IsEmpty()));
  for (const std::string path :
       {"/v1/host", "/v1/hosts/", "/v1", "/v1/hosts/a", "/V1/hosts", "/v1/%68osts", "/v1//hosts"}) {
    EXPECT_EQ(Match("/v1/hosts", path), std::nullopt) << path;
  }
}

TEST(PatternTest, AStarIsOneSegmentThatIsNotEmpty) {
  EXPECT_THAT(Match("/v1/*/x", "/v1/a/x"), Optional(IsEmpty()));
  EXPECT_EQ(Match("/v1/*/x", "/v1//x"), std::nullopt);
  EXPECT_EQ(Match("/v1/*", "/v1/"), std::nullopt);
  EXPECT_EQ(Match("/v1/*", "/v1/a/b"), std::nullopt);
}

TEST(PatternTest, TwoStarsAreAnyNumberOfSegments) {
  EXPECT_THAT(Match("/v1/**", "/v1"), Optional(IsEmpty()));
  EXPECT_THAT(Match("/v1/{rest=**}", "/v1/a/b"), Optional(ElementsAre(Pair("rest", "a/b"))));
  EXPECT_THAT(Match("/v1/{rest=**}", "/v1"), Optional(ElementsAre(Pair("rest", ""))));
  EXPECT_THAT(Match("/v1/{rest=a/**}", "/v1/a/b/c"), Optional(ElementsAre(Pair("rest", "a/b/c"))));
  EXPECT_EQ(Match("/v1/{rest=**}", "/v1/a//b"), std::nullopt);
}

TEST(PatternTest, AVariableIsWhatItsSegmentsMatched) {
  EXPECT_THAT(Match("/v1/{name=hosts/*/namespaces/*}", "/v1/hosts/h1/namespaces/red"),
              Optional(ElementsAre(Pair("name", "hosts/h1/namespaces/red"))));
  EXPECT_THAT(Match("/v1/{a}/x/{b.c=d/*}", "/v1/1/x/d/2"), Optional(ElementsAre(Pair("a", "1"), Pair("b.c", "d/2"))));
  EXPECT_EQ(Match("/v1/{name=hosts/*}", "/v1/nodes/h1"), std::nullopt);
}

TEST(PatternTest, SlashesThatAreEncodedAreDecodedInAVariableOfOneSegmentOnly) {
  EXPECT_THAT(Match("/v1/{a}", "/v1/x%2Fy%20z"), Optional(ElementsAre(Pair("a", "x/y z"))));
  EXPECT_THAT(Match("/v1/{a=b/*}", "/v1/b/x%2Fy%20z"), Optional(ElementsAre(Pair("a", "b/x%2Fy z"))));
  EXPECT_THAT(Match("/v1/{a=**}", "/v1/x%2fy"), Optional(ElementsAre(Pair("a", "x%2fy"))));
}

TEST(PatternTest, AVerbIsCutOffTheLastSegment) {
  EXPECT_THAT(Match("/v1/{name=intents/*}:cancel", "/v1/intents/7:cancel"),
              Optional(ElementsAre(Pair("name", "intents/7"))));
  EXPECT_THAT(Match("/v1/{name=intents/*}:cancel", "/v1/intents/a:b:cancel"),
              Optional(ElementsAre(Pair("name", "intents/a:b"))));
  EXPECT_THAT(Match("/v1/hosts:watch", "/v1/hosts:watch"), Optional(IsEmpty()));
  EXPECT_THAT(Match("/v1/{a=**}:go", "/v1/x/y:go"), Optional(ElementsAre(Pair("a", "x/y"))));
  for (const std::string path : {"/v1/intents/7", "/v1/intents/7:Cancel", "/v1/intents/:cancel",
                                 "/v1/intents/7%3Acancel", "/v1/intents/7cancel"}) {
    EXPECT_EQ(Match("/v1/{name=intents/*}:cancel", path), std::nullopt) << path;
  }
}

TEST(PatternTest, WithoutAVerbAColonIsACharacter) {
  EXPECT_THAT(Match("/v1/{name=namespaces/*}", "/v1/namespaces/a:b"),
              Optional(ElementsAre(Pair("name", "namespaces/a:b"))));
  EXPECT_EQ(Match("/v1/hosts", "/v1/hosts:watch"), std::nullopt);
}

TEST(PatternTest, WhatIsNoTemplateIsRefusedWithThePlace) {
  const auto refusal = [](const std::string& text) {
    const auto pattern = Pattern::Parse(text);
    EXPECT_EQ(pattern.status().code(), absl::StatusCode::kInvalidArgument) << text;
    return std::string(pattern.status().message());
  };
  EXPECT_THAT(refusal("v1"), HasSubstr("at character 1: \"/\" is expected"));
  EXPECT_THAT(refusal(""), HasSubstr("\"/\" is expected"));
  EXPECT_THAT(refusal("/"), HasSubstr("at character 2: a segment is expected"));
  EXPECT_THAT(refusal("/v1/"), HasSubstr("a segment is expected"));
  EXPECT_THAT(refusal("/{a=b{c}}"), HasSubstr("\"}\" is expected"));
  EXPECT_THAT(refusal("/{a={c}}"), HasSubstr("within a variable"));
  EXPECT_THAT(refusal("/{a"), HasSubstr("\"}\" is expected"));
  EXPECT_THAT(refusal("/{}"), HasSubstr("name of a field"));
  EXPECT_THAT(refusal("/{a}/{a}"), HasSubstr("a second variable a"));
  EXPECT_THAT(refusal("/**/a"), HasSubstr("not at the end"));
  EXPECT_THAT(refusal("/a:"), HasSubstr("a verb is expected"));
  EXPECT_THAT(refusal("/a b"), HasSubstr("the end is expected"));
}

TEST(PatternTest, ThatSaysMoreIsTriedBefore) {
  EXPECT_TRUE(Of("/v1/hosts/x").Before(Of("/v1/hosts/*")));
  EXPECT_TRUE(Of("/v1/{a=hosts/*}").Before(Of("/v1/{a=**}")));
  EXPECT_TRUE(Of("/v1/{a=hosts/*}:go").Before(Of("/v1/{a=hosts/*}")));
  EXPECT_FALSE(Of("/v1/{a=hosts/*}").Before(Of("/v1/{a=hosts/*}:go")));
  EXPECT_FALSE(Of("/v1/{a}").Before(Of("/v1/x")));
}

TEST(PatternTest, OfTheSameShapeMatchesTheSame) {
  EXPECT_EQ(Of("/v1/{a}").Shape(), Of("/v1/{b=*}").Shape());
  EXPECT_NE(Of("/v1/{a}").Shape(), Of("/v1/{b=**}").Shape());
  EXPECT_NE(Of("/v1/{a}").Shape(), Of("/v1/{a}:go").Shape());
  EXPECT_THAT(Of("/v1/{a}/{b.c=x/*}").fields(), ElementsAre("a", "b.c"));
}

}  // namespace
}  // namespace warren::gateway
