#include "agent/kernel/link.h"

#include <errno.h>
#include <gmock/gmock.h>
#include <net/if.h>

#include <algorithm>
#include <map>
#include <utility>

#include "agent/kernel/nsid.h"
#include "tests/agent/kernel/kernel_test.h"

namespace warren::kernel {
namespace {

using ::testing::HasSubstr;

class LinkTest : public KernelTest {
 protected:
  void SetUp() override { Sh("ip netns add red && ip netns add blue"); }

  absl::Status Pair(const std::string& a, const std::string& b, uint32_t mtu = 0) {
    const Netns red = Named("red"), blue = Named("blue");
    return CreateVeth(host(), {&red, a, *ParseMac("02:00:00:00:00:0a"), mtu},
                      {&blue, b, *ParseMac("02:00:00:00:00:0b"), mtu});
  }
  int Bridge(const std::string& name) {
    const absl::Status status = CreateBridge(host(), name, RandomMac(), 0);
    EXPECT_TRUE(status.ok()) << status;
    return IndexOf(host(), name);
  }
};

TEST_F(LinkTest, APairIsBornWithEachEndInItsNamespace) {
  ASSERT_OK(Pair("eth0", "eth1", 1400));
  EXPECT_EQ(Ip("-n red link show eth0", ".[0] | [.mtu, .address, .linkinfo.info_kind, .num_tx_queues, .num_rx_queues]"),
            R"([1400,"02:00:00:00:00:0a","veth",1,1])");
  EXPECT_EQ(
      Ip("-n blue link show eth1", ".[0] | [.mtu, .address, .linkinfo.info_kind, .num_tx_queues, .num_rx_queues]"),
      R"([1400,"02:00:00:00:00:0b","veth",1,1])");
  EXPECT_EQ(Ip("-n red link show eth0", ".[0].flags | index(\"UP\")"), "null");
  EXPECT_EQ(Ip("link show", "[.[].ifname]"), R"(["lo"])");
}

TEST_F(LinkTest, BothEndsMayBeInOneNamespaceWithTheSameDefaults) {
  const Netns red = Named("red");
  ASSERT_OK(CreateVeth(host(), {&red, "a", RandomMac()}, {&red, "b", RandomMac()}));
  EXPECT_EQ(Ip("-n red link show", "[.[].ifname] | sort"), R"(["a","b","lo"])");
  EXPECT_EQ(Ip("-n red link show a", ".[0].mtu"), "1500");
}

TEST_F(LinkTest, APairWhoseNameIsTakenAtEitherEndIsRefusedAndHalfMakesNothing) {
  ASSERT_OK(Pair("eth0", "eth1"));
  EXPECT_ERRNO(Pair("eth0", "new1"), EEXIST);
  EXPECT_ERRNO(Pair("new0", "eth1"), EEXIST);
  EXPECT_EQ(Ip("-n red link show", "[.[].ifname] | sort"), R"(["eth0","lo"])");
  EXPECT_EQ(Ip("-n blue link show", "[.[].ifname] | sort"), R"(["eth1","lo"])");
  const Netns red = Named("red");
  EXPECT_ERRNO(CreateVeth(host(), {&red, "same", RandomMac()}, {&red, "same", RandomMac()}), EEXIST);
}

TEST_F(LinkTest, WhatTheKernelRefusesOfAPairItRefusesWithItsReason) {
  EXPECT_ERRNO(Pair("eth0", "eth1", 20), EINVAL);  // below the smallest MTU
  EXPECT_ERRNO(Pair("a-name-much-too-long", "eth1"), ERANGE);
  const Netns red = Named("red"), blue = Named("blue");
  EXPECT_ERRNO(CreateVeth(host(), {&red, "eth0", std::string(6, '\xff')}, {&blue, "eth1", RandomMac()}), EADDRNOTAVAIL);
  EXPECT_EQ(Ip("-n red link show", "[.[].ifname]"), R"(["lo"])");
  EXPECT_EQ(Ip("-n blue link show", "[.[].ifname]"), R"(["lo"])");
}

TEST_F(LinkTest, ALinkIsReadAsIpReadsIt) {
  ASSERT_OK(Pair("eth0", "eth1", 1400));
  Sh("ip -n red link set eth0 up alias 'to blue' && ip -n blue link set eth1 up");
  Sh("ip -n red link property add dev eth0 altname other altname another");
  Sh("ip netns exec red ip addr add 10.0.0.1/24 dev eth0 && ip -n blue addr add 10.0.0.2/24 dev eth1");
  Sh("ip netns exec red ping -qc1 -W10 10.0.0.2");
  Netlink red = OpenSocket(Named("red"));
  const auto link = GetLink(red, "eth0");
  ASSERT_OK(link);
  const std::string where = "-s -n red link show eth0";
  EXPECT_EQ(std::to_string(link->ifindex), Ip(where, ".[0].ifindex"));
  EXPECT_EQ(link->name, "eth0");
  EXPECT_EQ(link->mtu, 1400u);
  EXPECT_EQ(FormatMac(link->mac), "02:00:00:00:00:0a");
  EXPECT_EQ(link->qdisc, Ip(where, ".[0].qdisc"));
  EXPECT_EQ(link->oper_state, 6);  // IF_OPER_UP
  EXPECT_EQ(Ip(where, ".[0].operstate"), "UP");
  EXPECT_EQ(link->kind, "veth");
  EXPECT_EQ(link->master, 0);
  EXPECT_EQ(std::to_string(link->peer), Ip("-n blue link show eth1", ".[0].ifindex"));
  EXPECT_EQ(std::to_string(link->peer_nsid), Ip(where, ".[0].link_netnsid"));
  EXPECT_EQ(link->peer_nsid, *GetNsid(red, Named("blue")));
  EXPECT_EQ(link->type, 1);  // ARPHRD_ETHER
  EXPECT_EQ(link->alias, "to blue");
  EXPECT_THAT(link->alternative_names, ::testing::UnorderedElementsAre("other", "another"));
  EXPECT_EQ(link->tx_queues, 1u);
  EXPECT_EQ(link->rx_queues, 1u);
  EXPECT_TRUE(link->up());
  EXPECT_GE(link->statistics.tx_packets, 1u);
  EXPECT_GE(link->statistics.rx_bytes, 98u);  // at least the echo: 84 bytes of IP and 14 of Ethernet
  EXPECT_EQ(link->statistics.rx_errors, 0u);
}

TEST_F(LinkTest, LinksAreListedAsIpListsThem) {
  const int bridge = Bridge("br0");
  Sh("ip link add v0 type veth peer name v1 && ip link set v0 master br0");
  const auto links = ListLinks(host());
  ASSERT_OK(links);
  std::string shown;
  for (const Link& link : *links) {
    shown += link.name + " " + std::to_string(link.ifindex) + " " + link.kind + " " + FormatMac(link.mac) + " " +
             std::to_string(link.mtu) + "\n";
  }
  shown.pop_back();
  EXPECT_EQ(shown,
            Ip("link show", R"jq(.[] | "\(.ifname) \(.ifindex) \(.linkinfo.info_kind // "") \(.address) \(.mtu)")jq"));
  const auto port = std::find_if(links->begin(), links->end(), [](const Link& link) { return link.name == "v0"; });
  EXPECT_EQ(port->master, bridge);
  EXPECT_EQ(port->peer_nsid, -1);
  EXPECT_EQ(port->peer, IndexOf(host(), "v1"));
}

TEST_F(LinkTest, WhatIsNotThereIsEnodevByNameAndByIndex) {
  EXPECT_ERRNO(GetLink(host(), "nothere"), ENODEV);
  EXPECT_ERRNO(GetLink(host(), 4711), ENODEV);
  EXPECT_EQ(GetLink(host(), "nothere").status().code(), absl::StatusCode::kNotFound);
  EXPECT_THAT(std::string(GetLink(host(), "nothere").status().message()), HasSubstr("nothere"));
  EXPECT_EQ(GetLink(host(), 1)->name, "lo");
}

TEST_F(LinkTest, AnIndexIsFoundByName) {
  Sh("ip netns add green && ip -n green link add eth0 index 4711 type veth peer name eth1 index 4712");
  const Netlink inside = OpenSocket(Named("green"));
  EXPECT_EQ(*IndexOfLink(inside.fd(), "eth1"), 4712);
  EXPECT_ERRNO(IndexOfLink(host().fd(), "eth1"), ENODEV);
  EXPECT_ERRNO(IndexOfLink(host().fd(), std::string(200, 'x')), ENODEV);
  EXPECT_THAT(std::string(IndexOfLink(host().fd(), "nothere").status().message()), HasSubstr("nothere"));
}

TEST_F(LinkTest, ThoseOfAnotherNamespaceAreListedByItsIdAndInTheAskersTerms) {
  Sh("ip netns add green && ip netns add pink && "
     "ip link add v0 index 4711 type veth peer name eth0 netns green && "
     "ip -n green link add eth1 type veth peer name eth2 netns pink");
  const int green = *GetOrAssignNsid(host(), Named("green")), pink = *GetOrAssignNsid(host(), Named("pink"));
  const auto links = ListLinksIn(host(), green);
  ASSERT_OK(links);
  std::map<std::string, std::pair<int, int>> peers;
  for (const Link& link : *links) peers[link.name] = {link.peer_nsid, link.peer};
  EXPECT_EQ(peers.at("lo"), std::pair(-1, 0));
  EXPECT_EQ(peers.at("eth0"), std::pair(*GetNsid(host(), worker().host()), 4711));
  EXPECT_EQ(peers.at("eth1").first, pink);
  EXPECT_FALSE(ListLinksIn(host(), 4242).ok());
}

TEST_F(LinkTest, WhetherThereIsOneIsAskedOfTheSocketsOwnNamespace) {
  Sh("ip netns add green && ip -n green link add eth0 index 4711 type veth peer name eth1 index 4712");
  const Netlink inside = OpenSocket(Named("green"));
  EXPECT_TRUE(HasLink(inside.fd(), 4711));
  EXPECT_FALSE(HasLink(host().fd(), 4711));
  EXPECT_TRUE(HasLink(host().fd(), 1));
  Sh("ip -n green link delete dev eth0");
  EXPECT_FALSE(HasLink(inside.fd(), 4711));
}

TEST_F(LinkTest, ABridgeIsMadeDownWithItsMacAndMtuAndRefusedWhereTheNameIsTaken) {
  ASSERT_OK(CreateBridge(host(), "br0", *ParseMac("02:00:00:00:00:42"), 1400));
  EXPECT_EQ(Ip("link show br0", ".[0] | [.linkinfo.info_kind, .address, .mtu, (.flags | index(\"UP\"))]"),
            R"(["bridge","02:00:00:00:00:42",1400,null])");
  EXPECT_ERRNO(CreateBridge(host(), "br0", RandomMac(), 0), EEXIST);
  EXPECT_ERRNO(CreateBridge(host(), "lo", RandomMac(), 0), EEXIST);
}

TEST_F(LinkTest, ABridgesOwnMacStaysWhenPortsJoin) {
  ASSERT_OK(CreateBridge(host(), "br0", *ParseMac("0e:00:00:00:00:42"), 0));
  Sh("ip link add v0 address 02:00:00:00:00:01 type veth peer name v1");
  ASSERT_OK(SetLink(host(), IndexOf(host(), "v0"), {.master = IndexOf(host(), "br0")}));
  EXPECT_EQ(Ip("link show br0", ".[0].address"), "0e:00:00:00:00:42");
}

TEST_F(LinkTest, DeletingTakesAPairsOtherEndWithIt) {
  ASSERT_OK(Pair("eth0", "eth1"));
  Netlink red = OpenSocket(Named("red"));
  ASSERT_OK(DeleteLink(red, IndexOf(red, "eth0")));
  EXPECT_EQ(Ip("-n red link show", "[.[].ifname]"), R"(["lo"])");
  EXPECT_EQ(Ip("-n blue link show", "[.[].ifname]"), R"(["lo"])");
  EXPECT_ERRNO(DeleteLink(red, 4711), ENODEV);
}

TEST_F(LinkTest, WhatIsNotVirtualIsNotDeleted) { EXPECT_ERRNO(DeleteLink(host(), 1), EOPNOTSUPP); }

TEST_F(LinkTest, EveryAttributeIsChangedAsAskedAndNoOther) {
  Sh("ip link add v0 type veth peer name v1");
  const int v0 = IndexOf(host(), "v0");
  const auto state = [](const std::string& name) {
    return Ip("link show " + name, ".[0] | [.mtu, .address, (.flags | index(\"UP\") != null), .master]");
  };
  ASSERT_OK(SetLink(host(), v0, {.mac = *ParseMac("02:00:00:00:00:07")}));
  EXPECT_EQ(state("v0"), R"([1500,"02:00:00:00:00:07",false,null])");
  ASSERT_OK(SetLink(host(), v0, {.mtu = 1400}));
  EXPECT_EQ(state("v0"), R"([1400,"02:00:00:00:00:07",false,null])");
  ASSERT_OK(SetLink(host(), v0, {.up = true}));
  EXPECT_EQ(state("v0"), R"([1400,"02:00:00:00:00:07",true,null])");
  const int bridge = Bridge("br0");
  ASSERT_OK(SetLink(host(), v0, {.master = bridge}));
  EXPECT_EQ(state("v0"), R"([1400,"02:00:00:00:00:07",true,"br0"])");
  ASSERT_OK(SetLink(host(), v0, {.up = false}));
  ASSERT_OK(SetLink(host(), v0, {.name = "wan0"}));
  EXPECT_EQ(state("wan0"), R"([1400,"02:00:00:00:00:07",false,"br0"])");
  ASSERT_OK(SetLink(host(), v0, {.master = 0}));
  EXPECT_EQ(state("wan0"), R"([1400,"02:00:00:00:00:07",false,null])");
  ASSERT_OK(SetLink(host(), v0, {}));
  EXPECT_EQ(state("wan0"), R"([1400,"02:00:00:00:00:07",false,null])");
  EXPECT_EQ(Ip("link show v1", ".[0].mtu"), "1500");
}

TEST_F(LinkTest, SeveralChangesGoInOneMessage) {
  Sh("ip link add v0 type veth peer name v1");
  const int bridge = Bridge("br0");
  ASSERT_OK(
      SetLink(host(), IndexOf(host(), "v0"),
              {.up = true, .mtu = 1300, .mac = *ParseMac("02:00:00:00:00:07"), .name = "wan0", .master = bridge}));
  EXPECT_EQ(Ip("link show wan0", ".[0] | [.mtu, .address, (.flags | index(\"UP\") != null), .master]"),
            R"([1300,"02:00:00:00:00:07",true,"br0"])");
}

// Why undo restores what was there instead of trusting that a refused message changed nothing.
TEST_F(LinkTest, ARefusedChangeKeepsWhatTheKernelDidBeforeTheRefusal) {
  Sh("ip link add v0 type veth peer name v1");
  const int v0 = IndexOf(host(), "v0");
  EXPECT_ERRNO(SetLink(host(), v0, {.mtu = 1400, .name = "v1"}), EEXIST);
  EXPECT_EQ(Ip("link show v0", ".[0].mtu"), "1400");
}

TEST_F(LinkTest, RefusalsOfAChangeAreTheKernels) {
  Sh("ip link add v0 type veth peer name v1");
  const int v0 = IndexOf(host(), "v0"), bridge = Bridge("br0");
  EXPECT_ERRNO(SetLink(host(), 4711, {.up = true}), ENODEV);
  EXPECT_ERRNO(SetLink(host(), v0, {.mtu = 20}), EINVAL);
  EXPECT_ERRNO(SetLink(host(), v0, {.mac = std::string(6, '\xff')}), EADDRNOTAVAIL);
  EXPECT_ERRNO(SetLink(host(), v0, {.name = "a/b"}), EINVAL);
  EXPECT_ERRNO(SetLink(host(), v0, {.master = 4711}), EINVAL);
  EXPECT_ERRNO(SetLink(host(), v0, {.master = IndexOf(host(), "v1")}), EOPNOTSUPP);
  EXPECT_ERRNO(SetLink(host(), bridge, {.master = bridge}), ELOOP);
  EXPECT_ERRNO(SetLink(host(), 1, {.master = bridge}), EINVAL);  // a loopback is no port
  const absl::Status too_large = SetLink(host(), v0, {.mtu = 70000});
  EXPECT_ERRNO(too_large, EINVAL);
  EXPECT_EQ(ExtendedAckOf(too_large), "mtu greater than device maximum");
}

TEST_F(LinkTest, AMovedLinkArrivesDownUnderItsNewNameWithoutAddresses) {
  Sh("ip link add v0 type veth peer name v1 && ip link set v0 up && ip addr add 10.0.0.1/24 dev v0");
  ASSERT_OK(MoveLink(host(), IndexOf(host(), "v0"), Named("red"), "eth0"));
  EXPECT_EQ(Ip("link show", "[.[].ifname]"), R"(["lo","v1"])");
  EXPECT_EQ(Ip("-n red addr show eth0", ".[0] | [(.flags | index(\"UP\")), .addr_info]"), "[null,[]]");
  Netlink red = OpenSocket(Named("red"));
  ASSERT_OK(MoveLink(red, IndexOf(red, "eth0"), worker().host(), "v0"));
  EXPECT_EQ(Ip("link show v0", ".[0].ifname"), "v0");
}

TEST_F(LinkTest, WhatMayNotBeMovedIsNot) {
  ASSERT_OK(Pair("eth0", "eth1"));
  Netlink red = OpenSocket(Named("red"));
  EXPECT_ERRNO(MoveLink(red, 1, worker().host(), "lo9"), EINVAL);
  EXPECT_ERRNO(MoveLink(red, 4711, worker().host(), "x"), ENODEV);
  Sh("ip -n blue link add eth0 type bridge");
  EXPECT_ERRNO(MoveLink(red, IndexOf(red, "eth0"), Named("blue"), "eth0"), EEXIST);
  EXPECT_EQ(Ip("-n red link show eth0", ".[0].ifname"), "eth0");
}

}  // namespace
}  // namespace warren::kernel
