// What others change while many intents run, and what no event tells. `ip` is somebody else.

#include <gmock/gmock.h>
#include <poll.h>

#include <chrono>

#include "absl/strings/str_cat.h"
#include "tests/agent/inventory/inventory_test.h"

namespace warren::inventory {
namespace {

using ::testing::Contains;
using Told = std::vector<std::string>;

class Elsewhere : public InventoryTest {
 protected:
  Elsewhere() { OpenWith(std::chrono::milliseconds(1)); }
  void OpenWith(std::chrono::milliseconds check_interval) {
    Sh("sysctl -qw net.ipv6.conf.all.disable_ipv6=1 net.ipv6.conf.default.disable_ipv6=1");
    Options options;
    options.check_interval = check_interval;
    Open(std::move(options));
  }
  void TearDown() override {
    Sh("sysctl -qw net.ipv6.conf.all.disable_ipv6=0 net.ipv6.conf.default.disable_ipv6=0");
    InventoryTest::TearDown();
  }
  static void Make(const std::string& name) {
    Sh(absl::StrCat("ip netns add ", name, " && ip netns exec ", name,
                    " sysctl -qw net.ipv6.conf.all.disable_ipv6=1 net.ipv6.conf.default.disable_ipv6=1 && ip -n ", name,
                    " link set lo up"));
  }
  void MakeOurs() {
    Make("ours");
    Pass(true);
    owned_.insert(Netns("ours").identity().cookie());
    Pass(true);
    Pass();
  }
  bool Hears() {
    pollfd wait{inventory().descriptor(), POLLIN, 0};
    return poll(&wait, 1, 0) == 1;
  }
  Told LookElsewhere() { return Apply(inventory().LookElsewhere()); }
  // Until whoever has a turn has had it; how many had changed unheard.
  size_t CheckAll(Told* told = nullptr) {
    size_t unheard = 0;
    for (size_t i = 0; i < 100; ++i) {
      Inventory::Checked checked = inventory().Check();
      unheard += checked.unheard;
      for (std::string& one : Apply(checked.updates)) {
        if (told != nullptr) told->push_back(std::move(one));
      }
    }
    return unheard;
  }
};

TEST_F(Elsewhere, WhatOthersMadeIsHeardWhileManyIntentsRun) {
  Make("theirs");
  Pass(true);
  Pass();
  inventory().Hurry(true);
  LookElsewhere();
  EXPECT_FALSE(Hears());
  Sh("ip -n theirs addr add 10.0.0.1/24 dev lo");
  EXPECT_TRUE(Hears());
  EXPECT_EQ(LookElsewhere(), Told{"theirs:+lo"});
  EXPECT_FALSE(Hears());
  EXPECT_EQ(inventory().ElsewhereBy(), std::nullopt);
  EXPECT_EQ(LinkOf("theirs", "lo").addresses_size(),
            std::stoi(Sh("ip -n theirs -j addr show lo | jq '.[0].addr_info | length'")));
}

TEST_F(Elsewhere, WhatOthersMadeIsHeardFromTheFirstMomentOnOnceTheSlowRoundHasChosenIt) {
  Make("theirs");
  Pass(true);
  inventory().Check();
  EXPECT_EQ(Pass(), Told{"theirs"}) << "from now on it is kept in parts";
  for (const bool on : {true, false, true}) {
    const std::string mark = absl::StrCat("hurry-", on ? "on" : "off");
    Sh("ip -n theirs link set lo alias before-" + mark);
    inventory().Hurry(on);
    Sh("ip -n theirs link set lo alias after-" + mark);
    ASSERT_TRUE(Hears());
    EXPECT_EQ(on ? LookElsewhere() : Pass(), Told{"theirs:+lo"});
    EXPECT_EQ(LinkOf("theirs", "lo").alias(), "after-" + mark);
    EXPECT_EQ(LookElsewhere(), Told{});
  }
}

TEST_F(Elsewhere, WhatOthersChangeIsToldBeforeWhatIntentsTouched) {
  MakeOurs();
  Make("theirs");
  Pass(true);
  Pass();
  Told meanwhile;
  inventory().TellMeanwhile([&](std::vector<v1::InventoryUpdate> updates) {
    for (std::string& one : Apply(updates)) meanwhile.push_back(std::move(one));
  });
  inventory().Hurry(true);
  LookElsewhere();  // from now on it is kept in parts
  meanwhile.clear();
  Sh("ip -n theirs link set lo alias seen && ip -n ours link set lo mtu 9000");
  EXPECT_EQ(Refresh({"ours"}), Told{"ours"});
  EXPECT_EQ(meanwhile, Told{"theirs:+lo"});
  EXPECT_EQ(LinkOf("theirs", "lo").alias(), Sh("ip -n theirs -j link show lo | jq -rj .[0].ifalias"));
  EXPECT_EQ(LookElsewhere(), Told{});
}

TEST_F(Elsewhere, SoIsWhereOthersChangedSomethingBefore) {
  MakeOurs();
  ASSERT_FALSE(Netns("ours").foreign());
  Sh("ip -n ours link set lo mtu 9000");
  EXPECT_EQ(Pass(), Told{"ours"});
  inventory().Hurry(true);
  LookElsewhere();
  Sh("ip -n ours link set lo mtu 9001");
  EXPECT_TRUE(Hears());
  EXPECT_EQ(LookElsewhere(), Told{"ours:+lo"});
}

TEST_F(Elsewhere, WhatAnIntentTouchedIsNotLookedAtTwice) {
  MakeOurs();
  Refresh({"ours"});
  Sh("ip -n ours link set lo mtu 9000");
  Pass();
  inventory().Hurry(true);
  Sh("ip -n ours link set lo mtu 9001");
  EXPECT_FALSE(Hears()) << "of where intents alone work nothing is heard meanwhile";
  EXPECT_EQ(LookElsewhere(), Told{});
  EXPECT_EQ(Refresh({"ours"}), Told{"ours"});
}

TEST_F(Elsewhere, ANamespaceThatSomebodyMakesMeanwhileIsShownAndHeard) {
  Pass(true);
  Pass();
  inventory().Hurry(true);
  Make("late");
  EXPECT_EQ(LookElsewhere(), Told{}) << "it may be an intent's";
  const auto by = inventory().ElsewhereBy();
  ASSERT_TRUE(by.has_value());
  while (std::chrono::steady_clock::now() < *by) poll(nullptr, 0, 1);
  EXPECT_EQ(LookElsewhere(), Told{"late"});
}

TEST_F(Elsewhere, WhatNoEventToldIsFoundByTheSlowRoundAndCounted) {
  Make("red");
  Make("blue");
  Sh("ip -n red link add b0 type bridge && ip link add b1 type bridge");
  Pass(true);
  Pass();
  EXPECT_EQ(CheckAll(), 0u);
  Pass();
  Sh("ip -n red link set b0 alias quiet && ip -n red link property add dev b0 altname other");
  Sh("ip link set b1 alias quiet");
  ASSERT_FALSE(Hears()) << "the kernel tells nobody of a link that is down";
  Told told;
  EXPECT_EQ(CheckAll(&told), 2u);
  EXPECT_THAT(told, Contains("red:+b0"));
  EXPECT_THAT(told, Contains("@host:+b1"));
  EXPECT_EQ(LinkOf("red", "b0").alias(), Sh("ip -n red -j link show b0 | jq -rj .[0].ifalias"));
  EXPECT_EQ(LinkOf("red", "b0").alternative_names(0), "other");
  EXPECT_EQ(CheckAll(), 0u);
}

TEST_F(Elsewhere, WhatWasHeardIsNotCounted) {
  Make("red");
  Pass(true);
  Pass();
  Sh("ip -n red link set lo mtu 9000");
  EXPECT_EQ(CheckAll(), 0u);
  EXPECT_EQ(Pass(), Told{"red"});
}

TEST_F(Elsewhere, ANameThatIsMountedOverOrUnmountedIsNoticed) {
  OpenWith(std::chrono::milliseconds(0));  // by their mounts alone
  for (const char* name : {"a", "b", "c"}) Make(name);
  Pass(true);
  Pass();
  inventory().Check();
  Sh("nsenter --net=/run/netns/a sleep 60 > /dev/null 2>&1 & echo $! > /run/sleep.pid");
  Sh("umount -l /run/netns/a && mount --bind /run/netns/b /run/netns/c");
  // It rests after it has listed them.
  for (int i = 0; i < 60000 && !inventory().stale(); ++i) {
    inventory().Check();
    poll(nullptr, 0, 1);
  }
  Pass();
  EXPECT_NE(Netns("a").unusable_reason(), "");
  EXPECT_EQ(Netns("c").identity().cookie(), Netns("b").identity().cookie());
  EXPECT_EQ(std::to_string(Netns("c").identity().inode()), Sh("stat -c %i /run/netns/c"));
  Sh("kill $(cat /run/sleep.pid); umount /run/netns/c");
}

}  // namespace
}  // namespace warren::inventory
