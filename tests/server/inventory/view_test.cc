#include "server/inventory/view.h"

#include <gmock/gmock.h>
#include <google/protobuf/text_format.h>
#include <google/protobuf/util/message_differencer.h>
#include <gtest/gtest.h>

#include <functional>
#include <memory>
#include <string>

#include "server/inventory/subject.h"

namespace warren::inventory {
namespace {

using google::protobuf::util::MessageDifferencer;
using ::testing::IsEmpty;

v1::Namespace Parse(const std::string& text) {
  v1::Namespace netns;
  EXPECT_TRUE(google::protobuf::TextFormat::ParseFromString(text, &netns)) << text;
  return netns;
}

constexpr char kNamespace[] = R"(
  name: "hosts/h1/namespaces/red" raw_name: "red" identity {cookie: 7} foreign: true nsid: 3 link_count: 2 route_count: 1
  observe_time {seconds: 100}
  links {name: "lo" statistics {rx_bytes: 1}}
  links {name: "eth0" addresses {address: "10.0.0.1/24" valid_lifetime {seconds: 60}} addresses {address: "fe80::1/64"}}
  routes {dev: "eth0"} routes {dev: "eth0" protocol: "ra" expires {seconds: 60}})";

TEST(ViewTest, BasicLacksLinksAndRoutesOnly) {
  const v1::Namespace basic = BasicView(Parse(kNamespace));
  EXPECT_THAT(basic.links(), IsEmpty());
  EXPECT_THAT(basic.routes(), IsEmpty());
  v1::Namespace expected = Parse(kNamespace);
  expected.clear_links();
  expected.clear_routes();
  EXPECT_TRUE(MessageDifferencer::Equals(basic, expected)) << basic.ShortDebugString();
}

TEST(ViewTest, AnEventIsReadAsProtobufReadsIt) {
  for (const char* text : {kNamespace, "", "name: 'a'"}) {
    v1::NamespaceEvent expected;
    expected.set_type(v1::NamespaceEvent::CHANGED);
    expected.set_revision(int64_t{1} << 50);
    *expected.mutable_namespace_() = Parse(text);
    v1::NamespaceEvent read;
    ASSERT_TRUE(read.ParseFromString(EncodeEvent(v1::NamespaceEvent::CHANGED, Parse(text), int64_t{1} << 50)));
    EXPECT_TRUE(MessageDifferencer::Equals(read, expected)) << read.ShortDebugString();
  }
}

TEST(ViewTest, AFingerprintIsOfEverythingThatDoesNotChangeByItself) {
  v1::Namespace netns = Parse(kNamespace);
  const uint64_t fingerprint = Fingerprint(netns);
  EXPECT_TRUE(MessageDifferencer::Equals(netns, Parse(kNamespace))) << "it was put together again";

  const auto changed = [&](const std::function<void(v1::Namespace&)>& change) {
    v1::Namespace other = Parse(kNamespace);
    change(other);
    return Fingerprint(other) != fingerprint;
  };
  EXPECT_FALSE(changed([](auto& n) { n.mutable_observe_time()->set_seconds(200); }));
  EXPECT_FALSE(changed([](auto& n) { n.clear_observe_time(); }));
  EXPECT_FALSE(changed([](auto& n) { n.mutable_links(0)->mutable_statistics()->set_rx_bytes(2); }));
  EXPECT_FALSE(changed([](auto& n) { n.mutable_links(1)->mutable_statistics()->set_tx_bytes(2); }));
  EXPECT_FALSE(
      changed([](auto& n) { n.mutable_links(1)->mutable_addresses(0)->mutable_valid_lifetime()->set_seconds(9); }));
  EXPECT_FALSE(changed([](auto& n) { n.mutable_routes(1)->mutable_expires()->set_seconds(9); }));
  EXPECT_TRUE(changed([](auto& n) { n.mutable_routes(1)->clear_expires(); }));
  EXPECT_TRUE(changed([](auto& n) { n.mutable_routes(0)->set_nexthop_id(5); }));
  EXPECT_TRUE(changed([](auto& n) { n.set_nsid(4); }));
  EXPECT_TRUE(changed([](auto& n) { n.set_foreign(false); }));
  EXPECT_TRUE(changed([](auto& n) { n.mutable_identity()->set_cookie(8); }));
  EXPECT_TRUE(changed([](auto& n) { n.mutable_links(0)->set_mtu(9000); }));
  EXPECT_TRUE(changed([](auto& n) { n.mutable_links(1)->mutable_addresses(1)->set_scope("link"); }));
  EXPECT_TRUE(changed([](auto& n) { n.mutable_routes(0)->set_metric(1); }));
}

TEST(NamespaceSubjectTest, EveryFieldCanBeFilteredBy) {
  const auto labels = std::make_shared<const Labels>(Labels{{"rack", "a1"}});
  const NamespaceSubject subject("h1", Parse(kNamespace), labels);
  const NamespaceSubject unlabelled("h1", Parse(kNamespace), nullptr);
  for (const char* text :
       {"name = red", "host = h1", "foreign = true", "nsid = 3", "link_count >= 2", "route_count < 2"}) {
    const auto filter = filter::Filter::Parse(text, NamespaceSchema());
    ASSERT_TRUE(filter.ok()) << filter.status();
    EXPECT_TRUE(filter->Matches(subject)) << text;
    EXPECT_FALSE(filter::Filter::Parse(std::string("NOT ") + text, NamespaceSchema())->Matches(subject)) << text;
  }
  const auto rack = *filter::Filter::Parse("labels.rack = a*", NamespaceSchema());
  EXPECT_TRUE(rack.Matches(subject));
  EXPECT_FALSE(rack.Matches(unlabelled));
  EXPECT_FALSE(filter::Filter::Parse("labels:row", NamespaceSchema())->Matches(subject));
}

}  // namespace
}  // namespace warren::inventory
