// What is told, and what is not.

#include <sys/stat.h>

#include "tests/agent/inventory/inventory_test.h"

namespace warren::inventory {
namespace {

using Told = std::vector<std::string>;

class Differences : public InventoryTest {
 protected:
  // Namespaces in which nothing happens by itself.
  void Add(const std::string& name) {
    Sh("ip netns add " + name + " && ip netns exec " + name +
       " sysctl -qw net.ipv6.conf.all.disable_ipv6=1 "
       "net.ipv6.conf.default.disable_ipv6=1");
  }
};

TEST_F(Differences, AWholePassTellsEverythingBetweenItsMarks) {
  Add("red");
  inventory().BeginPass(true);
  const auto slice = inventory().Continue([] { return false; });
  ASSERT_TRUE(slice.done);
  ASSERT_EQ(slice.updates.size(), 1u);
  EXPECT_TRUE(slice.updates[0].full_begin());
  EXPECT_TRUE(slice.updates[0].full_end());
  EXPECT_EQ(Apply(slice.updates), (Told{"red", "@host"}));
  EXPECT_EQ(inventory().counts().namespaces, 1u);
  EXPECT_EQ(inventory().counts().links, std::stoul(Sh("(ip -j link; ip -n red -j link) | jq -s 'add | length'")));
  EXPECT_EQ(Pass(true), (Told{"red", "@host"})) << "and again, changed or not";
}

TEST_F(Differences, AHostWithoutTheDirectoryHasItsOwnNamespace) {
  Options options;
  options.host = "h1";
  options.netns_dir = "/run/nothing-here";
  options.ownership = {[](uint64_t, const std::string&) { return false; }, [](uint64_t, int) { return false; },
                       nullptr};
  auto inventory = KernelInventory::Create(std::move(options));
  ASSERT_TRUE(inventory.ok());
  (*inventory)->BeginPass(true);
  EXPECT_EQ(Apply((*inventory)->Continue([] { return false; }).updates), Told{"@host"});
}

TEST_F(Differences, NothingIsToldTwice) {
  Add("red");
  Pass(true);
  EXPECT_EQ(Pass(), Told{});
  EXPECT_EQ(Refresh({"red", "@host"}), Told{});
  Sh("ip -n red link set lo up && ip netns exec red ping -q -c1 127.0.0.1");
  EXPECT_EQ(Pass(), Told{"red"});
  Sh("ip netns exec red ping -q -c3 -i0.01 127.0.0.1");
  EXPECT_EQ(Pass(), Told{}) << "counters are no change";
}

TEST_F(Differences, EachKindOfChangeIsTold) {
  Add("red");
  Add("blue");
  Pass(true);
  for (const char* change :
       {"link set lo up", "addr add 10.0.0.1/24 dev lo", "route add 10.9.0.0/16 dev lo", "link set lo mtu 9000",
        "link set lo alias x", "addr change 10.0.0.1/24 dev lo valid_lft 600 preferred_lft 600",
        "route del 10.9.0.0/16 dev lo", "link set lo down"}) {
    Sh(std::string("ip -n red ") + change);
    EXPECT_EQ(Pass(), Told{"red"}) << change;
  }
  Sh("ip -n red link set lo up && ip -n red addr add 10.0.1.1/24 dev lo");
  EXPECT_EQ(Refresh({"blue"}), Told{}) << "only what was asked for";
  EXPECT_EQ(Refresh({"red"}), Told{"red"});
  EXPECT_EQ(LinkOf("red", "lo").addresses().rbegin()->address(), "10.0.1.1/24");
}

TEST_F(Differences, WhatIsGoneIsToldOnceAndWhatComesBackIsToldWhole) {
  Add("red");
  Add("blue");
  Pass(true);
  Sh("ip netns delete red");
  EXPECT_EQ(Refresh({"red"}), Told{"-red"});
  EXPECT_EQ(Refresh({"red"}), Told{});
  Sh("ip netns delete blue");
  EXPECT_EQ(Pass(), Told{"-blue"});
  EXPECT_EQ(inventory().counts().namespaces, 0u);
  Add("red");
  EXPECT_EQ(Refresh({"red", "never-there"}), Told{"red"});
  const uint64_t cookie = Netns("red").identity().cookie();
  Sh("ip netns delete red");
  Add("red");
  EXPECT_EQ(Pass(), Told{"red"});
  EXPECT_NE(Netns("red").identity().cookie(), cookie);
}

TEST_F(Differences, APassCanBeBrokenOffAtAnyNamespaceAndMissesNothing) {
  for (const char* name : {"a", "b", "c"}) Add(name);
  Pass(true);
  Sh("for n in a b c; do ip -n $n link set lo up; done");
  inventory().BeginPass(false);
  std::set<std::string> told;
  int slices = 0;
  for (bool done = false; !done; ++slices) {
    bool asked = false;
    const auto slice = inventory().Continue([&] { return std::exchange(asked, true); });
    const Told now = Apply(slice.updates);
    EXPECT_LE(now.size(), 1u);
    told.insert(now.begin(), now.end());
    done = slice.done;
  }
  EXPECT_EQ(told, (std::set<std::string>{"a", "b", "c"}));
  EXPECT_GE(slices, 4);
}

TEST_F(Differences, WhatComesAndGoesDuringAPassIsNotMistaken) {
  Add("a");
  Add("b");
  Pass(true);
  inventory().BeginPass(false);
  Sh("ip netns delete a");
  Add("c");
  EXPECT_EQ(Refresh({"c"}), Told{"c"});
  EXPECT_EQ(Apply(inventory().Continue([] { return false; }).updates), Told{"-a"}) << "c was not listed but is there";
  EXPECT_EQ(Names(), (std::set<std::string>{"@host", "b", "c"}));
}

TEST_F(Differences, NamesOthersChoseAreShownReversiblyAndWhatIsNoNamespaceNotAtAll) {
  Add("plain");
  const std::vector<std::string> odd = {"with space", "co:lon", "100%",     "@host", "-dash",
                                        "12345",      "a=b",    "\xff\xfe", "größe", "new\nline"};
  for (const std::string& name : odd) {
    const std::string path = "/run/netns/" + name;
    ASSERT_EQ(mknod(path.c_str(), S_IFREG | 0444, 0), 0) << name;
    Sh("mount --bind /run/netns/plain '" + path + "'");
  }
  Sh("touch /run/netns/file && ln -s plain /run/netns/symlink && mkfifo /run/netns/fifo && mkdir /run/netns/dir");
  Pass(true);
  EXPECT_EQ(Names(), (std::set<std::string>{"@host", "plain", "with=20space", "co=3Alon", "100=25", "=40host",
                                            "=2Ddash", "=312345", "a=3Db", "=FF=FE", "größe", "new=0Aline"}));
  std::set<std::string> raw;
  for (const std::string& name : Names()) raw.insert(Netns(name).raw_name());
  for (const std::string& name : odd) EXPECT_TRUE(raw.contains(name)) << name;
  EXPECT_NE(Netns("=40host").identity().cookie(), Netns("@host").identity().cookie());
  Sh("umount '/run/netns/with space' && rm '/run/netns/with space'");
  EXPECT_EQ(Refresh({"with=20space"}), Told{"-with=20space"});
  Sh("rmdir /run/netns/dir");
}

TEST_F(Differences, LinkNamesAndFreeTextThatOthersChoseAreShown) {
  Add("red");
  Sh("ip -n red link add 'a=b' type bridge && ip -n red link add \"$(printf 'caf\\351')\" type bridge");
  Sh("ip -n red link set lo alias \"$(printf 'caf\\351')\"");
  Pass(true);
  EXPECT_EQ(LinkOf("red", "a=3Db").kind(), "bridge");
  EXPECT_EQ(LinkOf("red", "caf=E9").kind(), "bridge");
  EXPECT_EQ(LinkOf("red", "lo").alias(), "caf=E9");
}

TEST_F(Differences, ANamespaceThatOthersCalledAsTheHostIsCalledComesAndGoesAsAnyOther) {
  Add("red");
  Pass(true);
  Sh("ip netns add @host && ip -n @host link add theirs type bridge");
  EXPECT_EQ(Pass(), Told{"=40host"});
  EXPECT_EQ(LinkOf("=40host", "theirs").kind(), "bridge");
  EXPECT_EQ(Netns("=40host").raw_name(), "@host");
  // As while many intents run, when it is read aside.
  inventory().Hurry(true);
  Sh("ip -n @host link add more type bridge");
  EXPECT_EQ(Refresh({"=40host"}), Told{"=40host"});
  EXPECT_EQ(LinkOf("=40host", "more").kind(), "bridge");
  Sh("ip netns delete @host");
  EXPECT_EQ(Refresh({"=40host"}), Told{"-=40host"});
  inventory().Hurry(false);
}

TEST_F(Differences, WhatOthersCallOneOfWarrensOwnBesidesIsForeignUnderThatName) {
  Add("w1");
  Pass(true);
  owned_.insert(Netns("w1").identity().cookie());
  names_of_others_ = {"w2"};
  Sh("touch /run/netns/w2 && mount --bind /run/netns/w1 /run/netns/w2");
  Refresh({"w1"});
  Pass();
  EXPECT_FALSE(Netns("w1").foreign());
  EXPECT_TRUE(Netns("w2").foreign());
  // What was Warren's own is lost with its name, and told of the other name at once.
  Sh("ip -n w1 link add br0 type bridge");
  owned_links_.insert({Netns("w1").identity().cookie(), 2});
  Refresh({"w1", "w2"});
  EXPECT_FALSE(LinkOf("w2", "br0").foreign());
  owned_.clear();
  owned_links_.clear();
  Sh("umount /run/netns/w1 && rm /run/netns/w1");
  Refresh({"w1"});
  EXPECT_EQ(Names(), (std::set<std::string>{"@host", "w2"}));
  EXPECT_TRUE(Netns("w2").foreign());
  EXPECT_TRUE(LinkOf("w2", "br0").foreign());
}

}  // namespace
}  // namespace warren::inventory
