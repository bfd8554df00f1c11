// Adding and removing routes: every field against the kernel's own word, refusals, adoption, undo.

#include "tests/agent/executor/executor_test.h"

namespace warren::executor {
namespace {

using kernel::Ip;
using ::testing::EndsWith;
using ::testing::HasSubstr;
using ::testing::StartsWith;

class RouteTest : public ExecutorTest {
 protected:
  void SetUp() override {
    ExecutorTest::SetUp();
    Succeed(R"(
        create_namespace { namespace: 'red' }
        create_veth { a { namespace: 'red' name: 'eth0' up: true addresses: '10.0.0.1/24' addresses: '10.0.0.5/24' } b { namespace: '@host' name: 'v0' up: true } }
        create_veth { a { namespace: 'red' name: 'eth1' up: true addresses: '10.1.0.1/24' } b { namespace: '@host' name: 'v1' up: true } }
        add_address { namespace: 'red' link: 'eth0' address: '2001:db8::1/64' nodad: true })");
    Dump();  // IPv6 routes need the carrier
  }

  std::string Routes(const std::string& selector) {
    return Sh("ip -n red route show " + selector + " | sed 's/ *$//'");
  }
};

TEST_F(RouteTest, IsAdded) {
  Succeed(R"(add_route { namespace: 'red' destination: 'default' via: '10.0.0.2' }
             add_route { namespace: 'red' destination: '10.7.0.0/16' via: '10.0.0.3' dev: 'eth0' src: '10.0.0.5' metric: 7 }
             add_route { namespace: 'red' destination: '10.8.0.0/16' dev: 'eth1' }
             add_route { namespace: 'red' destination: '192.0.2.9' via: '172.31.0.1' dev: 'eth1' onlink: true }
             add_route { namespace: 'red' destination: '0.0.0.0/0' via: '10.1.0.2' table: 70000 })");
  EXPECT_EQ(Routes("default"), "default via 10.0.0.2 dev eth0 proto static");
  EXPECT_EQ(Routes("10.7.0.0/16"), "10.7.0.0/16 via 10.0.0.3 dev eth0 proto static src 10.0.0.5 metric 7");
  EXPECT_EQ(Routes("10.8.0.0/16"), "10.8.0.0/16 dev eth1 proto static scope link");
  EXPECT_EQ(Routes("192.0.2.9"), "192.0.2.9 via 172.31.0.1 dev eth1 proto static onlink");
  EXPECT_EQ(Routes("table 70000"), "default via 10.1.0.2 dev eth1 proto static");
}

TEST_F(RouteTest, OfIpv6IsAdded) {
  Succeed(R"(add_route { namespace: 'red' destination: 'default' via: '2001:db8::2' }
             add_route { namespace: 'red' destination: '2001:db8:7::/48' via: '2001:db8::3' src: '2001:db8::1' metric: 7 }
             add_route { namespace: 'red' destination: '2001:db8:8::9' dev: 'eth1' }
             add_route { namespace: 'red' destination: '::/0' dev: 'eth1' table: 100 })");
  EXPECT_EQ(Sh("ip -n red -6 route show default | tr -s ' '"),
            "default via 2001:db8::2 dev eth0 proto static metric 1024 pref medium");
  EXPECT_EQ(Sh("ip -n red -6 route show 2001:db8:7::/48"),
            "2001:db8:7::/48 via 2001:db8::3 dev eth0 proto static src 2001:db8::1 metric 7 pref medium");
  EXPECT_EQ(Sh("ip -n red -6 route show 2001:db8:8::9"), "2001:db8:8::9 dev eth1 proto static metric 1024 pref medium");
  EXPECT_EQ(Sh("ip -n red -6 route show table 100"), "default dev eth1 proto static metric 1024 pref medium");
}

TEST_F(RouteTest, ThroughANexthopObjectIsNotFoundByItsGatewayAndIsByItsDestination) {
  Sh("ip -n red nexthop add id 5 via 10.0.0.2 dev eth0 && ip -n red route add 10.7.0.0/16 nhid 5");
  for (const std::string hop : {"via: '10.0.0.2'", "dev: 'eth0'", "via: '10.0.0.2' dev: 'eth0'"}) {
    for (const std::string how : {" ", " allow_missing: true "}) {
      const auto error = ExpectRefused("delete_route { namespace: 'red' destination: '10.7.0.0/16' " + hop + how + "}");
      EXPECT_EQ(error.code(), kFailedPrecondition) << error.DebugString();
      EXPECT_THAT(error.message(), HasSubstr("goes through nexthop object 5"));
    }
  }
  Succeed("delete_route { namespace: 'red' destination: '10.7.0.0/16' via: '10.0.0.3' allow_missing: true }");
  ExpectUndone("delete_route { namespace: 'red' destination: '10.7.0.0/16' }");
  EXPECT_EQ(Routes("10.7.0.0/16"), "");
  Sh("ip -n red nexthop add id 6 via 2001:db8::2 dev eth0 && ip -n red route add 2001:db8:7::/48 nhid 6");
  ExpectUndone("delete_route { namespace: 'red' destination: '2001:db8:7::/48' via: '2001:db8::2' }");
}

TEST_F(RouteTest, FromASourcePrefixIsAnotherThanOneWithout) {
  Sh("ip -n red -6 route add 2001:db8:7::/48 from 2001:db8:9::/64 dev eth0");
  const auto error =
      ExpectRefused("delete_route { namespace: 'red' destination: '2001:db8:7::/48' allow_missing: true }");
  EXPECT_EQ(error.code(), kFailedPrecondition) << error.DebugString();
  EXPECT_THAT(error.message(), HasSubstr("only for packets from 2001:db8:9::/64"));
  Succeed("add_route { namespace: 'red' destination: '2001:db8:7::/48' dev: 'eth1' allow_existing: true }");
  Succeed("delete_route { namespace: 'red' destination: '2001:db8:7::/48' }");
  EXPECT_EQ(Sh("ip -n red -6 route show 2001:db8:7::/48 | cut -d' ' -f1-5"),
            "2001:db8:7::/48 from 2001:db8:9::/64 dev eth0");
}

TEST_F(RouteTest, OfTheHostIsAddedAndRemoved) {
  Succeed(R"(add_address { namespace: '@host' link: 'v0' address: '10.0.0.2/24' }
             add_route { namespace: '@host' destination: '10.20.0.0/16' via: '10.0.0.1' })");
  EXPECT_EQ(Sh("ip route show 10.20.0.0/16 | sed 's/ *$//'"), "10.20.0.0/16 via 10.0.0.1 dev v0 proto static");
  Succeed("delete_route { namespace: '@host' destination: '10.20.0.0/16' }");
  EXPECT_EQ(Sh("ip route show 10.20.0.0/16"), "");
}

TEST_F(RouteTest, ThatExistsIsRefused) {
  Succeed("add_route { namespace: 'red' destination: '10.7.0.0/16' via: '10.0.0.2' }");
  const auto error = ExpectRefused("add_route { namespace: 'red' destination: '10.7.0.0/16' via: '10.0.0.2' }");
  EXPECT_EQ(error.operation(), "add_route");
  EXPECT_EQ(error.errno_name(), "EEXIST");
  EXPECT_EQ(error.code(), kAlreadyExists);
  EXPECT_EQ(error.object(), "route 10.7.0.0/16 in red");
  EXPECT_THAT(error.message(), HasSubstr("10.7.0.0/16"));
  EXPECT_THAT(error.message(), HasSubstr("allow_existing"));
}

TEST_F(RouteTest, ThatExistsAsAskedIsAdopted) {
  Succeed(
      R"(add_route { namespace: 'red' destination: '10.7.0.0/16' via: '10.0.0.2' dev: 'eth0' src: '10.0.0.5' metric: 5 }
             add_route { namespace: 'red' destination: '2001:db8:7::/48' via: '2001:db8::2' })");
  const HostDump before = Dump();
  Succeed(
      R"(add_route { namespace: 'red' destination: '10.7.0.0/16' via: '10.0.0.2' dev: 'eth0' src: '10.0.0.5' metric: 5 allow_existing: true }
             add_route { namespace: 'red' destination: '10.7.0.0/16' via: '10.0.0.2' src: '10.0.0.5' metric: 5 allow_existing: true }
             add_route { namespace: 'red' destination: '2001:db8:7::/48' via: '2001:db8::2' allow_existing: true })");
  EXPECT_EQ(DifferenceInTheEnd(before, dump_), "");
}

TEST_F(RouteTest, ThatDiffersIsNotAdopted) {
  Succeed(R"(add_route { namespace: 'red' destination: '10.7.0.0/16' via: '10.0.0.2' src: '10.0.0.5' }
             add_route { namespace: 'red' destination: '10.8.0.0/16' dev: 'eth1' })");
  for (const std::string other :
       {"destination: '10.7.0.0/16' via: '10.0.0.3' src: '10.0.0.5'",
        "destination: '10.7.0.0/16' via: '10.0.0.2' src: '10.0.0.1'", "destination: '10.8.0.0/16' dev: 'eth0'"}) {
    const auto error = ExpectRefused("add_route { namespace: 'red' " + other + " allow_existing: true }");
    EXPECT_EQ(error.code(), kAlreadyExists) << other << error.DebugString();
    EXPECT_EQ(error.operation(), "add_route");
  }
}

TEST_F(RouteTest, IsRefusedWithTheKernelsReason) {
  const auto unreachable = ExpectRefused("add_route { namespace: 'red' destination: '10.7.0.0/16' via: '10.99.0.1' }");
  EXPECT_EQ(unreachable.errno_name(), "ENETUNREACH");
  EXPECT_EQ(unreachable.code(), kFailedPrecondition);
  EXPECT_THAT(unreachable.extended_ack(), HasSubstr("gateway"));
  EXPECT_THAT(unreachable.message(), HasSubstr("onlink")) << "what to do is not said";
  ExpectError(ExpectRefused("add_route { namespace: 'red' destination: '10.7.0.0/16' dev: 'none' }"),
              {"add_route", "route 10.7.0.0/16 in red", "ENODEV", kNotFound});
  ExpectError(ExpectRefused("add_route { namespace: 'green' destination: '10.7.0.0/16' dev: 'eth0' }"),
              {"add_route", "green", "ENOENT", kNotFound});
  const auto source =
      ExpectRefused("add_route { namespace: 'red' destination: '10.7.0.0/16' dev: 'eth0' src: '10.55.0.1' }");
  EXPECT_EQ(source.errno_name(), "EINVAL");
  EXPECT_THAT(source.message(), HasSubstr(source.extended_ack()));
  Sh("ip -n red link set eth1 down");
  EXPECT_EQ(ExpectRefused("add_route { namespace: 'red' destination: '10.7.0.0/16' dev: 'eth1' }").errno_name(),
            "ENETDOWN");
}

TEST_F(RouteTest, IsRemovedByWhatIsGiven) {
  Succeed(R"(add_route { namespace: 'red' destination: '10.7.0.0/16' via: '10.0.0.2' metric: 1 }
             add_route { namespace: 'red' destination: '10.7.0.0/16' via: '10.0.0.3' metric: 2 }
             add_route { namespace: 'red' destination: '10.7.0.0/16' dev: 'eth1' metric: 3 }
             add_route { namespace: 'red' destination: '10.7.0.0/16' via: '10.0.0.4' table: 100 })");
  Succeed("delete_route { namespace: 'red' destination: '10.7.0.0/16' metric: 2 }");
  EXPECT_EQ(
      Routes("10.7.0.0/16"),
      "10.7.0.0/16 via 10.0.0.2 dev eth0 proto static metric 1\n10.7.0.0/16 dev eth1 proto static scope link metric 3");
  Succeed("delete_route { namespace: 'red' destination: '10.7.0.0/16' dev: 'eth1' }");
  EXPECT_EQ(Routes("10.7.0.0/16"), "10.7.0.0/16 via 10.0.0.2 dev eth0 proto static metric 1");
  Succeed("delete_route { namespace: 'red' destination: '10.7.0.0/16' via: '10.0.0.2' }");
  EXPECT_EQ(Routes("10.7.0.0/16"), "");
  Succeed("delete_route { namespace: 'red' destination: '10.7.0.0/16' table: 100 }");
  EXPECT_EQ(Routes("table 100"), "");
}

TEST_F(RouteTest, ThatIsNotThereCannotBeRemoved) {
  Succeed("add_route { namespace: 'red' destination: '10.7.0.0/16' via: '10.0.0.2' metric: 4 }");
  for (const std::string other : {"destination: '10.8.0.0/16'", "destination: '10.7.0.0/16' via: '10.0.0.3'",
                                  "destination: '10.7.0.0/16' metric: 5", "destination: '10.7.0.0/16' dev: 'eth1'",
                                  "destination: '10.7.0.0/16' table: 9", "destination: '2001:db8:7::/48'",
                                  "destination: '::/0' via: '2001:db8::2'"}) {
    const auto error = ExpectRefused("delete_route { namespace: 'red' " + other + " }");
    EXPECT_EQ(error.operation(), "delete_route");
    EXPECT_EQ(error.errno_name(), "ESRCH") << other << error.DebugString();
    EXPECT_EQ(error.code(), kNotFound);
    EXPECT_THAT(error.object(), StartsWith("route "));
    EXPECT_THAT(error.object(), EndsWith(" in red"));
    EXPECT_THAT(error.message(), HasSubstr("allow_missing"));
    Succeed("delete_route { namespace: 'red' " + other + " allow_missing: true }");
  }
  ExpectError(ExpectRefused("delete_route { namespace: 'red' destination: 'default' dev: 'none' }"),
              {"delete_route", "route default in red", "ENODEV", kNotFound});
  Succeed("delete_route { namespace: 'red' destination: 'default' dev: 'none' allow_missing: true }");
  Succeed("delete_route { namespace: 'green' destination: 'default' allow_missing: true }");
  EXPECT_NE(Routes("10.7.0.0/16"), "");
}

TEST_F(RouteTest, AdditionIsUndone) {
  ExpectUndone(R"(add_route { namespace: 'red' destination: 'default' via: '10.0.0.2' }
                  add_route { namespace: 'red' destination: '10.7.0.0/16' via: '10.0.0.3' src: '10.0.0.5' metric: 7 table: 300 }
                  add_route { namespace: 'red' destination: '10.9.0.0/16' via: '172.31.0.1' dev: 'eth1' onlink: true }
                  add_route { namespace: 'red' destination: 'default' via: '2001:db8::2' }
                  add_route { namespace: 'red' destination: '2001:db8:8::9' dev: 'eth1' })");
}

TEST_F(RouteTest, AdditionBesideOthersOfItsDestinationIsUndone) {
  Sh("ip -n red route add 10.7.0.0/16 via 10.0.0.2 metric 5 && ip -n red route add 10.7.0.0/16 via 10.0.0.2 tos 0x10");
  Sh("ip -n red -6 route add 2001:db8:7::/48 via 2001:db8::2");
  ExpectUndone(R"(add_route { namespace: 'red' destination: '10.7.0.0/16' via: '10.0.0.3' metric: 6 }
                  add_route { namespace: 'red' destination: '10.7.0.0/16' via: '10.0.0.4' }
                  add_route { namespace: 'red' destination: '2001:db8:7::/48' via: '2001:db8::3' metric: 9 })");
}

TEST_F(RouteTest, RemovalIsUndone) {
  Succeed(R"(add_route { namespace: 'red' destination: 'default' via: '10.0.0.2' }
             add_route { namespace: 'red' destination: '10.7.0.0/16' via: '10.0.0.3' src: '10.0.0.5' metric: 7 table: 300 }
             add_route { namespace: 'red' destination: '10.9.0.0/16' via: '172.31.0.1' dev: 'eth1' onlink: true }
             add_route { namespace: 'red' destination: 'default' via: '2001:db8::2' })");
  Sh("ip -n red route add 10.10.0.0/16 proto 99 src 10.0.0.5 mtu 1400 nexthop via 10.0.0.7 weight 2 nexthop via "
     "10.1.0.8 weight 4");
  Sh("ip -n red -6 route add 2001:db8:10::/48 nexthop via 2001:db8::7 nexthop via 2001:db8::8");
  ExpectUndone(R"(delete_route { namespace: 'red' destination: 'default' }
                  delete_route { namespace: 'red' destination: '10.7.0.0/16' table: 300 }
                  delete_route { namespace: 'red' destination: '10.9.0.0/16' }
                  delete_route { namespace: 'red' destination: '::/0' }
                  delete_route { namespace: 'red' destination: '10.10.0.0/16' }
                  delete_route { namespace: 'red' destination: '2001:db8:10::/48' })");
}

TEST_F(RouteTest, RemovalOfOneTheKernelMadeIsUndone) {
  ExpectUndone(R"(delete_route { namespace: 'red' destination: '10.0.0.0/24' }
                  delete_route { namespace: 'red' destination: '2001:db8::/64' })");
}

TEST_F(RouteTest, OfTheTableLocalIsLikeAnyOther) {
  const std::string add =
      "add_route { namespace: 'red' destination: '10.9.0.0/16' via: '10.0.0.2' table: 255 }\n"
      "add_route { namespace: 'red' destination: '2001:db8:9::/48' via: '2001:db8::2' table: 255 }";
  ExpectUndone(add);
  Succeed("add_route { namespace: 'red' destination: '10.9.0.0/16' via: '10.0.0.2' table: 255 allow_existing: true }");
  ExpectUndone("delete_route { namespace: 'red' destination: '10.9.0.0/16' table: 255 }");
  EXPECT_EQ(Sh("ip -n red route show table local 10.9.0.0/16"), "");
}

TEST_F(RouteTest, ReplacedIsUndone) {
  Succeed("add_route { namespace: 'red' destination: 'default' via: '10.0.0.2' }");
  ExpectUndone(R"(delete_route { namespace: 'red' destination: 'default' via: '10.0.0.2' }
                  add_route { namespace: 'red' destination: 'default' via: '10.1.0.2' })");
}

TEST_F(RouteTest, OfAnyTypeIsLeftAloneByUndo) {
  Sh("ip -n red route add blackhole 10.66.0.0/16 && ip -n red route add unreachable 10.67.0.0/16 metric 9");
  Sh("ip -n red -6 route add prohibit 2001:db8:66::/48");
  ExpectUndone(R"(add_route { namespace: 'red' destination: '10.66.0.0/16' via: '10.0.0.2' metric: 1 }
                  set_link { namespace: 'red' name: 'eth0' up: false })");
}

TEST_F(RouteTest, ThatExpiresStillDoesAfterUndo) {
  Sh("ip -n red -6 route add default via 2001:db8::fe dev eth0 proto ra expires 1800");
  Sh("ip -n red -6 route add 2001:db8:7::/48 via 2001:db8::fe dev eth0 expires 900");
  const HostDump before = Dump();
  for (const std::string change :
       {"set_link { namespace: 'red' name: 'eth0' up: false }", "set_link { namespace: 'red' name: 'eth0' mtu: 1000 }",
        "delete_link { namespace: 'red' name: 'eth0' }", "delete_namespace { namespace: 'red' }",
        "move_link { namespace: 'red' name: 'eth0' to_namespace: '@host' }",
        "delete_address { namespace: 'red' link: 'eth0' address: '2001:db8::1/64' }",
        "delete_route { namespace: 'red' destination: '2001:db8:7::/48' }"}) {
    Fail(change + "\ndelete_link { namespace: '@host' name: 'no-such-link' }");
    EXPECT_EQ(DifferenceInTheEnd(before, dump_), "") << change;
    EXPECT_EQ(Ip("-n red -6 route show default", ".[0].expires | . > 1000 and . <= 1800"), "true") << change;
    EXPECT_EQ(Ip("-n red -6 route show 2001:db8:7::/48", ".[0].expires | . > 400 and . <= 900"), "true") << change;
  }
}

TEST_F(RouteTest, WithAttributesOfItsOwnIsNotAdoptedAndTheyAreTold) {
  const std::vector<std::pair<std::string, std::string>> all = {
      {"2001:db8:1::/48 via 2001:db8::fe dev eth0 expires 900", "expires"},
      {"2001:db8:2::/48 via 2001:db8::fe dev eth0 mtu 1400", "mtu 1400"},
      {"2001:db8:3::/48 via 2001:db8::fe dev eth0 pref high", "pref high"},
      {"2001:db8:4::/48 via 2001:db8::fe dev eth0 proto ra", "proto ra"},
      {"2001:db8:5::/48 via 2001:db8::fe dev eth0 src 2001:db8::1", "src"}};
  for (const auto& [route, told] : all) {
    Sh("ip -n red -6 route add " + route);
    const auto error = ExpectRefused("add_route { namespace: 'red' destination: '" + route.substr(0, route.find(' ')) +
                                     "' via: '2001:db8::fe' dev: 'eth0' allow_existing: true }");
    EXPECT_EQ(error.code(), kAlreadyExists);
    EXPECT_THAT(error.message(), HasSubstr(told));
  }
  Sh("ip -n red nexthop add id 7 via 10.0.0.9 dev eth0");
  const std::vector<std::pair<std::string, std::string>> ipv4 = {
      {"10.1.0.0/16 via 10.0.0.9 mtu 1400", "mtu 1400"},
      {"10.2.0.0/16 via 10.0.0.9 dev eth0 onlink", "onlink"},
      {"10.3.0.0/16 nhid 7", "nhid 7"},
      {"unreachable 10.4.0.0/16", "type"},
      {"10.5.0.0/16 via 10.0.0.9 advmss 900", "metrics"},
      {"10.6.0.0/16 via 10.0.0.8", "via 10.0.0.8"},
      {"10.7.0.0/16 nexthop via 10.0.0.9 nexthop via 10.0.0.8", "several next hops"}};
  for (const auto& [route, told] : ipv4) {
    Sh("ip -n red route add " + route);
    const size_t begin = route.find("10.");
    const std::string destination = route.substr(begin, route.find(' ', begin) - begin);
    const auto error = ExpectRefused("add_route { namespace: 'red' destination: '" + destination +
                                     "' via: '10.0.0.9' allow_existing: true }");
    EXPECT_EQ(error.code(), kAlreadyExists) << route;
    EXPECT_THAT(error.message(), HasSubstr(told)) << route;
  }
  // One of another type of service is another route.
  Sh("ip -n red route add 10.8.0.0/16 via 10.0.0.9 tos 0x10");
  Succeed("add_route { namespace: 'red' destination: '10.8.0.0/16' via: '10.0.0.9' allow_existing: true }");
  EXPECT_EQ(Sh("ip -n red route show 10.8.0.0/16 | wc -l"), "2");
}

TEST_F(RouteTest, OfATypeOfServiceIsRemovedWhereItIsTheOnlyOne) {
  Sh("ip -n red route add 10.7.0.0/16 via 10.0.0.2 tos 0x10");
  ExpectUndone("delete_route { namespace: 'red' destination: '10.7.0.0/16' allow_missing: true }");
  EXPECT_EQ(Routes("10.7.0.0/16"), "");
}

}  // namespace
}  // namespace warren::executor
