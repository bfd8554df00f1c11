// What carries the host's default route, or its path to the server, is not taken away unless the operation says force.

#include "tests/agent/executor/executor_test.h"

namespace warren::executor {
namespace {

using kernel::Ip;
using ::testing::AllOf;
using ::testing::HasSubstr;

class GuardTest : public ExecutorTest {
 protected:
  void SetUp() override {
    ExecutorTest::SetUp();
    // The world outside, made by others: a NIC with the default route, and another one that leads to the server.
    Sh("ip netns add world");
    for (const std::string nic : {"nic", "lan"}) {
      Sh("ip link add " + nic + " type veth peer name " + nic + " netns world && ip link set " + nic +
         " up && ip -n world link set " + nic + " up");
    }
    Sh("ip address add 192.0.2.2/24 dev nic && ip address add 192.0.2.3/24 dev nic && ip route add default via "
       "192.0.2.1");
    Sh("ip address add 198.51.100.2/24 dev lan && ip address add 203.0.113.2/24 dev lan && ip route add 10.99.0.0/16 "
       "via 198.51.100.1");
    Succeed("create_namespace { namespace: 'red' }\n create_bridge { namespace: '@host' name: 'br0' up: true }");
  }

  void ServerAt(const std::string& ip) { executor_->SetServerAddress(*kernel::ParseIp(ip)); }

  // Where there is a safe way the refusal names that, and not force.
  void ExpectGuarded(const std::string& operation, const std::string& what, const std::string& way = "force") {
    const v1::OperationError error = ExpectRefused(operation);
    EXPECT_EQ(error.code(), kFailedPrecondition) << operation << error.DebugString();
    EXPECT_EQ(error.errno_value(), 0);
    EXPECT_THAT(error.message(), AllOf(HasSubstr(what), HasSubstr(way))) << operation;
    const bool may_speak_of_force = way == "force";
    EXPECT_TRUE(may_speak_of_force || error.message().find("force") == std::string::npos) << error.message();
  }
};

constexpr char kDefault[] = "default route";
constexpr char kPath[] = "path to the server";

TEST_F(GuardTest, LinkOfTheDefaultRouteIsNotTakenAway) {
  ExpectGuarded("attach_link { namespace: '@host' link: 'nic' bridge: 'br0' }", kDefault, "move_addresses");
  ExpectGuarded("move_link { namespace: '@host' name: 'nic' to_namespace: 'red' }", kDefault, "move_addresses");
  ExpectGuarded("set_link { namespace: '@host' name: 'nic' up: false }", kDefault);
}

TEST_F(GuardTest, LinkOfTheDefaultRouteMayOtherwiseBeChanged) {
  Succeed("set_link { namespace: '@host' name: 'nic' mtu: 1400 up: true }");
  if (!kernel::RenamesLinksThatAreUp()) GTEST_SKIP() << "before Linux 6.2";
  Succeed("set_link { namespace: '@host' name: 'nic' new_name: 'wan' }");
  EXPECT_EQ(Sh("ip route show default | sed 's/ *$//'"), "default via 192.0.2.1 dev wan");
}

TEST_F(GuardTest, OtherLinksAreNotGuarded) {
  Succeed("set_link { namespace: '@host' name: 'lan' up: false }");
  Succeed("attach_link { namespace: '@host' link: 'lan' bridge: 'br0' }");
  Succeed("detach_link { namespace: '@host' link: 'lan' }");
  Succeed("move_link { namespace: '@host' name: 'lan' to_namespace: 'red' }");
}

TEST_F(GuardTest, DefaultRoutesOfNamespacesAreNotGuarded) {
  Succeed(
      R"(create_veth { a { namespace: 'red' name: 'eth0' up: true addresses: '10.0.0.1/24' } b { namespace: '@host' name: 'v0' up: true } }
             add_route { namespace: 'red' destination: 'default' via: '10.0.0.2' }
             delete_address { namespace: 'red' link: 'eth0' address: '10.0.0.1/24' }
             add_address { namespace: 'red' link: 'eth0' address: '10.0.0.1/24' }
             add_route { namespace: 'red' destination: 'default' via: '10.0.0.2' }
             delete_route { namespace: 'red' destination: 'default' }
             add_route { namespace: 'red' destination: 'default' via: '10.0.0.2' }
             set_link { namespace: 'red' name: 'eth0' up: false }
             delete_link { namespace: 'red' name: 'eth0' })");
}

TEST_F(GuardTest, AddressesAndRoutesOfTheDefaultRouteAreNotTakenAway) {
  ExpectGuarded("delete_address { namespace: '@host' link: 'nic' address: '192.0.2.2/24' }", kDefault);
  ExpectGuarded("delete_route { namespace: '@host' destination: 'default' }", kDefault);
  ExpectGuarded("delete_route { namespace: '@host' destination: '0.0.0.0/0' via: '192.0.2.1' }", kDefault);
  Succeed("delete_route { namespace: '@host' destination: '10.99.0.0/16' }");
  Succeed("delete_address { namespace: '@host' link: 'lan' address: '203.0.113.2/24' }");
}

TEST_F(GuardTest, DefaultRouteOfIpv6IsGuardedToo) {
  Sh("ip address add 2001:db8::2/64 dev lan nodad && ip -6 route add default via 2001:db8::1 dev lan");
  ExpectGuarded("set_link { namespace: '@host' name: 'lan' up: false }", kDefault);
  ExpectGuarded("delete_route { namespace: '@host' destination: '::/0' }", kDefault);
  ExpectGuarded("delete_address { namespace: '@host' link: 'lan' address: '2001:db8::2/64' }", kDefault);
}

TEST_F(GuardTest, EveryLinkOfAMultipathDefaultRouteIsGuarded) {
  Sh("ip route delete default && ip route add default nexthop via 192.0.2.1 nexthop via 198.51.100.1");
  ExpectGuarded("set_link { namespace: '@host' name: 'nic' up: false }", kDefault);
  ExpectGuarded("set_link { namespace: '@host' name: 'lan' up: false }", kDefault);
  ExpectGuarded("delete_address { namespace: '@host' link: 'lan' address: '198.51.100.2/24' }", kDefault);
}

TEST_F(GuardTest, PathToTheServerIsGuarded) {
  ServerAt("10.99.0.5");
  ExpectGuarded("attach_link { namespace: '@host' link: 'lan' bridge: 'br0' }", kPath, "move_addresses");
  ExpectGuarded("move_link { namespace: '@host' name: 'lan' to_namespace: 'red' }", kPath, "move_addresses");
  ExpectGuarded("set_link { namespace: '@host' name: 'lan' up: false }", kPath);
  ExpectGuarded("delete_route { namespace: '@host' destination: '10.99.0.0/16' }", kPath);
  ExpectGuarded("delete_address { namespace: '@host' link: 'lan' address: '198.51.100.2/24' }", kPath);
  Succeed("delete_address { namespace: '@host' link: 'lan' address: '203.0.113.2/24' }");
}

TEST_F(GuardTest, PathToAServerOnTheLinkIsGuarded) {
  ServerAt("198.51.100.77");
  ExpectGuarded("set_link { namespace: '@host' name: 'lan' up: false }", kPath);
  ExpectGuarded("delete_address { namespace: '@host' link: 'lan' address: '198.51.100.2/24' }", kPath);
  ExpectGuarded("delete_route { namespace: '@host' destination: '198.51.100.0/24' }", kPath);
}

TEST_F(GuardTest, LinkMadeByWarrenIsGuardedToo) {
  Succeed(
      R"(create_veth { a { namespace: '@host' name: 'up0' up: true addresses: '10.50.0.2/24' } b { namespace: 'red' name: 'up0' up: true addresses: '10.50.0.1/24' } })");
  Sh("ip route replace default via 10.50.0.1");
  ExpectGuarded("delete_link { namespace: '@host' name: 'up0' }", kDefault);
  ExpectGuarded("set_link { namespace: '@host' name: 'up0' up: false }", kDefault);
  Succeed("delete_link { namespace: '@host' name: 'up0' force: true }");
}

TEST_F(GuardTest, BridgeThatCarriesTheDefaultRouteIsGuardedWithThePortUnderIt) {
  Succeed("attach_link { namespace: '@host' link: 'nic' bridge: 'br0' move_addresses: true }");
  EXPECT_EQ(Sh("ip route show default | sed 's/ *$//; s/ proto [a-z]*//'"), "default via 192.0.2.1 dev br0");
  ExpectGuarded("delete_bridge { namespace: '@host' name: 'br0' }", kDefault, "detach nic from it with move_addresses");
  ExpectGuarded("delete_link { namespace: '@host' name: 'br0' }", kDefault, "detach nic from it with move_addresses");
  ExpectGuarded("set_link { namespace: '@host' name: 'br0' up: false }", kDefault);
  ExpectGuarded("set_link { namespace: '@host' name: 'nic' up: false }", kDefault);
  ExpectGuarded("detach_link { namespace: '@host' link: 'nic' }", kDefault, "move_addresses");
  ExpectGuarded("move_link { namespace: '@host' name: 'nic' to_namespace: 'red' }", kDefault, "move_addresses");
  // A port of Warren's own is none of the uplink.
  Succeed(R"(create_veth { a { namespace: 'red' name: 'eth0' up: true } b { namespace: '@host' name: 'v0' up: true } }
             attach_link { namespace: '@host' link: 'v0' bridge: 'br0' }
             set_link { namespace: '@host' name: 'v0' up: false }
             detach_link { namespace: '@host' link: 'v0' })");
  Succeed("detach_link { namespace: '@host' link: 'nic' move_addresses: true }");
  EXPECT_EQ(Sh("ip route show default | sed 's/ *$//; s/ proto [a-z]*//'"), "default via 192.0.2.1 dev nic");
}

TEST_F(GuardTest, MacOfWhatCarriesARouteIsNotChanged) {
  ServerAt("10.99.0.5");
  ExpectGuarded("set_link { namespace: '@host' name: 'nic' mac: '02:00:00:00:00:99' }", kDefault);
  ExpectGuarded("set_link { namespace: '@host' name: 'lan' mac: '02:00:00:00:00:99' }", kPath);
  Succeed("set_link { namespace: '@host' name: 'nic' mac: '" + Sh("cat /sys/class/net/nic/address") + "' }");
  Succeed("set_link { namespace: '@host' name: 'br0' mac: '02:00:00:00:00:99' }");
}

TEST_F(GuardTest, MtuDoesNotFallBelowWhatTheAddressesNeed) {
  ServerAt("10.99.0.5");
  ExpectGuarded("set_link { namespace: '@host' name: 'nic' mtu: 68 }", kDefault, "IPv4 needs 576");
  ExpectGuarded("set_link { namespace: '@host' name: 'lan' mtu: 575 }", kPath, "IPv4 needs 576");
  Succeed("set_link { namespace: '@host' name: 'nic' mtu: 576 }");
  Sh("ip link set nic mtu 1500 && ip address add 2001:db8::2/64 dev nic nodad");
  ExpectGuarded("set_link { namespace: '@host' name: 'nic' mtu: 1279 }", kDefault, "2001:db8::2/64 needs 1280");
  Succeed("set_link { namespace: '@host' name: 'nic' mtu: 1280 }");
  EXPECT_EQ(Ip("-6 address show dev nic scope global", ".[0].addr_info[0].local"), "2001:db8::2");
  Sh("ip address del 2001:db8::2/64 dev nic; ip -6 route add default via fe80::1 dev lan");
  ExpectGuarded("set_link { namespace: '@host' name: 'lan' mtu: 1279 }", kDefault, "IPv6 needs 1280");
}

TEST_F(GuardTest, MtuOfABridgeIsTheLeastOfItsPorts) {
  Sh("ip address add 2001:db8::2/64 dev nic nodad && ip -6 route add default via 2001:db8::1");
  Succeed("attach_link { namespace: '@host' link: 'nic' bridge: 'br0' move_addresses: true }");
  Succeed(R"(create_veth { a { namespace: 'red' name: 'eth0' up: true } b { namespace: '@host' name: 'v0' up: true } }
             create_veth { a { namespace: 'red' name: 'eth1' mtu: 1000 } b { namespace: '@host' name: 'small' mtu: 1000 } }
             attach_link { namespace: '@host' link: 'v0' bridge: 'br0' })");
  ExpectGuarded("set_link { namespace: '@host' name: 'nic' mtu: 1000 }", kDefault, "needs 1280");
  ExpectGuarded("set_link { namespace: '@host' name: 'v0' mtu: 1000 }", kDefault, "needs 1280");
  ExpectGuarded("set_link { namespace: '@host' name: 'br0' mtu: 1000 }", kDefault, "needs 1280");
  ExpectGuarded("attach_link { namespace: '@host' link: 'small' bridge: 'br0' }", kDefault, "needs 1280");
  ExpectGuarded(
      "create_veth { a { namespace: 'red' name: 'x' mtu: 1000 } b { namespace: '@host' name: 'y' mtu: 1000 } }\n"
      "attach_link { namespace: '@host' link: 'y' bridge: 'br0' }",
      kDefault, "needs 1280");
  EXPECT_EQ(Ip("-6 address show dev br0 scope global", ".[0].addr_info[0].local"), "2001:db8::2");
}

TEST_F(GuardTest, DefaultRouteIsNotTakenOverByRoutesThatLeadElsewhere) {
  constexpr char kWay[] = "narrow it, or say force, which may cut the host off";
  for (const std::string prefix : {"0.0.0.0/1", "128.0.0.0/1", "64.0.0.0/2", "4.0.0.0/7"}) {
    const std::string to = "add_route { namespace: '@host' destination: '" + prefix + "' ";
    EXPECT_EQ(ExpectRefused(to + "via: '198.51.100.1' }").message(),
              "route " + prefix + " would lead traffic of the host's default route elsewhere; " + kWay);
    ExpectGuarded(to + "dev: 'lan' }", kDefault);
    ExpectGuarded(to + "via: '192.0.2.99' }", kDefault);
    Succeed(to + "via: '192.0.2.1' dev: 'nic' }\n delete_route { namespace: '@host' destination: '" + prefix + "' }");
  }
  Sh("ip route replace default via 192.0.2.1 metric 100; ip route del default metric 0");
  ExpectGuarded("add_route { namespace: '@host' destination: 'default' via: '198.51.100.1' }", kDefault);
  Succeed("add_route { namespace: '@host' destination: 'default' via: '198.51.100.1' metric: 200 }");
  ExpectGuarded("add_route { namespace: '@host' destination: '0.0.0.0/1' via: '198.51.100.1' table: 255 }", kDefault);
  Succeed("add_route { namespace: '@host' destination: '0.0.0.0/1' via: '198.51.100.1' table: 100 }");
  Succeed("add_route { namespace: '@host' destination: '10.0.0.0/8' via: '198.51.100.1' }");
  Succeed("add_route { namespace: '@host' destination: '224.0.0.0/4' dev: 'lan' }");
  EXPECT_EQ(Ip("route get 8.8.8.8", ".[0].dev"), "nic");
}

TEST_F(GuardTest, DefaultRouteOfIpv6IsNotTakenOverEither) {
  Sh("ip address add 2001:db8::2/64 dev nic nodad && ip -6 route add default via 2001:db8::1 dev nic");
  for (const std::string prefix : {"::/1", "8000::/1", "2000::/3", "2400::/11"}) {
    ExpectGuarded("add_route { namespace: '@host' destination: '" + prefix + "' dev: 'lan' }", kDefault);
  }
  ExpectGuarded("add_route { namespace: '@host' destination: '::/0' dev: 'lan' metric: 1023 }", kDefault);
  Succeed("add_route { namespace: '@host' destination: '::/0' dev: 'lan' metric: 1025 }");
  Succeed("add_route { namespace: '@host' destination: 'fc00::/7' dev: 'lan' }");
  Succeed("add_route { namespace: '@host' destination: '2400::/12' dev: 'lan' }");
  EXPECT_EQ(Ip("-6 route get 2001:4860::8888", ".[0].dev"), "nic");
}

TEST_F(GuardTest, PathToTheServerIsNotTakenOver) {
  ServerAt("10.99.0.5");
  EXPECT_EQ(ExpectRefused("add_route { namespace: '@host' destination: '10.99.0.0/24' via: '192.0.2.1' }").message(),
            "route 10.99.0.0/24 would lead the path to the server 10.99.0.5 elsewhere; give the server a route of its "
            "own first: 10.99.0.5/32 via 198.51.100.1 dev lan");
  ExpectGuarded("add_route { namespace: '@host' destination: '10.99.0.5' via: '192.0.2.1' }", kPath);
  Succeed("add_route { namespace: '@host' destination: '10.98.0.0/15' via: '192.0.2.1' }");
  Succeed("add_route { namespace: '@host' destination: '10.99.1.0/24' via: '192.0.2.1' }");
  // What is advised helps.
  Succeed("add_route { namespace: '@host' destination: '10.99.0.5/32' via: '198.51.100.1' dev: 'lan' }");
  Succeed("add_route { namespace: '@host' destination: '10.99.0.0/24' via: '192.0.2.1' }");
  EXPECT_EQ(Ip("route get 10.99.0.5", ".[0].dev"), "lan");
  EXPECT_EQ(Ip("route get 10.99.0.6", ".[0].dev"), "nic");
}

TEST_F(GuardTest, LoopbackOfTheHostIsNotTakenAway) {
  ExpectGuarded("set_link { namespace: '@host' name: 'lo' up: false }", "loopback");
  ExpectGuarded("set_link { namespace: '@host' name: 'lo' mtu: 500 }", "loopback");
  ExpectGuarded("delete_address { namespace: '@host' link: 'lo' address: '127.0.0.1/8' }", "loopback");
  ExpectGuarded("delete_address { namespace: '@host' link: 'lo' address: '::1/128' }", "loopback");
  Succeed("set_link { namespace: 'red' name: 'lo' up: false }");
}

TEST_F(GuardTest, RouteThatReachesTheGatewayIsNotRemoved) {
  ExpectGuarded("delete_route { namespace: '@host' destination: '192.0.2.0/24' dev: 'nic' }", kDefault);
  Succeed("delete_route { namespace: '@host' destination: '203.0.113.0/24' dev: 'lan' }");
}

TEST_F(GuardTest, NamespaceThroughWhichTheHostLeavesIsNotDeleted) {
  Succeed(
      R"(create_veth { a { namespace: '@host' name: 'up0' up: true addresses: '10.50.0.2/24' } b { namespace: 'red' name: 'up0' up: true addresses: '10.50.0.1/24' } })");
  Sh("ip route replace default via 10.50.0.1");
  ExpectGuarded("delete_namespace { namespace: 'red' }", kDefault);
  ExpectGuarded("delete_link { namespace: 'red' name: 'up0' }", kDefault);
  Succeed("delete_namespace { namespace: 'red' force: true }");
}

TEST_F(GuardTest, RuleForWhatTheHostItselfSendsIsLookedAt) {
  Sh("ip rule add iif lo table 81 priority 100");
  ExpectGuarded("add_route { namespace: '@host' destination: 'default' dev: 'lan' table: 81 }", kDefault);
  Sh("ip rule del iif lo table 81");
}

TEST_F(GuardTest, RulesDecideWhichTableLeadsThere) {
  ServerAt("10.99.0.5");
  const std::string route = "add_route { namespace: '@host' destination: 'default' via: '192.0.2.1' table: 77 }";
  Succeed(route);
  Sh("ip route flush table 77; ip rule add from 203.0.113.2 lookup 77; ip rule add iif nic lookup 77; "
     "ip rule add to 10.98.0.0/16 lookup 77; ip rule add fwmark 5 lookup 77");
  Succeed(route);
  Sh("ip route flush table 77; ip rule add to 10.99.0.0/16 lookup 77");
  ExpectGuarded(route, kPath, "10.99.0.5/32 via 198.51.100.1 dev lan");
  Sh("ip rule del to 10.99.0.0/16; ip rule add to 10.99.0.0/16 lookup 77 priority 33000");
  Succeed(route);
  Sh("ip rule flush; ip rule add lookup main priority 32766; ip rule add lookup default priority 32767");
  Sh("ip route flush table 77");
}

TEST_F(GuardTest, AddressesThatTakeThePathOrItsGatewayAreRefusedWhereverTheyAreGiven) {
  ServerAt("10.99.0.5");
  const auto given = [](const std::string& address) -> std::vector<std::string> {
    return {"add_address { namespace: '@host' link: 'br0' address: '" + address + "' }",
            "create_bridge { namespace: '@host' name: 'br1' addresses: '" + address + "' }",
            "create_veth { a { namespace: 'red' name: 'eth0' } b { namespace: '@host' name: 'v0' addresses: '" +
                address + "' } }",
            "create_veth { a { namespace: 'red' name: 'eth0' } b { namespace: '@host' name: 'v0' } }\n"
            "add_address { namespace: '@host' link: 'v0' address: '" +
                address + "' }"};
  };
  for (const std::string address : {"10.99.0.5/32", "10.99.0.1/24", "10.99.0.5/16"}) {
    for (const std::string& operation : given(address)) {
      EXPECT_THAT(ExpectRefused(operation).message(), HasSubstr("the path to the server 10.99.0.5")) << operation;
    }
  }
  for (const std::string address : {"192.0.2.1/32", "192.0.2.1/24", "192.0.2.7/28"}) {
    for (const std::string& operation : given(address)) {
      ExpectGuarded(operation, "what goes to the gateway 192.0.2.1 of the host's default route",
                    "choose a prefix without that address");
    }
  }
  for (const std::string address :
       {"192.0.2.200/28", "10.98.0.1/15", "10.99.1.1/24", "10.50.0.1/24", "192.0.2.200/24"}) {
    for (const std::string& operation : given(address)) {
      ExpectUndone(operation);
      EXPECT_EQ(Ip("route get 10.99.0.5", ".[0].dev"), "lan") << operation;
      EXPECT_EQ(Ip("route get 192.0.2.1", ".[0].dev"), "nic") << operation;
      EXPECT_EQ(Ip("route get 8.8.8.8", ".[0].dev"), "nic") << operation;
      Sh("ip link del v0 2>/dev/null; ip link del br1 2>/dev/null; ip address flush dev br0");
    }
  }
}

TEST_F(GuardTest, LinkIsNotSetUpWhoseAddressesTakeThePath) {
  ServerAt("10.99.0.5");
  Sh("ip link add x type veth peer name y && ip address add 10.99.0.1/24 dev x");
  ExpectGuarded("set_link { namespace: '@host' name: 'x' up: true }", kPath, "10.99.0.5/32");
  Succeed("set_link { namespace: '@host' name: 'y' up: true }");
  Succeed("set_link { namespace: '@host' name: 'x' up: true force: true }");
}

TEST_F(GuardTest, NamespacesLeadNothingOfTheHostsAway) {
  ServerAt("10.99.0.5");
  Succeed(
      R"(create_veth { a { namespace: 'red' name: 'eth0' up: true addresses: '10.99.0.5/8' addresses: '192.0.2.1/24' } b { namespace: '@host' name: 'v0' up: true } }
             add_route { namespace: 'red' destination: '0.0.0.0/1' dev: 'eth0' }
             create_bridge { namespace: 'red' name: 'br0' addresses: '10.99.0.9/24' }
             set_link { namespace: 'red' name: 'eth0' mac: '02:00:00:00:00:07' mtu: 68 })");
}

TEST_F(GuardTest, ForceGivesMacMtuRoutesAndAddressesAsAsked) {
  ServerAt("10.99.0.5");
  for (const std::string operation :
       {"set_link { namespace: '@host' name: 'nic' mac: '02:00:00:00:00:99' force: true }",
        "set_link { namespace: '@host' name: 'nic' mtu: 68 force: true }",
        "add_route { namespace: '@host' destination: '0.0.0.0/1' dev: 'lan' force: true }",
        "add_route { namespace: '@host' destination: '10.99.0.0/24' dev: 'nic' force: true }",
        "add_address { namespace: '@host' link: 'br0' address: '10.99.0.5/32' force: true }",
        "create_bridge { namespace: '@host' name: 'br1' addresses: '10.99.0.1/24' force: true }",
        "create_veth { a { namespace: 'red' name: 'eth0' } b { namespace: '@host' name: 'v0' addresses: '192.0.2.1/32' "
        "} "
        "force: true }"}) {
    Succeed(operation);
  }
  EXPECT_EQ(Ip("link show nic", ".[0] | [.address, .mtu] | @csv"), "\"02:00:00:00:00:99\",68");
}

TEST_F(GuardTest, ForceDoesIt) {
  ServerAt("10.99.0.5");
  ExpectUndone(R"(delete_address { namespace: '@host' link: 'nic' address: '192.0.2.2/24' force: true }
                  set_link { namespace: '@host' name: 'lan' up: false force: true })");
  Sh("ip address add 192.0.2.2/24 dev nic && ip route replace default via 192.0.2.1");
  ExpectUndone(R"(delete_route { namespace: '@host' destination: 'default' force: true }
                  attach_link { namespace: '@host' link: 'nic' bridge: 'br0' force: true }
                  detach_link { namespace: '@host' link: 'nic' force: true })");
  Sh("ip route replace default via 192.0.2.1");
  ExpectUndone("move_link { namespace: '@host' name: 'nic' to_namespace: 'red' force: true }");
  EXPECT_EQ(Sh("ip route show default"), "");
}

TEST_F(GuardTest, RefusalLeavesWhatTheIntentHadDoneBefore) {
  const v1::OperationError error = ExpectRefused(R"(
      create_namespace { namespace: 'blue' }
      set_link { namespace: '@host' name: 'lan' up: false }
      set_link { namespace: '@host' name: 'nic' up: false }
      delete_namespace { namespace: 'red' })");
  EXPECT_EQ(error.operation_index(), 2);
  EXPECT_EQ(error.object(), "@host:nic");
}

}  // namespace
}  // namespace warren::executor
