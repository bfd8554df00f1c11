#include "client/output/ip_text.h"

#include <gtest/gtest.h>

#include "tests/client/output/messages.h"

namespace warren::cli {
namespace {

const Place kRed = {"h1", "red", ""};

std::vector<v1::Link> Links() {
  return {From<v1::Link>(R"(
            name: 'lo' ifindex: 1 flags: 'LOOPBACK' flags: 'UP' mtu: 65536 qdisc: 'noqueue' oper_state: 'UNKNOWN'
            mac: '00:00:00:00:00:00'
            addresses { address: '127.0.0.1/8' scope: 'host' flags: 'permanent' })"),
          From<v1::Link>(R"(
            name: 'eth0' ifindex: 2 flags: 'BROADCAST' flags: 'UP' mtu: 1500 qdisc: 'noqueue' oper_state: 'UP'
            master: 'br0'
            mac: '02:00:00:00:00:01' kind: 'veth' peer { ifindex: 5 namespace: '@host' name: 'tap0' nsid: 0 }
            alias: 'uplink' alternative_names: 'wan'
            addresses { address: '10.0.0.1/32' peer: '10.0.0.2/32' scope: 'global' flags: 'permanent' flags: 'secondary'
                        label: 'eth0:1' }
            addresses { address: '2001:db8::1/64' scope: 'global' flags: 'tentative'
                        valid_lifetime { seconds: 3600 } preferred_lifetime { } })"),
          From<v1::Link>("name: 'tun0' ifindex: 3 mtu: 1400 kind: 'tun' foreign: true")};
}

TEST(LinksText, LooksAsIpLinkDoesAndNamesTheOtherEnd) {
  EXPECT_EQ(LinksText(kRed, Links(), Format::kTable),
            "1: lo: <LOOPBACK,UP> mtu 65536 qdisc noqueue state UNKNOWN\n"
            "    link/loopback 00:00:00:00:00:00\n"
            "2: eth0: <BROADCAST,UP> mtu 1500 qdisc noqueue master br0 state UP\n"
            "    link/ether 02:00:00:00:00:01\n"
            "    veth peer @host:tap0\n"
            "    alias uplink\n"
            "    altname wan\n"
            "3: tun0: <> mtu 1400\n"
            "    link/none\n"
            "    tun foreign\n");
}

TEST(LinksText, APeerIsNamedAsFarAsItIsKnown) {
  v1::Link link = From<v1::Link>("name: 'eth0' mac: '02:00:00:00:00:01' peer { ifindex: 5 nsid: 7 }");
  EXPECT_NE(LinksText(kRed, {link}, Format::kTable).find("peer if5 in nsid 7\n"), std::string::npos);
  link.mutable_peer()->set_nsid(-1);
  link.mutable_peer()->set_name("eth1");
  EXPECT_NE(LinksText(kRed, {link}, Format::kTable).find("peer eth1\n"), std::string::npos);
}

TEST(LinksText, NamesAreWhatTheCommandsTake) {
  EXPECT_EQ(LinksText(kRed, Links(), Format::kName), "h1/red:lo\nh1/red:eth0\nh1/red:tun0\n");
  EXPECT_EQ(LinksText(kRed, {}, Format::kName), "");
  EXPECT_EQ(LinksText(kRed, {}, Format::kJson), "[]\n");
}

TEST(AddressesText, LooksAsIpAddressDoes) {
  EXPECT_EQ(AddressesText(kRed, Links(), Format::kTable),
            "1: lo: <LOOPBACK,UP> mtu 65536 qdisc noqueue state UNKNOWN\n"
            "    link/loopback 00:00:00:00:00:00\n"
            "    inet 127.0.0.1/8 scope host lo\n"
            "       valid_lft forever preferred_lft forever\n"
            "2: eth0: <BROADCAST,UP> mtu 1500 qdisc noqueue master br0 state UP\n"
            "    link/ether 02:00:00:00:00:01\n"
            "    veth peer @host:tap0\n"
            "    alias uplink\n"
            "    altname wan\n"
            "    inet 10.0.0.1/32 peer 10.0.0.2/32 scope global secondary eth0:1\n"
            "       valid_lft forever preferred_lft forever\n"
            "    inet6 2001:db8::1/64 scope global tentative eth0\n"
            "       valid_lft 3600sec preferred_lft 0sec\n"
            "3: tun0: <> mtu 1400\n"
            "    link/none\n"
            "    tun foreign\n");
}

TEST(AddressesText, LifetimesAreThoseLeftNow) {
  const std::string after = AddressesText(kRed, Links(), Format::kTable, absl::Seconds(12));
  EXPECT_NE(after.find("valid_lft 3588sec preferred_lft 0sec\n"), std::string::npos) << after;
  EXPECT_NE(after.find("valid_lft forever preferred_lft forever\n"), std::string::npos) << after;
  const std::string over = AddressesText(kRed, Links(), Format::kTable, absl::Hours(2));
  EXPECT_NE(over.find("valid_lft 0sec preferred_lft 0sec\n"), std::string::npos) << over;
  EXPECT_EQ(AddressesText(kRed, Links(), Format::kJson, absl::Hours(2)), AddressesText(kRed, Links(), Format::kJson));
}

TEST(LinksText, NothingUnseenIsPrintedOfWhatOthersNamed) {
  const auto link = From<v1::Link>(
      "name: 'a\xe2\x80\xae' 'b' ifindex: 2 alias: 'one\\ntwo\\033[31m' alternative_names: 'z\xe2\x80\x8b' 'w'");
  EXPECT_EQ(LinksText(kRed, {link}, Format::kTable),
            "2: a\\u202eb: <> mtu 0\n    link/none\n    alias one\\u000atwo\\u001b[31m\n    altname z\\u200bw\n");
}

TEST(AddressesText, NamesAreWhatAddrDelTakes) {
  EXPECT_EQ(AddressesText(kRed, Links(), Format::kName),
            "127.0.0.1/8 dev h1/red:lo\n"
            "10.0.0.1/32 peer 10.0.0.2/32 dev h1/red:eth0\n"
            "2001:db8::1/64 dev h1/red:eth0\n");
}

std::vector<v1::Route> Routes() {
  return {
      From<v1::Route>("destination: 'default' via: '10.0.0.254' dev: 'eth0' metric: 50 table: 254 type: 'unicast' "
                      "scope: 'global' protocol: 'static' family: 'inet'"),
      From<v1::Route>("destination: '10.0.0.0/24' dev: 'eth0' src: '10.0.0.1' table: 254 type: 'unicast' scope: 'link' "
                      "protocol: 'kernel' family: 'inet'"),
      From<v1::Route>("destination: '10.9.0.0/16' via: '10.1.1.1' dev: 'eth0' table: 77 type: 'unicast' "
                      "scope: 'global' protocol: 'boot' flags: 'onlink' flags: 'linkdown'"),
      From<v1::Route>("destination: '10.8.0.0/16' table: 254 type: 'blackhole' scope: 'global'"),
      From<v1::Route>(
          "destination: '2001:db8:9::/48' table: 254 type: 'unicast' scope: 'global' protocol: 'bird' metric: 1024 "
          "next_hops { via: 'fe80::1' dev: 'eth0' weight: 1 } "
          "next_hops { dev: 'eth1' weight: 2 flags: 'dead' }"),
      From<v1::Route>("destination: 'default' via: 'fe80::1' dev: 'eth0' table: 254 type: 'unicast' scope: 'global' "
                      "protocol: 'ra' metric: 1024 mtu: 1400 expires { seconds: 1796 }"),
      From<v1::Route>("destination: '10.7.0.0/16' via: '10.0.0.2' dev: 'eth0' table: 254 type: 'unicast' "
                      "scope: 'global' protocol: 'zebra' tos: 8 nexthop_id: 5"),
  };
}

TEST(RoutesText, LooksAsIpRouteDoes) {
  EXPECT_EQ(RoutesText(kRed, Routes(), Format::kTable),
            "default via 10.0.0.254 dev eth0 metric 50 proto static\n"
            "10.0.0.0/24 dev eth0 src 10.0.0.1 proto kernel scope link\n"
            "10.9.0.0/16 via 10.1.1.1 dev eth0 table 77 onlink linkdown\n"
            "blackhole 10.8.0.0/16\n"
            "2001:db8:9::/48 metric 1024 proto bird\n"
            "    nexthop via fe80::1 dev eth0 weight 1\n"
            "    nexthop dev eth1 weight 2 dead\n"
            "default via fe80::1 dev eth0 metric 1024 proto ra mtu 1400 expires 1796sec\n"
            "10.7.0.0/16 tos 0x08 nhid 5 via 10.0.0.2 dev eth0 proto zebra\n");
}

TEST(RoutesText, ExpiriesAreThoseLeftNow) {
  const std::string after = RoutesText(kRed, {Routes()[5]}, Format::kTable, absl::Seconds(12));
  EXPECT_EQ(after, "default via fe80::1 dev eth0 metric 1024 proto ra mtu 1400 expires 1784sec\n");
  EXPECT_NE(RoutesText(kRed, {Routes()[5]}, Format::kTable, absl::Hours(2)).find("expires 0sec\n"), std::string::npos);
}

TEST(RoutesText, NamesAreWhatRouteDelTakes) {
  EXPECT_EQ(RoutesText(kRed, {Routes()[0], Routes()[2]}, Format::kName),
            "h1/red default via 10.0.0.254 dev eth0 metric 50\n"
            "h1/red 10.9.0.0/16 via 10.1.1.1 dev eth0 table 77\n");
}

}  // namespace
}  // namespace warren::cli
