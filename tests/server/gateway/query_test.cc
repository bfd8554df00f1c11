#include "server/gateway/query.h"

#include <gmock/gmock.h>

#include "absl/strings/str_cat.h"
#include "tests/server/gateway/library.pb.h"

namespace warren::gateway {
namespace {

using ::testing::ElementsAre;
using ::testing::HasSubstr;
using ::testing::IsEmpty;
using ::testing::Pair;

TEST(QueryTest, IsNamesAndValuesDecoded) {
  EXPECT_THAT(*ParseQuery("a=1&b.c=x+y%26z&d&e=&=f"),
              ElementsAre(Pair("a", "1"), Pair("b.c", "x y&z"), Pair("d", ""), Pair("e", ""), Pair("", "f")));
  EXPECT_THAT(*ParseQuery("a=1=2&&"), ElementsAre(Pair("a", "1=2")));
  EXPECT_THAT(*ParseQuery(""), IsEmpty());
}

TEST(QueryTest, WhatCannotBeDecodedIsRefusedWithItsName) {
  EXPECT_EQ(ParseQuery("a=%zz").status().message(), "query parameter \"a\": has a \"%\" without two hex digits");
  EXPECT_EQ(ParseQuery("a=%00").status().message(), "query parameter \"a\": has a NUL");
  EXPECT_EQ(ParseQuery("a=%c0%80").status().message(), "query parameter \"a\": is not UTF-8");
}

TEST(QueryTest, HasABoundedNumberOfParameters) {
  std::string query;
  for (size_t i = 0; i < kMaxParameters; ++i) absl::StrAppend(&query, "a=1&");
  EXPECT_THAT(*ParseQuery(query), ::testing::SizeIs(kMaxParameters));
  EXPECT_THAT(std::string(ParseQuery(query + "a=1").status().message()), HasSubstr("more than 1000 parameters"));
}

absl::Status Fill(const std::string& query, google::protobuf::Message& message,
                  const std::vector<std::string>& bound = {}) {
  return FillFromQuery(*ParseQuery(query), bound, message);
}

TEST(QueryTest, FillsAMessage) {
  test::Everything message;
  EXPECT_EQ(Fill("inner.text=a&strings=b&strings=c&color=RED&duration=3s&aBool=true", message), absl::OkStatus());
  EXPECT_EQ(message.inner().text(), "a");
  EXPECT_THAT(message.strings(), ElementsAre("b", "c"));
  EXPECT_EQ(message.color(), test::RED);
  EXPECT_EQ(message.duration().seconds(), 3);
  EXPECT_TRUE(message.a_bool());
}

TEST(QueryTest, WhatDoesNotFitIsRefusedWithItsName) {
  test::Everything message;
  EXPECT_EQ(Fill("nobody=1", message).message(),
            "query parameter \"nobody\": warren.gateway.test.Everything has no field \"nobody\"");
  EXPECT_EQ(Fill("numbers=x", message).message(), "query parameter \"numbers\": \"x\" is not a 32-bit integer");
}

TEST(QueryTest, WhatThePathOrTheBodyGivesIsNotGivenAgain) {
  test::CreateBookRequest message;
  for (const std::string query : {"book.title=x", "book.name=x"}) {
    EXPECT_THAT(std::string(Fill(query, message, {"book"}).message()), HasSubstr("the path or the body gives book"));
  }
  EXPECT_THAT(std::string(Fill("parent=x", message, {"parent"}).message()), HasSubstr("gives parent"));
  EXPECT_THAT(std::string(Fill("book.name=x", message, {"book.name"}).message()), HasSubstr("gives book.name"));
  EXPECT_EQ(Fill("book_id=x", message, {"book", "parent"}), absl::OkStatus());
}

}  // namespace
}  // namespace warren::gateway
