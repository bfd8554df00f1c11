// JSON and YAML.

#include <gtest/gtest.h>
#include <yaml-cpp/yaml.h>

#include "client/output/format.h"
#include "client/output/yaml.h"
#include "google/protobuf/util/json_util.h"
#include "tests/client/output/messages.h"
#include "warren/v1/intents.pb.h"
#include "warren/v1/inventory.pb.h"

namespace warren::cli {
namespace {

v1::Namespace Red() {
  return From<v1::Namespace>(R"(
    name: 'hosts/h1/namespaces/red' raw_name: 'red' nsid: -1 foreign: true
    identity { boot_id: '8c1f4f0e-0000-4000-8000-000000000001' cookie: 18446744073709551615 }
    links { name: 'on' ifindex: 2 flags: 'UP' flags: 'LOWER_UP' mac: '02:00:00:00:00:01' mtu: 1500 peer {} }
    observe_time { seconds: 1795564103 nanos: 120000000 })");
}

TEST(Format, NamesAreTheFiveOfThem) {
  EXPECT_EQ(*ParseFormat("table"), Format::kTable);
  EXPECT_EQ(*ParseFormat("json"), Format::kJson);
  EXPECT_EQ(*ParseFormat("yaml"), Format::kYaml);
  EXPECT_EQ(*ParseFormat("name"), Format::kName);
  EXPECT_TRUE(absl::IsInvalidArgument(ParseFormat("xml").status()));
  EXPECT_EQ(*ParseFormat("wide"), Format::kWide);
  EXPECT_EQ(FormatNames().size(), 5u);
}

TEST(Json, IsProtobufs) {
  const v1::Namespace red = Red();
  v1::Namespace back;
  ASSERT_TRUE(google::protobuf::util::JsonStringToMessage(DataText(red, Format::kJson), &back).ok());
  EXPECT_EQ(back.SerializeAsString(), red.SerializeAsString());
}

TEST(Json, SeveralAreAnArray) {
  const auto one = From<v1::Intent>("name: 'a' state: QUEUED");
  EXPECT_EQ(DataListText(std::vector<v1::Intent>{}, Format::kJson), "[]\n");
  EXPECT_EQ(DataListText(std::vector<v1::Intent>{one, one}, Format::kJson),
            "[\n {\n  \"name\": \"a\",\n  \"state\": \"QUEUED\"\n },\n {\n  \"name\": \"a\",\n  \"state\": "
            "\"QUEUED\"\n }\n]\n");
}

TEST(Yaml, SaysWhatJsonSays) {
  EXPECT_EQ(DataText(Red(), Format::kYaml),
            "name: hosts/h1/namespaces/red\n"
            "rawName: cmVk\n"
            "identity:\n"
            "  bootId: \"8c1f4f0e-0000-4000-8000-000000000001\"\n"
            "  cookie: \"18446744073709551615\"\n"
            "foreign: true\n"
            "nsid: -1\n"
            "links:\n"
            "- name: \"on\"\n"
            "  ifindex: 2\n"
            "  flags:\n"
            "  - UP\n"
            "  - LOWER_UP\n"
            "  mtu: 1500\n"
            "  mac: \"02:00:00:00:00:01\"\n"
            "  peer: {}\n"
            "observeTime: \"2026-11-24T23:48:23.120Z\"\n");
}

TEST(Yaml, SeveralAreAList) {
  const auto one = From<v1::Intent>("name: 'a' state: QUEUED operations { create_namespace { namespace: 'red' } }");
  EXPECT_EQ(DataListText(std::vector<v1::Intent>{}, Format::kYaml), "[]\n");
  EXPECT_EQ(DataListText(std::vector<v1::Intent>{one, v1::Intent(), one}, Format::kYaml),
            "- name: a\n  operations:\n  - createNamespace:\n      namespace: red\n  state: QUEUED\n"
            "- {}\n"
            "- name: a\n  operations:\n  - createNamespace:\n      namespace: red\n  state: QUEUED\n");
  EXPECT_EQ(DataText(v1::Intent(), Format::kYaml), "{}\n");
}

TEST(Yaml, TextIsQuotedWhereAReaderCouldTakeItForSomethingElse) {
  for (const char* plain : {"red", "qrouter-97db7930", "/run/netns/red", "_x", "a.b", "h1@x", "SUCCEEDED"}) {
    EXPECT_EQ(YamlText(plain), plain);
  }
  for (const char* quoted :
       {"",   "on",  "Yes", "NULL", "y", "1400", "0x10", "1e3", "02:00:00:00:00:01", "10.0.0.1/24", "@host",
        "-x", "a b", "a:b", "a#b",  "~", "*",    "[",    "=41", "\xc3\xa9"}) {
    EXPECT_EQ(YamlText(quoted), std::string("\"") + quoted + "\"");
  }
}

TEST(Yaml, WhateverIsQuotedIsReadBack) {
  for (const char* text :
       {"\"", "\\", "a\nb\tc\r", "\x01\x1f\x7f", "\\x41", "'", "\xf0\x9f\x98\x80", "key: value # x"}) {
    EXPECT_EQ(YAML::Load(YamlText(text)).Scalar(), text);
  }
}

}  // namespace
}  // namespace warren::cli
