#include "agent/kernel/monitor.h"

#include <gmock/gmock.h>
#include <poll.h>

#include <algorithm>
#include <map>

#include "absl/strings/str_cat.h"
#include "agent/kernel/nsid.h"
#include "agent/kernel/route.h"
#include "tests/agent/kernel/kernel_test.h"

namespace warren::kernel {
namespace {

using ::testing::Contains;
using ::testing::ElementsAre;
using ::testing::IsEmpty;
using ::testing::IsSupersetOf;
using ::testing::Not;

// "+link -1:3", "-address 0:2 inet", "route 0 10.0.0.0/8", "-nsid 0".
std::string Say(const Event& event) {
  const char* sign = event.deleted ? "-" : event.replaced ? "=" : "+";
  const std::string family = event.family == AF_INET ? " inet" : " inet6";
  switch (event.kind) {
    case Event::Kind::kLink:
      return absl::StrCat(sign, "link ", event.nsid, ":", event.ifindex);
    case Event::Kind::kAddress:
      return absl::StrCat(sign, "address ", event.nsid, ":", event.ifindex, family);
    case Event::Kind::kRoute:
      return absl::StrCat(sign, "route ", event.nsid, " ", RouteFromBody(event.route).destination.ToString());
    case Event::Kind::kNexthop:
      return absl::StrCat(sign, "nexthop ", event.nsid);
    case Event::Kind::kNsid:
      return absl::StrCat(sign, "nsid ", event.nsid);
    case Event::Kind::kLost:
      return "lost";
  }
  return "?";
}

class MonitorTest : public KernelTest {
 protected:
  Monitor Listen(int receive_buffer = 1 << 20) {
    auto monitor = Monitor::Open(EventSocket::Open(receive_buffer));
    if (!monitor.ok()) throw std::runtime_error(std::string(monitor.status().message()));
    return *std::move(monitor);
  }
  static std::vector<std::string> Read(Monitor& monitor) {
    std::vector<std::string> events;
    EXPECT_EQ(monitor.Read([&](const Event& event) { events.push_back(Say(event)); }), absl::OkStatus());
    return events;
  }
  static bool IsReadable(int fd) {
    pollfd wait{fd, POLLIN, 0};
    return poll(&wait, 1, 0) == 1;
  }
  static bool Rings(const Monitor& monitor) {
    const auto descriptors = monitor.descriptors();
    return std::any_of(descriptors.begin(), descriptors.end(), IsReadable);
  }
  // Namespaces in which nothing happens by itself.
  int Add(const std::string& name) {
    Sh("ip netns add " + name + " && ip netns exec " + name +
       " sysctl -qw net.ipv6.conf.all.disable_ipv6=1 net.ipv6.conf.default.disable_ipv6=1");
    return *GetOrAssignNsid(host(), Named(name));
  }
};

TEST_F(MonitorTest, TellsOfNexthopObjectsThatGoOrBecomeOthers) {
  Monitor monitor = Listen();
  Sh("ip nexthop add id 7 blackhole");
  EXPECT_THAT(Read(monitor), IsEmpty()) << "no route leaves by it yet";
  Sh("ip link set lo up && ip nexthop replace id 7 dev lo");
  EXPECT_THAT(Read(monitor), Contains("+nexthop -1"));
  Sh("ip nexthop del id 7");
  EXPECT_THAT(Read(monitor), Contains("-nexthop -1"));
}

TEST_F(MonitorTest, HearsLinksAddressesAndRoutesOfANamespaceWithAnId) {
  const int red = Add("red");
  Monitor monitor = Listen();
  EXPECT_THAT(Read(monitor), IsEmpty());
  Sh("ip -n red link add br0 index 7 type bridge && ip -n red link set lo up");
  EXPECT_THAT(Read(monitor), Contains(absl::StrCat("+link ", red, ":7")));
  Sh("ip -n red addr add 10.0.0.1/24 dev lo");
  EXPECT_THAT(Read(monitor), Contains(absl::StrCat("+address ", red, ":1 inet")));
  Sh("ip -n red route add 10.9.0.0/16 dev lo");
  EXPECT_THAT(Read(monitor), ElementsAre(absl::StrCat("+route ", red, " 10.9.0.0/16")));
  Sh("ip -n red route replace 10.9.0.0/16 dev lo src 10.0.0.1");
  EXPECT_THAT(Read(monitor), ElementsAre(absl::StrCat("=route ", red, " 10.9.0.0/16")));
  Sh("ip -n red route del 10.9.0.0/16");
  EXPECT_THAT(Read(monitor), ElementsAre(absl::StrCat("-route ", red, " 10.9.0.0/16")));
  Sh("ip -n red addr del 10.0.0.1/24 dev lo");
  EXPECT_THAT(Read(monitor), Contains(absl::StrCat("-address ", red, ":1 inet")));
  Sh("ip -n red link del br0");
  EXPECT_THAT(Read(monitor), Contains(absl::StrCat("-link ", red, ":7")));
}

TEST_F(MonitorTest, HearsItsOwnNamespaceAndWhichIdsItGives) {
  Monitor monitor = Listen();
  Sh("ip link add br0 index 9 type bridge");
  EXPECT_THAT(Read(monitor), Contains("+link -1:9"));
  const int red = Add("red");
  EXPECT_THAT(Read(monitor), Contains(absl::StrCat("+nsid ", red)));
  Sh("ip netns delete red");
  std::vector<std::string> events;
  while (events.empty()) {
    pollfd wait{monitor.descriptors().front(), POLLIN, 0};
    ASSERT_EQ(poll(&wait, 1, -1), 1);
    events = Read(monitor);
  }
  EXPECT_THAT(events, Contains(absl::StrCat("-nsid ", red)));
}

TEST_F(MonitorTest, HearsItsOwnNamespaceAsThatThoughItHasAnIdToo) {
  ASSERT_GE(*GetOrAssignNsid(host(), worker().host()), 0);
  Monitor monitor = Listen();
  Sh("ip link add v0 index 20 type veth peer name v1");
  EXPECT_THAT(Read(monitor), Contains("+link -1:20"));
}

TEST_F(MonitorTest, HearsNothingOfANamespaceWithoutAnId) {
  Monitor monitor = Listen();
  Sh("ip netns add red && ip -n red link set lo up");
  EXPECT_THAT(Read(monitor), IsEmpty());
}

TEST_F(MonitorTest, LeavingABridgeIsNoDeletion) {
  Sh("ip link add br0 type bridge && ip link add p0 index 20 type veth peer name p1 && ip link set p0 master br0");
  Monitor monitor = Listen();
  Sh("ip link set p0 nomaster");
  const auto events = Read(monitor);
  EXPECT_THAT(events, Contains("+link -1:20"));
  EXPECT_THAT(events, Not(Contains("-link -1:20")));
}

TEST_F(MonitorTest, TellsTheHostsOwnLinksAsALookWouldShowThem) {
  Monitor monitor = Listen();
  Sh("ip link add a0 type veth peer name a1 && ip link set a0 alias text && ip link set a0 up && ip link set a1 up");
  std::map<int, std::string> told;
  std::vector<Link> first;
  ASSERT_OK(monitor.Read([&](const Event& event) {
    if (event.kind != Event::Kind::kLink || event.link.empty()) return;
    if (first.empty()) first.push_back(LinkFromBody(event.link));
    told[event.ifindex] = event.link;
  }));
  ASSERT_EQ(first.size(), 1u);
  EXPECT_EQ(first[0].peer, 0) << "the first end is told before there is another";
  EXPECT_EQ(first[0].name, GetLink(host(), first[0].ifindex)->name);
  for (const char* name : {"a0", "a1"}) {
    const Link seen = *GetLink(host(), name);
    ASSERT_TRUE(told.contains(seen.ifindex));
    const Link link = LinkFromBody(told[seen.ifindex]);
    EXPECT_EQ(link.name, name);
    EXPECT_EQ(link.mac, seen.mac);
    EXPECT_EQ(link.kind, "veth");
    EXPECT_EQ(link.alias, seen.alias);
    EXPECT_EQ(link.peer, seen.peer);
    EXPECT_EQ(link.peer_nsid, -1);
    EXPECT_EQ(link.tx_queues, seen.tx_queues);
    EXPECT_TRUE(link.up());
  }
}

TEST_F(MonitorTest, SaysWhenEventsWereLostAndGoesOn) {
  Monitor monitor = Listen(1);
  Sh("seq 20 | sed 's/.*/link set lo alias a&/' | ip -batch - && ip link set lo alias ''");
  EXPECT_THAT(Read(monitor), Contains("lost"));
  Sh("ip link set lo alias b");
  EXPECT_THAT(Read(monitor), ElementsAre("+link -1:1"));
  Sh("ip link set lo alias ''");
}

TEST_F(MonitorTest, WhatSomebodyElseHasReadIsKeptAndItsDescriptorSaysSo) {
  const SharedEvents events = EventSocket::Open();
  Monitor monitor = *Monitor::Open(events), other = *Monitor::Open(events);
  Sh("ip link add br0 index 9 type bridge");
  EXPECT_THAT(Read(other), Contains("+link -1:9"));
  EXPECT_FALSE(IsReadable((*events)->fd())) << "nothing is left there";
  EXPECT_TRUE(Rings(monitor));
  EXPECT_THAT(Read(monitor), Contains("+link -1:9"));
  EXPECT_FALSE(Rings(monitor));
  EXPECT_FALSE(Rings(other));
}

TEST_F(MonitorTest, WhatSomebodyElseHasReadIsKeptUpToItsLimitOnly) {
  const SharedEvents events = EventSocket::Open();
  Monitor monitor = *Monitor::Open(events, 2000), other = *Monitor::Open(events);
  Sh("seq 20 | sed 's/.*/link set lo alias a&/' | ip -batch -");
  EXPECT_EQ(Read(other).size(), 20u);
  const auto kept = Read(monitor);
  EXPECT_LT(kept.size(), 3u);
  EXPECT_EQ(kept.front(), "lost");
  Sh("ip link set lo alias ''");
  EXPECT_THAT(Read(monitor), ElementsAre("+link -1:1"));
}

TEST_F(MonitorTest, WhoeverDoesNotWantOthersNamespacesIsNotToldOfThemBecauseSomebodyElseIs) {
  const int red = Add("red");
  const SharedEvents events = EventSocket::Open();
  Monitor monitor = *Monitor::Open(events), other = *Monitor::Open(events);
  ASSERT_OK(monitor.HearAll(false));
  Sh("ip -n red link add br0 index 7 type bridge && ip link add br0 index 9 type bridge");
  EXPECT_THAT(Read(other), IsSupersetOf({absl::StrCat("+link ", red, ":7"), std::string("+link -1:9")}));
  const auto own = Read(monitor);
  EXPECT_THAT(own, Contains("+link -1:9"));
  EXPECT_THAT(own, Not(Contains(absl::StrCat("+link ", red, ":7"))));
  ASSERT_OK(other.HearAll(false));
  Sh("ip -n red link del br0");
  EXPECT_FALSE(IsReadable((*events)->fd())) << "nobody wants it, and the kernel does not even queue it";
  ASSERT_OK(monitor.HearAll(true));
  Sh("ip -n red link add br0 index 7 type bridge");
  EXPECT_THAT(Read(monitor), Contains(absl::StrCat("+link ", red, ":7")));
  EXPECT_THAT(Read(other), IsEmpty());
}

}  // namespace
}  // namespace warren::kernel
