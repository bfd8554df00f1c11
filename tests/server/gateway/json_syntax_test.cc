#include "server/gateway/json_syntax.h"

#include <gmock/gmock.h>

#include <string>

#include "tests/server/gateway/library.pb.h"

namespace warren::gateway {
namespace {

using ::testing::HasSubstr;

std::string Refusal(std::string_view text) {
  const absl::Status status = CheckJson(text);
  EXPECT_EQ(status.code(), absl::StatusCode::kInvalidArgument) << text;
  return std::string(status.message());
}

TEST(JsonSyntaxTest, WhatIsJsonIsTaken) {
  for (const std::string text : {"{}", "[]", "null", " true ", "-0", "0.5e-3", "1E+2", "\"\"", "\"\\u00e4\\n\\\"\"",
                                 "{\"a\":[1,{\"b\":null}],\"c\":\"ä\"}", "\t[\r\n1 ,\n2 ]"}) {
    EXPECT_EQ(CheckJson(text), absl::OkStatus()) << text;
  }
}

TEST(JsonSyntaxTest, WhatOnlyLooksLikeItIsNot) {
  for (const std::string text :
       {"",    " ",       "{",           "[1,]", "{\"a\":1,}", "{a:1}", "{'a':1}", "['x']", "01",
        "1.",  ".5",      "+1",          "1e",   "-",          "nul",   "True",    "[1 2]", "{\"a\" 1}",
        "\"a", "\"\\x\"", "\"\\u12g4\"", "\"\\", "\"\n\"",     "{} {}", "//x\n1",  "NaN",   "\"\\u12"}) {
    Refusal(text);
  }
  Refusal(std::string_view("\"\0\"", 3));
  EXPECT_EQ(Refusal("\"\xc0\x80\""), "the body is not UTF-8");
}

TEST(JsonSyntaxTest, TheLineTheColumnAndTheFieldAreTold) {
  EXPECT_EQ(Refusal("{\n  \"operations\": [\n    {\"a\": 1},\n    {\"createVeth\": {\"a\" 2}}\n  ]\n}"),
            "line 4, column 25, in operations[1].createVeth.a: \":\" is expected");
  EXPECT_EQ(Refusal("{\"a\": 1,\n \"b\": x}"), "line 2, column 7, in b: a value is expected");
  EXPECT_EQ(Refusal("x"), "line 1, column 1: a value is expected");
  EXPECT_EQ(Refusal("{\"a\": \"b"), "line 1, column 7, in a: this string has no end");
}

TEST(JsonSyntaxTest, ANameComesOnce) {
  EXPECT_THAT(Refusal("{\"a\":1,\"a\":2}"), HasSubstr("column 8: \"a\" comes twice"));
  EXPECT_EQ(CheckJson("{\"a\":{\"a\":1},\"b\":{\"a\":1}}"), absl::OkStatus());
}

TEST(JsonSyntaxTest, NestingHasALimit) {
  EXPECT_EQ(CheckJson(std::string(100, '[') + std::string(100, ']')), absl::OkStatus());
  EXPECT_THAT(Refusal(std::string(101, '[') + std::string(101, ']')), HasSubstr("nested more than 100 deep"));
  EXPECT_THAT(Refusal(std::string(1'000'000, '[')), HasSubstr("nested more than 100 deep"));
}

TEST(JsonSyntaxTest, ANameComesTwiceHoweverItIsEscaped) {
  for (const std::string text : {R"({"ab":1,"\u0061b":2})", R"({"a\/b":1,"a/b":2})", R"({"é":1,"\u00e9":2})",
                                 R"({"\n":1,"\u000A":2})", R"({"\ud83d\ude00":1,"😀":2})"}) {
    EXPECT_EQ(CheckJson(text).code(), absl::StatusCode::kInvalidArgument) << text;
  }
  EXPECT_EQ(CheckJson(R"({"\\u0061":1,"a":2,"\ud83d":3,"\ude00":4,"":5})"), absl::OkStatus());
}

std::string RefusalOf(std::string_view text) {
  const absl::Status status = CheckJson(text, {test::Everything::descriptor()});
  EXPECT_EQ(status.code(), absl::StatusCode::kInvalidArgument) << text;
  return std::string(status.message());
}

TEST(JsonSyntaxTest, TheNamesAreThoseOfTheMessage) {
  EXPECT_EQ(CheckJson(R"({"aString":"x","an_int32":1,"inner":{"inner":{"text":""}},"inners":[{"text":"a"},{}],
                          "labels":{"a_b":"1","aB":"2"},"byNumber":{"7":{"text":""}},"wrapped":"1","aBool":null})",
                      {test::Everything::descriptor()}),
            absl::OkStatus());
  EXPECT_EQ(RefusalOf("{\n \"inners\": [{}, {\"txt\": 1}]}"),
            "line 2, column 18, in inners[1]: warren.gateway.test.Everything.Inner has no field \"txt\"");
  EXPECT_THAT(RefusalOf(R"({"byNumber":{"7":{"a":1}}})"), HasSubstr("in byNumber.7: "));
  EXPECT_THAT(RefusalOf(R"({"a_string":"x","aString":"y"})"), HasSubstr("comes twice"));
}

TEST(JsonSyntaxTest, ListsAreListsAndTruthIsNoText) {
  EXPECT_THAT(RefusalOf(R"({"inners":{"text":"a"}})"), HasSubstr("in inners: a list is expected"));
  EXPECT_THAT(RefusalOf(R"({"strings":"a"})"), HasSubstr("a list is expected"));
  EXPECT_THAT(RefusalOf(R"({"aBool":"true"})"), HasSubstr("in aBool: true or false is expected"));
  const auto* field = test::Everything::descriptor()->FindFieldByName("inners");
  EXPECT_EQ(CheckJson(R"([{"text":"a"}])", {nullptr, field}), absl::OkStatus());
  EXPECT_FALSE(CheckJson(R"([{"txt":"a"}])", {nullptr, field}).ok());
}

TEST(JsonSyntaxTest, TooManyValuesAreRefused) {
  EXPECT_EQ(CheckJson(R"({"a":[1,2]})", {nullptr, nullptr, 4}), absl::OkStatus());
  EXPECT_EQ(CheckJson(R"({"a":[1,2]})", {nullptr, nullptr, 3}).code(), absl::StatusCode::kInvalidArgument);
}

}  // namespace
}  // namespace warren::gateway
