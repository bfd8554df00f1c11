#include "agent/kernel/nexthop.h"

#include <errno.h>

#include "absl/strings/str_join.h"
#include "tests/agent/kernel/kernel_test.h"

namespace warren::kernel {
namespace {

class NexthopTest : public KernelTest {
 protected:
  void SetUp() override {
    Sh("ip link add v0 type veth peer name v1 && ip link set v0 up && ip link set v1 up");
    Sh("ip link add w0 type veth peer name w1 && ip link set w0 up && ip link set w1 up");
    Sh("ip address add 10.0.0.1/24 dev v0 && ip address add 2001:db8::1/64 dev v0 nodad");
    index_ = IndexOf(host(), "v0");
  }
  void TearDown() override {
    Sh("ip nexthop flush 2>/dev/null || true");  // one that is on no link stays
    KernelTest::TearDown();
  }
  std::vector<NexthopObject> List() {
    auto list = ListNexthopsOf(host(), index_);
    EXPECT_EQ(ToStatus(list), absl::OkStatus());
    return list.ok() ? *list : std::vector<NexthopObject>();
  }
  std::string Ids() {
    return absl::StrJoin(List(), " ",
                         [](std::string* out, const NexthopObject& each) { *out += std::to_string(each.id); });
  }
  static std::string Told() { return Sh("ip -d nexthop show"); }

  int index_ = 0;
};

TEST_F(NexthopTest, ThoseOfALinkAreListedWithTheirGroupsAfterThem) {
  EXPECT_EQ(Ids(), "");
  Sh("ip nexthop add id 50 via 10.0.0.2 dev v0 && ip nexthop add id 60 dev w0 && ip nexthop add id 70 blackhole");
  Sh("ip nexthop add id 1 group 50/60 && ip nexthop add id 2 group 60 && ip nexthop add id 3 dev v0");
  EXPECT_EQ(Ids(), "3 50 1");
  EXPECT_EQ(List()[2].members, (std::vector<uint32_t>{50, 60}));
}

TEST_F(NexthopTest, ObjectsThatWentWithTheirLinkArePutBackAsTheyWere) {
  Sh("ip nexthop add id 5 via 10.0.0.2 dev v0 protocol static && ip nexthop add id 6 via 2001:db8::2 dev v0");
  Sh("ip nexthop add id 7 via 172.16.0.1 dev v0 onlink && ip nexthop add id 9 dev w0");
  Sh("ip nexthop add id 20 group 5,2/9,3 && ip nexthop add id 21 group 5 && ip nexthop add id 22 group 6");
  Sh("ip nexthop add id 23 group 5/9 type resilient buckets 8 idle_timer 60 unbalanced_timer 300");
  const std::string told = Told();
  const std::vector<NexthopObject> had = List();
  Sh("ip link set v0 down && ip link set v0 up && ip address add 2001:db8::1/64 dev v0 nodad");
  ASSERT_EQ(Ids(), "");
  for (int i = 0; i < 2; ++i) {
    for (const NexthopObject& each : had) ASSERT_OK(PutNexthop(host(), each, index_)) << each.id;
  }
  // How long ago a group was unbalanced is the kernel's to tell.
  const std::string without = " | sed 's/unbalanced_time [0-9.]*//'";
  EXPECT_EQ(Sh("ip -d nexthop show" + without), Sh("printf '%s' '" + told + "'" + without));
  ASSERT_OK(DeleteNexthop(host(), 5));
  EXPECT_ERRNO(DeleteNexthop(host(), 5), ENOENT);
}

TEST_F(NexthopTest, ARouteTellsTheObjectItGoesThrough) {
  Sh("ip nexthop add id 5 via 10.0.0.2 dev v0 && ip route add 10.9.0.0/16 nhid 5 && ip route add 10.8.0.0/16 dev v0");
  RouteFilter filter;
  filter.ifindex = index_;
  const auto routes = ListRoutes(host(), filter);
  ASSERT_OK(routes);
  for (const Route& route : *routes) {
    EXPECT_EQ(NexthopOf(route), route.destination.ToString() == "10.9.0.0/16" ? 5u : 0u)
        << route.destination.ToString();
  }
}

TEST_F(NexthopTest, OneWithoutACarrierIsRefusedWithTheReason) {
  Sh("ip nexthop add id 5 via 10.0.0.2 dev v0");
  const NexthopObject had = List().at(0);
  Sh("ip link set v1 down");
  EXPECT_TRUE(Try("for i in $(seq 200); do [ -z \"$(ip nexthop)\" ] && exit 0; sleep 0.01; done; exit 1").code == 0);
  const absl::Status status = PutNexthop(host(), had, index_);
  EXPECT_ERRNO(status, ENETDOWN);
  EXPECT_EQ(ExtendedAckOf(status), "Carrier for nexthop device is down");
}

}  // namespace
}  // namespace warren::kernel
