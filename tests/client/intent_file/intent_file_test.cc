#include "client/intent_file/intent_file.h"

#include <gtest/gtest.h>

#include "tests/client/intent_file/parsed.h"

namespace warren::cli {
namespace {

constexpr char kRed[] = "operations { create_namespace { namespace: 'red' } }";

TEST(IntentFile, ReadsAsPeopleWouldWriteIt) {
  EXPECT_THAT(
      Parse("operations: [{createNamespace: {namespace: red}}, {createVeth: {a: {namespace: red, name: eth0, "
            "addresses: [10.0.0.1/24], up: true}, b: {namespace: blue, name: eth0}}}]"),
      IsIntent("operations { create_namespace { namespace: 'red' } }"
               "operations { create_veth { a { namespace: 'red' name: 'eth0' addresses: '10.0.0.1/24' up: true }"
               "  b { namespace: 'blue' name: 'eth0' } } }"));
}

TEST(IntentFile, BlockStyleFlowStyleAndJsonAreTheSame) {
  EXPECT_THAT(Parse("# a router\noperations:\n  - createNamespace:\n      namespace: red\n"), IsIntent(kRed));
  EXPECT_THAT(Parse("operations:\n- createNamespace: {namespace: red}\n"), IsIntent(kRed));
  EXPECT_THAT(Parse("{\"operations\":[{\"createNamespace\":{\"namespace\":\"red\"}}]}"), IsIntent(kRed));
  EXPECT_THAT(Parse("{\n\t\"operations\": [\n\t\t{\"createNamespace\": {\"namespace\": \"red\"}}\n\t]\n}\n"),
              IsIntent(kRed));
  EXPECT_THAT(Parse("---\noperations:\r\n  - createNamespace:\r\n      namespace: red\r\n"), IsIntent(kRed));
  EXPECT_THAT(Parse("\xef\xbb\xbfoperations: [{createNamespace: {namespace: red}}]"), IsIntent(kRed));
}

TEST(IntentFile, NamesAreLowerCamelOrSnake) {
  EXPECT_THAT(
      Parse("operations: [{create_namespace: {namespace: red, allow_existing: true, loopbackDown: true}}]"),
      IsIntent("operations { create_namespace { namespace: 'red' allow_existing: true loopback_down: true } }"));
}

TEST(IntentFile, TextStaysTextHoweverItLooks) {
  for (const char* name : {"on",   "off",  "yes",        "no",       "y",  "true", "False", "0x10",
                           "0o17", "017",  "1e3",        "1_000",    "12", "-5",   "1.5",   ".5",
                           ".inf", ".nan", "2026-11-24", "12:30:45", "=",  "a b",  "Null1", "02:00:00:00:00:01"}) {
    const auto intent = Parse(std::string("operations: [{createNamespace: {namespace: ") + name + "}}]");
    ASSERT_TRUE(intent.ok()) << name << ": " << intent.status();
    EXPECT_EQ(intent->operations(0).create_namespace().namespace_(), name);
  }
}

TEST(IntentFile, AMacAndAnAddressNeedNoQuotes) {
  EXPECT_THAT(Parse("operations:\n"
                    "  - setLink: {namespace: red, name: eth0, mac: 02:00:00:00:00:01}\n"
                    "  - addAddress:\n"
                    "      namespace: red\n"
                    "      link: eth0\n"
                    "      address: 2001:db8::1/64\n"),
              IsIntent("operations { set_link { namespace: 'red' name: 'eth0' mac: '02:00:00:00:00:01' } }"
                       "operations { add_address { namespace: 'red' link: 'eth0' address: '2001:db8::1/64' } }"));
}

TEST(IntentFile, QuotesEscapesAndBlocksAreYamls) {
  EXPECT_THAT(Parse("operations: [{createNamespace: {namespace: 'it''s'}}]"),
              IsIntent("operations { create_namespace { namespace: \"it's\" } }"));
  EXPECT_THAT(Parse("operations: [{createNamespace: {namespace: \"r\\u00e9d\"}}]"),
              IsIntent("operations { create_namespace { namespace: 'r\xc3\xa9"
                       "d' } }"));
  EXPECT_THAT(Parse("operations:\n- createNamespace:\n    namespace: >-\n      red\n"), IsIntent(kRed));
}

TEST(IntentFile, JsonsSurrogatePairsAreOneCharacter) {
  EXPECT_THAT(Parse(R"({"operations": [{"createNamespace": {"namespace": "r\ud83d\ude00"}}]})"),
              IsIntent("operations { create_namespace { namespace: 'r\xf0\x9f\x98\x80' } }"));
  // An escaped backslash before "ud83d" is no escape.
  EXPECT_THAT(Parse(R"({"operations": [{"createNamespace": {"namespace": "r\\ud83d\\ude00"}}]})"),
              IsIntent(R"(operations { create_namespace { namespace: 'r\\ud83d\\ude00' } })"));
  EXPECT_THAT(Parse(R"({"operations": [{"createNamespace": {"namespace": "r\ud83d"}}]})"),
              IsRefusedSaying("is neither YAML nor JSON"));
}

TEST(IntentFile, OptionalFieldsAreSetWhenGivenEvenToTheirDefaults) {
  const auto intent = Parse("operations: [{setLink: {namespace: red, name: eth0, up: false, mtu: 0}}]");
  ASSERT_TRUE(intent.ok()) << intent.status();
  const auto& set = intent->operations(0).set_link();
  EXPECT_TRUE(set.has_up());
  EXPECT_TRUE(set.has_mtu());
  EXPECT_FALSE(set.has_mac());
}

TEST(IntentFile, TruthIsSaidInYamlsWays) {
  const auto up = [](const std::string& text) -> absl::StatusOr<bool> {
    const auto intent = Parse("operations: [{setLink: {up: " + text + "}}]");
    if (!intent.ok()) return intent.status();
    return intent->operations(0).set_link().up();
  };
  for (const char* yes : {"true", "True", "TRUE", "yes", "on", "\"true\""}) EXPECT_TRUE(up(yes).value()) << yes;
  for (const char* no : {"false", "no", "Off", "'false'"}) EXPECT_FALSE(up(no).value()) << no;
  for (const char* neither : {"1", "0", "t", "\"yes\"", "[true]", "{}"}) EXPECT_FALSE(up(neither).ok()) << neither;
}

TEST(IntentFile, NumbersAreWholeAndDecimal) {
  const auto mtu = [](const std::string& text) -> absl::StatusOr<uint32_t> {
    const auto intent = Parse("operations: [{setLink: {mtu: " + text + "}}]");
    if (!intent.ok()) return intent.status();
    return intent->operations(0).set_link().mtu();
  };
  EXPECT_EQ(mtu("1400").value(), 1400u);
  EXPECT_EQ(mtu("\"1400\"").value(), 1400u);
  EXPECT_EQ(mtu("0").value(), 0u);
  EXPECT_EQ(mtu("4294967295").value(), 4294967295u);
  for (const char* bad : {"4294967296", "-1", "+1", "1400.0", "1e3", "0x578", "0o17", "017", "1_400", "fifteen", "\"\"",
                          "\" 1400\"", "[1400]"}) {
    EXPECT_THAT(mtu(bad), testing::Not(testing::ResultOf([](const auto& m) { return m.ok(); }, true))) << bad;
  }
  EXPECT_THAT(
      Parse("operations:\n- setLink:\n    mtu: 1e3\n"),
      IsRefused(
          "line 3, column 10: operations[0].setLink.mtu \"1e3\" is not a whole decimal number from 0 to 4294967295"));
}

TEST(IntentFile, DurationsAreProtobufsSeconds) {
  EXPECT_THAT(Parse("operations: [{addAddress: {validLifetime: 3600s, preferredLifetime: \"1.5s\"}}]"),
              IsIntent("operations { add_address { valid_lifetime { seconds: 3600 } preferred_lifetime { seconds: 1 "
                       "nanos: 500000000 } } }"));
  for (const char* bad : {"3600", "1h", "{seconds: 1}", "[]", "s"}) {
    EXPECT_THAT(Parse(std::string("operations: [{addAddress: {validLifetime: ") + bad + "}}]"),
                IsRefusedSaying("operations[0].addAddress.validLifetime is not a duration"))
        << bad;
  }
}

TEST(IntentFile, AnUnknownFieldIsNamedWithItsLineAndWhatWasMeant) {
  EXPECT_THAT(Parse("operations:\n  - createNamespace:\n      namespaec: red\n"),
              IsRefused("line 3, column 7: unknown field \"namespaec\" in operations[0].createNamespace; did you mean "
                        "\"namespace\"?"));
  EXPECT_THAT(
      Parse("operations:\n  - createNamespac: {namespace: red}\n"),
      IsRefused(
          "line 2, column 5: unknown field \"createNamespac\" in operations[0]; did you mean \"createNamespace\"?"));
  EXPECT_THAT(Parse("parent: h1\noperations: []\n"),
              IsRefused("line 1, column 1: unknown field \"parent\"; expected one of operations, host, expireTime"));
  EXPECT_THAT(Parse("operation: []\n"),
              IsRefused("line 1, column 1: unknown field \"operation\"; did you mean \"operations\"?"));
  EXPECT_THAT(Parse("operations: [{createNamespace: {Namespace: red}}]"),
              IsRefusedSaying("unknown field \"Namespace\""));
}

TEST(IntentFile, AFieldGivenTwiceIsRefusedInEitherSpelling) {
  EXPECT_THAT(Parse("operations:\n- createNamespace:\n    namespace: red\n    namespace: blue\n"),
              IsRefused("line 4, column 5: \"namespace\" is given twice in operations[0].createNamespace"));
  EXPECT_THAT(Parse("operations: [{createNamespace: {allowExisting: true, allow_existing: false}}]"),
              IsRefusedSaying("\"allow_existing\" is given twice"));
  EXPECT_THAT(Parse("operations: []\noperations: []\n"), IsRefused("line 2, column 1: \"operations\" is given twice"));
}

TEST(IntentFile, TwoKindsInOneOperationAreRefused) {
  EXPECT_THAT(
      Parse("operations:\n- createNamespace: {namespace: red}\n  deleteNamespace: {namespace: blue}\n"),
      IsRefused(
          "line 3, column 3: operations[0] has both createNamespace and deleteNamespace; make them two items of the "
          "list, each with a \"-\" of its own"));
}

TEST(IntentFile, NothingIsNoValue) {
  EXPECT_THAT(Parse("operations:\n- createNamespace:\n"),
              IsRefusedSaying("operations[0].createNamespace has no value"));
  for (const char* nothing : {"", " ~", " null"}) {
    EXPECT_THAT(Parse(std::string("operations:\n- createNamespace:\n    namespace:") + nothing + "\n"),
                IsRefusedSaying("operations[0].createNamespace.namespace has no value (if null or ~ is meant as text"))
        << nothing;
  }
  EXPECT_THAT(Parse("operations: [{createVeth: {a: {addresses: [~]}}}]"),
              IsRefusedSaying("operations[0].createVeth.a.addresses[0] has no value"));
  EXPECT_THAT(Parse("operations: [{createNamespace: {namespace: \"null\"}}]"),
              IsIntent("operations { create_namespace { namespace: 'null' } }"));
}

TEST(IntentFile, TheShapeThatWasExpectedIsSaid) {
  EXPECT_THAT(Parse("operations: {createNamespace: {namespace: red}}"),
              IsRefusedSaying("operations is a map; expected a list"));
  EXPECT_THAT(Parse("operations: [{createNamespace: red}]"),
              IsRefusedSaying("operations[0].createNamespace is a plain value; expected a map"));
  EXPECT_THAT(Parse("operations: [{createNamespace: {namespace: [red]}}]"),
              IsRefusedSaying("operations[0].createNamespace.namespace is a list; expected a plain value"));
  EXPECT_THAT(Parse("operations: [{createVeth: {a: {addresses: 10.0.0.1/24}}}]"),
              IsRefusedSaying("expected a list, as in addresses: [...]"));
  EXPECT_THAT(Parse("operations: [{[a]: b}]"), IsRefusedSaying("operations[0] has a key that is a list"));
  EXPECT_THAT(Parse("[{createNamespace: {namespace: red}}]"),
              IsRefusedSaying("is a list; expected a map: operations:"));
  EXPECT_THAT(Parse("red"), IsRefusedSaying("is a plain value; expected a map"));
}

TEST(IntentFile, AnEmptyFileAndAnEmptyListAreRefused) {
  for (const char* empty : {"", "\n\n", "# nothing\n", "---\n", "~"}) {
    EXPECT_THAT(Parse(empty), IsRefusedSaying("is empty")) << empty;
  }
  EXPECT_THAT(Parse("operations: []"), IsRefused("has no operations; expected operations: [...]"));
  EXPECT_THAT(Parse("{}"), IsRefused("has no operations; expected operations: [...]"));
}

TEST(IntentFile, SeveralDocumentsAreSeveralIntentsAndEmptyOnesDoNotCount) {
  const std::string red = "operations: [{createNamespace: {namespace: red}}]\n";
  EXPECT_THAT(Parse("---\n---\n" + red), IsIntent(kRed));
  EXPECT_THAT(Parse("---\n" + red + "---\n"), IsIntent(kRed));
  EXPECT_THAT(Parse(red + "...\n"), IsIntent(kRed));
  const auto two = ParseIntentsText("f.yaml", "host: h1\n" + red + "---\n" + red + "host: edge-2.example.com\n");
  ASSERT_TRUE(two.ok()) << two.status();
  ASSERT_EQ(two->size(), 2u);
  EXPECT_EQ((*two)[0].host, "h1");
  EXPECT_EQ((*two)[0].line, 1);
  EXPECT_EQ((*two)[1].host, "edge-2.example.com");
  EXPECT_EQ((*two)[1].line, 4);
  EXPECT_THAT(absl::StatusOr<v1::Intent>((*two)[1].intent), IsIntent(kRed));
}

TEST(IntentFile, OneBadDocumentRefusesTheFileWithItsLine) {
  const std::string red = "operations: [{createNamespace: {namespace: red}}]\n";
  EXPECT_THAT(Parse(red + "---\noperations: []\n"), IsRefused("line 3: has no operations; expected operations: [...]"));
  EXPECT_THAT(Parse(red + "---\nhost: a/b\n" + red),
              IsRefusedSaying("line 3, column 7: host \"a/b\" is not a DNS name"));
  EXPECT_THAT(Parse("host: [h1]\n" + red), IsRefusedSaying("line 1, column 7: host \"\""));
  EXPECT_THAT(Parse("host: h1\nhost: h2\n" + red), IsRefused("line 2, column 1: \"host\" is given twice"));
}

TEST(IntentFile, AnchorsWorkAndMergeKeysAndForeignTagsDoNot) {
  EXPECT_THAT(Parse("operations:\n"
                    "- createNamespace: {namespace: &ns red}\n"
                    "- createVeth: {a: &end {namespace: *ns, name: eth0}, b: *end}\n"),
              IsIntent("operations { create_namespace { namespace: 'red' } }"
                       "operations { create_veth { a { namespace: 'red' name: 'eth0' } b { namespace: 'red' name: "
                       "'eth0' } } }"));
  EXPECT_THAT(Parse("operations:\n- createNamespace: &a {namespace: red}\n- createNamespace: {<<: *a}\n"),
              IsRefused("line 3, column 21: merge keys (<<) are not supported; write the fields out"));
  EXPECT_THAT(Parse("operations: [{createNamespace: {namespace: *nowhere}}]"),
              IsRefusedSaying("is neither YAML nor JSON"));
  EXPECT_THAT(Parse("operations: [{createNamespace: {namespace: !!str 12}}]"),
              IsIntent("operations { create_namespace { namespace: '12' } }"));
  EXPECT_THAT(Parse("operations: [{createNamespace: {namespace: !env HOME}}]"),
              IsRefusedSaying("tag \"!env\" is not supported"));
  EXPECT_THAT(Parse("operations: [{createNamespace: {namespace: !!binary cmVk}}]"),
              IsRefusedSaying("is not supported"));
}

TEST(IntentFile, AliasesThatContainThemselvesAndAliasesThatMultiplyEnd) {
  EXPECT_THAT(Parse("operations: &a [*a]"), IsRefusedSaying("operations[0] is a list; expected a map"));
  EXPECT_THAT(Parse("operations: [{createVeth: &a {a: *a}}]"), IsRefusedSaying("unknown field \"a\""));
  std::string bomb = "operations:\n- createVeth: {a: &end {addresses: [10.0.0.1";
  for (int i = 0; i < 2000; ++i) bomb += ", 10.0.0.1";
  bomb += "]}}\n";
  for (int i = 0; i < 2000; ++i) bomb += "- createVeth: {a: *end}\n";
  EXPECT_THAT(Parse(bomb), IsRefusedSaying("its aliases multiply beyond a million"));
}

TEST(IntentFile, WhatTheServerFillsInIsRefused) {
  const std::string red = "operations: [{createNamespace: {namespace: red}}]\n";
  const auto* type = v1::Intent::descriptor();
  for (int i = 0; i < type->field_count(); ++i) {
    const std::string &name = type->field(i)->name(), &camel = type->field(i)->json_name();
    if (name == "operations" || name == "expire_time") continue;
    EXPECT_THAT(Parse(red + camel + ": 1\n"),
                IsRefused("line 2, column 1: \"" + camel +
                          "\" is the server's to fill in; leave it out: a file has operations, host, expireTime"));
    EXPECT_THAT(Parse(name + ": ~\n" + red), IsRefusedSaying("line 1, column 1: \"" + name + "\" is the server's"));
  }
}

TEST(IntentFile, TheTimeUntilWhichItMayBeginIsRead) {
  const std::string red = "operations: [{createNamespace: {namespace: red}}]\n";
  const std::string at_noon = std::string(kRed) + "expire_time { seconds: 1764590400 }";
  for (const char* noon : {"expireTime: 2025-12-01T12:00:00Z", "expire_time: \"2025-12-01T13:00:00+01:00\""}) {
    EXPECT_THAT(Parse(red + noon + "\n"), IsIntent(at_noon)) << noon;
  }
  for (const char* bad : {"tomorrow", "10m", "2025-12-01", "1764590400", "{seconds: 1}", "[]", "\"\""}) {
    EXPECT_THAT(Parse(red + "expireTime: " + bad + "\n"),
                IsRefusedSaying("line 2, column 13: expireTime is not a time"))
        << bad;
  }
  EXPECT_THAT(Parse(red + "expireTime:\n"), IsRefusedSaying("expireTime has no value"));
  EXPECT_THAT(Parse(red + "expireTime: 2025-12-01T12:00:00Z\nexpire_time: 2025-12-01T12:00:00Z\n"),
              IsRefusedSaying("\"expire_time\" is given twice"));
}

TEST(IntentFile, WhatIsNeitherYamlNorJsonIsSaidWithItsLine) {
  EXPECT_THAT(Parse("operations:\n  - createNamespace: {namespace: red\n"), IsRefusedSaying("f.yaml: line "));
  EXPECT_THAT(Parse("operations: [\n\"a"), IsRefusedSaying("is neither YAML nor JSON"));
  EXPECT_THAT(Parse("operations:\n\t- x: y\n"), IsRefusedSaying("is neither YAML nor JSON"));
}

TEST(IntentFile, AStrayBracketEnds) {
  for (const char* stray :
       {"]", "}", ",", "operations: []\n]", ",{\"operations\": []}", "{\"operations\": []}}", "- [a]]\n---\n"}) {
    EXPECT_THAT(Parse(stray), IsRefusedSaying("is neither YAML nor JSON")) << stray;
  }
}

TEST(IntentFile, WhatIsNotUtf8IsRefused) {
  EXPECT_THAT(Parse("operations:\n- createNamespace: {namespace: r\xff"
                    "d}\n"),
              IsRefused("line 2: is not UTF-8"));
  EXPECT_THAT(Parse("operations:\n- createNamespace: {namespace: r\xc0\xaf}\n"), IsRefused("line 2: is not UTF-8"));
  EXPECT_THAT(Parse("operations: [{createNamespace: {namespace: r\xed\xa0\x80}}]"), IsRefused("line 1: is not UTF-8"));
  EXPECT_THAT(Parse("operations: [{createNamespace: {namespace: r\xe2\x82"), IsRefused("line 1: is not UTF-8"));
  EXPECT_THAT(Parse(std::string("operations: []\0", 15)), IsRefused("line 1: holds a NUL byte"));
}

TEST(IntentFile, DeepNestingEnds) {
  for (const int depth : {100, 1000, 20000}) {
    EXPECT_FALSE(Parse("operations: " + std::string(depth, '[')).ok());
    EXPECT_FALSE(Parse("operations: " + std::string(depth, '[') + std::string(depth, ']')).ok());
    EXPECT_FALSE(Parse(std::string(depth, '{')).ok());
  }
}

}  // namespace
}  // namespace warren::cli
