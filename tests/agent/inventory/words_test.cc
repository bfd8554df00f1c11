#include "agent/inventory/words.h"

#include <gtest/gtest.h>
#include <linux/if.h>
#include <linux/if_addr.h>
#include <linux/rtnetlink.h>
#include <sys/socket.h>

#include "agent/inventory/convert.h"
#include "proto/common/names.h"

namespace warren::inventory {
namespace {

using Words = std::vector<std::string>;

TEST(Words, LinkFlagsAreIproutes) {
  EXPECT_EQ(LinkFlags(IFF_UP | IFF_RUNNING | IFF_LOOPBACK | IFF_LOWER_UP), (Words{"LOOPBACK", "UP", "LOWER_UP"}));
  EXPECT_EQ(LinkFlags(IFF_UP | IFF_BROADCAST | IFF_MULTICAST), (Words{"NO-CARRIER", "BROADCAST", "MULTICAST", "UP"}));
  EXPECT_EQ(LinkFlags(IFF_NOARP), (Words{"NOARP"}));
  EXPECT_EQ(LinkFlags(1u << 30), (Words{"0x40000000"}));
}

TEST(Words, TheSameBitIsSecondaryInIpv4AndTemporaryInIpv6) {
  EXPECT_EQ(AddressFlags(IFA_F_SECONDARY | IFA_F_PERMANENT, AF_INET), (Words{"secondary", "permanent"}));
  EXPECT_EQ(AddressFlags(IFA_F_TEMPORARY | IFA_F_TENTATIVE, AF_INET6), (Words{"temporary", "tentative"}));
}

TEST(Words, WhatHasNoNameIsANumber) {
  EXPECT_EQ(OperState(2), "DOWN");
  EXPECT_EQ(OperState(77), "77");
  EXPECT_EQ(Scope(RT_SCOPE_LINK), "link");
  EXPECT_EQ(Scope(42), "42");
  EXPECT_EQ(RouteType(RTN_BLACKHOLE), "blackhole");
  EXPECT_EQ(RouteType(99), "99");
  EXPECT_EQ(RouteProtocol(RTPROT_BIRD), "bird");
  EXPECT_EQ(RouteProtocol(250), "250");
  EXPECT_EQ(NextHopFlags(RTNH_F_ONLINK | RTNH_F_LINKDOWN), (Words{"onlink", "linkdown"}));
}

TEST(Words, LinkNamesAreEscapedOnlyWhereWarrenWouldRefuseThem) {
  EXPECT_EQ(EscapeLinkName("eth0"), "eth0");
  EXPECT_EQ(EscapeLinkName("0"), "0");
  EXPECT_EQ(EscapeLinkName("a:b"), "a=3Ab");
  EXPECT_EQ(EscapeLinkName("a=b"), "a=3Db");
  EXPECT_EQ(EscapeLinkName("\xff"), "=FF");
}

TEST(Words, OnlyWhatTheKernelMakesItselfIsItsOwn) {
  kernel::Link link;
  link.type = 772;  // ARPHRD_LOOPBACK
  EXPECT_TRUE(IsKernelsOwn(link));
  link.type = 768;  // ARPHRD_TUNNEL
  link.name = "tunl0";
  link.kind = "ipip";
  EXPECT_TRUE(IsKernelsOwn(link));
  link.kind = "veth";
  EXPECT_FALSE(IsKernelsOwn(link)) << "somebody's veth of that name";
  link.name = "tunl1";
  link.kind = "ipip";
  EXPECT_FALSE(IsKernelsOwn(link));
}

}  // namespace
}  // namespace warren::inventory
