#include "agent/kernel/release.h"

#include <gmock/gmock.h>
#include <sys/eventfd.h>

#include <thread>

#include "absl/time/time.h"
#include "agent/kernel/nsid.h"
#include "tests/agent/kernel/kernel_test.h"

namespace warren::kernel {
namespace {

using ::testing::ElementsAre;
using ::testing::IsEmpty;
using ::testing::Pair;

MATCHER_P2(Outcome, id, gone, "") {
  return arg.id == static_cast<uint64_t>(id) && arg.status.ok() && arg.left.empty() == gone;
}
MATCHER_P3(OuterEndIs, nsid, ifindex, inner, "") {
  return arg.link == std::make_pair(nsid, ifindex) && arg.inner == inner;
}

class ReleaseTest : public KernelTest {
 protected:
  ReleaseWatcher Watch(int receive_buffer = 4 << 20) {
    auto watcher = ReleaseWatcher::Open(worker(), EventSocket::Open(receive_buffer));
    if (!watcher.ok()) throw std::runtime_error(std::string(watcher.status().message()));
    return *std::move(watcher);
  }
  // What is left of the only wait.
  Release Left(ReleaseWatcher& watcher, absl::Duration timeout = absl::InfiniteDuration()) {
    watcher.Await(1, timeout);
    const auto ended = watcher.Next(-1);
    EXPECT_EQ(ended.status(), absl::OkStatus());
    if (!ended.ok()) return {};
    EXPECT_EQ(ended->size(), 1u);
    EXPECT_EQ(ended->front().status, absl::OkStatus());
    return ended->front().left;
  }
};

TEST_F(ReleaseTest, WaitsForANamespaceAndItsOuterPeer) {
  Sh("ip netns add red && ip link add v0 type veth peer name eth0 netns red");
  const int nsid = *GetOrAssignNsid(host(), Named("red"));
  const int outer = IndexOf(host(), "v0");
  ReleaseWatcher watcher = Watch();
  watcher.Watch(1, {{nsid}, {{-1, outer}}});
  ASSERT_OK(dir().Unbind("red"));
  EXPECT_TRUE(Left(watcher).empty());
  EXPECT_EQ(Sh("ip -j link | jq -c '[.[].ifname]'"), R"(["lo"])");
}

TEST_F(ReleaseTest, WaitsForAPeerInAnotherNamespace) {
  Sh("ip netns add red && ip netns add blue && ip -n red link add eth0 type veth peer name far0 netns blue");
  const int red = *GetOrAssignNsid(host(), Named("red")), blue = *GetOrAssignNsid(host(), Named("blue"));
  Netlink in_blue = OpenSocket(Named("blue"));
  const int far = IndexOf(in_blue, "far0");
  ReleaseWatcher watcher = Watch();
  watcher.Watch(1, {{red}, {{blue, far}}});
  ASSERT_OK(dir().Unbind("red"));
  EXPECT_TRUE(Left(watcher).empty());
  EXPECT_EQ(IndexOf(in_blue, "far0"), 0);
}

TEST_F(ReleaseTest, APairWhoseNamespacesGoTogetherIsNotWaitedForInVain) {
  Sh("ip netns add red && ip netns add blue && ip -n red link add eth0 type veth peer name far0 netns blue");
  const int red = *GetOrAssignNsid(host(), Named("red")), blue = *GetOrAssignNsid(host(), Named("blue"));
  int near, far;
  {
    Netlink in_red = OpenSocket(Named("red")), in_blue = OpenSocket(Named("blue"));
    near = IndexOf(in_red, "eth0");
    far = IndexOf(in_blue, "far0");
  }
  ReleaseWatcher watcher = Watch();
  watcher.Watch(1, {{red, blue}, {{red, near}, {blue, far}}});
  ASSERT_OK(dir().Unbind("red"));
  ASSERT_OK(dir().Unbind("blue"));
  EXPECT_TRUE(Left(watcher).empty());
}

TEST_F(ReleaseTest, SaysWhatIsStillThereAtTheDeadline) {
  Sh("ip netns add red && ip link add v0 type veth peer name eth0 netns red && ip link add gone type bridge");
  const int nsid = *GetOrAssignNsid(host(), Named("red"));
  const int outer = IndexOf(host(), "v0"), gone = IndexOf(host(), "gone");
  ReleaseWatcher watcher = Watch();
  watcher.Watch(1, {{nsid}, {{-1, outer}, {-1, gone}}});
  const Netns holder = Named("red");
  ASSERT_OK(dir().Unbind("red"));
  ASSERT_OK(DeleteLink(host(), gone));
  const Release left = Left(watcher, absl::Milliseconds(50));
  EXPECT_THAT(left.nsids, ElementsAre(nsid));
  EXPECT_THAT(left.links, ElementsAre(Pair(-1, outer)));
}

TEST_F(ReleaseTest, LooksForItselfAtTheDeadlineSoThatWhatWentBeforeItListenedIsNotWaitedForInVain) {
  Sh("ip netns add red && ip netns add blue && ip link add gone type bridge");
  const int red = *GetOrAssignNsid(host(), Named("red")), blue = *GetOrAssignNsid(host(), Named("blue"));
  const int gone = IndexOf(host(), "gone");
  {
    ReleaseWatcher first = Watch();
    first.Watch(1, {{red}, {}});
    Sh("ip netns delete red && ip link delete gone");
    ASSERT_TRUE(Left(first).empty());
  }
  ReleaseWatcher watcher = Watch();
  watcher.Watch(1, {{red, blue}, {{-1, gone}, {red, 7}}});
  const Release left = Left(watcher, absl::ZeroDuration());
  EXPECT_THAT(left.nsids, ElementsAre(blue));
  EXPECT_THAT(left.links, IsEmpty());
}

TEST_F(ReleaseTest, LooksForItselfWhenEventsWereLost) {
  Sh("ip netns add red && ip link add v0 type veth peer name eth0 netns red");
  Sh("seq 20 | sed 's/.*/link add other& type bridge/' | ip -batch - && ip link add gone type bridge");
  const int nsid = *GetOrAssignNsid(host(), Named("red"));
  const int outer = IndexOf(host(), "v0"), gone = IndexOf(host(), "gone");
  // More events than its buffer holds come before those that count.
  ReleaseWatcher watcher = Watch(1);
  watcher.Watch(1, {{nsid}, {{-1, outer}, {-1, gone}}});
  Sh("seq 20 | sed 's/.*/link delete other&/' | ip -batch -");
  ASSERT_OK(DeleteLink(host(), gone));
  ASSERT_NE(Sh("awk 'NR > 1 {drops += $9} END {print drops}' /proc/net/netlink"), "0");
  ASSERT_OK(dir().Unbind("red"));
  EXPECT_TRUE(Left(watcher).empty());
}

TEST_F(ReleaseTest, NothingToWaitForEndsAtOnce) {
  ReleaseWatcher watcher = Watch();
  watcher.Watch(1, {});
  EXPECT_TRUE(Left(watcher).empty());
}

TEST_F(ReleaseTest, ManyAreWaitedForAtOnceAndEachEndsByItself) {
  Sh("for ns in red blue held; do ip netns add $ns && ip link add v-$ns type veth peer name eth0 netns $ns; done");
  const auto awaited = [&](const std::string& name) {
    return Release{{*GetOrAssignNsid(host(), Named(name))}, {{-1, IndexOf(host(), "v-" + name)}}};
  };
  ReleaseWatcher watcher = Watch();
  const Release red = awaited("red"), blue = awaited("blue"), held = awaited("held");
  watcher.Watch(1, red);
  watcher.Watch(2, {{*red.nsids.begin(), *blue.nsids.begin()}, red.links});
  watcher.Watch(3, held);
  for (const uint64_t id : {1, 2}) watcher.Await(id, absl::InfiniteDuration());
  Sh("ip netns delete red");
  auto ended = watcher.Next(-1);
  ASSERT_OK(ended);
  EXPECT_THAT(*ended, ElementsAre(Outcome(1, true)));
  Sh("ip netns delete blue");
  ended = watcher.Next(-1);
  ASSERT_OK(ended);
  EXPECT_THAT(*ended, ElementsAre(Outcome(2, true)));
  watcher.Await(3, absl::ZeroDuration());
  ended = watcher.Next(-1);
  ASSERT_OK(ended);
  EXPECT_THAT(*ended, ElementsAre(Outcome(3, false)));
  EXPECT_EQ(ended->front().left.nsids, held.nsids);
  EXPECT_EQ(ended->front().left.links, held.links);
}

TEST_F(ReleaseTest, WhatGoesBeforeItIsAwaitedEndsTheWaitThen) {
  Sh("ip netns add red && ip netns add blue");
  const int red = *GetOrAssignNsid(host(), Named("red")), blue = *GetOrAssignNsid(host(), Named("blue"));
  ReleaseWatcher watcher = Watch();
  watcher.Watch(1, {{red}, {}});
  watcher.Watch(2, {{red, blue}, {}});
  watcher.Await(2, absl::InfiniteDuration());
  Sh("ip netns delete red && ip netns delete blue");
  auto ended = watcher.Next(-1);
  ASSERT_OK(ended);
  ASSERT_THAT(*ended, ElementsAre(Outcome(2, true)));
  watcher.Await(1, absl::InfiniteDuration());
  ended = watcher.Next(-1);
  ASSERT_OK(ended);
  EXPECT_THAT(*ended, ElementsAre(Outcome(1, true)));
}

TEST_F(ReleaseTest, AWaitIsNotEndedByWhatAnIdBelongedToBefore) {
  Sh("ip netns add red");
  const int nsid = *GetOrAssignNsid(host(), Named("red"));
  ReleaseWatcher other = Watch(), watcher = Watch();
  other.Watch(1, {{nsid}, {}});
  Sh("ip netns delete red");
  ASSERT_TRUE(Left(other).empty());
  // The first has not read it yet; the id is given out again.
  Sh("ip netns add blue");
  ASSERT_EQ(*GetOrAssignNsid(host(), Named("blue")), nsid);
  watcher.Watch(1, {{nsid}, {}});
  EXPECT_THAT(Left(watcher, absl::ZeroDuration()).nsids, ElementsAre(nsid));
}

TEST_F(ReleaseTest, LeavingABridgeIsNotBeingGone) {
  Sh("ip link add br0 type bridge && ip link add v0 type veth peer name v1 && ip link set v0 master br0");
  const int port = IndexOf(host(), "v0");
  ReleaseWatcher watcher = Watch();
  watcher.Watch(1, {{}, {{-1, port}}});
  Sh("ip link set v0 nomaster");
  EXPECT_THAT(Left(watcher, absl::ZeroDuration()).links, ElementsAre(Pair(-1, port)));
}

TEST_F(ReleaseTest, IsToldToStop) {
  Sh("ip netns add red");
  ReleaseWatcher watcher = Watch();
  watcher.Watch(1, {{*GetOrAssignNsid(host(), Named("red"))}, {}});
  const UniqueFd stop(eventfd(1, EFD_CLOEXEC));
  EXPECT_TRUE(absl::IsCancelled(watcher.Next(stop.get()).status()));
}

TEST_F(ReleaseTest, OuterEndsAreKnownByTheNamespaceTheyAreIn) {
  Sh("ip netns add red && ip netns add blue && ip link add v0 type veth peer name eth0 netns red && "
     "ip -n red link add eth1 type veth peer name far0 netns blue && ip -n red link add in0 type veth peer name in1");
  const int red = *GetOrAssignNsid(host(), Named("red")), blue = *GetOrAssignNsid(host(), Named("blue"));
  const auto expected = [&] {
    Netlink in_blue = OpenSocket(Named("blue"));
    return ::testing::UnorderedElementsAre(OuterEndIs(-1, IndexOf(host(), "v0"), "eth0"),
                                           OuterEndIs(blue, IndexOf(in_blue, "far0"), "eth1"));
  };
  auto ends = OuterEnds(host(), worker().host(), red);
  ASSERT_OK(ends);
  EXPECT_THAT(*ends, expected());
  // By now the host's namespace has an id of its own; its events are still its own.
  ASSERT_GE(*GetNsid(host(), worker().host()), 0);
  ends = OuterEnds(host(), worker().host(), red);
  ASSERT_OK(ends);
  EXPECT_THAT(*ends, expected());
  ReleaseWatcher watcher = Watch();
  watcher.Watch(1, {{}, {ends->front().link, ends->back().link}});
  Sh("ip netns delete red");
  EXPECT_TRUE(Left(watcher).empty());
  EXPECT_ERRNO(OuterEnds(host(), worker().host(), red), EINVAL);
}

TEST_F(ReleaseTest, ADeletionMadeElsewhereIsHeardToo) {
  Sh("ip netns add red");
  const int nsid = *GetOrAssignNsid(host(), Named("red"));
  ReleaseWatcher watcher = Watch();
  watcher.Watch(1, {{nsid}, {}});
  std::jthread other([] { Sh("ip netns delete red"); });
  EXPECT_TRUE(Left(watcher).empty());
}

}  // namespace
}  // namespace warren::kernel
