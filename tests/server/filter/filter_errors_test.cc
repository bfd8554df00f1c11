#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <string>

#include "server/filter/filter.h"
#include "tests/server/filter/filter_subject.h"

namespace warren::filter {
namespace {

using ::testing::HasSubstr;
using ::testing::StartsWith;

std::string ErrorOf(const std::string& text) {
  const auto filter = Filter::Parse(text, TestSchema());
  EXPECT_EQ(filter.status().code(), absl::StatusCode::kInvalidArgument) << text;
  return std::string(filter.status().message());
}

TEST(FilterErrorsTest, EachSaysWhereAndWhat) {
  const struct {
    const char* text;
    const char* message;
  } cases[] = {
      {"host = h1",
       "at character 1: there is no field \"host\"; it can be filtered by name, count, live, made, state, labels.KEY"},
      {"live = true AND nme = a", "at character 17: there is no field \"nme\"; it can be"},
      {"live = true and name = a", "at character 13: write AND in capitals"},
      {"not live = true", "at character 1: write NOT in capitals"},
      {"live = true AND", "at character 16: the filter ends where a comparison is to be (FIELD = VALUE)"},
      {"AND live = true", "at character 1: a comparison is to be here (FIELD = VALUE), not AND"},
      {"live = true OR OR name = a", "at character 16: a comparison is to be here (FIELD = VALUE), not OR"},
      {"NOT NOT live = true", "at character 5: a comparison is to be here (FIELD = VALUE), not NOT"},
      {"\"red\"", "at character 1: a comparison is to be here (FIELD = VALUE), not \"\\\"red\\\"\""},
      {"live", "at character 5: a comparator is to follow live: =, !=, <, <=, >, >= or :"},
      {"name AND live = true", "at character 6: a comparator is to follow name"},
      {"name ! a", "at character 6: a comparator is to follow name"},
      {"name == a", "at character 6: there is no such comparator"},
      {"name =", "at character 7: a value is to be here"},
      {"name = ) ", "at character 8: a value is to be here"},
      {"name = 'a'", "at character 8: quote with \", not with '"},
      {"name = a\"b\"", "at character 9: quote all of the value or nothing of it"},
      {"name = \"a\"b", "at character 11: a blank is to follow the quote"},
      {"name = \"a", "at character 8: this quote is not closed"},
      {"name = \"a\\", "at character 8: this quote is not closed"},
      {"name = \"a\\n\"", "at character 10: after a backslash comes \", \\ or *"},
      {"name = a*b", "at character 8: \"*\" stands for anything only at either end"},
      {"name < a*", "at character 8: \"*\" stands for anything only after = and !="},
      {"name:a", "at character 6: \":\" asks whether name is set (name:*); compare it with ="},
      {"name.x = a", "at character 5: name has no parts"},
      {"count = many", "at character 9: count is a whole number; \"many\" is none"},
      {"count = 5*", "at character 9: count is a whole number"},
      {"count = 99999999999999999999", "at character 9: count is a whole number"},
      {"live = yes", "at character 8: live is true or false, not \"yes\""},
      {"live > false", "at character 6: live has no order; compare it with = or !="},
      {"made > yesterday", "at character 8: made is a time as \"2026-01-02T03:04:05Z\"; \"yesterday\" is none"},
      {"made > 2026-01-02", "at character 8: made is a time"},
      {"state = GONE", "at character 9: state is one of QUEUED, FAILED; \"GONE\" is none"},
      {"state = FAILED*", "at character 9: state is one of QUEUED, FAILED"},
      {"state < FAILED", "at character 7: state has no order; compare it with = or !="},
      {"labels = a", "at character 8: compare one of them: labels.KEY = VALUE"},
      {"labels. = a", "at character 8: a name is to follow the dot"},
      {"labels.\"\" = a", "at character 8: a name is to follow the dot"},
      {"labels.\"a*\" = a", "at character 8: \"*\" cannot be in a name"},
      {"labels:*", "at character 8: name one of them: labels:KEY"},
      {"labels:\"\"", "at character 8: name one of them: labels:KEY"},
      {"(live = true", "at character 1: this parenthesis is not closed"},
      {"live = true)", "at character 12: this parenthesis closes nothing"},
      {"()", "at character 2: a comparison is to be here (FIELD = VALUE), not \")\""},
      {"- ", "at character 3: the filter ends where a comparison is to be"},
      {"name = žluť AND x = 1", "at character 17: there is no field \"x\""},
  };
  for (const auto& each : cases) EXPECT_THAT(ErrorOf(each.text), StartsWith(each.message)) << each.text;
}

TEST(FilterErrorsTest, FiltersAreBounded) {
  EXPECT_THAT(ErrorOf("name = " + std::string(5000, 'a')), HasSubstr("it is 5007 bytes long; at most 4096 can be"));
  EXPECT_TRUE(Filter::Parse("name = " + std::string(4089, 'a'), TestSchema()).ok());

  std::string many = "live = true";
  for (int i = 1; i < 64; ++i) many += " OR live = true";
  EXPECT_TRUE(Filter::Parse(many, TestSchema()).ok());
  EXPECT_THAT(ErrorOf(many + " live = true"), HasSubstr("at most 64 comparisons"));

  const auto nested = [](int depth) { return std::string(depth, '(') + "live = true" + std::string(depth, ')'); };
  EXPECT_TRUE(Filter::Parse(nested(16), TestSchema()).ok());
  EXPECT_THAT(ErrorOf(nested(17)), StartsWith("at character 17: parentheses go at most 16 deep"));
  EXPECT_THAT(ErrorOf(std::string(4000, '(')), HasSubstr("at most 16 deep"));
}

TEST(FilterErrorsTest, WhatTheCallerWroteIsShownShort) {
  const std::string message = ErrorOf("count = " + std::string(3000, 'x'));
  EXPECT_LT(message.size(), 200u);
  EXPECT_THAT(message, HasSubstr("…"));
}

}  // namespace
}  // namespace warren::filter
