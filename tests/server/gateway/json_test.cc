#include "server/gateway/json.h"

#include <gmock/gmock.h>
#include <google/protobuf/io/zero_copy_stream_impl_lite.h>

#include <vector>

#include "tests/server/gateway/library.pb.h"

namespace warren::gateway {
namespace {

using ::testing::ElementsAre;
using ::testing::HasSubstr;

template <typename T>
const google::protobuf::FieldDescriptor& Field(const std::string& name) {
  return *T::descriptor()->FindFieldByName(name);
}

TEST(JsonTest, FillsAMessageByTheNamesOfJsonAndOfTheProto) {
  test::Everything message;
  EXPECT_EQ(FromJson(R"({"anInt64": "9007199254740993", "a_string": "x", "color": "BLUE", "duration": "1.500s",
                         "inners": [{"text": "a"}, {}], "labels": {"k": "v"}})",
                     message),
            absl::OkStatus());
  EXPECT_EQ(message.an_int64(), 9007199254740993);
  EXPECT_EQ(message.a_string(), "x");
  EXPECT_EQ(message.color(), test::BLUE);
  EXPECT_EQ(message.duration().nanos(), 500'000'000);
  EXPECT_EQ(message.inners_size(), 2);
  EXPECT_EQ(message.labels().at("k"), "v");
}

TEST(JsonTest, AnUnknownNameIsRefusedWithIt) {
  test::Everything message;
  const absl::Status status = FromJson(R"({"inner": {"txt": "a"}})", message);
  EXPECT_EQ(status.code(), absl::StatusCode::kInvalidArgument);
  EXPECT_THAT(std::string(status.message()), HasSubstr("txt"));
  EXPECT_THAT(std::string(status.message()), HasSubstr("inner"));
}

TEST(JsonTest, AValueOfAnotherTypeIsRefusedWithItsField) {
  test::Everything message;
  const absl::Status status = FromJson(R"({"inner": {"inner": {"text": 7}}, "anInt32": "x"})", message);
  EXPECT_EQ(status.code(), absl::StatusCode::kInvalidArgument);
  EXPECT_THAT(std::string(status.message()), HasSubstr("an_int32"));
  EXPECT_FALSE(FromJson("[]", message).ok());
  EXPECT_FALSE(FromJson("7", message).ok());
}

TEST(JsonTest, WhatIsNotJsonIsRefusedWithTheLine) {
  test::Everything message;
  EXPECT_THAT(std::string(FromJson("{\n'a_string': 1}", message).message()), HasSubstr("line 2, column 1"));
}

TEST(JsonTest, ABodyMayBeOneField) {
  test::CreateBookRequest message;
  EXPECT_EQ(FieldFromJson(R"({"title": "x"})", Field<test::CreateBookRequest>("book"), message), absl::OkStatus());
  EXPECT_EQ(message.book().title(), "x");
  test::Everything all;
  EXPECT_EQ(FieldFromJson(R"(["a", "b"])", Field<test::Everything>("strings"), all), absl::OkStatus());
  EXPECT_THAT(all.strings(), ElementsAre("a", "b"));
}

TEST(JsonTest, ABodyOfOneFieldCannotReachTheOthers) {
  test::CreateBookRequest message;
  for (const std::string text : {R"({}, "parent": "x")", R"({}}, {"parent": "x")", ""}) {
    EXPECT_FALSE(FieldFromJson(text, Field<test::CreateBookRequest>("book"), message).ok()) << text;
  }
  EXPECT_EQ(message.parent(), "");
}

TEST(JsonTest, PrintsProtobufsOwnMapping) {
  test::Everything message;
  message.set_an_int64(1);
  message.set_some_bytes("\xfb\xff");
  message.mutable_duration()->set_seconds(2);
  EXPECT_EQ(*ToJson(message, false), R"({"anInt64":"1","someBytes":"+/8=","duration":"2s"})");
  EXPECT_THAT(*ToJson(message, true), HasSubstr("\n \"anInt64\": \"1\",\n"));
}

TEST(JsonTest, PrintsWhatIsOnTheWireAsTheMessageItself) {
  test::Everything message;
  for (const char* text :
       {R"({})", R"({"anInt64":"-1","aDouble":"NaN","aBool":true,"someBytes":"+/8=","duration":"1.500s"})",
        R"({"inners":[{"text":"a"},{"inner":{"text":"b"}}],"strings":["x","\u0000é\"<"],"colors":["RED","BLUE"]})",
        R"({"labels":{"k":"v"},"byNumber":{"7":{"text":"z"}},"color":"BLUE"})"}) {
    message.Clear();
    ASSERT_EQ(FromJson(text, message), absl::OkStatus()) << text;
    const std::string bytes = message.SerializeAsString();
    // With all types made ahead, and with none.
    for (const auto& roots : {std::vector{test::Everything::descriptor()}, {}}) {
      JsonTypes types(roots);
      for (const bool pretty : {false, true}) {
        google::protobuf::io::ArrayInputStream wire(bytes.data(), static_cast<int>(bytes.size()));
        EXPECT_EQ(WireToJson(wire, *test::Everything::descriptor(), types, pretty).value(), *ToJson(message, pretty));
      }
    }
  }
}

TEST(JsonTest, PrintsOneFieldAlone) {
  test::Everything message;
  const auto print = [&](const std::string& name) {
    return *FieldToJson(message, Field<test::Everything>(name), false);
  };
  EXPECT_EQ(print("a_string"), "\"\"");
  EXPECT_EQ(print("an_int64"), "\"0\"");
  EXPECT_EQ(print("inner"), "null");
  EXPECT_EQ(print("strings"), "[]");
  EXPECT_EQ(print("labels"), "{}");
  EXPECT_EQ(print("color"), "\"COLOR_UNSPECIFIED\"");
  message.set_a_string("a\"b");
  message.mutable_inner()->set_text("x");
  message.add_strings("a");
  message.add_strings("b");
  message.add_inners()->set_text("y");
  message.add_inners();
  (*message.mutable_labels())["k"] = "v,}";
  (*message.mutable_by_number())[7].set_text("z");
  message.add_colors(test::RED);
  message.set_a_double(std::numeric_limits<double>::infinity());
  EXPECT_EQ(print("a_string"), "\"a\\\"b\"");
  EXPECT_EQ(print("inner"), R"({"text":"x"})");
  EXPECT_EQ(print("strings"), R"(["a","b"])");
  EXPECT_EQ(print("inners"), R"([{"text":"y"},{}])");
  EXPECT_EQ(print("labels"), R"({"k":"v,}"})");
  EXPECT_EQ(print("by_number"), R"({"7":{"text":"z"}})");
  EXPECT_EQ(print("colors"), R"(["RED"])");
  EXPECT_EQ(print("a_double"), "\"Infinity\"");
}

}  // namespace
}  // namespace warren::gateway
