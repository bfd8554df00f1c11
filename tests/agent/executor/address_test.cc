// Adding and removing addresses: every field against the kernel's own word, refusals, adoption, undo.

#include "tests/agent/executor/executor_test.h"

namespace warren::executor {
namespace {

using kernel::Ip;
using ::testing::HasSubstr;

class AddressTest : public ExecutorTest {
 protected:
  void SetUp() override {
    ExecutorTest::SetUp();
    Succeed(R"(
        create_namespace { namespace: 'red' }
        create_veth { a { namespace: 'red' name: 'eth0' up: true } b { namespace: '@host' name: 'v0' up: true } })");
  }

  // One address of red:eth0, filtered.
  std::string Address(const std::string& local, const std::string& filter) {
    return Ip("-n red address show eth0", ".[0].addr_info[] | select(.local == \"" + local + "\") | " + filter);
  }
};

TEST_F(AddressTest, IsAdded) {
  Succeed(R"(add_address { namespace: 'red' link: 'eth0' address: '10.0.0.1/24' }
             add_address { namespace: 'red' link: 'eth0' address: '10.0.0.2/24' }
             add_address { namespace: 'red' link: 'eth0' address: '192.0.2.1' }
             add_address { namespace: 'red' link: 'eth0' address: '2001:db8::1/64' }
             add_address { namespace: 'red' link: 'eth0' address: '2001:db8::2' })");
  EXPECT_EQ(Address("10.0.0.1", "[.prefixlen, .scope, .label, .secondary]"), R"([24,"global","eth0",null])");
  EXPECT_EQ(Address("10.0.0.2", "[.prefixlen, .scope, .label, .secondary]"), R"([24,"global","eth0",true])");
  EXPECT_EQ(Address("192.0.2.1", ".prefixlen"), "32");
  EXPECT_EQ(Address("2001:db8::1", "[.prefixlen, .valid_life_time]"), "[64,4294967295]");
  EXPECT_EQ(Address("2001:db8::2", ".prefixlen"), "128");
}

TEST_F(AddressTest, OfThePointToPointKindHasItsPeer) {
  Succeed(R"(add_address { namespace: 'red' link: 'eth0' address: '10.0.0.1' peer: '10.0.0.9' }
             add_address { namespace: 'red' link: 'eth0' address: '10.1.0.1/32' peer: '10.1.0.0/24' }
             add_address { namespace: 'red' link: 'eth0' address: '2001:db8::1' peer: '2001:db8::9' })");
  EXPECT_EQ(Address("10.0.0.1", "[.address, .prefixlen]"), R"(["10.0.0.9",32])");
  EXPECT_EQ(Address("10.1.0.1", "[.address, .prefixlen]"), R"(["10.1.0.0",24])");
  EXPECT_EQ(Address("2001:db8::1", "[.address, .prefixlen]"), R"(["2001:db8::9",128])");
  Succeed(R"(delete_address { namespace: 'red' link: 'eth0' address: '10.0.0.1' peer: '10.0.0.9' }
             delete_address { namespace: 'red' link: 'eth0' address: '10.1.0.1' peer: '10.1.0.0/24' }
             delete_address { namespace: 'red' link: 'eth0' address: '2001:db8::1' peer: '2001:db8::9' })");
  EXPECT_EQ(Sh("ip -n red -o address show eth0 scope global"), "");
}

TEST_F(AddressTest, WithoutDuplicateDetectionIsUsableAtOnce) {
  Succeed("add_address { namespace: 'red' link: 'eth0' address: '2001:db8::1/64' nodad: true }");
  EXPECT_EQ(Address("2001:db8::1", "[.tentative, .nodad]"), "[null,true]");
}

TEST_F(AddressTest, HasItsLifetimes) {
  Succeed(
      R"(add_address { namespace: 'red' link: 'eth0' address: '10.0.0.1/24' valid_lifetime { seconds: 3600 } preferred_lifetime { seconds: 1800 } }
             add_address { namespace: 'red' link: 'eth0' address: '2001:db8::1/64' valid_lifetime { seconds: 3600 } preferred_lifetime { seconds: 1800 } }
             add_address { namespace: 'red' link: 'eth0' address: '2001:db8::2/64' preferred_lifetime { seconds: 0 } }
             add_address { namespace: 'red' link: 'eth0' address: '2001:db8::3/64' valid_lifetime { seconds: 3600 } })");
  for (const std::string local : {"10.0.0.1", "2001:db8::1"}) {
    const std::string within =
        "(.valid_life_time > 2000 and .valid_life_time <= 3600 and .preferred_life_time > 900 and .preferred_life_time "
        "<= 1800)";
    EXPECT_EQ(Address(local, within), "true") << local;
  }
  EXPECT_EQ(Address("2001:db8::2", "[.deprecated, .preferred_life_time, .valid_life_time]"), "[true,0,4294967295]");
  EXPECT_EQ(Address("2001:db8::3", ".valid_life_time <= 3600 and .preferred_life_time > 2000"), "true");
}

TEST_F(AddressTest, ThatExistsIsRefused) {
  Succeed("add_address { namespace: 'red' link: 'eth0' address: '10.0.0.1/24' }");
  const auto error = ExpectRefused("add_address { namespace: 'red' link: 'eth0' address: '10.0.0.1/24' }");
  EXPECT_EQ(error.errno_name(), "EEXIST");
  EXPECT_EQ(error.code(), kAlreadyExists);
  EXPECT_EQ(error.object(), "10.0.0.1/24 on red:eth0");
  EXPECT_THAT(error.message(), HasSubstr("10.0.0.1/24"));
  EXPECT_THAT(error.message(), HasSubstr("allow_existing"));
}

TEST_F(AddressTest, ThatExistsAsAskedIsAdopted) {
  Succeed(R"(add_address { namespace: 'red' link: 'eth0' address: '10.0.0.1/24' }
             add_address { namespace: 'red' link: 'eth0' address: '2001:db8::1/64' }
             add_address { namespace: 'red' link: 'eth0' address: '10.3.0.1' peer: '10.3.0.2' })");
  const HostDump before = Dump();
  Succeed(R"(add_address { namespace: 'red' link: 'eth0' address: '10.0.0.1/24' allow_existing: true }
             add_address { namespace: 'red' link: 'eth0' address: '2001:db8::1/64' allow_existing: true }
             add_address { namespace: 'red' link: 'eth0' address: '10.3.0.1' peer: '10.3.0.2' allow_existing: true })");
  EXPECT_EQ(DifferenceInTheEnd(before, dump_), "");
}

TEST_F(AddressTest, ThatDiffersIsNotAdopted) {
  Succeed(R"(add_address { namespace: 'red' link: 'eth0' address: '2001:db8::1/64' }
             add_address { namespace: 'red' link: 'eth0' address: '10.3.0.1' peer: '10.3.0.2' })");
  // IPv6 has each address once a link, whatever its length.
  const auto length =
      ExpectRefused("add_address { namespace: 'red' link: 'eth0' address: '2001:db8::1/48' allow_existing: true }");
  EXPECT_EQ(length.code(), kAlreadyExists);
  EXPECT_THAT(length.message(), HasSubstr("/64"));
}

TEST_F(AddressTest, AdoptedIsLeftByUndo) {
  Succeed("add_address { namespace: 'red' link: 'eth0' address: '10.0.0.1/24' }");
  const HostDump before = Dump();
  Fail(R"(add_address { namespace: 'red' link: 'eth0' address: '10.0.0.1/24' allow_existing: true }
          add_address { namespace: 'red' link: 'none' address: '10.0.0.1/24' })");
  EXPECT_EQ(DifferenceInTheEnd(before, dump_), "");
}

TEST_F(AddressTest, IsRefusedWithTheKernelsReason) {
  ExpectError(ExpectRefused("add_address { namespace: 'red' link: 'none' address: '10.0.0.1/24' }"),
              {"add_address", "red:none", "ENODEV", kNotFound});
  ExpectError(ExpectRefused("add_address { namespace: 'green' link: 'eth0' address: '10.0.0.1/24' }"),
              {"add_address", "green", "ENOENT", kNotFound});
  const auto multicast = ExpectRefused("add_address { namespace: 'red' link: 'eth0' address: 'ff02::5/64' }");
  EXPECT_NE(multicast.errno_name(), "");
  EXPECT_EQ(multicast.object(), "ff02::5/64 on red:eth0");
  Sh("nsenter --net=/run/netns/red sh -c 'echo 1 > /proc/sys/net/ipv6/conf/eth0/disable_ipv6'");
  const auto disabled = Fail("add_address { namespace: 'red' link: 'eth0' address: '2001:db8::1/64' }");
  EXPECT_EQ(disabled.errno_name(), "EACCES");
  EXPECT_THAT(disabled.message(), HasSubstr(disabled.extended_ack()));
}

TEST_F(AddressTest, IsRemoved) {
  Succeed(R"(add_address { namespace: 'red' link: 'eth0' address: '10.0.0.1/24' }
             add_address { namespace: 'red' link: 'eth0' address: '10.0.0.2/24' }
             add_address { namespace: 'red' link: 'eth0' address: '2001:db8::1/64' })");
  Succeed(R"(delete_address { namespace: 'red' link: 'eth0' address: '10.0.0.2/24' }
             delete_address { namespace: 'red' link: 'eth0' address: '2001:db8::1/64' })");
  EXPECT_EQ(Sh("ip -n red -br address show eth0 scope global | tr -s ' ' | cut -d' ' -f3-"), "10.0.0.1/24 ");
}

TEST_F(AddressTest, ThatIsNotThereCannotBeRemoved) {
  Succeed("add_address { namespace: 'red' link: 'eth0' address: '10.0.0.1/24' }");
  // The wrong length is another address.
  for (const std::string address : {"10.0.0.2/24", "10.0.0.1/25", "10.0.0.1/32", "2001:db8::1/64"}) {
    const auto error = ExpectRefused("delete_address { namespace: 'red' link: 'eth0' address: '" + address + "' }");
    ExpectError(error, {"delete_address", address + " on red:eth0", "EADDRNOTAVAIL", kNotFound});
    EXPECT_THAT(error.message(), HasSubstr(address));
    EXPECT_THAT(error.message(), HasSubstr("allow_missing"));
  }
  for (const std::string address : {"10.0.0.2/24", "2001:db8::1/64"}) {
    Succeed("delete_address { namespace: 'red' link: 'eth0' address: '" + address + "' allow_missing: true }");
  }
  ExpectError(ExpectRefused("delete_address { namespace: 'red' link: 'none' address: '10.0.0.1/24' }"),
              {"delete_address", "red:none", "ENODEV", kNotFound});
  Succeed("delete_address { namespace: 'red' link: 'none' address: '10.0.0.1/24' allow_missing: true }");
  Succeed("delete_address { namespace: 'green' link: 'none' address: '10.0.0.1/24' allow_missing: true }");
  EXPECT_EQ(Address("10.0.0.1", ".prefixlen"), "24");
}

TEST_F(AddressTest, AdditionIsUndone) {
  ExpectUndone(R"(add_address { namespace: 'red' link: 'eth0' address: '10.0.0.1/24' }
                  add_address { namespace: 'red' link: 'eth0' address: '10.0.0.2/24' }
                  add_address { namespace: 'red' link: 'eth0' address: '10.3.0.1' peer: '10.3.0.2' }
                  add_address { namespace: 'red' link: 'eth0' address: '2001:db8::1/64' }
                  add_address { namespace: '@host' link: 'v0' address: '2001:db8::2/64' nodad: true })");
}

TEST_F(AddressTest, AdditionBesideOthersIsUndone) {
  Succeed(R"(add_address { namespace: 'red' link: 'eth0' address: '10.0.0.1/24' }
             add_address { namespace: 'red' link: 'eth0' address: '10.0.0.2/24' })");
  ExpectUndone(R"(add_address { namespace: 'red' link: 'eth0' address: '10.0.0.3/24' }
                  add_address { namespace: 'red' link: 'eth0' address: '10.0.0.3/16' })");
}

TEST_F(AddressTest, AdditionOfTheFirstIsUndoneWithTheRoutesThatWereThereWithoutOne) {
  Sh("ip -n red link set eth0 up && ip -n red route add default dev eth0 && ip -n red route add 10.7.0.0/16 dev eth0");
  ExpectUndone("add_address { namespace: 'red' link: 'eth0' address: '10.0.0.1/24' }");
}

TEST_F(AddressTest, RemovalOfAPrimaryIsUndoneWithItsSecondariesAndRoutes) {
  Succeed(R"(add_address { namespace: 'red' link: 'eth0' address: '10.0.0.1/24' }
             add_address { namespace: 'red' link: 'eth0' address: '10.0.0.2/24' }
             add_address { namespace: 'red' link: 'eth0' address: '10.0.0.3/24' }
             add_address { namespace: 'red' link: 'eth0' address: '10.1.0.1/24' }
             add_route { namespace: 'red' destination: 'default' via: '10.0.0.254' }
             add_route { namespace: 'red' destination: '10.7.0.0/16' via: '10.0.0.253' src: '10.0.0.3' }
             add_route { namespace: 'red' destination: '10.8.0.0/16' via: '10.1.0.253' src: '10.0.0.2' metric: 5 table: 99 })");
  Sh("ip -n red address add 10.5.0.9/24 dev eth0 label eth0:9 scope link");
  Sh("ip -n red route add 10.10.0.0/16 src 10.0.0.2 nexthop via 10.0.0.7 weight 1 nexthop via 10.1.0.8 weight 4");
  ExpectUndone("delete_address { namespace: 'red' link: 'eth0' address: '10.0.0.1/24' }");
  EXPECT_EQ(Sh("ip -n red -br address show eth0 scope global | tr -s ' ' | cut -d' ' -f3-"), "10.1.0.1/24 ")
      << "secondaries go with their primary, as the kernel does it";
}

TEST_F(AddressTest, RemovalIsUndoneWhereSecondariesArePromoted) {
  Sh("nsenter --net=/run/netns/red sh -c 'echo 1 > /proc/sys/net/ipv4/conf/eth0/promote_secondaries'");
  Succeed(R"(add_address { namespace: 'red' link: 'eth0' address: '10.0.0.1/24' }
             add_address { namespace: 'red' link: 'eth0' address: '10.0.0.2/24' }
             add_address { namespace: 'red' link: 'eth0' address: '10.0.0.3/24' }
             add_route { namespace: 'red' destination: 'default' via: '10.0.0.254' })");
  ExpectUndone("delete_address { namespace: 'red' link: 'eth0' address: '10.0.0.1/24' }");
}

TEST_F(AddressTest, RemovalOfIpv6IsUndoneWithItsRoutes) {
  Succeed(R"(add_address { namespace: 'red' link: 'eth0' address: '2001:db8::1/64' nodad: true }
             add_address { namespace: 'red' link: 'eth0' address: '2001:db8::2/64' }
             add_route { namespace: 'red' destination: 'default' via: '2001:db8::fe' src: '2001:db8::1' }
             add_route { namespace: 'red' destination: '2001:db8:9::/48' via: '2001:db8::fe' })");
  Sh("ip -n red address add 2001:db8:3::1/64 dev eth0 noprefixroute nodad preferred_lft 0");
  ExpectUndone(R"(delete_address { namespace: 'red' link: 'eth0' address: '2001:db8::1/64' }
                  delete_address { namespace: 'red' link: 'eth0' address: '2001:db8:3::1/64' })");
}

TEST_F(AddressTest, RemovalOfALinkLocalOneIsUndone) {
  Succeed("add_address { namespace: 'red' link: 'eth0' address: 'fe80::77/64' }");
  ExpectUndone("delete_address { namespace: 'red' link: 'eth0' address: 'fe80::77/64' }");
}

TEST_F(AddressTest, RemovalOfAPeerAddressIsUndone) {
  Succeed(R"(add_address { namespace: 'red' link: 'eth0' address: '10.3.0.1' peer: '10.3.0.2' }
             add_route { namespace: 'red' destination: '10.4.0.0/16' via: '10.3.0.2' })");
  ExpectUndone("delete_address { namespace: 'red' link: 'eth0' address: '10.3.0.1' peer: '10.3.0.2' }");
}

TEST_F(AddressTest, RemovedAndAddedAgainOtherwiseIsUndone) {
  Succeed(R"(add_address { namespace: 'red' link: 'eth0' address: '10.0.0.1/24' }
             add_address { namespace: 'red' link: 'eth0' address: '10.0.0.2/24' }
             add_route { namespace: 'red' destination: 'default' via: '10.0.0.254' })");
  ExpectUndone(R"(delete_address { namespace: 'red' link: 'eth0' address: '10.0.0.1/24' }
                  add_address { namespace: 'red' link: 'eth0' address: '10.0.0.2/24' }
                  add_address { namespace: 'red' link: 'eth0' address: '10.0.0.1/24' }
                  add_route { namespace: 'red' destination: 'default' via: '10.0.0.253' })");
}

// The kernel leaves the prefix route of an IPv6 address with a lifetime on the link (ipv6_del_addr).
TEST_F(AddressTest, WithALifetimeTakesItsPrefixRouteAlong) {
  Succeed(R"(add_address { namespace: 'red' link: 'eth0' address: '2001:db8:55::1/64' valid_lifetime { seconds: 3600 } }
             add_address { namespace: 'red' link: 'eth0' address: '2001:db8:56::1/64' valid_lifetime { seconds: 3600 } }
             add_address { namespace: 'red' link: 'eth0' address: '2001:db8:56::2/64' valid_lifetime { seconds: 3600 } })");
  Succeed(R"(delete_address { namespace: 'red' link: 'eth0' address: '2001:db8:55::1/64' }
             delete_address { namespace: 'red' link: 'eth0' address: '2001:db8:56::1/64' })");
  EXPECT_EQ(Sh("ip -n red -6 route show 2001:db8:55::/64"), "");
  EXPECT_THAT(Sh("ip -n red -6 route show 2001:db8:56::/64"), HasSubstr("expires")) << "another address needs it";
}

TEST_F(AddressTest, AdditionWithALifetimeIsUndoneWithItsPrefixRoute) {
  ExpectUndone(
      R"(add_address { namespace: 'red' link: 'eth0' address: '2001:db8:55::1/64' valid_lifetime { seconds: 3600 } }
                  add_address { namespace: '@host' link: 'v0' address: '2001:db8:55::2/64' valid_lifetime { seconds: 3600 } preferred_lifetime { seconds: 60 } })");
}

// A router advertises a prefix as being on the link: the kernel has the route without an address.
TEST_F(AddressTest, AdditionIsUndoneWithThePrefixRouteThatWasThereBefore) {
  Sh("ip -n red -6 route add 2001:db8:55::/64 dev eth0 proto kernel metric 256 expires 1800");
  Sh("ip -n red -6 route add 2001:db8:56::/64 dev eth0 proto kernel metric 256 expires 1800");
  const HostDump before = Dump();
  Fail(R"(add_address { namespace: 'red' link: 'eth0' address: '2001:db8:55::1/64' valid_lifetime { seconds: 300 } }
          add_address { namespace: 'red' link: 'eth0' address: '2001:db8:56::1/64' }
          delete_link { namespace: '@host' name: 'no-such-link' })");
  EXPECT_EQ(DifferenceInTheEnd(before, dump_), "");
  for (const std::string prefix : {"2001:db8:55::/64", "2001:db8:56::/64"}) {
    EXPECT_EQ(Ip("-n red -6 route show " + prefix, ".[0] | .expires > 1000 and .expires <= 1800"), "true") << prefix;
  }
}

TEST_F(AddressTest, RemovalOfOneWithALifetimeIsUndoneWithWhatIsLeftOfIt) {
  Sh("ip -n red address add 2001:db8:55::1/64 dev eth0 nodad valid_lft 3600 preferred_lft 1800");
  Sh("ip -n red address add 10.0.0.1/24 dev eth0 valid_lft 3600 preferred_lft 1800");
  ExpectUndone(R"(delete_address { namespace: 'red' link: 'eth0' address: '2001:db8:55::1/64' }
                  delete_address { namespace: 'red' link: 'eth0' address: '10.0.0.1/24' })");
  EXPECT_EQ(Sh("ip -n red -6 route show 2001:db8:55::/64"), "");
}

TEST_F(AddressTest, AdoptedForEverNoLongerRunsOut) {
  Sh("ip -n red address add 10.0.0.1/24 dev eth0 valid_lft 90 preferred_lft 60");
  Sh("ip -n red address add 2001:db8:55::1/64 dev eth0 nodad valid_lft 90 preferred_lft 60");
  Sh("ip -n red route add default via 10.0.0.254");
  const std::string adopt = R"(
      add_address { namespace: 'red' link: 'eth0' address: '10.0.0.1/24' allow_existing: true }
      add_address { namespace: 'red' link: 'eth0' address: '2001:db8:55::1/64' nodad: true allow_existing: true })";
  const HostDump before = Dump();
  Fail(adopt + "\ndelete_link { namespace: '@host' name: 'no-such-link' }");
  EXPECT_EQ(DifferenceInTheEnd(before, dump_), "");
  for (const std::string local : {"10.0.0.1", "2001:db8:55::1"}) {
    EXPECT_EQ(Address(local, "[.dynamic, .valid_life_time <= 90, .preferred_life_time <= 60]"), "[true,true,true]")
        << local;
  }
  EXPECT_THAT(Sh("ip -n red -6 route show 2001:db8:55::/64"), HasSubstr("expires"));
  Succeed(adopt);
  for (const std::string local : {"10.0.0.1", "2001:db8:55::1"}) {
    EXPECT_EQ(Address(local, "[.dynamic, .valid_life_time, .preferred_life_time]"), "[null,4294967295,4294967295]")
        << local;
  }
  EXPECT_EQ(Ip("-n red -6 route show 2001:db8:55::/64", ".[0].expires"), "null");
  EXPECT_NE(Sh("ip -n red route show default"), "");
}

TEST_F(AddressTest, AdoptedForATimeLastsThatLong) {
  Succeed("add_address { namespace: 'red' link: 'eth0' address: '2001:db8:55::1/64' }");
  Succeed(
      R"(add_address { namespace: 'red' link: 'eth0' address: '2001:db8:55::1/64' allow_existing: true valid_lifetime { seconds: 600 } preferred_lifetime { seconds: 300 } })");
  EXPECT_EQ(Address("2001:db8:55::1", "[.dynamic, .valid_life_time <= 600, .preferred_life_time <= 300]"),
            "[true,true,true]");
}

TEST_F(AddressTest, AdoptedForATimeStillReachesItsSubnet) {
  Sh("ip -n red address add 2001:db8:1::1/64 dev eth0 nodad");
  Succeed(
      "add_address { namespace: 'red' link: 'eth0' address: '2001:db8:1::1/64' nodad: true valid_lifetime { seconds: "
      "600 } allow_existing: true }");
  EXPECT_EQ(Sh("ip -n red -6 route get 2001:db8:1::2 | grep -c 'dev eth0'"), "1");
  EXPECT_EQ(Sh("ip -n red -j -6 route show 2001:db8:1::/64 | jq '.[0].expires > 300 and .[0].expires <= 600'"), "true");
}

TEST_F(AddressTest, AdditionIsUndoneBesideOneThatHasNoPrefixRoute) {
  Sh("ip -n red address add 2001:db8:1::3/64 dev eth0 nodad noprefixroute");
  ExpectUndone("add_address { namespace: 'red' link: 'eth0' address: '2001:db8:1::9/64' nodad: true }");
}

TEST_F(AddressTest, RemovalIsUndoneWithoutThePrefixRouteThatSomebodyHadRemoved) {
  Sh("ip -n red address add 2001:db8:1::3/64 dev eth0 nodad && ip -n red address add 2001:db8:1::4/64 dev eth0 nodad "
     "noprefixroute && ip -n red -6 route delete 2001:db8:1::/64");
  ExpectUndone("delete_address { namespace: 'red' link: 'eth0' address: '2001:db8:1::3/64' }");
}

TEST_F(AddressTest, WithAttributesOfItsOwnIsNotAdoptedAndTheyAreTold) {
  const std::vector<std::pair<std::string, std::string>> all = {
      {"10.1.0.1/24", "label eth0:x"},        {"10.2.0.1/24", "scope link"},
      {"10.3.0.1/24", "metric 77"},           {"10.4.0.1/24", "noprefixroute"},
      {"2001:db8:1::1/64", "noprefixroute"},  {"2001:db8:2::1/64", "metric 77"},
      {"2001:db8:3::1/64", "mngtmpaddr"},     {"2001:db8:4::1/64", "home"},
      {"10.5.0.1/24", "broadcast 10.5.0.77"}, {"10.6.0.1/32", "broadcast 10.6.0.1"}};
  for (const auto& [address, words] : all) {
    Sh("ip -n red address add " + address + " dev eth0 " + words);
    const auto error =
        ExpectRefused("add_address { namespace: 'red' link: 'eth0' address: '" + address + "' allow_existing: true }");
    EXPECT_EQ(error.code(), kAlreadyExists);
    EXPECT_THAT(error.message(),
                HasSubstr("it has " + (words.starts_with("broadcast") ? "brd" + words.substr(9) : words)))
        << address;
  }
}

TEST_F(AddressTest, MadeByOthersWithTheSubnetsBroadcastOrNoneIsAdopted) {
  Sh("ip -n red address add 10.0.0.1/24 dev eth0 && ip -n red address add 10.1.0.1/24 brd + dev eth0");
  const HostDump before = Dump();
  Succeed(R"(add_address { namespace: 'red' link: 'eth0' address: '10.0.0.1/24' allow_existing: true }
             add_address { namespace: 'red' link: 'eth0' address: '10.1.0.1/24' allow_existing: true })");
  EXPECT_EQ(DifferenceInTheEnd(before, dump_), "");
}

TEST_F(AddressTest, ThatTheKernelRelabelledAtARenameIsAdopted) {
  const std::string longest = "abcdefghijklmno";
  std::string adopt;
  for (int i = 1; i <= 3; ++i) {
    const std::string address = "10.0." + std::to_string(i) + ".1/24";
    Succeed("add_address { namespace: 'red' link: 'eth0' address: '" + address + "' }");
    adopt += "add_address { namespace: 'red' link: 'LINK' address: '" + address + "' allow_existing: true }\n";
  }
  for (const std::string& name : {std::string("e8"), longest}) {
    const std::string from = name == longest ? "e8" : "eth0";
    Succeed(ToRename("red", from) + "set_link { namespace: 'red' name: '" + from + "' new_name: '" + name + "' }");
    EXPECT_EQ(Ip("-n red -4 address show dev " + name, ".[0].addr_info[2].label"),
              name == longest ? "abcdefghijklm:3" : "e8:3");
    std::string operations = adopt;
    for (size_t at; (at = operations.find("LINK")) != std::string::npos;) operations.replace(at, 4, name);
    Succeed(operations);
  }
  // Of this form, and not the kernel's.
  for (const std::string label : {"abcdefghijklm:1", "abcdefghijkl:02", "abcdefghijklm:x", "abc:2"}) {
    Sh("ip -n red address add 10.9.0.1/24 dev " + longest + " label " + label);
    EXPECT_THAT(ExpectRefused("add_address { namespace: 'red' link: '" + longest +
                              "' address: '10.9.0.1/24' allow_existing: true }")
                    .message(),
                HasSubstr("it has label " + label));
    Sh("ip -n red address delete 10.9.0.1/24 dev " + longest);
  }
}

TEST_F(AddressTest, WithAPeerIsNotAdoptedAsOneWithout) {
  Sh("ip -n red address add 10.0.0.1 peer 10.0.0.2/24 dev eth0");
  const auto error =
      ExpectRefused("add_address { namespace: 'red' link: 'eth0' address: '10.0.0.1/24' allow_existing: true }");
  EXPECT_EQ(error.code(), kAlreadyExists);
  EXPECT_THAT(error.message(), HasSubstr("10.0.0.1/24 with peer 10.0.0.2"));
  // Beside it there is room in another subnet, and with another length.
  Succeed(R"(add_address { namespace: 'red' link: 'eth0' address: '10.0.0.1' peer: '10.7.0.2/24' allow_existing: true }
             add_address { namespace: 'red' link: 'eth0' address: '10.0.0.1/16' allow_existing: true })");
  EXPECT_EQ(Ip("-n red -4 address show dev eth0", ".[0].addr_info | length"), "3");
}

TEST_F(AddressTest, ThatTheKernelTakesAndDoesNotAddIsRefused) {
  for (const std::string address : {"0.0.0.0/8", "0.0.0.0"}) {
    const auto error = ExpectRefused("add_address { namespace: 'red' link: 'eth0' address: '" + address + "' }");
    EXPECT_EQ(error.code(), kInvalidArgument);
    EXPECT_EQ(error.object(), (address.size() > 7 ? address : address + "/32") + " on red:eth0");
  }
  ExpectRefused(R"(create_namespace { namespace: 'new' }
                   create_veth { a { namespace: 'new' name: 'eth0' addresses: '0.0.0.0/8' } b { namespace: '@host' name: 'n0' } })");
  ExpectRefused(R"(create_namespace { namespace: 'new' }
                   create_veth { a { namespace: 'new' name: 'eth0' } b { namespace: '@host' name: 'n0' } }
                   add_address { namespace: 'new' link: 'eth0' address: '0.0.0.0/8' })");
  ExpectRefused("create_bridge { namespace: 'red' name: 'br0' addresses: '0.0.0.0/0' }");
}

// One that is there with another length or peer is not missing.
TEST_F(AddressTest, ThatIsThereOtherwiseIsNotMissing) {
  Succeed(R"(add_address { namespace: 'red' link: 'eth0' address: '2001:db8::1/64' nodad: true }
             add_address { namespace: 'red' link: 'eth0' address: '2001:db8::2' peer: '2001:db8::9' nodad: true })");
  const auto length =
      ExpectRefused("delete_address { namespace: 'red' link: 'eth0' address: '2001:db8::1/48' allow_missing: true }");
  EXPECT_EQ(length.code(), kFailedPrecondition);
  EXPECT_THAT(length.message(), HasSubstr("2001:db8::1/64"));
  const auto peer =
      ExpectRefused("delete_address { namespace: 'red' link: 'eth0' address: '2001:db8::2/128' allow_missing: true }");
  EXPECT_THAT(peer.message(), HasSubstr("peer 2001:db8::9"));
  Sh("ip -n red address add 10.0.0.1/24 dev eth0 && ip -n red address add 10.1.0.1 peer 10.1.0.2 dev eth0");
  const auto ipv4 =
      ExpectRefused("delete_address { namespace: 'red' link: 'eth0' address: '10.0.0.1/16' allow_missing: true }");
  EXPECT_EQ(ipv4.code(), kFailedPrecondition);
  EXPECT_THAT(ipv4.message(), HasSubstr("but as 10.0.0.1/24"));
  const auto ipv4_peer =
      ExpectRefused("delete_address { namespace: 'red' link: 'eth0' address: '10.1.0.1/32' allow_missing: true }");
  EXPECT_THAT(ipv4_peer.message(), HasSubstr("peer 10.1.0.2"));
  Succeed("delete_address { namespace: 'red' link: 'eth0' address: '10.0.0.9/24' allow_missing: true }");
}

}  // namespace
}  // namespace warren::executor
