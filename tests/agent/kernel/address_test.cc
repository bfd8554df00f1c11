#include "agent/kernel/address.h"

#include <errno.h>
#include <gmock/gmock.h>
#include <linux/if_addr.h>
#include <sys/socket.h>

#include <set>

#include "absl/strings/str_cat.h"
#include "tests/agent/kernel/kernel_test.h"

namespace warren::kernel {
namespace {

// Everything about the addresses of a link but the lifetimes left.
constexpr char kState[] =
    "[.[0].addr_info[] | del(.valid_life_time, .preferred_life_time)] | sort_by(.family == \"inet6\")";

class AddressTest : public KernelTest {
 protected:
  void SetUp() override {
    Sh("ip link add v0 type veth peer name v1");
    v0_ = IndexOf(host(), "v0");
    v1_ = IndexOf(host(), "v1");
  }
  absl::Status Add(const std::string& prefix, const std::string& peer = "", bool nodad = false) {
    NewAddress address{.ifindex = v0_, .local = *ParsePrefix(prefix), .nodad = nodad};
    if (!peer.empty()) address.peer = *ParseIp(peer);
    return AddAddress(host(), address);
  }
  absl::Status Delete(int ifindex, const std::string& prefix, const std::string& peer = "") {
    Address address{.ifindex = ifindex, .local = *ParsePrefix(prefix)};
    if (!peer.empty()) address.peer = *ParseIp(peer);
    return DeleteAddress(host(), address);
  }
  std::vector<Address> List(int ifindex) {
    auto listed = ListAddresses(host(), ifindex);
    EXPECT_TRUE(listed.ok()) << listed.status();
    return listed.ok() ? *std::move(listed) : std::vector<Address>();
  }
  // Takes all addresses away, then puts them back as a dump had them.
  void TakeAwayAndReplay(int onto) {
    const auto had = List(v0_);
    Sh("ip addr flush dev v0");
    ASSERT_EQ(Ip("addr show v0", ".[0].addr_info"), "[]");
    for (const Address& address : had) {
      if (address.local.ip.family != AF_INET) continue;
      ASSERT_OK(ReplayAddress(host(), address, onto));
    }
    // IPv6 lists the newest first.
    for (auto address = had.rbegin(); address != had.rend(); ++address) {
      if (address->local.ip.family != AF_INET6) continue;
      ASSERT_OK(ReplayAddress(host(), *address, onto));
    }
  }
  int v0_ = 0, v1_ = 0;
};

TEST_F(AddressTest, AnAddressIsAddedAsIpAddsIt) {
  for (const char* prefix : {"10.0.0.1/24", "10.0.1.1/31", "10.0.2.1/32", "2001:db8::1/64"}) ASSERT_OK(Add(prefix));
  const std::string ours = Ip("addr show v0", kState);
  Sh("ip addr flush dev v0");
  // iproute2 gives a broadcast address only when told to ("brd +").
  Sh("ip addr add 10.0.0.1/24 brd + dev v0 && ip addr add 10.0.1.1/31 dev v0 && ip addr add 10.0.2.1/32 dev v0");
  Sh("ip addr add 2001:db8::1/64 dev v0");
  EXPECT_EQ(ours, Ip("addr show v0", kState));
}

TEST_F(AddressTest, ALoopbackAddressHasScopeHost) {
  ASSERT_OK(AddAddress(host(), {.ifindex = 1, .local = *ParsePrefix("127.1.0.1/32")}));
  EXPECT_EQ(Ip("addr show lo", ".[0].addr_info[] | select(.local == \"127.1.0.1\").scope"), "host");
  ASSERT_OK(Delete(1, "127.1.0.1/32"));
}

TEST_F(AddressTest, PeerNodadAndLifetimesArePassedOn) {
  ASSERT_OK(Add("10.0.0.1/32", "10.0.0.2"));
  EXPECT_EQ(Ip("addr show v0", ".[0].addr_info[0] | [.local, .address, .prefixlen]"), R"(["10.0.0.1","10.0.0.2",32])");
  ASSERT_OK(Add("2001:db8::1/64", "", true));
  EXPECT_EQ(Ip("-6 addr show v0", ".[0].addr_info[0].nodad"), "true");
  ASSERT_OK(AddAddress(
      host(),
      {.ifindex = v0_, .local = *ParsePrefix("2001:db8::2/64"), .valid_lifetime = 5000, .preferred_lifetime = 9000}));
  EXPECT_EQ(Ip("-6 addr show v0",
               ".[0].addr_info[] | select(.local == \"2001:db8::2\") | [.valid_life_time, .preferred_life_time] | "
               "map(. > 4900 and . <= 5000)"),
            "[true,true]");
}

TEST_F(AddressTest, PrefixRouteOfOneWithALifetimeGoesWithTheLastThatNeedsIt) {
  Sh("ip link set v0 up && ip link set v1 up");
  for (const char* address : {"2001:db8:1::1/64", "2001:db8:1::2/64", "2001:db8:2::1/64"}) {
    Sh(absl::StrCat("ip addr add ", address, " dev v0 nodad valid_lft 600 preferred_lft 300"));
  }
  Sh("ip addr add 2001:db8:2::2/64 dev v0 noprefixroute");
  Sh("ip addr add 2001:db8:3::1/64 dev v0 nodad valid_lft 600 preferred_lft 300 metric 77");
  const auto routes = [](const std::string& prefix) { return Sh("ip -6 route show " + prefix + " | wc -l"); };
  for (const Address& address : List(v0_)) {
    if (address.local.ip.ToString().ends_with(":1")) {
      ASSERT_OK(DeleteAddress(host(), address));
    }
  }
  EXPECT_EQ(routes("2001:db8:1::/64"), "1");
  EXPECT_EQ(routes("2001:db8:2::/64"), "1") << "one that has no prefix route of its own may rest on it";
  EXPECT_EQ(routes("2001:db8:3::/64"), "0");
  for (const Address& address : List(v0_)) {
    if (address.local.ToString() == "2001:db8:1::2/64") {
      ASSERT_OK(DeleteAddress(host(), address));
    }
  }
  EXPECT_EQ(routes("2001:db8:1::/64"), "0");
}

TEST_F(AddressTest, ChangesInPlaceAndBack) {
  Sh("ip addr add 10.0.0.1/24 dev v0 label v0:x valid_lft 600 preferred_lft 300");
  Sh("ip addr add 2001:db8::1/64 dev v0 valid_lft 600 preferred_lft 300 metric 77");
  const std::string before = Ip("addr show v0", kState);
  for (const Address& there : List(v0_)) {
    ASSERT_OK(ChangeAddress(host(), there, {.nodad = false}));
    ASSERT_EQ(Ip("addr show v0 to " + there.local.ip.ToString(),
                 ".[0].addr_info[0] | [.dynamic, .valid_life_time, .metric, .label]"),
              there.local.ip.family == AF_INET ? R"([null,4294967295,null,"v0:x"])" : "[null,4294967295,77,null]");
    EXPECT_FALSE(After(there, absl::Seconds(600)).has_value());
    ASSERT_OK(ChangeAddressBack(host(), *After(there, absl::Seconds(100))));
  }
  EXPECT_EQ(Ip("addr show v0", kState), before);
  EXPECT_EQ(Ip("addr show v0", "[.[0].addr_info[] | [.valid_life_time <= 500, .preferred_life_time <= 200]] | unique"),
            "[[true,true]]");
}

TEST_F(AddressTest, RefusalsAreTheKernels) {
  ASSERT_OK(Add("10.0.0.1/24"));
  ASSERT_OK(Add("2001:db8::1/64"));
  EXPECT_ERRNO(Add("10.0.0.1/24"), EEXIST);
  EXPECT_ERRNO(Add("2001:db8::1/64"), EEXIST);
  EXPECT_ERRNO(AddAddress(host(), {.ifindex = 4711, .local = *ParsePrefix("10.0.0.1/24")}), ENODEV);
  EXPECT_ERRNO(Delete(v0_, "10.0.0.2/24"), EADDRNOTAVAIL);
  EXPECT_ERRNO(Delete(v0_, "10.0.0.1/25"), EADDRNOTAVAIL);
  EXPECT_ERRNO(Delete(v0_, "2001:db8::2/64"), EADDRNOTAVAIL);
  EXPECT_ERRNO(Delete(4711, "10.0.0.1/24"), ENODEV);
  EXPECT_EQ(Delete(v0_, "10.0.0.2/24").code(), absl::StatusCode::kNotFound);
}

TEST_F(AddressTest, DeletingTakesExactlyThatOne) {
  for (const char* prefix : {"10.0.0.1/24", "10.0.0.1/25", "10.1.0.1/24", "2001:db8::1/64", "2001:db8::2/64"}) {
    ASSERT_OK(Add(prefix));
  }
  ASSERT_OK(Add("10.2.0.1/32", "10.2.0.2"));
  ASSERT_OK(Delete(v0_, "10.0.0.1/25"));
  ASSERT_OK(Delete(v0_, "2001:db8::1/64"));
  ASSERT_OK(Delete(v0_, "10.2.0.1/32", "10.2.0.2"));
  EXPECT_EQ(Ip("addr show v0", "[.[0].addr_info[] | \"\\(.local)/\\(.prefixlen)\"] | sort"),
            R"(["10.0.0.1/24","10.1.0.1/24","2001:db8::2/64"])");
}

TEST_F(AddressTest, AddressesAreListedOfOneLinkOrOfAll) {
  ASSERT_OK(Add("10.0.0.1/24"));
  ASSERT_OK(Add("10.0.0.2/24"));
  ASSERT_OK(Add("10.2.0.1/32", "10.2.0.2"));
  Sh("ip addr add 10.3.0.1/24 dev v1");
  const auto own = List(v0_);
  ASSERT_EQ(own.size(), 3u);
  EXPECT_EQ(own[0].local.ToString(), "10.0.0.1/24");
  EXPECT_EQ(own[0].peer.family, 0);
  EXPECT_EQ(own[0].label, "v0");
  EXPECT_EQ(own[0].valid_lifetime, kForever);
  EXPECT_TRUE(own[0].flags & IFA_F_PERMANENT);
  EXPECT_EQ(own[1].local.ToString(), "10.2.0.1/32");
  EXPECT_EQ(own[1].peer.ToString(), "10.2.0.2");
  EXPECT_EQ(own[2].local.ToString(), "10.0.0.2/24");
  EXPECT_TRUE(own[2].flags & IFA_F_SECONDARY);
  std::set<std::string> all;
  for (const Address& address : List(0)) all.insert(address.local.ToString());
  EXPECT_THAT(all, ::testing::IsSupersetOf({"127.0.0.1/8", "10.0.0.1/24", "10.3.0.1/24"}));
}

TEST_F(AddressTest, AddressesComeBackAsTheyWereThePrimaryFirst) {
  Sh("ip addr add 10.0.0.1/24 brd 10.0.0.99 dev v0 && ip addr add 10.0.0.2/24 dev v0 label v0:alias");
  Sh("ip addr add 10.0.0.3/24 dev v0 && ip addr add 10.2.0.1 peer 10.2.0.2/32 dev v0 scope link");
  Sh("ip addr add 10.4.0.1/24 dev v0 metric 77 noprefixroute valid_lft 5000 preferred_lft 4000");
  Sh("ip addr add 2001:db8::1/64 dev v0 nodad preferred_lft 0 && ip addr add 2001:db8::2/64 dev v0 nodad "
     "noprefixroute");
  Sh("ip addr add 2001:db8:1::1 peer 2001:db8:1::2/128 dev v0 nodad");
  const std::string before = Ip("addr show v0", kState);
  TakeAwayAndReplay(v0_);
  EXPECT_EQ(Ip("addr show v0", kState), before);
  EXPECT_EQ(Ip("-4 addr show v0", "[.[0].addr_info[] | select(.local == \"10.4.0.1\") | .valid_life_time > 4900]"),
            "[true]");
}

TEST_F(AddressTest, AnIpv6AddressIsUsableAtOnceWhenItComesBackAndUnmarked) {
  Sh("ip link set v0 up && ip link set v1 up && ip addr add 2001:db8::1/64 dev v0");
  const auto had = List(v0_);
  Sh("ip addr del 2001:db8::1/64 dev v0");
  for (const Address& address : had) {
    if (address.local.ToString() != "2001:db8::1/64") continue;
    ASSERT_OK(ReplayAddress(host(), address, v0_));
  }
  EXPECT_EQ(
      Ip("-6 addr show v0 scope global", ".[0].addr_info | map(select(.local)) | .[0] | [.local, .tentative, .nodad]"),
      R"(["2001:db8::1",null,null])");
}

TEST_F(AddressTest, AnAddressIsReplayedOntoAnotherLinkUnderThatLinksLabel) {
  Sh("ip addr add 10.0.0.1/24 dev v0 && ip addr add 2001:db8::1/64 dev v0");
  TakeAwayAndReplay(v1_);
  EXPECT_EQ(Ip("addr show v1", "[.[0].addr_info[] | [.local, .prefixlen, .label]]"),
            R"([["10.0.0.1",24,"v1"],["2001:db8::1",64,null]])");
  EXPECT_EQ(Ip("addr show v0", ".[0].addr_info"), "[]");
}

TEST_F(AddressTest, AReplayOfWhatIsThereIsEexist) {
  ASSERT_OK(Add("10.0.0.1/24"));
  ASSERT_OK(Add("2001:db8::1/64"));
  for (const Address& address : List(v0_)) EXPECT_ERRNO(ReplayAddress(host(), address, v0_), EEXIST);
}

TEST_F(AddressTest, TheSameAddressIsKnownWhateverItsFlags) {
  ASSERT_OK(Add("2001:db8::1/64"));
  const Address before = List(v0_).at(0);
  Sh("ip addr change 2001:db8::1/64 dev v0 preferred_lft 0");
  const Address after = List(v0_).at(0);
  EXPECT_NE(before.flags, after.flags);
  EXPECT_TRUE(before.SameAs(after));
  Address elsewhere = after;
  elsewhere.ifindex = v1_;
  EXPECT_FALSE(before.SameAs(elsewhere));
}

}  // namespace
}  // namespace warren::kernel
