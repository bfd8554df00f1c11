#include "agent/kernel/sysctl.h"

#include <errno.h>

#include <algorithm>

#include "tests/agent/kernel/kernel_test.h"

namespace warren::kernel {
namespace {

class SysctlTest : public KernelTest {
 protected:
  void SetUp() override { Sh("ip netns add red && ip -n red link add v0 type veth peer name v1"); }

  // Inside red.
  std::vector<LinkSetting> List(LinkSettings which, const std::string& link = "v0") {
    std::vector<LinkSetting> settings;
    EXPECT_EQ(worker().Within(Named("red"),
                              [&] {
                                auto list = ListLinkSettings(link, which);
                                if (list.ok()) settings = *list;
                                return list.status();
                              }),
              absl::OkStatus());
    return settings;
  }
  absl::Status Write(const std::string& key, const std::string& value) {
    return worker().Within(Named("red"), [&] { return WriteLinkSetting("v0", {key, value}); });
  }
  static std::string Value(const std::vector<LinkSetting>& settings, const std::string& key) {
    for (const LinkSetting& each : settings) {
      if (each.key == key) return each.value;
    }
    return "none";
  }
  static std::string Told(const std::string& setting) { return Sh("ip netns exec red cat /proc/sys/net/" + setting); }
};

TEST_F(SysctlTest, AreThoseOfTheNamespaceTheThreadIsIn) {
  Sh("ip netns exec red sh -c 'echo 7 > /proc/sys/net/ipv4/neigh/v0/ucast_solicit; echo 0 > "
     "/proc/sys/net/ipv6/conf/v0/accept_ra'");
  const auto all = List(LinkSettings::kAll);
  EXPECT_EQ(Value(all, "ipv4/neigh/ucast_solicit"), "7");
  EXPECT_EQ(Value(all, "ipv6/conf/accept_ra"), "0");
  const auto here = ListLinkSettings("v0", LinkSettings::kAll);
  ASSERT_OK(here);
  EXPECT_TRUE(here->empty()) << "there is no v0 outside";
}

TEST_F(SysctlTest, AllThatCanBeWrittenAreListedOnce) {
  const auto all = List(LinkSettings::kAll);
  const std::string count =
      Sh("ip netns exec red sh -c 'find /proc/sys/net -path \"*/v0/*\" -perm -u+w ! -name base_reachable_time ! -name "
         "retrans_time ! -name unres_qlen ! -name stable_secret | wc -l'");
  EXPECT_EQ(std::to_string(all.size()), count);
  EXPECT_EQ(Value(all, "ipv6/conf/stable_secret"), "none") << "it has no value yet";
  EXPECT_EQ(Value(all, "ipv4/conf/mc_forwarding"), "none") << "it cannot be written";
  EXPECT_EQ(all.back().key, "ipv6/conf/disable_ipv6") << "IPv6 comes on when all else is as it should be";
}

TEST_F(SysctlTest, OfIpv6GoAndComeWithItAndAreWrittenBack) {
  Sh("ip netns exec red sh -c 'cd /proc/sys/net/ipv6/conf/v0 && echo 0 > accept_ra && echo 1 > forwarding && echo "
     "2001:db8::5ec > stable_secret && echo 0 > addr_gen_mode && echo 1 > disable_ipv6 && echo 1300 > mtu'");
  const auto before = List(LinkSettings::kIpv6);
  Sh("ip -n red link set v0 mtu 1000");
  EXPECT_TRUE(List(LinkSettings::kIpv6).empty());
  EXPECT_ERRNO(Write("ipv6/conf/accept_ra", "0"), ENOENT);
  Sh("ip -n red link set v0 mtu 1500");
  ASSERT_EQ(Told("ipv6/conf/v0/accept_ra"), "1") << "the kernel remembers: nothing to write back";
  for (int i = 0; i < 2; ++i) {
    for (const LinkSetting& each : before) ASSERT_OK(Write(each.key, each.value)) << each.key;
  }
  const auto after = List(LinkSettings::kIpv6);
  ASSERT_EQ(after.size(), before.size());
  for (size_t i = 0; i < before.size(); ++i) EXPECT_EQ(after[i].value, before[i].value) << before[i].key;
  EXPECT_EQ(Told("ipv6/conf/v0/accept_ra"), "0");
  EXPECT_EQ(Told("ipv6/conf/v0/addr_gen_mode"), "0");
}

TEST_F(SysctlTest, TheMtuOfIpv6IsReadAlone) {
  const auto mtu = List(LinkSettings::kIpv6Mtu);
  ASSERT_EQ(mtu.size(), 1u);
  EXPECT_EQ(mtu[0].key, "ipv6/conf/mtu");
  EXPECT_EQ(mtu[0].value, "1500");
  EXPECT_ERRNO(Write("ipv6/conf/mtu", "2000"), EINVAL);
}

TEST_F(SysctlTest, HaveTheNameThatPeopleKnow) {
  EXPECT_EQ(SettingName("eth0", "ipv6/conf/accept_ra"), "net.ipv6.conf.eth0.accept_ra");
  EXPECT_EQ(SettingName("a.7", "ipv4/neigh/gc_stale_time"), "net.ipv4.neigh.a.7.gc_stale_time");
}

TEST_F(SysctlTest, WhereTheyCannotBeWrittenTheReasonIsTold) {
  Sh("mount --bind /proc/sys /proc/sys && mount -o remount,ro,bind /proc/sys");
  EXPECT_ERRNO(Write("ipv4/conf/rp_filter", "2"), EROFS);
  EXPECT_EQ(Write("ipv4/conf/rp_filter", Told("ipv4/conf/v0/rp_filter")), absl::OkStatus()) << "it is so already";
  Sh("umount /proc/sys");
}

}  // namespace
}  // namespace warren::kernel
