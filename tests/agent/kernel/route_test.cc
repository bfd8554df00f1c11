#include "agent/kernel/route.h"

#include <errno.h>
#include <gmock/gmock.h>
#include <sys/socket.h>

#include <algorithm>

#include "tests/agent/kernel/kernel_test.h"

namespace warren::kernel {
namespace {

class RouteTest : public KernelTest {
 protected:
  void SetUp() override {
    Sh("ip link add v0 type veth peer name v1 && ip link set v0 up && ip link set v1 up");
    Sh("ip addr add 10.0.0.1/24 dev v0 && ip addr add 2001:db8::1/64 dev v0 nodad");
    v0_ = IndexOf(host(), "v0");
    v1_ = IndexOf(host(), "v1");
  }

  static NewRoute To(const std::string& destination, const std::string& via = "", int dev = 0) {
    NewRoute route;
    route.destination = *ParsePrefix(destination);
    route.family = route.destination.ip.family;
    if (!via.empty()) route.via = *ParseIp(via);
    route.ifindex = dev;
    return route;
  }
  // All routes of both families but those of the local table, as ip has them.
  static std::string State() {
    return Sh(
        "for f in -4 -6; do ip $f -d -j route show table all | jq -c 'map(select(.table != \"local\" and .type != "
        "\"local\"))'; done");
  }
  std::vector<Route> List() {
    auto listed = ListRoutes(host());
    EXPECT_TRUE(listed.ok()) << listed.status();
    return listed.ok() ? *std::move(listed) : std::vector<Route>();
  }
  int Towards(const std::string& ip) {
    const auto route = RouteTowards(host(), *ParseIp(ip));
    EXPECT_TRUE(route.ok()) << route.status();
    return route.ok() ? route->ifindex : 0;
  }
  Route Find(const std::string& destination) {
    for (const Route& route : List()) {
      if (route.destination.ToString() == destination) return route;
    }
    ADD_FAILURE() << destination << " is not listed";
    return {};
  }
  int v0_ = 0, v1_ = 0;
};

TEST_F(RouteTest, ARouteIsAddedAsIpAddsIt) {
  NewRoute source = To("10.9.3.0/24", "10.0.0.254", v0_);
  source.source = *ParseIp("10.0.0.1");
  source.metric = 50;
  source.table = 77;
  NewRoute high = To("10.9.4.0/24", "", v0_);
  high.table = 70000;
  NewRoute onlink = To("10.9.5.0/24", "192.0.2.1", v0_);
  onlink.onlink = true;
  for (const NewRoute& route :
       {To("0.0.0.0/0", "10.0.0.254"), To("10.9.0.0/16", "10.0.0.254", v0_), To("10.9.2.0/24", "", v0_), source, high,
        onlink, To("::/0", "2001:db8::fe"), To("2001:db8:9::/48", "", v0_), To("10.9.6.0/24", "2001:db8::fe", v0_)}) {
    ASSERT_OK(AddRoute(host(), route));
  }
  const std::string ours = State();
  Sh("ip route flush table main proto static; ip -6 route flush table main proto static; ip route flush table 77; ip "
     "route flush table 70000");
  Sh(R"(printf '%s\n' \
    'route add default via 10.0.0.254 proto static' \
    'route add 10.9.0.0/16 via 10.0.0.254 dev v0 proto static' \
    'route add 10.9.2.0/24 dev v0 proto static' \
    'route add 10.9.3.0/24 via 10.0.0.254 dev v0 src 10.0.0.1 metric 50 table 77 proto static' \
    'route add 10.9.4.0/24 dev v0 table 70000 proto static' \
    'route add 10.9.5.0/24 via 192.0.2.1 dev v0 onlink proto static' \
    'route add 10.9.6.0/24 via inet6 2001:db8::fe dev v0 proto static' \
    'route add default via 2001:db8::fe proto static' \
    'route add 2001:db8:9::/48 dev v0 proto static' | ip -batch -)");
  EXPECT_EQ(ours, State());
}

TEST_F(RouteTest, ThatExpiresSaysWhenAndIsReplayedWithWhatIsLeft) {
  Sh("ip -6 route add 2001:db8:9::/48 via 2001:db8::fe dev v0 proto ra expires 1800");
  Sh("ip -6 route add 2001:db8:8::/48 via 2001:db8::fe dev v0");
  EXPECT_FALSE(Find("2001:db8:8::/48").expires.has_value());
  Route route = Find("2001:db8:9::/48");
  ASSERT_TRUE(route.expires.has_value());
  EXPECT_LE(*route.expires, absl::Seconds(1800));
  EXPECT_GT(*route.expires, absl::Seconds(1000));
  ASSERT_OK(DeleteExactly(host(), route));
  route.expires = absl::Seconds(700);
  ASSERT_OK(ReplayRoute(host(), route, {}));
  EXPECT_EQ(Ip("-6 route show 2001:db8:9::/48", ".[0] | [.protocol, .expires <= 700, .expires > 400]"),
            R"(["ra",true,true])");
  // Equal, whenever it expires.
  EXPECT_EQ(Find("2001:db8:9::/48").body, route.body);
}

TEST_F(RouteTest, SaysItsServiceMtuAndNexthopObject) {
  Sh("ip route add 10.9.1.0/24 via 10.0.0.254 tos 0x10 mtu 1400");
  Sh("ip nexthop add id 77 via 10.0.0.253 dev v0 && ip route add 10.9.2.0/24 nhid 77");
  EXPECT_EQ(Find("10.9.1.0/24").tos, 0x10);
  EXPECT_EQ(Find("10.9.1.0/24").mtu, 1400u);
  EXPECT_EQ(Find("10.9.1.0/24").nexthop_id, 0u);
  EXPECT_EQ(Find("10.9.2.0/24").nexthop_id, 77u);
  EXPECT_EQ(Find("10.9.2.0/24").via.ToString(), "10.0.0.253");
  Sh("ip nexthop flush");
}

TEST_F(RouteTest, RefusalsAreTheKernels) {
  ASSERT_OK(AddRoute(host(), To("10.9.0.0/16", "10.0.0.254")));
  EXPECT_ERRNO(AddRoute(host(), To("10.9.0.0/16", "10.0.0.254")), EEXIST);
  EXPECT_ERRNO(AddRoute(host(), To("10.9.0.0/16", "10.0.0.253")), EEXIST);
  const absl::Status unreachable = AddRoute(host(), To("10.8.0.0/16", "192.0.2.1"));
  EXPECT_ERRNO(unreachable, ENETUNREACH);
  EXPECT_EQ(ExtendedAckOf(unreachable), "Nexthop has invalid gateway");
  EXPECT_ERRNO(AddRoute(host(), To("10.8.0.0/16", "", 4711)), ENODEV);
  EXPECT_ERRNO(AddRoute(host(), To("10.8.0.1/16", "10.0.0.254")), EINVAL);
  EXPECT_ERRNO(AddRoute(host(), To("2001:db8:9::/48", "2001:db8:8::1")), EHOSTUNREACH);
  Sh("ip link set v1 down && ip link set v0 down");
  EXPECT_ERRNO(AddRoute(host(), To("10.8.0.0/16", "", v0_)), ENETDOWN);
  NewRoute source = To("10.8.0.0/16", "", 1);
  source.source = *ParseIp("192.0.2.9");
  EXPECT_ERRNO(AddRoute(host(), source), EINVAL);
}

TEST_F(RouteTest, ADeletionMatchesAnyWhereAFieldIsEmpty) {
  for (const char* destination : {"10.9.0.0/16", "10.8.0.0/16", "10.7.0.0/16"}) {
    ASSERT_OK(AddRoute(host(), To(destination, "10.0.0.254")));
  }
  ASSERT_OK(AddRoute(host(), To("2001:db8:9::/48", "2001:db8::fe")));
  ASSERT_OK(DeleteRoute(host(), To("10.9.0.0/16")));
  ASSERT_OK(DeleteRoute(host(), To("10.8.0.0/16", "10.0.0.254", v0_)));
  EXPECT_ERRNO(DeleteRoute(host(), To("10.7.0.0/16", "10.0.0.253")), ESRCH);
  EXPECT_ERRNO(DeleteRoute(host(), To("10.7.0.0/16", "", v1_)), ESRCH);
  EXPECT_ERRNO(DeleteRoute(host(), To("10.6.0.0/16")), ESRCH);
  ASSERT_OK(DeleteRoute(host(), To("2001:db8:9::/48")));
  EXPECT_ERRNO(DeleteRoute(host(), To("2001:db8:9::/48")), ESRCH);
  NewRoute elsewhere = To("10.7.0.0/16");
  elsewhere.table = 77;
  EXPECT_ERRNO(DeleteRoute(host(), elsewhere), ESRCH);
  EXPECT_EQ(Ip("-4 route show proto static", "[.[].dst]"), R"(["10.7.0.0/16"])");
}

TEST_F(RouteTest, DeletingExactlyTakesTheOneOfSeveralThatWasMeant) {
  Sh("ip route add 10.9.0.0/16 via 10.0.0.254 metric 10 && ip route add 10.9.0.0/16 via 10.0.0.253 metric 20");
  Sh("ip route add 10.9.0.0/16 via 10.0.0.252 metric 20 table 77");
  for (const Route& route : List()) {
    if (route.destination.ToString() == "10.9.0.0/16" && route.metric == 20 && route.table == kMainTable) {
      ASSERT_OK(DeleteExactly(host(), route));
      EXPECT_ERRNO(DeleteExactly(host(), route), ESRCH);
    }
  }
  EXPECT_EQ(Ip("route show table all 10.9.0.0/16", "[.[] | .gateway] | sort"), R"(["10.0.0.252","10.0.0.254"])");
}

TEST_F(RouteTest, RoutesAreListedInBothFamiliesAndAllTablesButTheLocalOne) {
  Sh("ip route add 10.9.0.0/16 via 10.0.0.254 src 10.0.0.1 metric 9 table 77 proto 99");
  Sh("ip route add blackhole 10.8.0.0/16 && ip -6 route add default via 2001:db8::fe");
  const Route route = Find("10.9.0.0/16");
  EXPECT_EQ(route.family, AF_INET);
  EXPECT_EQ(route.via.ToString(), "10.0.0.254");
  EXPECT_EQ(route.ifindex, v0_);
  EXPECT_EQ(route.source.ToString(), "10.0.0.1");
  EXPECT_EQ(route.metric, 9u);
  EXPECT_EQ(route.table, 77u);
  EXPECT_EQ(route.protocol, 99);
  EXPECT_EQ(Find("10.8.0.0/16").type, 6);  // RTN_BLACKHOLE
  EXPECT_EQ(Find("::/0").via.ToString(), "2001:db8::fe");
  EXPECT_TRUE(route.Uses(v0_));
  EXPECT_FALSE(route.Uses(v1_));
  for (const Route& each : List()) EXPECT_NE(each.table, kLocalTable);
  const std::string counted =
      Sh("for f in -4 -6; do ip $f -j route show table all | jq -c '.[] | select(.table != \"local\")'; done | wc -l");
  EXPECT_EQ(std::to_string(List().size()), counted);
}

TEST_F(RouteTest, AMultipathRouteIsReadWithEveryHop) {
  Sh("ip route add 10.9.0.0/16 nexthop via 10.0.0.254 weight 3 nexthop dev v1 weight 1");
  Sh("ip -6 route add 2001:db8:9::/48 nexthop via 2001:db8::fe dev v0 nexthop via 2001:db8::fd dev v0 weight 2");
  const Route route = Find("10.9.0.0/16");
  ASSERT_EQ(route.next_hops.size(), 2u);
  EXPECT_EQ(route.next_hops[0].via.ToString(), "10.0.0.254");
  EXPECT_EQ(route.next_hops[0].ifindex, v0_);
  EXPECT_EQ(route.next_hops[0].weight, 3u);
  EXPECT_EQ(route.next_hops[1].via.family, 0);
  EXPECT_TRUE(route.Uses(v0_));
  EXPECT_TRUE(route.Uses(v1_));
  EXPECT_EQ(Find("2001:db8:9::/48").next_hops.size(), 2u);
}

TEST_F(RouteTest, RoutesComeBackAsTheyWere) {
  Sh(R"(printf '%s\n' \
    'route add default via 10.0.0.254 metric 100 mtu 1300 initcwnd 20' \
    'route add 10.9.0.0/16 via 10.0.0.254 src 10.0.0.1 table 77 proto 99' \
    'route add 10.9.1.0/24 nexthop via 10.0.0.254 weight 3 nexthop dev v1 weight 1' \
    'route add 10.9.2.0/24 via 192.0.2.1 dev v0 onlink' \
    'route add 10.9.3.0/24 via inet6 2001:db8::fe dev v0' \
    'route add 10.9.4.0/24 dev v0 scope host tos 0x10' \
    'route add unreachable 10.9.5.0/24 metric 4000' \
    'route add default via 2001:db8::fe metric 5 pref high' \
    'route add 2001:db8:9::/48 nexthop via 2001:db8::fe dev v0 nexthop via 2001:db8::fd dev v0 weight 2' \
    'route add 2001:db8:8::/48 dev v0 mtu lock 1300 table 77' | ip -batch -)");
  const std::string before = State();
  std::vector<Route> had;
  for (const Route& route : List()) {
    if (route.protocol == 2) continue;  // RTPROT_KERNEL: comes with the address
    had.push_back(route);
    ASSERT_OK(DeleteExactly(host(), route));
  }
  ASSERT_GE(had.size(), 10u);
  EXPECT_NE(State(), before);
  for (const Route& route : had) ASSERT_OK(ReplayRoute(host(), route, {}));
  EXPECT_EQ(State(), before);
  for (const Route& route : had) EXPECT_EQ(Find(route.destination.ToString()).family, route.family);
  for (const Route& route : had) EXPECT_ERRNO(ReplayRoute(host(), route, {}), EEXIST) << route.destination.ToString();
}

TEST_F(RouteTest, ARouteOfALinkWithoutCarrierComesBackToo) {
  Sh("ip route add 10.9.0.0/16 via 10.0.0.254 && ip link set v1 down");
  const Route route = Find("10.9.0.0/16");
  ASSERT_OK(DeleteExactly(host(), route));
  ASSERT_OK(ReplayRoute(host(), route, {}));
  Sh("ip link set v1 up");
  EXPECT_EQ(Find("10.9.0.0/16").body, route.body);
}

TEST_F(RouteTest, ARouteThroughANexthopObjectComesBack) {
  Sh("ip nexthop add id 7 via 10.0.0.254 dev v0 && ip route add 10.9.0.0/16 nhid 7");
  const std::string before = State();
  const Route route = Find("10.9.0.0/16");
  ASSERT_OK(DeleteExactly(host(), route));
  ASSERT_OK(ReplayRoute(host(), route, {}));
  EXPECT_EQ(State(), before);
  Sh("ip route del 10.9.0.0/16 && ip nexthop del id 7");
}

TEST_F(RouteTest, RoutesAreReplayedOntoOtherLinks) {
  Sh("ip route add 10.9.0.0/16 dev v0 && ip route add 10.9.1.0/24 nexthop dev v0 weight 2 nexthop dev v0 weight 3");
  Sh("ip -6 route add 2001:db8:9::/48 dev v0");
  for (const char* destination : {"10.9.0.0/16", "10.9.1.0/24", "2001:db8:9::/48"}) {
    const Route route = Find(destination);
    ASSERT_OK(DeleteExactly(host(), route));
    ASSERT_OK(ReplayRoute(host(), route, {{v0_, v1_}}));
    const Route moved = Find(destination);
    EXPECT_FALSE(moved.Uses(v0_)) << destination;
    EXPECT_TRUE(moved.Uses(v1_)) << destination;
    EXPECT_EQ(moved.body, BodyWith(route, {{v0_, v1_}})) << destination;
    EXPECT_NE(moved.body, route.body) << destination;
    EXPECT_EQ(BodyWith(moved, {{v1_, v0_}}), route.body) << destination;
  }
}

TEST_F(RouteTest, TheLinkTowardsAnAddressIsTheOneTheKernelWouldTake) {
  EXPECT_EQ(Towards("10.0.0.7"), v0_);
  EXPECT_EQ(Towards("127.0.0.1"), 1);
  EXPECT_EQ(Towards("2001:db8::7"), v0_);
  EXPECT_ERRNO(RouteTowards(host(), *ParseIp("192.0.2.1")), ENETUNREACH);
  EXPECT_ERRNO(RouteTowards(host(), *ParseIp("2001:db9::1")), ENETUNREACH);
  Sh("ip route add default via 10.0.0.254");
  EXPECT_EQ(Towards("192.0.2.1"), v0_);
}

}  // namespace
}  // namespace warren::kernel
