#include "agent/kernel/departures.h"

#include <gmock/gmock.h>
#include <linux/rtnetlink.h>

#include <set>
#include <string>
#include <utility>
#include <vector>

#include "tests/agent/kernel/kernel_test.h"

namespace warren::kernel {
namespace {

using ::testing::Contains;
using ::testing::IsEmpty;
using ::testing::UnorderedElementsAre;

class Told : public Departures::Listener {
 public:
  void OnLinkWent(int origin, int ifindex) override { links.emplace_back(origin, ifindex); }
  void OnNetnsWent(int nsid) override { netns.push_back(nsid); }
  void OnDeparturesLost() override { ++lost; }

  std::vector<std::pair<int, int>> links;
  std::vector<int> netns;
  int lost = 0;
};

// Listens to all namespaces, as the inventory does.
class All : public EventSocket::Listener {
 public:
  void OnEvent(int, nlmsghdr*) override {}
  void OnLost() override {}
  void OnReadByOther() override {}
};

class DeparturesTest : public KernelTest {
 protected:
  static int Index(const std::string& where, const std::string& name) {
    return std::stoi(Ip(where + "link show " + name, ".[0].ifindex"));
  }
};

TEST_F(DeparturesTest, ADeletionThatHasReturnedIsTold) {
  Told told;
  Departures departures(EventSocket::Open(), told);
  Sh("ip link add br0 type bridge && ip link add v0 type veth peer name v1");
  const int bridge = Index("", "br0"), one = Index("", "v0"), other = Index("", "v1");
  // Before Linux 6.2 a link that is up has the name that it has.
  Sh("ip link set v0 master br0 && ip link set v0 nomaster && ip link set br0 name br1 && ip link set br1 up");
  departures.Read();
  EXPECT_THAT(told.links, IsEmpty()) << "a port that leaves its bridge has not gone";
  Sh("ip link delete br1 && ip link delete v1");
  departures.Read();
  std::set<std::pair<int, int>> went(told.links.begin(), told.links.end());
  EXPECT_THAT(went, UnorderedElementsAre(std::pair(-1, bridge), std::pair(-1, one), std::pair(-1, other)));
}

TEST_F(DeparturesTest, OfOtherNamespacesTheyAreToldWhileSomebodyElseListensToThose) {
  auto events = EventSocket::Open();
  Told told;
  Departures departures(events, told);
  Sh("ip netns add red && ip link add v0 type veth peer name eth0 netns red && ip -n red link add br0 type bridge");
  const int bridge = Index("-n red ", "br0");
  All all;
  ASSERT_OK((*events)->Add(all, {RTNLGRP_LINK}));
  Sh("ip -n red link delete br0");
  departures.Read();
  ASSERT_EQ(told.links.size(), 1u);
  EXPECT_GE(told.links[0].first, 0);
  EXPECT_EQ(told.links[0].second, bridge);
  const int nsid = told.links[0].first;
  (*events)->Remove(all);
  Sh("ip netns delete red");
  // The kernel frees it in the background.
  while (told.netns.empty() && Try("ip link show v0").code == 0) departures.Read();
  departures.Read();
  EXPECT_THAT(told.netns, Contains(nsid)) << "an id is the host's own, and always heard";
}

TEST_F(DeparturesTest, NothingIsToldWhereNobodyHears) {
  Told told;
  Departures departures(NobodyListens(), told);
  Sh("ip link add br0 type bridge && ip link delete br0");
  departures.Read();
  EXPECT_THAT(told.links, IsEmpty());
}

TEST_F(DeparturesTest, ThatSomeAreMissingIsTold) {
  Told told;
  Departures departures(EventSocket::Open(1), told);
  for (int i = 0; i < 20; ++i) Sh("ip link add br0 type bridge && ip link delete br0");
  departures.Read();
  EXPECT_GT(told.lost, 0);
}

}  // namespace
}  // namespace warren::kernel
