#include "agent/kernel/ip.h"

#include <gtest/gtest.h>
#include <sys/socket.h>

#include <set>

namespace warren::kernel {
namespace {

TEST(IpText, ReadsAndWritesBothFamilies) {
  EXPECT_EQ(ParseIp("10.0.0.1")->bytes, std::string("\x0a\x00\x00\x01", 4));
  EXPECT_EQ(ParseIp("10.0.0.1")->family, AF_INET);
  EXPECT_EQ(ParseIp("2001:db8::1")->family, AF_INET6);
  EXPECT_EQ(ParseIp("2001:DB8:0:0::1")->ToString(), "2001:db8::1");
  for (const char* bad : {"", "10.0.0", "10.0.0.256", "10.0.0.1 ", "10.0.0.1/24", "::g", "1:2", "eth0"}) {
    EXPECT_FALSE(ParseIp(bad)) << bad;
  }
  EXPECT_EQ(Ip().ToString(), "");
}

TEST(IpText, PrefixesHaveTheLongestLengthUnlessTold) {
  EXPECT_EQ(ParsePrefix("10.0.0.1")->ToString(), "10.0.0.1/32");
  EXPECT_EQ(ParsePrefix("::1")->length, 128);
  EXPECT_EQ(ParsePrefix("0.0.0.0/0")->length, 0);
  EXPECT_EQ(ParsePrefix("10.0.0.1/24")->ToString(), "10.0.0.1/24");
  for (const char* bad : {"", "/24", "10.0.0.1/", "10.0.0.1/33", "::/129", "10.0.0.1/-1", "10.0.0.1/+8", "10.0.0.1/ 8",
                          "10.0.0.1/8/8", "10.0.0.1/99999999999"}) {
    EXPECT_FALSE(ParsePrefix(bad)) << bad;
  }
}

TEST(IpText, ANetworkHasNoBitBeyondItsLength) {
  for (const char* network : {"10.0.0.0/24", "0.0.0.0/0", "10.0.0.1/32", "2001:db8::/32", "::/0", "10.0.0.128/25"}) {
    EXPECT_TRUE(ParsePrefix(network)->IsNetwork()) << network;
  }
  for (const char* host : {"10.0.0.1/24", "10.0.0.128/24", "2001:db8::1/64", "128.0.0.0/0"}) {
    EXPECT_FALSE(ParsePrefix(host)->IsNetwork()) << host;
  }
}

TEST(IpText, MacsAreSixHexBytes) {
  EXPECT_EQ(*ParseMac("02:00:00:aB:Cd:ef"), std::string("\x02\x00\x00\xab\xcd\xef", 6));
  EXPECT_EQ(FormatMac(*ParseMac("02:00:00:aB:Cd:ef")), "02:00:00:ab:cd:ef");
  for (const char* bad : {"", "02:00:00:00:00", "02-00-00-00-00-00", "02:00:00:00:00:0g", "02:00:00:00:00:00:00"}) {
    EXPECT_FALSE(ParseMac(bad)) << bad;
  }
}

TEST(IpText, RandomMacsAreLocalUnicastAndDiffer) {
  std::set<std::string> macs;
  for (int i = 0; i < 1000; ++i) {
    const std::string mac = RandomMac();
    ASSERT_EQ(mac.size(), 6u);
    EXPECT_EQ(mac[0] & 0x03, 0x02);
    macs.insert(mac);
  }
  EXPECT_EQ(macs.size(), 1000u);
}

TEST(IpTest, LinkLocalAddressIsMadeOfAMac) {
  EXPECT_EQ(LinkLocalOf(*ParseMac("02:00:5e:10:00:01"))->ToString(), "fe80::5eff:fe10:1");
  EXPECT_FALSE(LinkLocalOf(""));
}

}  // namespace
}  // namespace warren::kernel
