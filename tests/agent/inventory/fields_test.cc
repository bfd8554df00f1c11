// Every field of the inventory, against what `ip -j` shows.

#include <stdlib.h>

#include <map>
#include <string>
#include <utility>
#include <vector>

#include "absl/strings/str_cat.h"
#include "absl/strings/str_join.h"
#include "tests/agent/inventory/inventory_test.h"

namespace warren::inventory {
namespace {

// One line a link, address or route, in `ip`'s words. M-DOWN is no flag of the kernel's: ip has looked at the lower
// link.
constexpr char kLinks[] =
    R"([.[] | [.ifindex, .ifname, (.flags - ["M-DOWN"] | join(",")), .mtu, .qdisc, .operstate, .address // "",
  .linkinfo.info_kind // "", .master // "", .ifalias // "", (.altnames // [] | join(",")), .num_tx_queues,
  .num_rx_queues] | map(tostring) | join("|")] | join("\n"))";

std::string LinksOf(const v1::Namespace& netns) {
  std::vector<std::string> lines;
  for (const v1::Link& l : netns.links()) {
    lines.push_back(
        absl::StrJoin(std::vector<std::string>{absl::StrCat(l.ifindex()), l.name(), absl::StrJoin(l.flags(), ","),
                                               absl::StrCat(l.mtu()), l.qdisc(), l.oper_state(), l.mac(), l.kind(),
                                               l.master(), l.alias(), absl::StrJoin(l.alternative_names(), ","),
                                               absl::StrCat(l.tx_queues()), absl::StrCat(l.rx_queues())},
                      "|"));
  }
  return absl::StrJoin(lines, "\n");
}

constexpr char kStatistics[] = R"([.[] | [.ifname] + (.stats64 | [.rx, .tx | .bytes, .packets, .errors, .dropped])
  | map(tostring) | join("|")] | join("\n"))";

std::string StatisticsOf(const v1::Namespace& netns) {
  std::vector<std::string> lines;
  for (const v1::Link& l : netns.links()) {
    const v1::LinkStatistics& s = l.statistics();
    lines.push_back(
        absl::StrJoin(std::vector<std::string>{l.name(), absl::StrCat(s.rx_bytes()), absl::StrCat(s.rx_packets()),
                                               absl::StrCat(s.rx_errors()), absl::StrCat(s.rx_dropped()),
                                               absl::StrCat(s.tx_bytes()), absl::StrCat(s.tx_packets()),
                                               absl::StrCat(s.tx_errors()), absl::StrCat(s.tx_dropped())},
                      "|"));
  }
  return absl::StrJoin(lines, "\n");
}

// Lifetimes are compared in seconds; on a machine on which a look takes more than one, in minutes.
int LifetimeUnit() { return getenv("WARREN_TEST_SLOWNESS") != nullptr ? 60 : 1; }

// ip says "dynamic" of what is not permanent, and 4294967295 of what is for ever.
const std::string kAddresses = R"([.[] | .ifname as $link | .addr_info[] | . as $a | [$link,
  .local + "/" + (.prefixlen | tostring), .address // "", .scope,
  (["secondary", "temporary", "nodad", "optimistic", "dadfailed", "home", "deprecated", "tentative", "mngtmpaddr",
    "noprefixroute", "autojoin", "stable-privacy"] | map(select($a[.] // false)) + (if $a.dynamic then [] else
    ["permanent"] end) | sort | join(",")),
  (.valid_life_time, .preferred_life_time | if . == 4294967295 then "" else . / )" +
                               std::to_string(LifetimeUnit()) + R"( | floor end),
  (if (.label // $link) == $link then "" else .label end)] | map(tostring) | join("|")] | join("\n"))";

std::string AddressesOf(const v1::Namespace& netns) {
  std::vector<std::string> lines;
  for (const v1::Link& l : netns.links()) {
    for (const v1::Address& a : l.addresses()) {
      std::vector<std::string> flags(a.flags().begin(), a.flags().end());
      std::sort(flags.begin(), flags.end());
      lines.push_back(absl::StrJoin(
          std::vector<std::string>{
              l.name(), a.address(), a.peer(), a.scope(), absl::StrJoin(flags, ","),
              a.has_valid_lifetime() ? absl::StrCat(a.valid_lifetime().seconds() / LifetimeUnit()) : "",
              a.has_preferred_lifetime() ? absl::StrCat(a.preferred_lifetime().seconds() / LifetimeUnit()) : "",
              a.label()},
          "|"));
    }
  }
  return absl::StrJoin(lines, "\n");
}

// ip leaves the length of a host route out, and calls tables by name.
std::string Routes(const std::string& family) {
  return R"([.[] | select(.table != "local") | [")" + family + R"(", .dst, .gateway // .via.host // "", .dev // "",
    .prefsrc // "", .metric // 0, (.table // "main" | if . == "main" then "254" else . end), .type // "unicast", .scope,
    .protocol, (.flags // [] | join(",")),
    (.nexthops // [] | map([.gateway // .via.host // "", .dev, .weight, (.flags | join(","))] | map(tostring)
      | join("/")) | join(" "))]
    | map(tostring) | join("|")] | join("\n"))";
}

std::string RoutesOf(const v1::Namespace& netns, const std::string& family) {
  std::vector<std::string> lines;
  for (const v1::Route& r : netns.routes()) {
    if (r.family() != family) continue;
    std::string destination = r.destination();
    const std::string whole = family == "inet" ? "/32" : "/128";
    if (destination.ends_with(whole)) destination.resize(destination.size() - whole.size());
    std::vector<std::string> hops;
    for (const v1::NextHop& h : r.next_hops()) {
      hops.push_back(absl::StrCat(h.via(), "/", h.dev(), "/", h.weight(), "/", absl::StrJoin(h.flags(), ",")));
    }
    lines.push_back(
        absl::StrJoin(std::vector<std::string>{r.family(), destination, r.via(), r.dev(), r.src(),
                                               absl::StrCat(r.metric()), absl::StrCat(r.table()), r.type(), r.scope(),
                                               r.protocol(), absl::StrJoin(r.flags(), ","), absl::StrJoin(hops, " ")},
                      "|"));
  }
  return absl::StrJoin(lines, "\n");
}

class Fields : public InventoryTest {
 protected:
  // What ip shows, and what the inventory does, of the same moment: looked at until ip says the same before and after.
  template <typename Of>
  void ExpectSame(const std::string& netns, const std::string& args, const std::string& filter, Of of) {
    const std::string command = netns == "@host" ? args : "-n " + netns + " " + args;
    for (int i = 0; i < 20; ++i) {
      const std::string before = Ip(command, filter);
      Pass(true);
      if (Ip(command, filter) != before) continue;
      EXPECT_EQ(of(Netns(netns)), before) << command;
      EXPECT_NE(before, "") << "nothing was compared";
      return;
    }
    FAIL() << "ip " << command << " never showed the same twice";
  }
};

TEST_F(Fields, LinksAreAsIpShowsThem) {
  Sh("ip netns add red && ip -n red link set lo up");
  Sh("ip link add t0 numtxqueues 3 numrxqueues 2 type veth peer name eth0 netns red mtu 1400 && ip link set t0 up");
  Sh("ip -n red link set eth0 up address 02:00:00:00:00:07 alias 'to the host'");
  Sh("ip -n red link property add dev eth0 altname a-rather-long-name-of-the-first-interface");
  Sh("ip -n red link add br0 type bridge && ip -n red link add p0 type veth peer name p1");
  Sh("ip -n red link set p0 master br0 && ip -n red link set br0 up && ip -n red link set p1 up promisc on");
  Sh("ip -n red link add link eth0 name mac0 type macvlan && ip -n red tuntap add dev tap0 mode tap");
  for (const char* netns : {"red", "@host"}) ExpectSame(netns, "-d link show", kLinks, LinksOf);
  EXPECT_EQ(Netns("red").link_count(), Netns("red").links_size());
}

TEST_F(Fields, StatisticsAreAsIpShowsThem) {
  Sh("ip netns add red && ip -n red link set lo up");
  Sh("ip netns exec red sysctl -qw net.ipv6.conf.all.disable_ipv6=1");
  Sh("ip netns exec red ping -q -c3 -i0.01 127.0.0.1");
  ExpectSame("red", "-s link show", kStatistics, StatisticsOf);
  EXPECT_EQ(LinkOf("red", "lo").statistics().rx_packets(), 6u);
}

TEST_F(Fields, AddressesAreAsIpShowsThem) {
  Sh("ip netns add red && ip -n red link set lo up");
  Sh("ip link add t0 type veth peer name eth0 netns red && ip link set t0 up && ip -n red link set eth0 up");
  Sh("ip -n red addr add 10.0.0.1/24 dev eth0 && ip -n red addr add 10.0.0.2/24 dev eth0 label eth0:one");
  Sh("ip -n red addr add 10.9.0.1 peer 10.9.0.2 dev eth0");
  Sh("ip -n red addr add 10.0.1.1/24 dev eth0 valid_lft 3630 preferred_lft 0 noprefixroute scope link");
  Sh("ip -n red addr add 2001:db8::1/64 dev eth0 nodad && ip -n red addr add 2001:db8::2/64 dev eth0 nodad "
     "valid_lft 7230 preferred_lft 1830");
  Sh("ip -n red addr add 2001:db8:1::1 peer 2001:db8:1::2/128 dev eth0 nodad");
  ExpectSame("red", "addr show", kAddresses, AddressesOf);
}

TEST_F(Fields, RoutesOfAllTablesButLocalAreAsIpShowsThem) {
  Sh("ip netns add red && ip -n red link set lo up");
  Sh("ip link add t0 type veth peer name eth0 netns red && ip link set t0 up && ip -n red link set eth0 up");
  Sh("ip link add t1 type veth peer name eth1 netns red && ip -n red link set eth1 up");  // no carrier: linkdown
  Sh("ip -n red addr add 10.0.0.1/24 dev eth0 && ip -n red addr add 10.1.0.1/24 dev eth1");
  Sh("ip -n red addr add 2001:db8::1/64 dev eth0 nodad");
  Sh("ip -n red route add default via 10.0.0.254 metric 50 proto bird");
  Sh("ip -n red route add 10.2.0.0/16 via 10.7.7.7 dev eth0 onlink src 10.0.0.1 table 1234");
  Sh("ip -n red route add 10.3.0.9 dev eth0 scope link && ip -n red route add blackhole 10.4.0.0/16");
  Sh("ip -n red route add unreachable 10.5.0.0/16 metric 9 && ip -n red route add prohibit 10.6.0.0/16 table 300");
  Sh("ip -n red route add 10.8.0.0/16 nexthop via 10.0.0.2 dev eth0 weight 3 nexthop via 10.1.0.2 dev eth1 weight 1");
  Sh("ip -n red route add 10.10.0.0/16 via inet6 2001:db8::99 dev eth0");
  Sh("ip -n red -6 route add default via 2001:db8::ffff dev eth0 proto static metric 77");
  Sh("ip -n red -6 route add 2001:db8:5::/48 nexthop via 2001:db8::2 dev eth0 weight 2 nexthop via 2001:db8::3 dev "
     "eth0");
  ExpectSame("red", "-d -4 route show table all", Routes("inet"),
             [](const v1::Namespace& netns) { return RoutesOf(netns, "inet"); });
  ExpectSame("red", "-d -6 route show table all", Routes("inet6"),
             [](const v1::Namespace& netns) { return RoutesOf(netns, "inet6"); });
  EXPECT_EQ(Netns("red").route_count(), Netns("red").routes_size());
}

TEST_F(Fields, ANamespaceIsIdentifiedAsTheKernelDoes) {
  Sh("ip netns add red && ip netns set red 77 && ip netns add blue");
  Pass(true);
  const v1::Namespace& red = Netns("red");
  EXPECT_EQ(red.name(), "hosts/h1/namespaces/red");
  EXPECT_EQ(red.raw_name(), "red");
  EXPECT_EQ(red.nsid(), 77);
  EXPECT_EQ(absl::StrCat(Netns("blue").nsid()), Sh("ip -j netns list | jq '.[] | select(.name == \"blue\") | .id'"))
      << "which it was given to be heard by";
  EXPECT_EQ(red.identity().boot_id(), Sh("cat /proc/sys/kernel/random/boot_id"));
  EXPECT_EQ(absl::StrCat(red.identity().inode()), Sh("stat -Lc %i /run/netns/red"));
  const std::string cookie =
      "python3 -c 'import socket, struct; print(*struct.unpack(\"Q\", socket.socket().getsockopt(1, 71, 8)))'";
  EXPECT_EQ(absl::StrCat(red.identity().cookie()), Sh("ip netns exec red " + cookie));
  const v1::Namespace& host = Netns("@host");
  EXPECT_EQ(absl::StrCat(host.identity().cookie()), Sh(cookie));
  EXPECT_EQ(absl::StrCat(host.identity().inode()), Sh("stat -Lc %i /proc/self/ns/net"));
  EXPECT_EQ(host.raw_name(), "");
  EXPECT_NEAR(static_cast<double>(host.observe_time().seconds()), std::stod(Sh("date +%s")), 60);
}

TEST_F(Fields, WhatNobodyMadeThroughWarrenIsForeignButForWhatTheKernelMakes) {
  Sh("ip netns add red && ip netns add blue && ip link add t0 type veth peer name eth0 netns red");
  Pass(true);
  EXPECT_TRUE(Netns("red").foreign());
  EXPECT_FALSE(Netns("@host").foreign());
  EXPECT_FALSE(LinkOf("red", "lo").foreign());
  EXPECT_TRUE(LinkOf("red", "eth0").foreign());
  EXPECT_TRUE(LinkOf("@host", "t0").foreign());
  for (const v1::Link& link : Netns("blue").links()) EXPECT_FALSE(link.foreign()) << link.name();

  owned_.insert(Netns("red").identity().cookie());
  owned_links_.insert({Netns("red").identity().cookie(), LinkOf("red", "eth0").ifindex()});
  EXPECT_EQ(Refresh({"red"}), std::vector<std::string>{"red"}) << "a change of owner is a change";
  EXPECT_FALSE(Netns("red").foreign());
  EXPECT_FALSE(LinkOf("red", "eth0").foreign());
}

TEST_F(Fields, ALinkThatHasTheIndexOfAnOwnedOneIsForeign) {
  Sh("ip netns add red && ip link add t0 type veth peer name eth0 netns red && ip -n red link add br0 type bridge");
  std::map<std::string, int> nsids;
  Options options;
  options.ownership.is_own = [&](uint64_t, int nsid, const kernel::Link& link) {
    nsids[link.name] = nsid;
    return link.kind == "veth";
  };
  Open(std::move(options));
  Pass(true);
  EXPECT_FALSE(LinkOf("red", "eth0").foreign());
  EXPECT_FALSE(LinkOf("@host", "t0").foreign());
  EXPECT_TRUE(LinkOf("red", "br0").foreign());
  const int nsid = std::stoi(Sh("ip netns list-id | awk '/name: red/ {print $2}'"));
  EXPECT_EQ(nsids["eth0"], nsid) << "by it events of the namespace are told";
  EXPECT_EQ(nsids["t0"], -1);
}

}  // namespace
}  // namespace warren::inventory
