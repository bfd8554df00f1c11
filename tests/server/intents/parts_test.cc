// The small pure parts of the queue: ids, addresses, differences, page tokens, rows.

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <set>
#include <string>

#include "absl/container/flat_hash_set.h"
#include "absl/strings/str_cat.h"
#include "proto/common/names.h"
#include "server/intents/difference.h"
#include "server/intents/history.h"
#include "server/intents/ip_text.h"
#include "server/intents/page_token.h"
#include "server/intents/stored.h"
#include "server/intents/timestamp.h"
#include "server/intents/uuid.h"

namespace warren::intents {
namespace {

using testing::HasSubstr;

constexpr char kId[] = "123e4567-e89b-42d3-a456-426614174000";

TEST(UuidTest, TextComesBackInLowerCase) {
  EXPECT_EQ(Uuid::Parse(kId)->ToString(), kId);
  EXPECT_EQ(Uuid::Parse("123E4567-E89B-42D3-A456-426614174000")->ToString(), kId);
  EXPECT_EQ(Uuid::Parse("FFFFFFFF-ffff-FFFF-ffff-FFFFFFFFFFFF")->ToString(), "ffffffff-ffff-ffff-ffff-ffffffffffff");
  EXPECT_EQ(Uuid::Parse("00000000-0000-0000-0000-000000000000")->ToString(), "00000000-0000-0000-0000-000000000000");
  for (int i = 0; i < 100; ++i) {
    const std::string id = NewUuid();
    EXPECT_EQ(Uuid::Parse(id)->ToString(), id);
  }
}

TEST(UuidTest, EveryDigitCounts) {
  absl::flat_hash_set<Uuid> seen;
  int digits = 0;
  for (size_t i = 0; i < std::string(kId).size(); ++i) {
    std::string id = "00000000-0000-0000-0000-000000000000";
    if (id[i] == '-') continue;
    id[i] = 'f';
    EXPECT_TRUE(seen.insert(*Uuid::Parse(id)).second) << id;
    ++digits;
  }
  EXPECT_EQ(digits, 32);
}

TEST(UuidTest, OtherTextIsNone) {
  for (const char* text : {"", "nonsense", "123e4567e89b42d3a456426614174000", "123e4567-e89b-42d3-a456-42661417400",
                           "123e4567-e89b-42d3-a456-4266141740000", "123e4567-e89b-42d3-a456-42661417400g",
                           "{123e4567-e89b-42d3-a456-426614174000}", "123e4567_e89b-42d3-a456-426614174000"}) {
    EXPECT_FALSE(Uuid::Parse(text)) << text;
  }
}

TEST(IpTextTest, PrefixesThatAreAndAreNot) {
  const struct {
    const char* text;
    int length;  // -1: not one
    Family family = Family::kIpv4;
  } table[] = {
      {"10.0.0.1/24", 24},
      {"10.0.0.1", 32},
      {"0.0.0.0/0", 0},
      {"255.255.255.255/32", 32},
      {"2001:db8::1/64", 64, Family::kIpv6},
      {"::1", 128, Family::kIpv6},
      {"::/0", 0, Family::kIpv6},
      {"::ffff:10.0.0.1", 128, Family::kIpv6},
      {"", -1},
      {"/24", -1},
      {"10.0.0.1/", -1},
      {"10.0.0.1/33", -1},
      {"10.0.0.1/024", -1},
      {"10.0.0.1/00", -1},
      {"10.0.0.1/-1", -1},
      {"10.0.0.1/+1", -1},
      {"10.0.0.1/2 ", -1},
      {"10.0.0.1/24/24", -1},
      {"10.0.0.1/4294967320", -1},
      {"10.0.0", -1},
      {"010.0.0.1", -1},
      {"10.0.0.1.", -1},
      {" 10.0.0.1", -1},
      {"10.0.0.256", -1},
      {"2001:db8::1/129", -1},
      {"2001:db8:::1", -1},
      {"fe80::1%eth0", -1},
  };
  for (const auto& c : table) {
    const auto prefix = ParseIpPrefix(c.text);
    EXPECT_EQ(prefix ? prefix->length : -1, c.length) << c.text;
    if (prefix) {
      EXPECT_EQ(prefix->family, c.family) << c.text;
    }
  }
  EXPECT_FALSE(ParseIpAddress("10.0.0.1/24"));
  EXPECT_FALSE(ParseIpAddress(std::string_view("10.0.0.1\0x", 10)));
}

TEST(IpTextTest, HostBitsAndTheNetworkMeant) {
  const struct {
    const char* text;
    bool host_bits;
    const char* network;
  } table[] = {
      {"10.1.0.0/16", false, "10.1.0.0/16"},
      {"10.1.0.1/16", true, "10.1.0.0/16"},
      {"10.1.255.255/17", true, "10.1.128.0/17"},
      {"10.1.2.3/32", false, "10.1.2.3/32"},
      {"0.0.0.0/0", false, "0.0.0.0/0"},
      {"0.0.0.1/0", true, "0.0.0.0/0"},
      {"2001:db8::1/32", true, "2001:db8::/32"},
      {"2001:db8::/32", false, "2001:db8::/32"},
      {"::3/127", true, "::2/127"},
  };
  for (const auto& c : table) {
    const auto prefix = ParseIpPrefix(c.text);
    ASSERT_TRUE(prefix) << c.text;
    EXPECT_EQ(HasHostBits(*prefix), c.host_bits) << c.text;
    EXPECT_EQ(NetworkOf(*prefix), c.network);
  }
}

TEST(IpTextTest, MacAddresses) {
  for (const char* good : {"02:00:00:00:00:01", "fe:ff:ff:ff:ff:ff", "AA:bb:CC:dd:EE:ff"}) {
    EXPECT_FALSE(WhyBadMac(good)) << good;
  }
  const struct {
    const char* text;
    const char* why;
  } table[] = {{"", "is not a MAC"},
               {"02:00:00:00:00:1", "is not a MAC"},
               {"02-00-00-00-00-01", "is not a MAC"},
               {"02:00:00:00:00:0g", "is not a MAC"},
               {"0200.0000.0001...", "is not a MAC"},
               {"02:00:00:00:00:01:02", "is not a MAC"},
               {"01:00:5e:00:00:01", "multicast"},
               {"ff:ff:ff:ff:ff:ff", "multicast"},
               {"00:00:00:00:00:00", "zero"}};
  for (const auto& c : table) EXPECT_THAT(WhyBadMac(c.text).value_or("nothing"), HasSubstr(c.why)) << c.text;
}

v1::Intent Creating(std::initializer_list<const char*> names) {
  v1::Intent intent;
  for (const char* name : names) intent.add_operations()->mutable_create_namespace()->set_namespace_(name);
  return intent;
}

TEST(DifferenceTest, EqualOperationsHaveNone) {
  v1::Intent then = Creating({"red", "blue"});
  v1::Intent now = then;
  then.set_state(v1::Intent::SUCCEEDED);
  then.set_name("hosts/h1/intents/x");
  then.mutable_create_time()->set_seconds(5);
  EXPECT_EQ(DescribeDifference(then, now), "");
}

TEST(DifferenceTest, WhatDiffersIsNamedWithBothValues) {
  EXPECT_EQ(DescribeDifference(Creating({"red"}), Creating({"blue"})),
            "operations[0].create_namespace.namespace: \"red\" then, \"blue\" now");
  EXPECT_THAT(DescribeDifference(Creating({"red"}), Creating({"red", "blue"})),
              HasSubstr("operations[1]: absent then, {"));
  EXPECT_THAT(DescribeDifference(Creating({"red", "blue"}), Creating({"red"})), HasSubstr("operations[1]: {"));
  EXPECT_NE(DescribeDifference(Creating({"red", "blue"}), Creating({"blue", "red"})), "") << "order is meaning";
}

TEST(DifferenceTest, AnotherKindOfOperationAndAFlagAreDifferences) {
  v1::Intent then = Creating({"red"});
  v1::Intent now;
  now.add_operations()->mutable_delete_namespace()->set_namespace_("red");
  EXPECT_THAT(DescribeDifference(then, now), HasSubstr("operations[0].delete_namespace: absent then"));
  now = then;
  now.mutable_operations(0)->mutable_create_namespace()->set_allow_existing(true);
  EXPECT_EQ(DescribeDifference(then, now), "operations[0].create_namespace.allow_existing: absent then, true now");
}

TEST(DifferenceTest, NestedAndOptionalFieldsAreNamed) {
  v1::Intent then, now;
  then.add_operations()->mutable_create_veth()->mutable_a()->add_addresses("10.0.0.1/24");
  now = then;
  now.mutable_operations(0)->mutable_create_veth()->mutable_a()->set_addresses(0, "10.0.0.2/24");
  EXPECT_EQ(DescribeDifference(then, now),
            "operations[0].create_veth.a.addresses[0]: \"10.0.0.1/24\" then, \"10.0.0.2/24\" now");
  v1::Intent unset, down;
  unset.add_operations()->mutable_set_link()->set_mtu(1500);
  down = unset;
  down.mutable_operations(0)->mutable_set_link()->set_up(false);
  EXPECT_EQ(DescribeDifference(unset, down), "operations[0].set_link.up: absent then, false now");
}

TEST(DifferenceTest, ManyAndLongOnesAreCut) {
  EXPECT_THAT(
      DescribeDifference(Creating({"a", "b", "c", "d", "e", "f", "g"}), Creating({"1", "2", "3", "4", "5", "6", "7"})),
      testing::EndsWith("; and 2 more"));
  EXPECT_LT(DescribeDifference(Creating({"a"}), Creating({std::string(5000, 'x').c_str()})).size(), 300u);
}

TEST(PageTokenTest, APositionComesBackForItsListingOnly) {
  for (const PagePosition& position :
       {PagePosition{0, 0}, PagePosition{1, 10000}, PagePosition{4711, 1},
        PagePosition{std::numeric_limits<int64_t>::max(), std::numeric_limits<int64_t>::max()}}) {
    const std::string token = EncodePageToken("intents h1", position);
    EXPECT_EQ(DecodePageToken("intents h1", token), position);
    EXPECT_FALSE(DecodePageToken("intents h2", token));
    EXPECT_FALSE(DecodePageToken("", token));
    EXPECT_EQ(token.find_first_not_of("ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_"),
              std::string::npos)
        << token << " does not go into a URL as it is";
  }
}

TEST(PageTokenTest, OtherTextIsNone) {
  const std::string token = EncodePageToken("f", {4711, 5});
  for (const std::string& text :
       {std::string("x"), std::string("%%%"), token.substr(1), token + "AAAA", std::string(1000, 'A'),
        EncodePageToken("f", {1, -1}), EncodePageToken("f", {-1, 1}), std::string("MQ")}) {
    EXPECT_FALSE(DecodePageToken("f", text)) << text;
  }
}

store::KeyValue Row(const std::string& key, const std::string& value, int64_t created = 5, int64_t modified = 9) {
  return {key, value, created, modified};
}

TEST(StoredTest, AnIntentsRowComesBack) {
  v1::Intent intent = Creating({"red"});
  intent.set_state(v1::Intent::QUEUED);
  const Uuid id = *Uuid::Parse(kId);
  EXPECT_EQ(IntentKey("h1.example", id), absl::StrCat("i/h1.example/", kId));
  const auto stored = DecodeIntent(Row(IntentKey("h1.example", id), intent.SerializeAsString()));
  ASSERT_TRUE(stored.ok()) << stored.status();
  EXPECT_EQ(stored->host, "h1.example");
  EXPECT_EQ(stored->id, id);
  EXPECT_EQ(stored->sequence, SequenceOf(5, 0)) << "of the revision in which it was accepted, not that of its end";
  const v1::Intent whole = Complete(stored->intent, stored->host, stored->id, stored->sequence);
  EXPECT_EQ(whole.name(), absl::StrCat("hosts/h1.example/intents/", kId));
  EXPECT_EQ(whole.sequence(), SequenceOf(5, 0));
  EXPECT_EQ(whole.operations_size(), 1);
}

TEST(StoredTest, ItemsOfABatchFollowEachOther) {
  v1::Intent intent = Creating({"red"});
  intent.set_state(v1::Intent::QUEUED);
  intent.set_sequence(3);
  const auto stored = DecodeIntent(Row(IntentKey("h1", *Uuid::Parse(kId)), intent.SerializeAsString()));
  ASSERT_TRUE(stored.ok()) << stored.status();
  EXPECT_EQ(stored->sequence, SequenceOf(5, 3));
  EXPECT_LT(SequenceOf(5, kSequencesPerRevision - 1), SequenceOf(6, 0));
  EXPECT_EQ(RevisionOf(SequenceOf(5, 3)), 5);
  EXPECT_EQ(SequenceOf(5, 3) - SequenceOf(5, 0), 3);
}

TEST(StoredTest, AHeadIsWhatTheWholeSays) {
  v1::Intent intent = Creating({"red", "blue"});
  intent.set_state(v1::Intent::FAILED);
  intent.set_sequence(17);
  intent.mutable_error()->set_message("no");
  *intent.mutable_create_time() = ToTimestamp(absl::FromUnixMicros(1'700'000'000'123'456));
  *intent.mutable_finish_time() = ToTimestamp(absl::FromUnixMicros(1'700'000'001'000'000));
  *intent.mutable_expire_time() = ToTimestamp(absl::FromUnixMicros(1'700'000'002'000'000));
  const auto head = PeekIntent(intent.SerializeAsString());
  ASSERT_TRUE(head);
  EXPECT_EQ(head->state, v1::Intent::FAILED);
  EXPECT_EQ(head->position, 17);
  EXPECT_EQ(absl::ToUnixMicros(head->create_time), 1'700'000'000'123'456);
  EXPECT_EQ(absl::ToUnixMicros(head->finish_time), 1'700'000'001'000'000);
  EXPECT_EQ(absl::ToUnixMicros(head->expire_time), 1'700'000'002'000'000);
  intent.clear_expire_time();
  EXPECT_EQ(PeekIntent(intent.SerializeAsString())->expire_time, absl::InfiniteFuture());
}

TEST(StoredTest, BytesCutShortHaveNoHead) {
  v1::Intent intent = Creating({"red"});
  intent.set_state(v1::Intent::QUEUED);
  *intent.mutable_create_time() = ToTimestamp(absl::FromUnixSeconds(1'700'000'000));
  const std::string bytes = intent.SerializeAsString();
  for (size_t size = 0; size < bytes.size(); ++size) {
    v1::Intent whole;
    const bool good = whole.ParseFromString(bytes.substr(0, size)) && whole.state() == v1::Intent::QUEUED;
    EXPECT_EQ(PeekIntent(bytes.substr(0, size)).has_value(), good) << size;
  }
}

TEST(StoredTest, RowsThatAreNoIntentsAreNamed) {
  v1::Intent queued;
  queued.set_state(v1::Intent::QUEUED);
  v1::Intent running;
  running.set_state(v1::Intent::RUNNING);
  const std::string good = absl::StrCat("i/h1/", kId);
  for (const auto& [key, value] :
       std::vector<std::pair<std::string, std::string>>{{"i/h1", queued.SerializeAsString()},
                                                        {"i/h1/", queued.SerializeAsString()},
                                                        {"i/h1/nonsense", queued.SerializeAsString()},
                                                        {absl::StrCat("i/-h1/", kId), queued.SerializeAsString()},
                                                        {absl::StrCat("i/h1/x/", kId), queued.SerializeAsString()},
                                                        {good, "\xff"},
                                                        {good, ""},
                                                        {good, running.SerializeAsString()}}) {
    const absl::Status status = DecodeIntent(Row(key, value)).status();
    EXPECT_EQ(status.code(), absl::StatusCode::kDataLoss) << key;
    EXPECT_THAT(std::string(status.message()), HasSubstr(key));
  }
}

TEST(StoredTest, CursorsComeBack) {
  EXPECT_EQ(CursorKey("h1"), "c/h1");
  const auto said = DecodeCursor(Row("c/h1", EncodeCursor(4711)));
  EXPECT_EQ(said->host, "h1");
  EXPECT_EQ(said->position, 4711);
  EXPECT_EQ(DecodeCursor(Row("c/h1", EncodeCursorWithin(0), 5, 9))->position, SequenceOf(9, 0));
  EXPECT_EQ(DecodeCursor(Row("c/h1", EncodeCursorWithin(7), 5, 9))->position, SequenceOf(9, 7));
}

TEST(StoredTest, RowsThatAreNoCursorsAreNamed) {
  for (const auto& [key, value] : std::vector<std::pair<std::string, std::string>>{{"c/h1", "soon"},
                                                                                   {"c/h1", "-5"},
                                                                                   {"c/h1", "7 "},
                                                                                   {"c/h1", "0x7"},
                                                                                   {"c/h1", ""},
                                                                                   {"c/h1", "+"},
                                                                                   {"c/h1", "+-1"},
                                                                                   {"c/", "7"},
                                                                                   {"c/-", "7"}}) {
    const absl::Status status = DecodeCursor(Row(key, value)).status();
    EXPECT_EQ(status.code(), absl::StatusCode::kDataLoss) << key << "=" << value;
    EXPECT_THAT(std::string(status.message()), HasSubstr(absl::StrCat("\"", key, "\"")));
  }
}

TEST(TimestampTest, TimesComeBackBeforeTheEpochToo) {
  for (const absl::Time time :
       {absl::UnixEpoch(), absl::FromUnixNanos(1'700'000'000'123'456'789), absl::FromUnixNanos(-1)}) {
    EXPECT_EQ(FromTimestamp(ToTimestamp(time)), time);
    EXPECT_GE(ToTimestamp(time).nanos(), 0);
  }
}

class HistoryTest : public testing::Test {
 protected:
  HistoryTest() {
    for (int i = 1; i <= 5; ++i) history_.Append({Uuid{0, static_cast<uint64_t>(i)}, i * 10});
  }
  History history_;
};

TEST_F(HistoryTest, RowsAreFoundByIdAndBySequence) {
  EXPECT_EQ(history_.Find(Uuid{0, 3})->sequence, 30);
  EXPECT_EQ(history_.Find(int64_t{30})->id, (Uuid{0, 3}));
  EXPECT_EQ(history_.Find(Uuid{3, 0}), nullptr);
  for (const int64_t none : {-1, 0, 9, 11, 51, 100}) EXPECT_EQ(history_.Find(none), nullptr) << none;
}

TEST_F(HistoryTest, WhatComesAfterBeginsThere) {
  EXPECT_EQ(history_.After(0), 0u);
  EXPECT_EQ(history_.After(9), 0u);
  EXPECT_EQ(history_.After(10), 1u);
  EXPECT_EQ(history_.After(15), 1u);
  EXPECT_EQ(history_.After(50), 5u);
  EXPECT_EQ(history_.After(1000), 5u);
}

TEST_F(HistoryTest, FinishingSetsTheStateOfOne) {
  history_.Finish(30, v1::Intent::FAILED, 5, 7);
  EXPECT_TRUE(history_.Find(Uuid{0, 3})->finished());
  EXPECT_EQ(history_.Find(Uuid{0, 3})->state, v1::Intent::FAILED);
  for (const uint64_t other : {1, 2, 4, 5}) EXPECT_FALSE(history_.Find(Uuid{0, other})->finished());
}

TEST_F(HistoryTest, WhatIsRemovedIsNotFoundAndTheRestStays) {
  for (const int64_t sequence : {10, 30, 20, 50}) {
    history_.Remove(sequence);
    EXPECT_EQ(history_.Find(sequence), nullptr);
    EXPECT_EQ(history_.Find(Uuid{0, static_cast<uint64_t>(sequence / 10)}), nullptr);
    ASSERT_NE(history_.Find(int64_t{40}), nullptr);
    EXPECT_EQ(history_.Find(Uuid{0, 4})->sequence, 40);
  }
  EXPECT_EQ(history_.size(), 1u);
  EXPECT_EQ(history_.rows()[history_.First()].sequence, 40);
  EXPECT_LE(history_.rows().size(), 2u) << "removed rows are freed";
  history_.Remove(40);
  EXPECT_TRUE(history_.empty());
  EXPECT_EQ(history_.First(), history_.rows().size());
  history_.Append({Uuid{0, 6}, 60});
  EXPECT_EQ(history_.rows()[history_.First()].sequence, 60);
}

TEST_F(HistoryTest, AnEmptyOneHasNothing) {
  const History empty;
  EXPECT_EQ(empty.Find(Uuid{}), nullptr);
  EXPECT_EQ(empty.Find(int64_t{0}), nullptr);
  EXPECT_EQ(empty.After(0), 0u);
}

}  // namespace
}  // namespace warren::intents
