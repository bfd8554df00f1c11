#include "server/filter/filter.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <random>
#include <string>
#include <vector>

#include "tests/server/filter/filter_subject.h"

namespace warren::filter {
namespace {

struct Case {
  const char* text;
  bool matches;
};

void Check(const std::vector<Case>& cases, const Subject& subject) {
  for (const Case& each : cases) {
    const auto filter = Filter::Parse(each.text, TestSchema());
    ASSERT_TRUE(filter.ok()) << each.text << ": " << filter.status();
    EXPECT_EQ(filter->Matches(subject), each.matches) << each.text;
  }
}

TEST(FilterTest, EmptyMatchesEverything) {
  for (const char* text : {"", "   ", "\n\t"}) {
    const auto filter = Filter::Parse(text, TestSchema());
    ASSERT_TRUE(filter.ok());
    EXPECT_TRUE(filter->empty());
    EXPECT_TRUE(filter->Matches(TestSubject()));
  }
  EXPECT_TRUE(Filter().Matches(TestSubject()));
  EXPECT_FALSE(Filter::Parse("live = true", TestSchema())->empty());
}

TEST(FilterTest, EveryTypeIsCompared) {
  Check({{"name = qrouter-1", true},
         {"name = \"qrouter-1\"", true},
         {"name=qrouter-1", true},
         {"name = qrouter", false},
         {"name = QROUTER-1", false},
         {"name != qrouter-1", false},
         {"name != red", true},
         {"name < r", true},
         {"name <= qrouter-1", true},
         {"name > qrouter-0", true},
         {"name >= qrouter-2", false},
         {"count = 5", true},
         {"count = \"5\"", true},
         {"count != 5", false},
         {"count > 4", true},
         {"count >= 5", true},
         {"count < 5", false},
         {"count <= 5", true},
         {"count > -1", true},
         {"count < -1", false},
         {"live = true", true},
         {"live = false", false},
         {"live != false", true},
         {"made = 2026-01-02T03:04:05Z", true},
         {"made = \"2026-01-02T04:04:05+01:00\"", true},
         {"made > \"2026-01-02T03:04:04.999Z\"", true},
         {"made < 2026-01-02T03:04:05Z", false},
         {"made <= 2026-01-02T03:04:05Z", true},
         {"made >= 2027-01-02T03:04:05Z", false},
         {"made != 2027-01-02T03:04:05Z", true},
         {"state = FAILED", true},
         {"state = QUEUED", false},
         {"state != QUEUED", true},
         {"state != \"FAILED\"", false}},
        TestSubject());
}

TEST(FilterTest, AStarStandsForAnythingAtEitherEnd) {
  Check({{"name = qrouter-*", true},
         {"name = \"qrouter-*\"", true},
         {"name = *-1", true},
         {"name = *outer*", true},
         {"name = *", true},
         {"name = \"**\"", true},
         {"name = router*", false},
         {"name = *outer", false},
         {"name != qrouter*", false},
         {"name != *red*", true},
         {"name = qrouter-1*", true},
         {"labels.rack = a*", true},
         {"labels.missing = *", false}},
        TestSubject());
}

TEST(FilterTest, QuotesMayHoldAnything) {
  TestSubject subject;
  subject.name = "*a \"b\" (c) \\ AND*";
  Check({{R"(name = "\*a \"b\" (c) \\ AND\*")", true},
         {R"(name = "\*a*")", true},
         {R"(name = "*\*")", true},
         {R"(name = "\\*")", false},
         {R"(name = "")", false},
         {R"(labels.empty = "")", true},
         {R"(name < "\*b")", true}},
        subject);
  subject.name = "žluťoučký";
  Check({{"name = žlu*", true}, {"name = \"*čký\"", true}}, subject);
}

TEST(FilterTest, LabelsAreNamedAfterADotOrAskedFor) {
  Check({{"labels.rack = a1", true},
         {"labels.rack != a1", false},
         {"labels.rack > a0", true},
         {"labels.rack:*", true},
         {"labels.rack:a1", true},
         {"labels.rack:b*", false},
         {"labels.kubernetes.io/hostname = n1", true},
         {"labels.kubernetes.io/hostname=n1", true},
         {"labels.\"kubernetes.io/hostname\" = n1", true},
         {"labels.\"a b\" = \"c d\"", true},
         {"labels.\"a b\"=\"c*\"", true},
         {"labels:rack", true},
         {"labels:\"a b\"", true},
         {"labels : kubernetes.io/hostname", true},
         {"labels:empty", true},
         {"labels:missing", false},
         {"labels.missing = a", false},
         {"labels.missing != a", true},
         {"labels.missing < z", false},
         {"NOT labels.missing = a", true},
         {"-labels:missing", true}},
        TestSubject());
}

TEST(FilterTest, WhatIsNotThereIsOnlyUnequal) {
  TestSubject subject;
  subject.has = false;
  Check({{"name = *", false},
         {"name != a", true},
         {"name < z", false},
         {"name:*", false},
         {"count = 0", false},
         {"count != 0", true},
         {"count <= 0", false},
         {"live = false", false},
         {"live != true", true},
         {"made < 2027-01-02T03:04:05Z", false},
         {"state != FAILED", true},
         {"NOT state = FAILED", true},
         {"labels:rack", false}},
        subject);
  Check({{"name:*", true}, {"count:*", true}, {"live : *", true}, {"made:\"*\"", true}, {"state:*", true}},
        TestSubject());
}

// T and F are comparisons that hold and do not.
TEST(FilterTest, WordsBindAsAip160Says) {
  const struct {
    const char* text;
    bool matches;
  } cases[] = {
      {"T AND T", true},
      {"T AND F", false},
      {"T OR F", true},
      {"F OR F", false},
      {"F AND T OR T", false},  // F AND (T OR T)
      {"T OR T AND F", false},  // (T OR T) AND F
      {"T OR F AND F OR T", true},
      {"(F AND T) OR T", true},
      {"T OR (T AND F)", true},
      {"T T", true},
      {"T F", false},
      {"F T OR T", false},  // F and (T OR T)
      {"T OR F T", true},
      {"T OR T F", false},
      {"T AND T F", false},
      {"F OR T T AND T OR F", true},
      {"NOT F", true},
      {"NOT T", false},
      {"-F", true},
      {"- F", true},
      {"NOT T OR T", true},  // (NOT T) OR T
      {"NOT (T OR T)", false},
      {"NOT (T AND F)", true},
      {"-(T F)", true},
      {"NOT(F)", true},
      {"T AND NOT F", true},
      {"T -T", false},
      {"(((T)))", true},
      {"(T)AND(F)", false},
      {"(T)OR(F)", true},
      {"(T)(T)", true},
      {"  T  AND  T  ", true},
  };
  for (const auto& each : cases) {
    std::string text = each.text;
    for (size_t at = 0; at < text.size(); ++at) {
      // The last letter of NOT is not a T.
      if ((text[at] != 'T' && text[at] != 'F') || (at > 0 && text[at - 1] == 'O')) continue;
      const std::string with = text[at] == 'T' ? "live = true" : "live = false";
      text.replace(at, 1, with);
      at += with.size() - 1;
    }
    const auto filter = Filter::Parse(text, TestSchema());
    ASSERT_TRUE(filter.ok()) << text << ": " << filter.status();
    EXPECT_EQ(filter->Matches(TestSubject()), each.matches) << each.text;
  }
}

TEST(FilterTest, KeywordsAreWordsOfTheirOwn) {
  TestSubject subject;
  subject.name = "AND";
  Check({{"name = AND", true}, {"name = OR", false}, {"name = ANDY", false}, {"name = \"AND\" AND live = true", true}},
        subject);
}

TEST(FilterTest, ACopyMatchesTheSame) {
  const Filter filter = *Filter::Parse("name = q* OR count = 7", TestSchema());
  Filter copy;
  copy = filter;
  TestSubject subject;
  EXPECT_TRUE(copy.Matches(subject));
  subject.name = "x";
  EXPECT_FALSE(copy.Matches(subject));
}

// Whatever comes in is parsed or refused, and what is parsed can be matched.
TEST(FilterTest, NoTextDoesHarm) {
  const std::vector<std::string> parts = {"name",
                                          "labels",
                                          ".",
                                          "rack",
                                          "=",
                                          "!=",
                                          "<",
                                          ":",
                                          "*",
                                          "\"",
                                          "\\",
                                          "(",
                                          ")",
                                          "-",
                                          " ",
                                          "AND",
                                          "OR",
                                          "NOT",
                                          "a",
                                          "5",
                                          "\n",
                                          "é",
                                          "\xff",
                                          std::string(1, '\0'),
                                          "count",
                                          "live",
                                          "true",
                                          "made",
                                          "state",
                                          "FAILED",
                                          "2026-01-02T03:04:05Z",
                                          "= \"x*\""};
  std::minstd_rand random(1);
  const TestSubject subject;
  int parsed = 0, refused = 0;
  for (int round = 0; round < 50000; ++round) {
    std::string text;
    const size_t length = random() % 12;
    for (size_t i = 0; i < length; ++i) text += parts[random() % parts.size()];
    // Half of them are good ones with a scratch.
    if (round % 2 == 0) {
      text = "name = \"q*\" AND (labels.rack = a OR NOT count > 3) -state = FAILED";
      text[random() % text.size()] = static_cast<char>(random() % 256);
      text.erase(random() % text.size(), random() % 3);
    }
    const auto filter = Filter::Parse(text, TestSchema());
    if (filter.ok()) {
      filter->Matches(subject);
      ++parsed;
    } else {
      EXPECT_EQ(filter.status().code(), absl::StatusCode::kInvalidArgument);
      EXPECT_THAT(std::string(filter.status().message()), ::testing::StartsWith("at character "));
      ++refused;
    }
  }
  EXPECT_GT(parsed, 1000);
  EXPECT_GT(refused, 1000);
}

}  // namespace
}  // namespace warren::filter
