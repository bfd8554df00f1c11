// What stands on a link besides its addresses and routes comes back by undo: static neighbours and proxies, nexthop
// objects, their groups and the routes over them, settings, queueing disciplines, what a bridge knows of its port. Set
// by `ip`, `tc`, `bridge` and /proc/sys, and compared as those tell it (tests/support/netns_dump.h).

#include "absl/strings/str_cat.h"
#include "tests/agent/executor/executor_test.h"

namespace warren::executor {
namespace {

using ::testing::AllOf;
using ::testing::Contains;
using ::testing::HasSubstr;
using ::testing::Not;

class FacilityTest : public ExecutorTest {
 protected:
  // red:eth0 is the link that things stand on; red:eth1 a second one; red:br0 a bridge with the port red:port.
  void SetUp() override {
    ExecutorTest::SetUp();
    Succeed(R"(
        create_namespace { namespace: 'red' }
        create_namespace { namespace: 'blue' }
        create_veth { a { namespace: 'red' name: 'eth0' up: true addresses: '10.0.0.1/24' addresses: '10.0.0.5/24' addresses: '2001:db8::1/64' } b { namespace: 'blue' name: 'eth0' up: true addresses: '10.0.0.2/24' } }
        create_veth { a { namespace: 'red' name: 'eth1' up: true addresses: '10.1.0.1/24' } b { namespace: 'blue' name: 'eth1' up: true } }
        create_bridge { namespace: 'red' name: 'br0' up: true mac: '02:00:00:00:00:0b' addresses: '10.2.0.1/24' }
        create_veth { a { namespace: 'red' name: 'port' up: true } b { namespace: 'blue' name: 'port' up: true } }
        attach_link { namespace: 'red' link: 'port' bridge: 'br0' })");
    Neighbours();
    Nexthops();
    Settings();
    TrafficControls();
    BridgePorts();
  }

  static void Neighbours() {
    Sh("ip -n red neigh replace 10.0.0.9 lladdr 02:00:00:00:00:09 dev eth0 nud permanent");
    Sh("ip -n red neigh replace 10.0.0.8 lladdr 02:00:00:00:00:08 dev eth0 nud noarp protocol static");
    Sh("ip -n red neigh replace 10.0.0.7 lladdr 02:00:00:00:00:07 dev eth0 nud stale extern_learn");
    Sh("ip -n red neigh replace 2001:db8::9 lladdr 02:00:00:00:00:09 dev eth0 nud permanent router");
    Sh("ip -n red neigh replace 10.2.0.9 lladdr 02:00:00:00:00:29 dev br0 nud permanent");
    Sh("ip -n red neigh replace proxy 10.0.0.77 dev eth0 && ip -n red neigh replace proxy 2001:db8::77 dev eth0");
    Sh("ip -n blue neigh replace 10.0.0.1 lladdr 02:00:00:00:00:01 dev eth0 nud permanent");
  }
  static void Nexthops() {
    Sh("ip -n red nexthop add id 5 via 10.0.0.2 dev eth0 protocol static");
    Sh("ip -n red nexthop add id 6 via 2001:db8::2 dev eth0");
    Sh("ip -n red nexthop add id 7 dev eth1");
    Sh("ip -n red nexthop add id 8 via 10.2.0.3 dev br0 onlink");
    Sh("ip -n red nexthop add id 20 group 5");
    Sh("ip -n red nexthop add id 21 group 5,2/7,3");
    Sh("ip -n red route add 10.50.0.0/16 nhid 20 && ip -n red route add 10.51.0.0/16 nhid 21 metric 9");
    Sh("ip -n red route add 10.52.0.0/16 nhid 5 table 77 && ip -n red route add 10.53.0.0/16 nhid 8");
    Sh("ip -n red route add 2001:db8:50::/48 nhid 6");
  }
  static void Settings() {
    for (const char* setting :
         {"ipv6/conf/eth0/accept_ra=0", "ipv6/conf/eth0/forwarding=1", "ipv6/conf/eth0/autoconf=0",
          "ipv6/conf/eth0/addr_gen_mode=1", "ipv6/conf/eth0/mtu=1400", "ipv6/conf/eth0/hop_limit=33",
          "ipv6/conf/eth0/stable_secret=2001:db8::5ec", "ipv6/conf/eth0/addr_gen_mode=0",
          "ipv6/neigh/eth0/ucast_solicit=7", "ipv6/neigh/eth0/retrans_time_ms=1500", "ipv4/conf/eth0/rp_filter=2",
          "ipv4/conf/eth0/proxy_arp=1", "ipv4/conf/eth0/arp_ignore=2", "ipv4/neigh/eth0/gc_stale_time=77",
          "ipv6/conf/br0/accept_ra=0", "ipv6/conf/eth1/addr_gen_mode=1", "ipv6/conf/eth1/disable_ipv6=1"}) {
      Set(setting);
    }
  }
  static void Set(const std::string& setting) {
    const size_t equals = setting.find('=');
    Sh("ip netns exec red sh -c 'echo " + setting.substr(equals + 1) + " > /proc/sys/net/" + setting.substr(0, equals) +
       "'");
  }
  static std::string Get(const std::string& setting) { return Sh("ip netns exec red cat /proc/sys/net/" + setting); }
  static void TrafficControls() {
    Sh("tc -n red qdisc add dev eth0 root handle 1: htb default 10");
    Sh("tc -n red class add dev eth0 parent 1: classid 1:1 htb rate 10mbit ceil 20mbit");
    Sh("tc -n red class add dev eth0 parent 1:1 classid 1:10 htb rate 1mbit prio 3");
    Sh("tc -n red qdisc add dev eth0 parent 1:10 handle 10: tbf rate 1mbit burst 10kb latency 50ms");
    Sh("tc -n red qdisc add dev eth0 handle ffff: ingress");
  }
  static void BridgePorts() {
    Sh("bridge -n red fdb add 02:00:00:00:00:31 dev port master static");
    Sh("bridge -n red fdb add 02:00:00:00:00:32 dev port master permanent");
    Sh("bridge -n red link set dev port cost 77 hairpin on isolated on learning off");
  }
};

TEST_F(FacilityTest, ComeBackWhenALinkWasSetDown) {
  ExpectUndone("set_link { namespace: 'red' name: 'eth0' up: false }");
}
TEST_F(FacilityTest, ComeBackWhenALinkWasSetDownAndUp) {
  ExpectUndone(
      "set_link { namespace: 'red' name: 'eth0' up: false }\n set_link { namespace: 'red' name: 'eth0' up: true }");
}
// The other end has no carrier then, and the kernel deletes its nexthop objects.
TEST_F(FacilityTest, ComeBackWhenTheOtherEndWasSetDown) {
  ExpectUndone("set_link { namespace: 'blue' name: 'eth0' up: false }");
}
TEST_F(FacilityTest, ComeBackWhenTheOtherEndOfABridgesOnlyPortWasSetDown) {
  ExpectUndone("set_link { namespace: 'blue' name: 'port' up: false }");
}
TEST_F(FacilityTest, ComeBackWhenAMacWasChanged) {
  ExpectUndone("set_link { namespace: 'red' name: 'eth0' mac: '02:00:00:00:11:11' }");
}
TEST_F(FacilityTest, StayWhenALinkWasRenamed) {
  ExpectUndone(ToRename("red", "eth0") + "set_link { namespace: 'red' name: 'eth0' new_name: 'wan0' }");
}
TEST_F(FacilityTest, ComeBackWhenAnMtuWasTooSmallForIpv6) {
  ExpectUndone("set_link { namespace: 'red' name: 'eth0' mtu: 1000 }");
}
TEST_F(FacilityTest, ComeBackWhenAnMtuWasTooSmallForIpv6AndTheLinkDown) {
  Sh("ip -n red link set eth0 down");
  Neighbours();
  ExpectUndone("set_link { namespace: 'red' name: 'eth0' mtu: 1000 }");
}
TEST_F(FacilityTest, OfIpv6ComesBackWithItsMtu) {
  ExpectUndone("set_link { namespace: 'red' name: 'eth0' mtu: 1450 }");
}
TEST_F(FacilityTest, ComeBackWhenALinkWasMoved) {
  ExpectUndone("move_link { namespace: 'red' name: 'eth0' to_namespace: 'blue' to_name: 'wan0' }");
}
TEST_F(FacilityTest, ComeBackWhenAPortWasMoved) {
  ExpectUndone("move_link { namespace: 'red' name: 'port' to_namespace: 'blue' to_name: 'wan0' }");
}
TEST_F(FacilityTest, ComeBackWhenALinkWasDeleted) { ExpectUndone("delete_link { namespace: 'red' name: 'eth0' }"); }
TEST_F(FacilityTest, ComeBackWhenTheOtherEndWasDeleted) {
  ExpectUndone("delete_link { namespace: 'blue' name: 'eth0' }");
}
TEST_F(FacilityTest, ComeBackWhenABridgeWasDeleted) { ExpectUndone("delete_bridge { namespace: 'red' name: 'br0' }"); }
TEST_F(FacilityTest, ComeBackWhenTheNamespaceWasDeleted) { ExpectUndone("delete_namespace { namespace: 'red' }"); }
TEST_F(FacilityTest, ComeBackWhenTheNamespaceOfTheOtherEndWasDeleted) {
  ExpectUndone("delete_namespace { namespace: 'blue' }");
}
TEST_F(FacilityTest, ComeBackWhenAPrimaryAddressWasDeleted) {
  ExpectUndone("delete_address { namespace: 'red' link: 'eth0' address: '10.0.0.1/24' }");
}
// With the last address of a family its neighbours go.
TEST_F(FacilityTest, ComeBackWhenTheLastAddressWasDeleted) {
  ExpectUndone("delete_address { namespace: 'red' link: 'br0' address: '10.2.0.1/24' }");
}
TEST_F(FacilityTest, StayWhenTheFirstAddressIsTakenBack) {
  Succeed("delete_address { namespace: 'red' link: 'br0' address: '10.2.0.1/24' }");
  Sh("ip -n red neigh replace 10.2.0.9 lladdr 02:00:00:00:00:29 dev br0 nud permanent");
  ExpectUndone("add_address { namespace: 'red' link: 'br0' address: '10.2.0.7/24' }");
}
TEST_F(FacilityTest, ComeBackWhenAPortWasDetached) { ExpectUndone("detach_link { namespace: 'red' link: 'port' }"); }
TEST_F(FacilityTest, ComeBackWhenAPortWasDetachedWithTheAddresses) {
  ExpectUndone("detach_link { namespace: 'red' link: 'port' move_addresses: true }");
}
TEST_F(FacilityTest, ComeBackWhenALinkWasAttachedWithItsAddresses) {
  ExpectUndone("attach_link { namespace: 'red' link: 'eth0' bridge: 'br0' move_addresses: true }");
}
TEST_F(FacilityTest, OfABridgeComeBackWhenASmallPortTookItsIpv6) {
  Sh("ip -n red link set eth1 mtu 1000");
  ExpectUndone("attach_link { namespace: 'red' link: 'eth1' bridge: 'br0' }");
}
TEST_F(FacilityTest, ComeBackWhateverHappenedToALinkInOneIntent) {
  ExpectUndone(ToRename("red", "eth0") +
               R"(set_link { namespace: 'red' name: 'eth0' mtu: 1000 mac: '02:00:00:00:11:11' new_name: 'wan0' }
set_link { namespace: 'red' name: 'wan0' up: false }
set_link { namespace: 'red' name: 'wan0' mtu: 1500 up: true }
set_link { namespace: 'blue' name: 'eth0' up: false }
detach_link { namespace: 'red' link: 'port' }
move_link { namespace: 'red' name: 'wan0' to_namespace: 'blue' to_name: 'wan1' }
delete_namespace { namespace: 'red' })");
}

// An MTU below 1,280 bytes and up again: whoever asks for that does not ask for a router that accepts advertisements.
TEST_F(FacilityTest, SettingsOfIpv6ComeBackWithItWhenItIsTakenAwayAndGivenBackByOperations) {
  Set("ipv6/conf/eth0/addr_gen_mode=1");
  Succeed("set_link { namespace: 'red' name: 'eth0' mtu: 1000 }");
  ASSERT_NE(Try("ip netns exec red cat /proc/sys/net/ipv6/conf/eth0/accept_ra").code, 0)
      << "IPv6 stays: nothing to show";
  Reopen();  // noted in the journal
  ExpectUndone("set_link { namespace: 'red' name: 'eth0' mtu: 1500 }");
  EXPECT_EQ(Get("ipv6/conf/eth0/accept_ra"), "0");
  EXPECT_EQ(Get("ipv6/conf/eth0/forwarding"), "1");
  EXPECT_EQ(Get("ipv6/conf/eth0/autoconf"), "0");
  EXPECT_EQ(Get("ipv6/conf/eth0/mtu"), "1500");
  EXPECT_EQ(Get("ipv6/neigh/eth0/ucast_solicit"), "7");
  EXPECT_EQ(Sh("ip -n red -6 -o address show eth0"), "") << "the link was told to make no address";
}
TEST_F(FacilityTest, SettingsOfIpv6ComeBackOnABridgeWhosePortHadTakenIt) {
  Sh("ip -n red link set eth1 mtu 1000");
  Succeed("attach_link { namespace: 'red' link: 'eth1' bridge: 'br0' }");
  ASSERT_EQ(kernel::Ip("-n red link show br0", ".[0].mtu"), "1000");
  Succeed("detach_link { namespace: 'red' link: 'eth1' }");
  ASSERT_EQ(kernel::Ip("-n red link show br0", ".[0].mtu"), "1500");
  EXPECT_EQ(Get("ipv6/conf/br0/accept_ra"), "0");
}
TEST_F(FacilityTest, SettingsOfAnotherLinkWithTheSameIndexAreNotTaken) {
  Succeed("set_link { namespace: 'red' name: 'eth0' mtu: 1000 }");
  const std::string index = kernel::Ip("-n red link show eth0", ".[0].ifindex");
  Sh("ip -n red link delete eth0 && ip -n red link add eth0 index " + index + " mtu 1000 type bridge");
  Succeed("set_link { namespace: 'red' name: 'eth0' mtu: 1500 }");
  EXPECT_EQ(Get("ipv6/conf/eth0/accept_ra"), "1");
}

class ReadOnlySettings {
 public:
  ReadOnlySettings() { Sh("mount --bind /proc/sys /proc/sys && mount -o remount,ro,bind /proc/sys"); }
  ~ReadOnlySettings() { Sh("umount /proc/sys"); }
};

TEST_F(FacilityTest, SettingsThatCannotBeWrittenAreNamed) {
  const ReadOnlySettings read_only;
  const v1::IntentResult result = Apply(
      "set_link { namespace: 'red' name: 'eth0' mtu: 1000 }\n delete_link { namespace: '@host' name: 'no-such-link' }");
  EXPECT_EQ(result.state(), v1::Intent::FAILED);
  EXPECT_THAT(result.error().not_undone(),
              Contains(AllOf(HasSubstr("net.ipv6.conf.eth0.accept_ra"), HasSubstr("red"), HasSubstr("EROFS"))));
  EXPECT_THAT(result.error().not_undone(), Not(Contains(HasSubstr("ipv4"))));
  EXPECT_EQ(Get("ipv6/conf/eth0/accept_ra"), "1");
}
TEST_F(FacilityTest, Ipv6IsNotGivenBackWithoutItsSettings) {
  Succeed("set_link { namespace: 'red' name: 'eth0' mtu: 1000 }");
  const ReadOnlySettings read_only;
  const v1::OperationError error = ExpectRefused("set_link { namespace: 'red' name: 'eth0' mtu: 1500 }");
  EXPECT_EQ(error.code(), kFailedPrecondition);
  EXPECT_THAT(error.message(), HasSubstr("net.ipv6."));
  EXPECT_THAT(error.message(), HasSubstr("EROFS"));
  Succeed("set_link { namespace: 'red' name: 'eth0' mtu: 1500 force: true }");
  EXPECT_EQ(Get("ipv6/conf/eth0/accept_ra"), "1");
}

// Forwarding that is restored makes the kernel drop what other links have by router advertisement.
TEST_F(FacilityTest, RoutesAdvertisedToOtherLinksStay) {
  Set("ipv6/conf/eth1/disable_ipv6=0");
  Set("ipv6/conf/eth1/addr_gen_mode=0");
  const std::string advertise =
      "ip netns exec blue python3 -c \"import socket, struct; s = socket.socket(socket.AF_INET6, socket.SOCK_RAW, 58); "
      "s.setsockopt(41, socket.IPV6_MULTICAST_HOPS, 255); i = socket.if_nametoindex('eth1'); "
      "s.setsockopt(41, socket.IPV6_MULTICAST_IF, i); "
      "[s.sendto(struct.pack('!BBHBBHII', 134, 0, 0, 64, 0, 1800, 0, 0), ('ff02::1', 0, 0, i)) for _ in range(3)]\"";
  ASSERT_TRUE(Eventually([&] {
    Try(advertise);  // not before its address is no longer tentative
    return !Sh("ip -n red -6 route show default").empty();
  }));
  const std::string route =
      "ip -n red -6 route show default | grep -o 'default via [^ ]* dev eth1 proto ra metric 1024'";
  const std::string before = Sh(route);
  Fail(
      "set_link { namespace: 'red' name: 'eth0' mtu: 1000 }\n delete_link { namespace: '@host' name: 'no-such-link' }");
  EXPECT_EQ(Get("ipv6/conf/eth0/forwarding"), "1");
  EXPECT_EQ(Sh(route), before);
}

}  // namespace
}  // namespace warren::executor
