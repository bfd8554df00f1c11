#include "agent/kernel/qdisc.h"

#include "absl/strings/str_join.h"
#include "tests/agent/kernel/kernel_test.h"

namespace warren::kernel {
namespace {

class QdiscTest : public KernelTest {
 protected:
  void SetUp() override {
    Sh("ip link add v0 type veth peer name v1 && ip link set v0 up && ip link set v1 up");
    index_ = IndexOf(host(), "v0");
  }
  std::vector<TrafficControl> List() {
    auto list = ListTrafficControl(host(), index_);
    EXPECT_EQ(ToStatus(list), absl::OkStatus());
    return list.ok() ? *list : std::vector<TrafficControl>();
  }
  std::string Names() {
    return absl::StrJoin(List(), ", ", [](std::string* out, const TrafficControl& each) { *out += each.ToString(); });
  }
  static std::string Told() {
    return Sh(
        "tc -d qdisc show dev v0 | sed 's/refcnt [0-9]*//; s/direct_packets_stat [0-9]*//'; tc -d class show dev v0; "
        "tc -d filter show dev v0; "
        "tc -d filter show dev v0 ingress; tc -d filter show dev v0 egress");
  }
  // What `tc` set up is put back after it was removed, wholly.
  void ExpectPutBack(const std::string& names) {
    EXPECT_EQ(Names(), names);
    const std::string told = Told();
    const std::vector<TrafficControl> had = List();
    Sh("tc qdisc delete dev v0 root 2>/dev/null || true; tc qdisc delete dev v0 ingress 2>/dev/null || true");
    Sh("tc qdisc delete dev v0 clsact 2>/dev/null || true");
    ASSERT_EQ(Names(), "");
    for (const TrafficControl& each : had) ASSERT_OK(PutTrafficControl(host(), each, index_)) << each.ToString();
    EXPECT_EQ(Told(), told);
    const std::vector<TrafficControl> now = List();
    ASSERT_EQ(now.size(), had.size());
    for (size_t i = 0; i < had.size(); ++i) {
      if (had[i].part == TrafficPart::kFilter) continue;  // its actions tell when they were made
      EXPECT_EQ(now[i].body, had[i].body) << had[i].ToString();
    }
    ASSERT_OK(DeleteTrafficControl(host(), had[0], index_));
    EXPECT_NE(Names(), names);
  }

  int index_ = 0;
};

TEST_F(QdiscTest, WhatALinkHasByItselfIsNotListed) { EXPECT_EQ(Names(), ""); }

TEST_F(QdiscTest, AHierarchyIsPutBackAsItWas) {
  Sh("tc qdisc add dev v0 root handle 1: htb default 10 r2q 20");
  Sh("tc class add dev v0 parent 1: classid 1:1 htb rate 10mbit ceil 20mbit burst 20k");
  Sh("tc class add dev v0 parent 1:1 classid 1:10 htb rate 1mbit prio 3 quantum 3000");
  Sh("tc class add dev v0 parent 1:1 classid 1:11 htb rate 40gbit ceil 50gbit");
  Sh("tc qdisc add dev v0 parent 1:10 handle 10: tbf rate 1mbit burst 10kb latency 50ms");
  Sh("tc qdisc add dev v0 parent 1:11 handle 11: pfifo limit 55");
  ExpectPutBack("qdisc htb 1:, class htb 1:1, class htb 1:10, class htb 1:11, qdisc tbf 10:, qdisc pfifo 11:");
}

TEST_F(QdiscTest, ASingleOneIsPutBackAsItWas) {
  Sh("tc qdisc add dev v0 root handle 5: tbf rate 5mbit burst 10kb limit 100kb peakrate 6mbit mtu 1600");
  ExpectPutBack("qdisc tbf 5:");
}

TEST_F(QdiscTest, IngressIsPutBackAsItWas) {
  Sh("tc qdisc add dev v0 ingress");
  ExpectPutBack("qdisc ingress ffff:");
}

TEST_F(QdiscTest, ClsactIsPutBackAsItWas) {
  Sh("tc qdisc add dev v0 clsact");
  ExpectPutBack("qdisc clsact ffff:");
}

TEST_F(QdiscTest, FiltersArePutBackAsTheyWere) {
  if (Try("tc qdisc add dev v0 clsact && tc filter add dev v0 ingress prio 7 matchall action drop").code != 0) {
    GTEST_SKIP() << "this kernel has no classifiers";
  }
  Sh("tc filter add dev v0 egress prio 9 protocol ip flower dst_ip 10.0.0.0/8 ip_proto tcp action pass");
  Sh("tc filter add dev v0 egress prio 9 protocol ip flower dst_ip 10.0.0.0/8 ip_proto udp action pass");
  ExpectPutBack(
      "qdisc clsact ffff:, filter matchall of ffff:fff2, filter flower of ffff:fff3, filter flower of ffff:fff3");
}

}  // namespace
}  // namespace warren::kernel
