#include "server/api/watch_encoding.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <memory>
#include <string>

#include "warren/v1/hosts.pb.h"
#include "warren/v1/intents.pb.h"
#include "warren/v1/namespaces.pb.h"

namespace warren::api {
namespace {

using ::testing::SizeIs;

std::string Join(const std::vector<WatchResponse::Piece>& pieces) {
  std::string bytes;
  for (const auto& piece : pieces) bytes += piece.bytes();
  return bytes;
}

template <typename T>
class WatchEncodingTest : public ::testing::Test {};

struct Hosts {
  using Response = v1::WatchHostsResponse;
  using Event = v1::HostEvent;
  static std::string* Text(Event& event) { return event.mutable_host()->mutable_name(); }
};
struct Intents {
  using Response = v1::WatchIntentsResponse;
  using Event = v1::IntentEvent;
  static std::string* Text(Event& event) { return event.mutable_intent()->mutable_name(); }
};
struct Namespaces {
  using Response = v1::WatchNamespacesResponse;
  using Event = v1::NamespaceEvent;
  static std::string* Text(Event& event) { return event.mutable_namespace_()->mutable_name(); }
};
using Kinds = ::testing::Types<Hosts, Intents, Namespaces>;
TYPED_TEST_SUITE(WatchEncodingTest, Kinds);

TYPED_TEST(WatchEncodingTest, IsWhatProtobufWrites) {
  for (const int64_t revision : {int64_t{0}, int64_t{1}, int64_t{127}, int64_t{128}, int64_t{1} << 40, INT64_MAX}) {
    typename TypeParam::Response expected;
    WatchResponse response;
    for (const size_t size : {0, 1, 100, 127, 128, 1000, 1023, 1024, 1025, 20000, 3, 300000, 300001}) {
      typename TypeParam::Event* event = expected.add_events();
      event->set_type(TypeParam::Event::CHANGED);
      *TypeParam::Text(*event) = std::string(size, 'x');
      event->set_revision(revision);
      const auto owner = std::make_shared<const std::string>(event->SerializeAsString());
      if (size % 2 == 0) {
        response.Add(*owner, owner);
      } else {
        response.Add(std::string(*owner));
      }
    }
    expected.set_revision(revision);
    EXPECT_EQ(response.events(), 13u);
    EXPECT_EQ(Join(response.Finish(revision)), expected.SerializeAsString());
  }
}

TYPED_TEST(WatchEncodingTest, SyncedIsOfEveryKind) {
  WatchResponse response;
  response.Add(EncodeSynced(4711));
  typename TypeParam::Response parsed;
  ASSERT_TRUE(parsed.ParseFromString(Join(response.Finish(4711))));
  ASSERT_THAT(parsed.events(), SizeIs(1));
  EXPECT_EQ(parsed.events(0).type(), TypeParam::Event::SYNCED);
  EXPECT_EQ(parsed.events(0).revision(), 4711);
  EXPECT_EQ(parsed.revision(), 4711);
  EXPECT_FALSE(TypeParam::Event::descriptor()->FindFieldByNumber(2)->has_presence() &&
               parsed.events(0).GetReflection()->HasField(parsed.events(0),
                                                          TypeParam::Event::descriptor()->FindFieldByNumber(2)));
}

TEST(WatchResponseTest, LargeEventsAreSentFromWhereTheyAre) {
  const auto large = std::make_shared<const std::string>(5000, 'x');
  const std::string small = "small";
  WatchResponse response;
  response.Add(small, nullptr);
  response.Add(small, nullptr);
  response.Add(*large, large);
  response.Add(small, nullptr);
  const auto pieces = response.Finish(1);
  ASSERT_THAT(pieces, SizeIs(3));
  EXPECT_EQ(pieces[1].bytes().data(), large->data());
  EXPECT_EQ(pieces[1].owner, large);
}

TEST(WatchResponseTest, IsEmptyAgainWhenFinished) {
  WatchResponse response;
  response.Add("event");
  EXPECT_THAT(response.Finish(7), SizeIs(1));
  EXPECT_EQ(response.events(), 0u);
  EXPECT_THAT(response.Finish(0), SizeIs(0));
}

}  // namespace
}  // namespace warren::api
