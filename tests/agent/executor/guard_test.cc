// What carries the host's default route, or its path to the server, is not taken away unless the operation says force.

#include "tests/agent/executor/executor_test.h"

namespace warren::executor {
namespace {

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

  void ExpectGuarded(const std::string& operation, const std::string& what) {
    const v1::OperationError error = ExpectRefused(operation);
    EXPECT_EQ(error.code(), kFailedPrecondition) << operation << error.DebugString();
    EXPECT_EQ(error.errno_value(), 0);
    EXPECT_THAT(error.message(), AllOf(HasSubstr(what), HasSubstr("force"))) << operation;
  }
};

constexpr char kDefault[] = "default route";
constexpr char kPath[] = "path to the server";

TEST_F(GuardTest, LinkOfTheDefaultRouteIsNotTakenAway) {
  ExpectGuarded("attach_link { namespace: '@host' link: 'nic' bridge: 'br0' }", kDefault);
  ExpectGuarded("move_link { namespace: '@host' name: 'nic' to_namespace: 'red' }", kDefault);
  ExpectGuarded("set_link { namespace: '@host' name: 'nic' up: false }", kDefault);
}

TEST_F(GuardTest, LinkOfTheDefaultRouteMayOtherwiseBeChanged) {
  Succeed("set_link { namespace: '@host' name: 'nic' mtu: 1400 up: true }");
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
  ExpectGuarded("attach_link { namespace: '@host' link: 'lan' bridge: 'br0' }", kPath);
  ExpectGuarded("move_link { namespace: '@host' name: 'lan' to_namespace: 'red' }", kPath);
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
  ExpectGuarded("delete_bridge { namespace: '@host' name: 'br0' }", kDefault);
  ExpectGuarded("set_link { namespace: '@host' name: 'br0' up: false }", kDefault);
  ExpectGuarded("set_link { namespace: '@host' name: 'nic' up: false }", kDefault);
  ExpectGuarded("detach_link { namespace: '@host' link: 'nic' }", kDefault);
  ExpectGuarded("move_link { namespace: '@host' name: 'nic' to_namespace: 'red' }", kDefault);
  // A port of Warren's own is none of the uplink.
  Succeed(R"(create_veth { a { namespace: 'red' name: 'eth0' up: true } b { namespace: '@host' name: 'v0' up: true } }
             attach_link { namespace: '@host' link: 'v0' bridge: 'br0' }
             set_link { namespace: '@host' name: 'v0' up: false }
             detach_link { namespace: '@host' link: 'v0' })");
  Succeed("detach_link { namespace: '@host' link: 'nic' move_addresses: true }");
  EXPECT_EQ(Sh("ip route show default | sed 's/ *$//; s/ proto [a-z]*//'"), "default via 192.0.2.1 dev nic");
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
