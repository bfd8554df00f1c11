#include "client/output/list_writer.h"

#include <gtest/gtest.h>

#include "client/output/host_text.h"
#include "client/output/intent_text.h"
#include "client/output/namespace_text.h"
#include "tests/client/output/messages.h"

namespace warren::cli {
namespace {

const absl::Time kNow = absl::FromUnixSeconds(1795564103);

Columns<v1::Host> Names() {
  return {{"HOST", "CONNECTED"}, [](const v1::Host& host) {
            return std::vector<std::string>{host.name().substr(6), host.connected() ? "yes" : "no"};
          }};
}
v1::Host Host(const std::string& name) {
  v1::Host host;
  host.set_name("hosts/" + name);
  return host;
}

TEST(ListWriter, PagesOneAfterTheOtherAreOneList) {
  for (const Format format : {Format::kTable, Format::kJson, Format::kYaml, Format::kName}) {
    ListWriter<v1::Host> pages(format, Names());
    std::string text = pages.Page({Host("h1")});
    text += pages.Page({Host("h2"), Host("h3")});
    text += pages.Page({});
    text += pages.End();
    ListWriter<v1::Host> whole(format, Names());
    std::string at_once = whole.Page({Host("h1"), Host("h2"), Host("h3")});
    at_once += whole.End();
    EXPECT_EQ(text, at_once);
  }
  ListWriter<v1::Host> json(Format::kJson, Names());
  std::string text = json.Page({Host("h1")});
  text += json.Page({Host("h2")});
  EXPECT_EQ(text + json.End(), "[\n {\n  \"name\": \"hosts/h1\"\n },\n {\n  \"name\": \"hosts/h2\"\n }\n]\n");
}

TEST(ListWriter, NothingIsAHeadingOrAnEmptyList) {
  EXPECT_EQ(ListWriter<v1::Host>(Format::kTable, Names()).End(), "HOST   CONNECTED\n");
  EXPECT_EQ(ListWriter<v1::Host>(Format::kJson, Names()).End(), "[]\n");
  EXPECT_EQ(ListWriter<v1::Host>(Format::kName, Names()).End(), "");
}

TEST(EventWriter, HoldsASnapshotBackUntilItIsWholeThenTellsEachChange) {
  EventWriter<v1::Host> writer(Format::kTable, Names());
  const v1::Host h1 = Host("h1");
  const v1::Host far = Host("far.example.com");
  EXPECT_EQ(writer.Event("EXISTING", &h1, false, 0), "");
  EXPECT_EQ(writer.Event("EXISTING", &far, false, 0), "");
  EXPECT_EQ(writer.Event("SYNCED", nullptr, false, 6),
            "EVENT      HOST              CONNECTED\n"
            "EXISTING   h1                no\n"
            "EXISTING   far.example.com   no\n");
  EXPECT_EQ(writer.Event("CHANGED", &h1, false, 7), "CHANGED    h1                no\n");
  EXPECT_EQ(writer.Event("DELETED", &h1, true, 8), "DELETED    h1                -\n");
}

TEST(EventWriter, OfAnEmptySnapshotBeginsWithTheFirstRow) {
  Columns<v1::Host> columns = Names();
  columns.least = {6};
  EventWriter<v1::Host> writer(Format::kTable, columns);
  EXPECT_EQ(writer.Event("SYNCED", nullptr, false, 6), "");
  const v1::Host h1 = Host("h1");
  EXPECT_EQ(writer.Event("CHANGED", &h1, false, 7),
            "EVENT      HOST     CONNECTED\n"
            "CHANGED    h1       no\n");
}

TEST(EventWriter, HoldsAPageBackAtMost) {
  EventWriter<v1::Host> writer(Format::kTable, Names());
  const v1::Host h1 = Host("h1");
  for (int i = 0; i < 999; ++i) EXPECT_EQ(writer.Event("EXISTING", &h1, false, 0), "");
  EXPECT_GT(writer.Event("EXISTING", &h1, false, 0).size(), 10000u);
}

TEST(EventWriter, IsALineOfJsonADocumentOfYamlOrAName) {
  const v1::Host h1 = Host("h1");
  EventWriter<v1::Host> json(Format::kJson, Names());
  EXPECT_EQ(json.Event("CHANGED", &h1, false, 7),
            "{\"type\":\"CHANGED\",\"object\":{\"name\":\"hosts/h1\"},\"revision\":\"7\"}\n");
  EXPECT_EQ(json.Event("SYNCED", nullptr, false, 0), "{\"type\":\"SYNCED\"}\n");
  EventWriter<v1::Host> yaml(Format::kYaml, Names());
  EXPECT_EQ(yaml.Event("DELETED", &h1, true, 8), "---\ntype: DELETED\nrevision: \"8\"\nobject:\n  name: hosts/h1\n");
  EXPECT_EQ(yaml.Event("SYNCED", nullptr, false, 0), "---\ntype: SYNCED\n");
  EventWriter<v1::Host> names(Format::kName, Names());
  EXPECT_EQ(names.Event("EXISTING", &h1, false, 0), "hosts/h1\n");
  EXPECT_EQ(names.Event("SYNCED", nullptr, false, 6), "");
  EXPECT_EQ(names.Event("DELETED", &h1, true, 8), "");
}

TEST(JoinJsonLines, KeepsEveryStringAsItIs) {
  EXPECT_EQ(JoinJsonLines("[\n {\n  \"a\": \"x  y\"\n }\n]\n"), "[{\"a\": \"x  y\"}]");
}

TEST(Wide, HasMoreColumnsAndColourIsForStates) {
  const auto host = From<v1::Host>(
      "name: 'hosts/h1' connected: true labels { key: 'zone' value: 'eu' } labels { key: 'rack' value: 'a1' } "
      "boot_id: 'b-2' previous_boot_id: 'b-1' connect_time { seconds: 1795564000 }");
  EXPECT_EQ(HostsText({host}, Style(Format::kWide, true), kNow),
            "HOST   CONNECTED   LAST SEEN   NAMESPACES   QUEUED   KERNEL   AGENT   SINCE                      LABELS   "
            "         BOOT   PREVIOUS BOOT\n"
            "h1     \x1b[32myes\x1b[0m         never       0            0        -        -       "
            "2026-11-24T23:46:40.000Z   rack=a1,zone=eu   b-2    b-1\n");
  const auto intent = From<v1::Intent>(
      "name: 'hosts/h1/intents/1' state: FAILED sequence: 7 create_time { seconds: 1795564000 } expire_time { seconds: "
      "1795565000 } boot_id: 'b-2'");
  EXPECT_EQ(
      IntentsText({intent}, Style(Format::kWide, true), kNow),
      "INTENT   STATE    AGE    APPLIED IN   OPERATIONS   SEQUENCE   ACCEPTED                   STARTED   FINISHED "
      "  EXPIRES                    BOOT\n"
      "h1/1     \x1b[31mFAILED\x1b[0m   103s   -            -            7          2026-11-24T23:46:40.000Z   -   "
      "      -          2026-11-25T00:03:20.000Z   b-2\n");
  EXPECT_EQ(NamespacesText({From<v1::Namespace>("name: 'hosts/h1/namespaces/red' nsid: 4 identity { cookie: 5 inode: 6 "
                                                "}")},
                           Format::kWide),
            "NAMESPACE   NSID   LINKS   ROUTES   FOREIGN   COOKIE   INODE   OBSERVED\n"
            "h1/red      4      0       0        no        5        6       -\n");
}

TEST(DryRun, ShowsWhatWouldBeSubmitted) {
  const auto intent =
      From<v1::Intent>("operations { create_namespace { namespace: 'red' } } expire_time { seconds: 1795565000 }");
  EXPECT_EQ(DryRunText("h1", intent, Format::kTable),
            "Host:         h1\nExpires:      2026-11-25T00:03:20.000Z\nOperations:   0  create_namespace red\n");
  EXPECT_EQ(DryRunText("h1", intent, Format::kName), "hosts/h1\n");
  EXPECT_EQ(DryRunText("h1", intent, Format::kYaml),
            "operations:\n- createNamespace:\n    namespace: red\nexpireTime: \"2026-11-25T00:03:20Z\"\n");
}

}  // namespace
}  // namespace warren::cli
