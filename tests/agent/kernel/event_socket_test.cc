#include "agent/kernel/event_socket.h"

#include <gmock/gmock.h>
#include <linux/rtnetlink.h>

#include <atomic>
#include <string>
#include <thread>
#include <vector>

#include "agent/kernel/nsid.h"
#include "tests/agent/kernel/kernel_test.h"

namespace warren::kernel {
namespace {

using ::testing::AllOf;
using ::testing::Contains;
using ::testing::Each;
using ::testing::ElementsAre;
using ::testing::IsEmpty;
using ::testing::Not;

class Ears : public EventSocket::Listener {
 public:
  void OnEvent(int origin, nlmsghdr* message) override {
    types.push_back(message->nlmsg_type);
    origins.push_back(origin);
  }
  void OnLost() override { ++lost; }
  void OnReadByOther() override { ++read_by_other; }

  std::vector<int> types, origins;
  int lost = 0, read_by_other = 0;
};

class EventSocketTest : public KernelTest {
 protected:
  // The groups of each route socket that is in any, as the kernel tells: a mask.
  static std::string Groups() { return Sh("awk '$2 == 0 && $4 != \"00000000\" {print $4}' /proc/self/net/netlink"); }
};

TEST_F(EventSocketTest, OneSocketIsInTheGroupsThatSomebodyWantsAndLeavesThem) {
  auto events = *EventSocket::Open();
  EXPECT_EQ(Groups(), "");
  Ears links, both;
  ASSERT_OK(events->Add(links, {RTNLGRP_LINK}));
  EXPECT_EQ(Groups(), "00000001");
  ASSERT_OK(events->Add(both, {RTNLGRP_LINK, RTNLGRP_IPV4_ROUTE}));
  EXPECT_EQ(Groups(), "00000041") << "one socket in both";
  events->Remove(links);
  EXPECT_EQ(Groups(), "00000041");
  events->Remove(both);
  EXPECT_EQ(Groups(), "");
}

TEST_F(EventSocketTest, WhoeverReadsHandsOverToAllAndTheyAreToldSo) {
  auto events = *EventSocket::Open();
  Ears one, other;
  ASSERT_OK(events->Add(one, {RTNLGRP_LINK}));
  ASSERT_OK(events->Add(other, {RTNLGRP_LINK}));
  ASSERT_OK(events->Read(one));
  EXPECT_EQ(other.read_by_other, 0) << "there was nothing";
  Sh("ip link add br0 type bridge && ip link del br0");
  ASSERT_OK(events->Read(one));
  EXPECT_THAT(one.types, Contains(RTM_DELLINK));
  EXPECT_EQ(other.types, one.types);
  EXPECT_EQ(other.read_by_other, 1);
  EXPECT_EQ(one.read_by_other, 0);
  events->Remove(one);
  events->Remove(other);
}

TEST_F(EventSocketTest, WhatCameBeforeIsOnlyForThoseWhoListened) {
  auto events = *EventSocket::Open();
  Ears early, late;
  ASSERT_OK(events->Add(early, {RTNLGRP_LINK}));
  Sh("ip link add br0 type bridge");
  ASSERT_OK(events->Add(late, {RTNLGRP_LINK}));
  EXPECT_EQ(early.read_by_other, 1);
  EXPECT_THAT(early.types, Contains(RTM_NEWLINK));
  Sh("ip link del br0");
  ASSERT_OK(events->Read(late));
  EXPECT_THAT(late.types, Each(RTM_DELLINK));
  EXPECT_THAT(early.types, Contains(RTM_DELLINK));
  events->Remove(early);
  const auto heard = early.types;
  Sh("ip link add br0 type bridge && ip link del br0");
  ASSERT_OK(events->Read(late));
  EXPECT_EQ(early.types, heard) << "it was removed";
  events->Remove(late);
}

TEST_F(EventSocketTest, WhatOthersQueuedBeforeTheyAreLeftIsNotTakenForTheHostsOwn) {
  Sh("ip netns add red");
  const int red = *GetOrAssignNsid(host(), Named("red"));
  auto events = *EventSocket::Open();
  Ears ears, other;
  ASSERT_OK(events->Add(ears, {RTNLGRP_LINK}));
  ASSERT_OK(events->Add(other, {RTNLGRP_LINK}));
  Sh("ip -n red link set lo up && ip -n red link set lo mtu 1400");
  ASSERT_OK(events->HearAll(ears, false));
  EXPECT_THAT(ears.origins, AllOf(Not(IsEmpty()), Each(red))) << "it was wanted when it happened";
  EXPECT_EQ(other.origins, ears.origins);
  ears.origins.clear();
  Sh("ip -n red link set lo mtu 1401");
  ASSERT_OK(events->HearAll(other, false));
  EXPECT_THAT(ears.origins, IsEmpty());
  Sh("ip -n red link set lo mtu 1402 && ip link set lo alias c && ip link set lo alias ''");
  ASSERT_OK(events->Read(ears));
  EXPECT_THAT(ears.origins, ElementsAre(-1, -1));
  events->Remove(ears);
  events->Remove(other);
}

TEST_F(EventSocketTest, NorIsWhatHappensThereWhileTheyAreLeft) {
  Sh("ip netns add red");
  const int red = *GetOrAssignNsid(host(), Named("red"));
  auto events = *EventSocket::Open();
  Ears ears;
  ASSERT_OK(events->Add(ears, {RTNLGRP_LINK}));
  std::atomic<bool> over = false;
  std::jthread changes([&] {
    Sh("ip -n red link set lo up && seq 3000 | awk '{print \"link set lo mtu \" 1400 + $1 % 2}' | ip -n red -batch -");
    over = true;
  });
  while (!over) {
    ASSERT_OK(events->HearAll(ears, false));
    ASSERT_OK(events->Read(ears));
    ASSERT_OK(events->HearAll(ears, true));
    ASSERT_OK(events->Read(ears));
  }
  EXPECT_THAT(ears.origins, AllOf(Not(IsEmpty()), Each(red)));
  EXPECT_EQ(ears.lost, 0);
  events->Remove(ears);
}

TEST_F(EventSocketTest, WhoHearsOthersAlongDoesSoWhileSomebodyElseListensToThem) {
  auto events = *EventSocket::Open();
  Sh("ip netns add red && ip link add v0 type veth peer name eth0 netns red");
  Ears along, all;
  ASSERT_OK(events->Add(along, {RTNLGRP_LINK}, EventSocket::Scope::kAlong));
  Sh("ip -n red link add br0 type bridge");
  ASSERT_OK(events->Read(along));
  EXPECT_THAT(along.origins, Each(EventSocket::kOwnNamespace));
  ASSERT_OK(events->Add(all, {RTNLGRP_LINK}));
  Sh("ip -n red link delete br0");
  ASSERT_OK(events->Read(along));
  EXPECT_THAT(along.origins, Contains(Not(EventSocket::kOwnNamespace)));
  EXPECT_THAT(along.types, Contains(RTM_DELLINK));
  events->Remove(all);
  events->Remove(along);
}

TEST_F(EventSocketTest, AllAreToldThatSomeWereLostAndHearTheRest) {
  auto events = *EventSocket::Open(1);
  Ears one, other;
  ASSERT_OK(events->Add(one, {RTNLGRP_LINK}));
  ASSERT_OK(events->Add(other, {RTNLGRP_LINK}));
  Sh("seq 20 | sed 's/.*/link set lo alias a&/' | ip -batch - && ip link set lo alias ''");
  ASSERT_OK(events->Read(one));
  EXPECT_EQ(one.lost, 1);
  EXPECT_EQ(other.lost, 1);
  one.types.clear();
  Sh("ip link set lo alias b && ip link set lo alias ''");
  ASSERT_OK(events->Read(other));
  EXPECT_THAT(one.types, Contains(RTM_NEWLINK));
  events->Remove(one);
  events->Remove(other);
}

}  // namespace
}  // namespace warren::kernel
