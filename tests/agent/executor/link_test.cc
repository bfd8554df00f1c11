// Changing, moving and deleting links: what the kernel says afterwards, refusals, undo.

#include "absl/strings/str_cat.h"
#include "tests/agent/executor/executor_test.h"

namespace warren::executor {
namespace {

using kernel::Ip;
using ::testing::AnyOf;
using ::testing::HasSubstr;

class LinkTest : public ExecutorTest {
 protected:
  void SetUp() override {
    ExecutorTest::SetUp();
    Succeed(R"(
        create_namespace { namespace: 'red' }
        create_namespace { namespace: 'blue' }
        create_veth { a { namespace: 'red' name: 'eth0' up: true addresses: '10.0.0.1/24' addresses: '10.0.0.5/24' addresses: '10.0.1.1/24' addresses: '2001:db8::1/64' } b { namespace: 'blue' name: 'eth0' up: true addresses: '10.0.0.2/24' addresses: '2001:db8::2/64' } }
        create_veth { a { namespace: 'red' name: 'eth1' up: true addresses: '10.2.0.1/24' addresses: '2001:db8:2::1/64' } b { namespace: '@host' name: 'v1' up: true addresses: '10.2.0.2/24' } }
        add_address { namespace: 'red' link: 'eth0' address: '2001:db8:1::1/64' nodad: true }
        add_route { namespace: 'red' destination: 'default' via: '10.0.0.2' }
        add_route { namespace: 'red' destination: 'default' via: '2001:db8::2' }
        add_route { namespace: 'red' destination: '10.7.0.0/16' via: '10.0.0.2' src: '10.0.0.5' }
        add_route { namespace: 'red' destination: '10.8.0.0/16' dev: 'eth0' metric: 50 table: 1000 }
        add_route { namespace: 'red' destination: '10.9.0.0/16' via: '172.31.0.1' dev: 'eth0' onlink: true }
        add_route { namespace: 'red' destination: '2001:db8:7::/48' via: '2001:db8::2' metric: 7 table: 1000 }
        add_route { namespace: 'red' destination: '2001:db8:8::/48' dev: 'eth0' src: '2001:db8:1::1' })");
    // What only others can make.
    Sh("ip -n red route add 10.10.0.0/16 nexthop via 10.0.0.2 weight 1 nexthop via 10.2.0.2 weight 5");
    Sh("ip -n red route add 2001:db8:10::/48 nexthop via 2001:db8::2 weight 1 nexthop via 2001:db8:2::9 weight 2");
    Sh("ip -n red address add 10.0.77.1/24 dev eth0 label eth0:vip scope link valid_lft 4000 preferred_lft 3000");
    Sh("ip -n red address add 2001:db8::77/64 dev eth0 nodad preferred_lft 0 valid_lft forever");
  }

  std::string Link(const std::string& netns, const std::string& name, const std::string& field) {
    return Ip("-n " + netns + " link show " + name, ".[0]." + field);
  }
};

TEST_F(LinkTest, IsChanged) {
  Succeed("set_link { namespace: 'red' name: 'eth0' mtu: 1400 mac: '02:00:00:00:00:11' }");
  EXPECT_EQ(Link("red", "eth0", "mtu"), "1400");
  EXPECT_EQ(Link("red", "eth0", "address"), "02:00:00:00:00:11");
  Succeed("set_link { namespace: 'red' name: 'eth0' up: false }");
  EXPECT_EQ(Link("red", "eth0", "operstate"), "DOWN");
  Succeed("set_link { namespace: 'red' name: 'eth0' up: true new_name: 'wan0' }");
  EXPECT_EQ(Link("red", "wan0", "flags | index(\"UP\") != null"), "true");
  EXPECT_NE(Try("ip -n red link show eth0").code, 0);
}

TEST_F(LinkTest, ThatIsUpIsRenamedWithItsAddressesAndRoutes) {
  if (!kernel::RenamesLinksThatAreUp()) GTEST_SKIP() << "before Linux 6.2";
  // Not the local table, which the kernel completes when it has looked for duplicates of an address.
  const std::string routes = Sh("ip -n red route show table all | grep -v 'table local' | sed s/eth0/wan0/ | sort");
  Succeed("set_link { namespace: 'red' name: 'eth0' new_name: 'wan0' }");
  EXPECT_EQ(Sh("ip -n red route show table all | grep -v 'table local' | sort"), routes);
}

TEST_F(LinkTest, LoopbackKeepsItsMacAndTheHostsItsName) {
  for (const std::string netns : {"red", "@host"}) {
    ExpectError(ExpectRefused("set_link { namespace: '" + netns + "' name: 'lo' mac: '02:00:00:00:00:11' }"),
                {"set_link", netns + ":lo", "", kFailedPrecondition});
  }
  const v1::OperationError renaming = ExpectRefused("set_link { namespace: '@host' name: 'lo' new_name: 'loop' }");
  ExpectError(renaming, {"set_link", "@host:lo", "", kFailedPrecondition});
  EXPECT_THAT(renaming.message(), HasSubstr("force"));
  ExpectUndone(ToRename("@host", "lo") + "set_link { namespace: '@host' name: 'lo' new_name: 'loop' force: true }");
  Sh("ip link set dev loop name lo");
  Succeed(ToRename("red", "lo") + "set_link { namespace: 'red' name: 'lo' new_name: 'loop' }");
}

TEST_F(LinkTest, SetDownAfterItsMacWasChangedIsUndoneWithItsLinkLocalAddress) {
  Succeed("set_link { namespace: 'red' name: 'eth1' mac: '02:00:00:00:00:11' }");
  ExpectUndone("set_link { namespace: 'red' name: 'eth1' up: false }");
}

TEST_F(LinkTest, ChangeIsRefusedWithTheKernelsReason) {
  ExpectError(ExpectRefused("set_link { namespace: 'red' name: 'none' up: true }"),
              {"set_link", "red:none", "ENODEV", kNotFound});
  ExpectError(ExpectRefused("set_link { namespace: 'green' name: 'eth0' up: true }"),
              {"set_link", "green", "ENOENT", kNotFound});
  ExpectError(ExpectRefused("set_link { namespace: 'red' name: 'eth0' new_name: 'eth1' }"),
              {"set_link", "red:eth0", "EEXIST", kAlreadyExists});
  ExpectError(ExpectRefused("set_link { namespace: 'red' name: 'eth0' mac: '03:00:00:00:00:01' }"),
              {"set_link", "red:eth0", "EADDRNOTAVAIL", kNotFound});
}

TEST_F(LinkTest, ExtendedAcknowledgementIsHandedOn) {
  const auto error = ExpectRefused("set_link { namespace: 'red' name: 'eth0' mtu: 60 }");
  EXPECT_EQ(error.errno_name(), "EINVAL") << error.DebugString();
  EXPECT_THAT(error.extended_ack(), HasSubstr("mtu")) << error.DebugString();
  EXPECT_THAT(error.message(), HasSubstr(error.extended_ack()));
}

TEST_F(LinkTest, ThatGoesDownIsUndone) { ExpectUndone("set_link { namespace: 'red' name: 'eth0' up: false }"); }

TEST_F(LinkTest, ThatGoesDownIsUndoneWithoutThePrefixRoutesThatSomebodyHadRemoved) {
  Sh("ip -n red address add 10.9.0.1/24 dev eth0 && ip -n red route delete 10.9.0.0/24");
  Sh("ip -n red address add 2001:db8:9::1/64 dev eth0 nodad && ip -n red -6 route delete 2001:db8:9::/64");
  ExpectUndone("set_link { namespace: 'red' name: 'eth0' up: false }");
}

TEST_F(LinkTest, ThatGoesDownIsUndoneWithTheRoutesInTheTableLocalThatOthersMade) {
  Sh("ip -n red route add local 10.99.0.0/16 dev eth0 && ip -n red route add 10.98.0.0/16 dev eth0 table local");
  Sh("ip -n red -6 route add local 2001:db8:77::/64 dev eth0 && ip -n red -6 route add 2001:db8:78::/64 dev eth0 table "
     "local");
  Sh("ip -n red -6 route add local 2001:db8:f::/64 dev lo");
  ExpectUndone("set_link { namespace: 'red' name: 'eth0' up: false }");
  Succeed("set_link { namespace: 'red' name: 'eth0' up: true }");
  ExpectUndone("set_link { namespace: 'red' name: 'lo' up: false }");
}

TEST_F(LinkTest, WhoseTemporaryAddressComesBackAsAnOrdinaryOneSaysSo) {
  Sh("ip netns exec red sh -c 'echo 2 > /proc/sys/net/ipv6/conf/eth1/use_tempaddr' && ip -n "
     "red address add 2001:db8:5::1/64 dev eth1 nodad mngtmpaddr valid_lft 40000 preferred_lft 30000");
  ASSERT_EQ(Sh("ip -n red -6 address show dev eth1 temporary | grep -c inet6"), "1");
  const v1::IntentResult failed = Apply(
      "set_link { namespace: 'red' name: 'eth1' up: false }\n"
      "delete_link { namespace: '@host' name: 'no-such-link' }");
  EXPECT_THAT(failed.error().not_undone(), ::testing::Contains(HasSubstr("temporary")));
}

TEST_F(LinkTest, UnderAVxlanOfOthersIsNeitherDeletedNorMovedWithoutForce) {
  Sh("ip -n red link add vx0 type vxlan id 9 dstport 4789 remote 10.0.0.2 dev eth0 && ip -n red link set vx0 up");
  EXPECT_THAT(ExpectRefused("delete_link { namespace: 'red' name: 'eth0' }").message(), HasSubstr("red:vx0"));
  EXPECT_THAT(
      ExpectRefused("move_link { namespace: 'red' name: 'eth0' to_namespace: '@host' to_name: 'away' }").message(),
      HasSubstr("red:vx0"));
  // The kernel deletes it then, and undo says so.
  const v1::IntentResult forced = Apply(
      "move_link { namespace: 'red' name: 'eth0' to_namespace: '@host' to_name: 'away' force: true }\n"
      "delete_link { namespace: '@host' name: 'no-such-link' }");
  EXPECT_THAT(forced.error().not_undone(), ::testing::Contains(HasSubstr("vx0")));
}

TEST_F(LinkTest, WhoseOtherEndCarriesALinkOfOthersIsNotDeletedWithoutForce) {
  const std::string outer = "mv0 link eth0 type macvlan";
  Sh("ip -n blue link add " + outer);
  EXPECT_THAT(ExpectRefused("delete_link { namespace: 'red' name: 'eth0' }").message(), HasSubstr("blue:mv0"));
  EXPECT_THAT(ExpectRefused("delete_namespace { namespace: 'red' }").message(), HasSubstr("blue:mv0"));
  Succeed("delete_link { namespace: 'red' name: 'eth0' force: true }");
}

TEST_F(LinkTest, WhosePeerGoesDownIsUndone) {
  ExpectUndone(
      "set_link { namespace: 'blue' name: 'eth0' up: false }\n set_link { namespace: '@host' name: 'v1' up: false }");
}

TEST_F(LinkTest, LoopbackThatGoesDownIsUndone) {
  Sh("ip -n red address add 10.99.0.1/32 dev lo && ip -n red address add 2001:db8:99::1/128 dev lo");
  ExpectUndone("set_link { namespace: 'red' name: 'lo' up: false }");
}

TEST_F(LinkTest, LoopbackThatLosesIpv6ByItsMtuIsUndone) {
  ExpectUndone("set_link { namespace: 'red' name: 'lo' mtu: 1000 }");
}

TEST_F(LinkTest, LoopbackThatComesUpIsUndone) {
  for (const std::string before : {"true", "ip -n green address add 10.99.0.1/32 dev lo",
                                   "ip -n green link set lo up && ip -n green link set lo down"}) {
    Succeed("create_namespace { namespace: 'green' loopback_down: true }");
    Sh(before);
    ExpectUndone("set_link { namespace: 'green' name: 'lo' up: true }");
    Succeed("delete_namespace { namespace: 'green' }");
  }
}

TEST_F(LinkTest, ThatComesUpIsUndone) {
  Succeed(
      "create_veth { a { namespace: 'red' name: 'down0' } b { namespace: 'blue' name: 'down0' addresses: '10.5.0.1/24' "
      "addresses: '2001:db8:5::1/64' } }");
  ExpectUndone(
      "set_link { namespace: 'red' name: 'down0' up: true }\n set_link { namespace: 'blue' name: 'down0' up: true }");
}

TEST_F(LinkTest, WhoseMtuIsTooSmallForIpv6IsUndone) {
  ExpectUndone("set_link { namespace: 'red' name: 'eth0' mtu: 1000 }");
}

TEST_F(LinkTest, WhoseMacMtuAndNameChangeIsUndone) {
  ExpectUndone(ToRename("red", "eth0") +
               "set_link { namespace: 'red' name: 'eth0' mtu: 1300 mac: '02:00:00:00:00:11' new_name: 'wan0' }");
}

TEST_F(LinkTest, ChangedManyTimesIsUndone) {
  ExpectUndone(ToRename("red", "eth1") + R"(
                  set_link { namespace: 'red' name: 'eth0' up: false new_name: 'a' }
                  set_link { namespace: 'red' name: 'a' mtu: 900 new_name: 'b' }
                  set_link { namespace: 'red' name: 'eth1' new_name: 'eth0' }
                  set_link { namespace: 'red' name: 'b' up: true new_name: 'eth1' mac: '02:00:00:00:00:12' }
                  delete_address { namespace: 'red' link: 'eth1' address: '10.0.0.1/24' })");
}

TEST_F(LinkTest, ChangeThatFailsHalfWayIsUndone) {
  // The kernel changes MAC and MTU before it refuses the name.
  const auto error = ExpectRefused(
      "set_link { namespace: 'red' name: 'eth0' mtu: 1000 mac: '02:00:00:00:00:11' new_name: 'eth1' up: false }");
  EXPECT_EQ(error.errno_name(), "EEXIST");
}

TEST_F(LinkTest, WithAVlanOnItThatGoesDownIsUndone) {
  // A kernel without VLANs may have macvlan, which stands on a link just as well.
  Sh("ip -n red link add link eth0 name eth0.5 type vlan id 5 2>/dev/null || ip -n red link add link eth0 name eth0.5 "
     "type macvlan");
  Sh("ip -n red link set eth0.5 up");
  Sh("ip -n red address add 10.55.0.1/24 dev eth0.5 && ip -n red address add 2001:db8:55::1/64 dev eth0.5");
  Sh("ip -n red route add 10.56.0.0/16 via 10.55.0.2");
  ExpectUndone("set_link { namespace: 'red' name: 'eth0' up: false }");
}

TEST_F(LinkTest, IsMoved) {
  Succeed("move_link { namespace: 'red' name: 'eth1' to_namespace: 'blue' to_name: 'wan0' }");
  EXPECT_EQ(Link("blue", "wan0", "operstate"), "DOWN");
  EXPECT_NE(Try("ip -n red link show eth1").code, 0);
  Succeed("move_link { namespace: 'blue' name: 'wan0' to_namespace: '@host' }");
  EXPECT_EQ(Ip("link show wan0", ".[0].link"), "v1");
  Succeed("delete_link { namespace: '@host' name: 'wan0' }");  // still ours after moving
}

TEST_F(LinkTest, MoveIsRefusedWithTheKernelsReason) {
  ExpectError(ExpectRefused("move_link { namespace: 'red' name: 'none' to_namespace: 'blue' }"),
              {"move_link", "red:none", "ENODEV", kNotFound});
  ExpectError(ExpectRefused("move_link { namespace: 'red' name: 'eth1' to_namespace: 'green' }"),
              {"move_link", "green", "ENOENT", kNotFound});
  const auto taken = ExpectRefused("move_link { namespace: 'red' name: 'eth0' to_namespace: 'blue' }");
  EXPECT_EQ(taken.errno_name(), "EEXIST") << taken.DebugString();
  EXPECT_EQ(taken.code(), kAlreadyExists);
  const auto loopback = ExpectRefused("move_link { namespace: 'red' name: 'lo' to_namespace: 'blue' to_name: 'lo1' }");
  EXPECT_EQ(loopback.code(), kFailedPrecondition) << loopback.DebugString();
  EXPECT_EQ(loopback.object(), "red:lo");
}

TEST_F(LinkTest, MoveIsUndone) {
  ExpectUndone("move_link { namespace: 'red' name: 'eth0' to_namespace: 'blue' to_name: 'wan0' }");
}

TEST_F(LinkTest, MoveToTheHostAndBackAndOnIsUndone) {
  ExpectUndone(R"(move_link { namespace: 'red' name: 'eth0' to_namespace: '@host' }
                  set_link { namespace: '@host' name: 'eth0' up: true new_name: 'w0' mtu: 1000 }
                  add_address { namespace: '@host' link: 'w0' address: '10.4.0.1/24' }
                  move_link { namespace: '@host' name: 'w0' to_namespace: 'red' to_name: 'eth7' }
                  move_link { namespace: 'red' name: 'eth7' to_namespace: 'blue' to_name: 'eth7' })");
}

TEST_F(LinkTest, MoveIntoANamespaceOfTheSameIntentIsUndone) {
  ExpectUndone(R"(create_namespace { namespace: 'green' }
                  move_link { namespace: 'red' name: 'eth0' to_namespace: 'green' })");
}

TEST_F(LinkTest, MoveOfAPortIsUndone) {
  Succeed(R"(create_bridge { namespace: '@host' name: 'br0' up: true }
             attach_link { namespace: '@host' link: 'v1' bridge: 'br0' })");
  ExpectUndone("move_link { namespace: '@host' name: 'v1' to_namespace: 'blue' }");
}

TEST_F(LinkTest, MovedIntoANamespaceThatIsThenDeletedIsUndone) {
  ExpectUndone(R"(move_link { namespace: 'red' name: 'eth1' to_namespace: 'blue' }
                  delete_namespace { namespace: 'blue' })");
}

TEST_F(LinkTest, MovedOutOfANamespaceThatIsThenDeletedIsUndone) {
  ExpectUndone(R"(move_link { namespace: 'red' name: 'eth1' to_namespace: 'blue' }
                  delete_namespace { namespace: 'red' })");
  EXPECT_EQ(Link("blue", "eth1", "ifname"), "eth1");
}

TEST_F(LinkTest, IsDeletedWithItsOtherEnd) {
  Succeed("delete_link { namespace: '@host' name: 'v1' }");
  EXPECT_NE(Try("ip link show v1").code, 0);
  EXPECT_NE(Try("ip -n red link show eth1").code, 0);
}

TEST_F(LinkTest, ThatIsNotThereCannotBeDeleted) {
  const auto error = ExpectRefused("delete_link { namespace: 'red' name: 'none' }");
  ExpectError(error, {"delete_link", "red:none", "ENODEV", kNotFound});
  EXPECT_THAT(error.message(), HasSubstr("allow_missing"));
  Succeed("delete_link { namespace: 'red' name: 'none' allow_missing: true }");
  Succeed("delete_link { namespace: 'green' name: 'none' allow_missing: true }");
  ExpectError(ExpectRefused("delete_link { namespace: 'green' name: 'none' }"),
              {"delete_link", "green", "ENOENT", kNotFound});
}

TEST_F(LinkTest, ThatCannotBeDeletedIsRefused) {
  const auto error = ExpectRefused("delete_link { namespace: 'red' name: 'lo' force: true }");
  EXPECT_EQ(error.operation(), "delete_link");
  EXPECT_EQ(error.object(), "red:lo");
}

TEST_F(LinkTest, MadeByOthersIsDeletedByForceOnly) {
  Sh("ip link add theirs type veth peer name other");
  const auto error = ExpectRefused("delete_link { namespace: '@host' name: 'theirs' }");
  ExpectError(error, {"delete_link", "@host:theirs", "", kFailedPrecondition});
  EXPECT_THAT(error.message(), HasSubstr("force"));
  Succeed("delete_link { namespace: '@host' name: 'theirs' force: true }");
  EXPECT_NE(Try("ip link show other").code, 0);
}

TEST_F(LinkTest, ThatTookTheNameOfOursIsForeign) {
  Sh("ip link delete v1 && ip link add v1 type veth peer name other");
  ExpectError(ExpectRefused("delete_link { namespace: '@host' name: 'v1' }"),
              {"delete_link", "@host:v1", "", kFailedPrecondition});
}

TEST_F(LinkTest, DeletionIsUndoneAtBothEnds) { ExpectUndone("delete_link { namespace: 'red' name: 'eth0' }"); }

TEST_F(LinkTest, DeletionOfOneWithItsOtherEndInTheHostIsUndone) {
  Sh("ip route add 10.77.0.0/16 via 10.2.0.1 src 10.2.0.2 metric 9");
  ExpectUndone("delete_link { namespace: 'red' name: 'eth1' }");
}

TEST_F(LinkTest, DeletionOfAPairWithinOneNamespaceIsUndone) {
  Succeed(
      "create_veth { a { namespace: 'red' name: 'in0' up: true addresses: '10.6.0.1/24' } b { namespace: 'red' name: "
      "'in1' up: true } }");
  ExpectUndone("delete_link { namespace: 'red' name: 'in1' }");
}

TEST_F(LinkTest, DeletionOfAPortIsUndone) {
  Succeed(R"(create_bridge { namespace: '@host' name: 'br0' up: true }
             attach_link { namespace: '@host' link: 'v1' bridge: 'br0' })");
  ExpectUndone("delete_link { namespace: 'red' name: 'eth1' }");
}

TEST_F(LinkTest, WhoseNameIsTakenAgainAfterItsDeletionIsUndone) {
  ExpectUndone(R"(delete_link { namespace: 'red' name: 'eth0' }
                  create_veth { a { namespace: 'red' name: 'eth0' up: true addresses: '10.0.0.1/24' } b { namespace: 'blue' name: 'eth0' up: true } }
                  add_route { namespace: 'red' destination: 'default' via: '10.0.0.9' })");
}

TEST_F(LinkTest, MadeAndDeletedInOneIntentLeavesNothing) {
  const HostDump before = Dump();
  const std::string operations = R"(
      create_veth { a { namespace: 'red' name: 'eth9' up: true } b { namespace: '@host' name: 'v9' up: true addresses: '10.3.0.1/24' } }
      delete_link { namespace: '@host' name: 'v9' })";
  Fail(operations + "\n delete_link { namespace: 'red' name: 'eth9' }");
  EXPECT_EQ(DifferenceInTheEnd(before, dump_), "");
  Succeed(operations);
  EXPECT_EQ(DifferenceInTheEnd(before, dump_), "");
}

TEST_F(LinkTest, AnswersToAlternativeNamesWhereverOneIsNamed) {
  const std::string other = "an-alternative-name-is-long";
  Sh("ip link property add dev v1 altname uplink altname " + other);
  Succeed("set_link { namespace: '@host' name: '" + other + "' mtu: 1400 }");
  EXPECT_EQ(Ip("link show v1", ".[0].mtu"), "1400");
  Succeed(
      "add_address { namespace: '@host' link: 'uplink' address: '10.77.0.1/24' }\n"
      "add_route { namespace: '@host' destination: '10.78.0.0/16' dev: '" +
      other + "' }");
  EXPECT_EQ(Ip("route show 10.78.0.0/16", ".[0].dev"), "v1");
  Succeed(
      "delete_route { namespace: '@host' destination: '10.78.0.0/16' dev: 'uplink' }\n"
      "delete_address { namespace: '@host' link: '" +
      other + "' address: '10.77.0.1/24' }");
  EXPECT_EQ(Ip("addr show v1", "[.[0].addr_info[].local] | index(\"10.77.0.1\")"), "null");
  Succeed("create_bridge { namespace: '@host' name: 'br0' }");
  Sh("ip link property add dev br0 altname " + other + "-too");
  Succeed("attach_link { namespace: '@host' link: '" + other + "' bridge: '" + other + "-too' }");
  EXPECT_EQ(Ip("link show v1", ".[0].master"), "br0");
  Succeed("detach_link { namespace: '@host' link: 'uplink' bridge: '" + other + "-too' }");
  ExpectUndone("set_link { namespace: '@host' name: '" + other + "' up: false }");
  // It keeps its own name where none is given.
  Succeed("move_link { namespace: '@host' name: '" + other + "' to_namespace: 'blue' }");
  EXPECT_EQ(Link("blue", "v1", "ifname"), "v1");
  Succeed("delete_link { namespace: 'blue' name: 'uplink' }");
  EXPECT_NE(Try("ip -n blue link show v1").code, 0);
}

TEST_F(LinkTest, DeletedIsGoneForTheRestOfTheIntent) {
  EXPECT_EQ(ExpectRefused(R"(delete_link { namespace: 'red' name: 'eth0' }
                             add_address { namespace: 'blue' link: 'eth0' address: '10.44.0.1/24' })")
                .object(),
            "blue:eth0");
  EXPECT_EQ(ExpectRefused(R"(delete_namespace { namespace: 'red' }
                             set_link { namespace: '@host' name: 'v1' mtu: 1400 })")
                .object(),
            "@host:v1");
  EXPECT_EQ(ExpectRefused(R"(delete_namespace { namespace: 'red' }
                             create_bridge { namespace: 'red' name: 'br0' })")
                .object(),
            "red");
}

// The way there was live, and so is the way back (before Linux 6.2 a link that is up cannot be renamed at all).
TEST_F(LinkTest, RenamedWhileUpIsUndoneWithoutGoingDown) {
  const std::string renames = R"(set_link { namespace: 'red' name: 'eth0' new_name: 'x0' }
                                 set_link { namespace: 'red' name: 'eth1' new_name: 'x1' mtu: 1400 })";
  const auto carrier = [] {
    return Sh(
        "nsenter --net=/run/netns/red sh -c 'mount -t sysfs none /sys && cat /sys/class/net/eth*/carrier_changes; "
        "umount /sys'");
  };
  const std::string before = carrier();
  const v1::IntentResult result = Apply(renames + "\ndelete_link { namespace: 'red' name: 'none' }");
  ASSERT_EQ(result.state(), v1::Intent::FAILED);
  EXPECT_THAT(result.error().not_undone(), ::testing::IsEmpty());
  EXPECT_EQ(carrier(), before);
  if (result.error().errno_name() == "EBUSY") {
    EXPECT_THAT(result.error().message(), HasSubstr("set it down first"));
    Succeed(R"(set_link { namespace: 'red' name: 'eth0' up: false new_name: 'x0' }
               set_link { namespace: 'red' name: 'x0' up: true })");
  } else {
    EXPECT_EQ(result.error().errno_name(), "ENODEV");
  }
}

TEST_F(LinkTest, SetDownAndRenamedInOneIsUndone) {
  ExpectUndone("set_link { namespace: 'red' name: 'eth0' up: false new_name: 'x0' }");
}

// Somebody takes the name of a link that is set aside: it comes back under another, with all it had.
TEST_F(LinkTest, WhoseNameIsTakenMeanwhileIsKeptUnderAnother) {
  std::string operations = "delete_link { namespace: 'red' name: 'eth1' }";
  // Taking these back takes time enough.
  for (int i = 0; i < 20; ++i) operations += absl::StrCat("\ncreate_bridge { namespace: 'red' name: 'b", i, "' }");
  const int64_t sequence = Submit(operations + "\ndelete_link { namespace: 'red' name: 'none' }");
  ASSERT_TRUE(Eventually([] { return Try("ip -n red link add eth1 type bridge").code == 0; }));
  const v1::IntentResult result = recorder_.WaitFinished(sequence).result;
  ASSERT_EQ(result.error().not_undone_size(), 1) << result.DebugString();
  const std::string name = Ip("-n red link show", R"([.[] | select(.ifname | startswith("w~")) | .ifname][0])");
  EXPECT_THAT(result.error().not_undone(0), HasSubstr(name));
  const auto is_whole = [&] {
    EXPECT_EQ(Ip("-n red address show " + name, R"([.[0].flags | index("UP") != null])"), "[true]");
    EXPECT_THAT(Sh("ip -n red -o address show " + name), HasSubstr("10.2.0.1/24"));
    EXPECT_THAT(Sh("ip -n red -o address show " + name), HasSubstr("2001:db8:2::1/64"));
  };
  is_whole();
  Reopen();
  is_whole();
}

TEST_F(LinkTest, NamesThatOthersMadeAreTakenAsTheyAreShown) {
  Sh("ip -n red link add 'e=1' type veth peer name ab && ip -n red link add 'b=0' type bridge");
  Sh("ip -n red link add \"$(printf 'e\\377')\" type bridge && ip -n red link property add dev ab altname 'alt=er'");
  Succeed("set_link { namespace: 'red' name: 'e=3D1' mtu: 1400 up: true }");
  EXPECT_EQ(Link("red", "e=1", "mtu"), "1400");
  Succeed("add_address { namespace: 'red' link: 'e=3D1' address: '10.66.0.1/24' }");
  EXPECT_EQ(Ip("-n red -4 address show dev e=1", ".[0].addr_info[0].local"), "10.66.0.1");
  Succeed("add_route { namespace: 'red' destination: '10.67.0.0/16' dev: 'e=3D1' }");
  EXPECT_EQ(Ip("-n red route show 10.67.0.0/16", ".[0].dev"), "e=1");
  Succeed("attach_link { namespace: 'red' link: 'e=3D1' bridge: 'b=3D0' }");
  EXPECT_EQ(Link("red", "e=1", "master"), "b=0");
  Succeed("detach_link { namespace: 'red' link: 'e=3D1' bridge: 'b=3D0' }");
  Succeed("set_link { namespace: 'red' name: 'alt=3Der' mtu: 1300 }");
  EXPECT_EQ(Link("red", "ab", "mtu"), "1300");
  ExpectUndone("set_link { namespace: 'red' name: 'e=FF' mtu: 1300 }");
  Succeed("move_link { namespace: 'red' name: 'e=3D1' to_namespace: 'blue' }");
  EXPECT_EQ(Link("blue", "e=1", "ifname"), "e=1");
  EXPECT_THAT(ExpectRefused("set_link { namespace: 'red' name: 'e=FE' mtu: 1300 }").message(), HasSubstr("e=FE"));
  Succeed("delete_link { namespace: 'red' name: 'e=FF' force: true }");
  EXPECT_EQ(Try("ip -n red link show \"$(printf 'e\\377')\"").code, 1);
  const auto missing = ExpectRefused("set_link { namespace: 'red' name: 'e=3D1' up: true }");
  ExpectError(missing, {"set_link", "red:e=3D1", "ENODEV", kNotFound});
}

TEST_F(LinkTest, ANameWithAnEqualsSignIsRefusedForOneThatIsMadeAndWhereItIsNoEscape) {
  for (const std::string operation :
       {"create_bridge { namespace: 'red' name: 'f=1' }",
        "create_bridge { namespace: 'red' name: 'f=3D1' allow_existing: true }",
        "create_veth { a { namespace: 'red' name: 'f' } b { namespace: 'blue' name: 'f=1' } }",
        "set_link { namespace: 'red' name: 'eth0' new_name: 'f=1' }",
        "move_link { namespace: 'red' name: 'eth0' to_namespace: 'blue' to_name: 'f=1' }",
        "set_link { namespace: 'red' name: 'eth=30' up: true }", "set_link { namespace: 'red' name: 'e=3d' up: true }",
        "attach_link { namespace: 'red' link: 'eth0' bridge: 'b=' }",
        "add_route { namespace: 'red' destination: '10.67.0.0/16' dev: 'eth=30' }"}) {
    const auto error = ExpectRefused("create_namespace { namespace: 'new' }\n" + operation);
    EXPECT_EQ(error.code(), kInvalidArgument) << operation;
    EXPECT_EQ(error.operation_index(), 1) << operation;
    EXPECT_THAT(error.message(), HasSubstr("=")) << operation;
  }
}

}  // namespace
}  // namespace warren::executor
