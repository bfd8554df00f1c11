#include "agent/inventory/fingerprint.h"

#include <google/protobuf/util/message_differencer.h>
#include <gtest/gtest.h>

namespace warren::inventory {
namespace {

using google::protobuf::util::MessageDifferencer;

v1::Namespace Sample() {
  v1::Namespace netns;
  netns.set_name("hosts/h1/namespaces/red");
  netns.mutable_observe_time()->set_seconds(100);
  v1::Link* link = netns.add_links();
  link->set_name("eth0");
  link->mutable_statistics()->set_rx_bytes(7);
  link->add_addresses()->set_address("10.0.0.1/24");
  v1::Address* fleeting = link->add_addresses();
  fleeting->set_address("10.0.0.2/24");
  fleeting->mutable_valid_lifetime()->set_seconds(60);
  fleeting->mutable_preferred_lifetime()->set_seconds(30);
  return netns;
}

std::vector<kernel::Address> Addresses(uint32_t updated) {
  kernel::Address fleeting;
  fleeting.ifindex = 2;
  fleeting.valid_lifetime = 60;
  fleeting.updated = updated;
  return {kernel::Address(), fleeting};
}

TEST(Fingerprint, LeavesTheMessageAsItWas) {
  v1::Namespace netns = Sample();
  Fingerprint(&netns, Addresses(1));
  EXPECT_TRUE(MessageDifferencer::Equals(netns, Sample())) << netns.DebugString();
}

TEST(Fingerprint, CountersTheTimeAndLifetimesThatRunAreNoChange) {
  v1::Namespace before = Sample(), after = Sample();
  after.mutable_observe_time()->set_seconds(200);
  after.mutable_links(0)->mutable_statistics()->set_rx_bytes(8);
  after.mutable_links(0)->mutable_addresses(1)->mutable_valid_lifetime()->set_seconds(50);
  after.mutable_links(0)->mutable_addresses(1)->mutable_preferred_lifetime()->set_seconds(20);
  EXPECT_EQ(Fingerprint(&before, Addresses(1)), Fingerprint(&after, Addresses(1)));
}

TEST(Fingerprint, EverythingElseIsAChange) {
  v1::Namespace before = Sample();
  const uint64_t fingerprint = Fingerprint(&before, Addresses(1));
  v1::Namespace up = Sample();
  up.mutable_links(0)->add_flags("UP");
  EXPECT_NE(Fingerprint(&up, Addresses(1)), fingerprint);
  v1::Namespace foreign = Sample();
  foreign.set_foreign(true);
  EXPECT_NE(Fingerprint(&foreign, Addresses(1)), fingerprint);
  v1::Namespace renewed = Sample();
  EXPECT_NE(Fingerprint(&renewed, Addresses(2)), fingerprint) << "lifetimes were set anew";
  v1::Namespace forever = Sample();
  forever.mutable_links(0)->mutable_addresses(1)->clear_valid_lifetime();
  forever.mutable_links(0)->mutable_addresses(1)->clear_preferred_lifetime();
  EXPECT_NE(Fingerprint(&forever, {kernel::Address(), kernel::Address()}), fingerprint);
}

}  // namespace
}  // namespace warren::inventory
