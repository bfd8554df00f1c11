#include "client/args/exec_args.h"

#include <gmock/gmock.h>

#include <cstdlib>

namespace warren::cli {
namespace {

using testing::ElementsAre;
using testing::HasSubstr;

TEST(ParseCommand, TakesTheWordsAsTheyAre) {
  const auto command = ParseCommand({}, {"ip", "-j", "", "a b", "é"});
  ASSERT_TRUE(command.ok());
  EXPECT_THAT(command->argv(), ElementsAre("ip", "-j", "", "a b", "é"));
  EXPECT_EQ(command->raw_argv_size(), 0);
}

TEST(ParseCommand, SendsWordsThatAreNotUtf8AsBytes) {
  const auto command = ParseCommand({}, {"cat", "\xff"});
  ASSERT_TRUE(command.ok());
  EXPECT_EQ(command->argv_size(), 0);
  EXPECT_THAT(command->raw_argv(), ElementsAre("cat", "\xff"));
}

TEST(ParseCommand, SetsVariablesAndTakesOverItsOwn) {
  setenv("WARREN_TEST_OWN", "mine", 1);
  unsetenv("WARREN_TEST_NONE");
  const auto command =
      ParseCommand({"nobody", {"A=1", "B=", "C=x=y", "WARREN_TEST_OWN", "WARREN_TEST_NONE", "A=2"}, "/tmp"}, {"env"});
  ASSERT_TRUE(command.ok());
  EXPECT_THAT(command->env(),
              testing::UnorderedElementsAre(testing::Pair("A", "2"), testing::Pair("B", ""), testing::Pair("C", "x=y"),
                                            testing::Pair("WARREN_TEST_OWN", "mine")));
  EXPECT_EQ(command->user(), "nobody");
  EXPECT_EQ(command->cwd(), "/tmp");
}

TEST(ParseCommand, RefusesVariablesThatCannotBe) {
  EXPECT_THAT(ParseCommand({"", {"=x"}, ""}, {"env"}).status().message(), HasSubstr("has no name"));
  EXPECT_THAT(ParseCommand({"", {"A=\xff"}, ""}, {"env"}).status().message(), HasSubstr("not UTF-8"));
}

bool Matches(const std::string& pattern, const std::string& host, const std::string& netns) {
  const auto targets = Targets::Parse(pattern);
  EXPECT_TRUE(targets.ok()) << targets.status();
  return targets.ok() && targets->Match(host, netns);
}

TEST(Targets, OneIsAPlace) {
  const auto targets = Targets::Parse("h1/red");
  ASSERT_TRUE(targets.ok());
  EXPECT_FALSE(targets->many());
  EXPECT_EQ(targets->host(), "h1");
  EXPECT_EQ(targets->netns(), "red");
  EXPECT_FALSE(Targets::Parse("h1/@host")->many());
}

TEST(Targets, ManyAreAPatternOfEitherPart) {
  EXPECT_TRUE(Matches("h1/*", "h1", "red"));
  EXPECT_FALSE(Matches("h1/*", "h2", "red"));
  EXPECT_TRUE(Matches("*/qrouter-*", "h2", "qrouter-1"));
  EXPECT_FALSE(Matches("*/qrouter-*", "h2", "red"));
  EXPECT_TRUE(Matches("h[12]/r?d", "h2", "rod"));
  EXPECT_FALSE(Matches("h[12]/r?d", "h3", "rod"));
  EXPECT_EQ(Targets::Parse("h1/*")->host(), "h1");
  EXPECT_EQ(Targets::Parse("h1/*")->netns(), "");
  EXPECT_EQ(Targets::Parse("*/red")->host(), "");
}

TEST(Targets, APatternNeverMeansTheHostsOwnUnlessItIsNamed) {
  EXPECT_FALSE(Matches("*/*", "h1", "@host"));
  EXPECT_FALSE(Matches("h1/@*", "h1", "@host"));
  EXPECT_TRUE(Matches("*/@host", "h1", "@host"));
  EXPECT_FALSE(Matches("*/@host", "h1", "red"));
}

TEST(Targets, WhatNamesNoNamespaceIsRefused) {
  for (const char* text : {"", "h1", "*", "h1/", "*/", "/*", "h1/red:eth0", "a b/*"}) {
    EXPECT_EQ(Targets::Parse(text).status().code(), absl::StatusCode::kInvalidArgument) << text;
  }
  EXPECT_THAT(Targets::Parse("*").status().message(), HasSubstr("'h1/*'"));
}

}  // namespace
}  // namespace warren::cli
