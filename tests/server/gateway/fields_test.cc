#include "server/gateway/fields.h"

#include <gmock/gmock.h>

#include <cmath>

#include "tests/server/gateway/library.pb.h"

namespace warren::gateway {
namespace {

using ::testing::ElementsAre;
using ::testing::HasSubstr;

class FieldsTest : public ::testing::Test {
 protected:
  absl::Status Set(const std::string& name, std::string_view text) {
    const auto path = FindField(*message_.GetDescriptor(), name);
    return path.ok() ? SetField(message_, *path, text) : path.status();
  }
  void ExpectSet(const std::string& name, std::string_view text) {
    EXPECT_EQ(Set(name, text), absl::OkStatus()) << name << "=" << text;
  }
  void ExpectRefused(const std::string& name, std::string_view text, const std::string& why) {
    const std::string before = message_.DebugString();
    const absl::Status status = Set(name, text);
    EXPECT_EQ(status.code(), absl::StatusCode::kInvalidArgument) << name << "=" << text;
    EXPECT_THAT(std::string(status.message()), HasSubstr(why)) << name << "=" << text;
  }

  test::Everything message_;
};

TEST_F(FieldsTest, ScalarsAreTakenAsJsonHasThem) {
  ExpectSet("a_bool", "true");
  ExpectSet("an_int32", "-2147483648");
  ExpectSet("an_int64", "9223372036854775807");
  ExpectSet("a_uint32", "4294967295");
  ExpectSet("a_uint64", "18446744073709551615");
  ExpectSet("a_float", "1.5");
  ExpectSet("a_double", "-1e300");
  ExpectSet("a_string", "a & b");
  EXPECT_TRUE(message_.a_bool());
  EXPECT_EQ(message_.an_int32(), INT32_MIN);
  EXPECT_EQ(message_.an_int64(), INT64_MAX);
  EXPECT_EQ(message_.a_uint32(), UINT32_MAX);
  EXPECT_EQ(message_.a_uint64(), UINT64_MAX);
  EXPECT_EQ(message_.a_float(), 1.5f);
  EXPECT_EQ(message_.a_double(), -1e300);
  EXPECT_EQ(message_.a_string(), "a & b");
}

TEST_F(FieldsTest, WhatIsNotOfTheTypeIsRefused) {
  for (const std::string text : {"", "1 ", " 1", "+1", "1.0", "0x1", "2147483648", "one"}) {
    ExpectRefused("an_int32", text, "is not a 32-bit integer");
  }
  ExpectRefused("a_uint32", "-1", "is not an unsigned 32-bit integer");
  ExpectRefused("an_int64", "9223372036854775808", "is not a 64-bit integer");
  ExpectRefused("a_uint64", "18446744073709551616", "is not an unsigned 64-bit integer");
  for (const std::string text : {"", "True", "1", "yes"}) ExpectRefused("a_bool", text, "is not true or false");
  for (const std::string text : {"", "1e999", "nan", "inf", "1 ", "0x1p3"})
    ExpectRefused("a_double", text, "is not a number");
  ExpectRefused("a_float", "1e39", "is not a float");
  ExpectRefused("a_string", "\xff", "is not UTF-8");
}

TEST_F(FieldsTest, NumbersThatAreNoneHaveTheirJsonNames) {
  ExpectSet("a_double", "NaN");
  ExpectSet("a_float", "-Infinity");
  EXPECT_TRUE(std::isnan(message_.a_double()));
  EXPECT_EQ(message_.a_float(), -std::numeric_limits<float>::infinity());
}

TEST_F(FieldsTest, BytesAreBase64OfEitherAlphabet) {
  ExpectSet("some_bytes", "+/8=");
  EXPECT_EQ(message_.some_bytes(), "\xfb\xff");
  message_.Clear();
  ExpectSet("some_bytes", "-_8");
  EXPECT_EQ(message_.some_bytes(), "\xfb\xff");
  message_.Clear();
  ExpectRefused("some_bytes", "*", "is not base64");
}

TEST_F(FieldsTest, EnumsAreGivenByNameOrNumber) {
  ExpectSet("color", "BLUE");
  ExpectSet("colors", "1");
  ExpectSet("colors", "7");
  EXPECT_EQ(message_.color(), test::BLUE);
  EXPECT_THAT(message_.colors(), ElementsAre(test::RED, 7));
  ExpectRefused("colors", "blue", "is not a value of warren.gateway.test.Color");
}

TEST_F(FieldsTest, NamesAreThoseOfTheProtoOrOfJson) {
  ExpectSet("aString", "x");
  EXPECT_EQ(message_.a_string(), "x");
  ExpectRefused("astring", "x", "has no field \"astring\"");
  ExpectRefused("a_string.x", "x", "has no fields of its own");
  ExpectRefused("", "x", "has no field \"\"");
  ExpectRefused("inner.", "x", "has no field \"\"");
}

TEST_F(FieldsTest, NestedFieldsAreReachedByDots) {
  ExpectSet("inner.inner.text", "deep");
  EXPECT_EQ(message_.inner().inner().text(), "deep");
  ExpectRefused("inner", "x", "is a warren.gateway.test.Everything.Inner: give its fields");
  ExpectRefused("inners.text", "x", "has no fields of its own to name");
  ExpectRefused("labels", "x", "is a map");
}

TEST_F(FieldsTest, ButNotDeeperThanAMessageCanBeRead) {
  std::string path;
  for (int i = 0; i < 31; ++i) path += "inner.";
  ExpectSet(path + "text", "deep");
  ExpectRefused(path + "inner.text", "x", "deeper than 32");
}

TEST_F(FieldsTest, RepeatedOnesAreAddedTo) {
  for (const std::string text : {"a", "", "b"}) ExpectSet("strings", text);
  ExpectSet("numbers", "1");
  ExpectSet("numbers", "2");
  EXPECT_THAT(message_.strings(), ElementsAre("a", "", "b"));
  EXPECT_THAT(message_.numbers(), ElementsAre(1, 2));
}

TEST_F(FieldsTest, OneThatIsSetIsNotSetAgain) {
  ExpectSet("a_string", "x");
  ExpectRefused("a_string", "y", "is given more than once");
  ExpectSet("maybe", "0");
  ExpectRefused("maybe", "0", "is given more than once");
  ExpectSet("left", "x");
  ExpectRefused("right", "1", "cannot be given together with left");
}

TEST_F(FieldsTest, WellKnownTypesHaveTheirJsonForm) {
  ExpectSet("time", "2026-01-02T03:04:05.5Z");
  ExpectSet("duration", "1.5s");
  ExpectSet("mask", "aString,inner.text");
  ExpectSet("wrapped", "-7");
  ExpectSet("wrapped_text", "");
  EXPECT_EQ(message_.time().nanos(), 500'000'000);
  EXPECT_EQ(message_.duration().seconds(), 1);
  EXPECT_THAT(message_.mask().paths(), ElementsAre("a_string", "inner.text"));
  EXPECT_EQ(message_.wrapped().value(), -7);
  EXPECT_TRUE(message_.has_wrapped_text());
  message_.Clear();
  ExpectRefused("time", "yesterday", "is not a google.protobuf.Timestamp");
  message_.Clear();
  ExpectRefused("duration", "1.5", "is not a google.protobuf.Duration");
  ExpectRefused("mask", "a\",\"b", "is not a google.protobuf.FieldMask");
  ExpectRefused("wrapped", "x", "is not a 64-bit integer");
}

}  // namespace
}  // namespace warren::gateway
