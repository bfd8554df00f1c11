// What is heard and told part by part, against what a new inventory sees that looks at everything.

#include <gmock/gmock.h>
#include <poll.h>
#include <stdlib.h>

#include <random>

#include "absl/strings/str_cat.h"
#include "absl/strings/str_join.h"
#include "agent/kernel/link.h"
#include "tests/agent/inventory/inventory_test.h"

namespace warren::inventory {
namespace {

using ::testing::IsSupersetOf;
using ::testing::UnorderedElementsAre;
using Told = std::vector<std::string>;

class Changes : public InventoryTest {
 protected:
  Changes() { OpenWith(4); }
  void OpenWith(size_t many_links, int event_buffer = 1 << 20) {
    Options options;
    options.many_links = many_links;
    options.event_buffer = event_buffer;
    Open(std::move(options));
  }
  // So that the host's own namespace is one with many links. Nothing happens by itself.
  void FillHost() {
    Sh("sysctl -qw net.ipv6.conf.all.disable_ipv6=1 net.ipv6.conf.default.disable_ipv6=1");
    for (int i = 0; i < 3; ++i) Sh(absl::StrCat("ip link add h", i, " type veth peer name g", i));
  }
  void TearDown() override {
    Sh("sysctl -qw net.ipv6.conf.all.disable_ipv6=0 net.ipv6.conf.default.disable_ipv6=0");
    InventoryTest::TearDown();
  }
  bool Hears(int timeout_ms = 0) {
    pollfd wait{inventory().descriptor(), POLLIN, 0};
    return poll(&wait, 1, timeout_ms) == 1;
  }
  int IndexOf(const std::string& link) { return std::stoi(Sh("cat /sys/class/net/" + link + "/ifindex")); }

  static bool Contains(const Told& told, const std::string& one) {
    return std::find(told.begin(), told.end(), one) != told.end();
  }

  // Everything that is shown of all namespaces but counters, in an order of its own.
  static std::string Text(const std::map<std::string, v1::Namespace>& namespaces) {
    std::vector<std::string> lines;
    for (auto [name, netns] : namespaces) {
      netns.clear_observe_time();
      std::vector<std::string> parts;
      for (v1::Link link : netns.links()) {
        link.clear_statistics();
        parts.push_back(absl::StrCat(name, " link ", link.ShortDebugString()));
      }
      for (const v1::Route& route : netns.routes()) {
        parts.push_back(absl::StrCat(name, " route ", route.ShortDebugString()));
      }
      std::sort(parts.begin(), parts.end());
      EXPECT_EQ(netns.link_count(), netns.links_size());
      EXPECT_EQ(netns.route_count(), netns.routes_size());
      netns.clear_links();
      netns.clear_routes();
      lines.push_back(netns.ShortDebugString());
      lines.insert(lines.end(), parts.begin(), parts.end());
    }
    return absl::StrJoin(lines, "\n");
  }
  std::string Seen() {
    Options options;
    options.host = "h1";
    options.many_links = options.many_links_of_host = 1 << 20;
    options.ownership = {[](uint64_t, const std::string&) { return false; }, [](uint64_t, int) { return false; },
                         nullptr};
    auto fresh = KernelInventory::Create(std::move(options));
    EXPECT_TRUE(fresh.ok());
    (*fresh)->BeginPass(true);
    std::map<std::string, v1::Namespace> seen;
    for (bool done = false; !done;) {
      const auto slice = (*fresh)->Continue([] { return false; });
      done = slice.done;
      for (const v1::InventoryUpdate& update : slice.updates) {
        for (const v1::Namespace& netns : update.namespaces()) seen[LastOf(netns.name())] = netns;
        for (const v1::NamespaceChange& change : update.changes()) {
          seen[LastOf(change.namespace_().name())].MergeFrom(change.namespace_());
          for (const v1::Link& link : change.links()) {
            *seen[LastOf(change.namespace_().name())].add_links() = link;
          }
          for (const v1::Route& route : change.routes()) {
            *seen[LastOf(change.namespace_().name())].add_routes() = route;
          }
        }
      }
    }
    return Text(seen);
  }
  static std::string LastOf(const std::string& name) { return name.substr(name.rfind('/') + 1); }
  // What was heard is what is there. The kernel goes on for a while by itself (carriers, once it gets its own lock),
  // but not unheard.
  void ExpectUpToDate(const std::string& after) {
    std::string seen, told;
    do {
      Pass();
      seen = Seen();
      told = Text(mirror());
      if (seen == told) return;
    } while (Hears(60000));
    EXPECT_EQ(told, seen) << "after " << after;
  }
};

TEST_F(Changes, AChangeInANamespaceIsHeardAndOnlyThatIsLookedAt) {
  for (const char* name : {"red", "blue"}) {
    Sh(absl::StrCat("ip netns add ", name, " && ip netns exec ", name,
                    " sysctl -qw net.ipv6.conf.all.disable_ipv6=1 net.ipv6.conf.default.disable_ipv6=1"));
  }
  Pass(true);
  Pass();
  EXPECT_FALSE(Hears());
  Sh("ip -n red link set lo up");
  EXPECT_TRUE(Hears());
  EXPECT_EQ(Pass(), Told{"red"});
  EXPECT_FALSE(Hears());
  EXPECT_FALSE(inventory().stale());
  Sh("ip -n blue addr add 10.0.0.1/24 dev lo");
  EXPECT_EQ(Refresh({"red"}), Told{});
  EXPECT_FALSE(Hears()) << "it was taken note of";
  EXPECT_TRUE(inventory().stale());
  EXPECT_EQ(Pass(), Told{"blue"});
  EXPECT_FALSE(inventory().stale());
}

TEST_F(Changes, WhatHasTheNameOfANamespaceAndIsNoneIsShownAsWhatItIs) {
  Sh("mkdir -p /run/netns && (umask 777; : > /run/netns/qrouter-a) && ln -s /nowhere /run/netns/link && "
     "mkdir '/run/netns/a b' && touch -d 2020-01-01 /run/netns/qrouter-a");
  Pass(true);
  while (!mirror().contains("qrouter-a") && Hears(60000)) Pass();
  const v1::Namespace& plain = Netns("qrouter-a");
  EXPECT_EQ(plain.unusable_reason(), "a plain file: nothing is mounted on it");
  EXPECT_TRUE(plain.foreign());
  EXPECT_FALSE(plain.has_identity());
  EXPECT_EQ(plain.links_size(), 0);
  EXPECT_EQ(Netns("link").unusable_reason(), "a symbolic link to /nowhere: those are not followed");
  EXPECT_EQ(Netns("a=20b").unusable_reason(), "a directory");
  EXPECT_EQ(Netns("a=20b").raw_name(), "a b");
  EXPECT_EQ(Pass(), Told{}) << "told again";
  EXPECT_EQ(inventory().counts().namespaces, 0u) << "they are none";

  // It becomes one, is none again, and goes.
  Sh("rm /run/netns/qrouter-a && ip netns add qrouter-a");
  while (mirror().contains("qrouter-a") && Netns("qrouter-a").has_identity() == false && Hears(60000)) Pass();
  EXPECT_EQ(Netns("qrouter-a").unusable_reason(), "");
  EXPECT_TRUE(Netns("qrouter-a").has_identity());
  Sh("ip netns delete qrouter-a && touch /run/netns/qrouter-a");
  do {
    Pass();
  } while (!(mirror().contains("qrouter-a") && !Netns("qrouter-a").has_identity()) && Hears(60000));
  EXPECT_EQ(Netns("qrouter-a").unusable_reason(), "a plain file: nothing is mounted on it");
  Sh("rm -r /run/netns/qrouter-a '/run/netns/a b' /run/netns/link");
  do {
    Pass();
  } while (Names().size() > 1 && Hears(60000));
  EXPECT_EQ(Names(), std::set<std::string>{"@host"});
}

TEST_F(Changes, NoNumberOfPlainFilesHidesANamespace) {
  Sh("mkdir -p /run/netns && cd /run/netns && seq -f plain-%g 5000 | xargs touch");
  Pass(true);
  Sh("ip netns add after");
  do {
    Pass();
  } while (!mirror().contains("after") && Hears(60000));
  EXPECT_TRUE(Netns("after").has_identity());
  while (mirror().size() < 5002 && Hears(60000)) Pass();
  EXPECT_EQ(mirror().size(), 5002u) << "with the host's own and the one that was made after";
  Sh("ip netns add last");
  do {
    Pass();
  } while (!mirror().contains("last") && Hears(60000));
  EXPECT_TRUE(Netns("last").has_identity());
  Sh("find /run/netns -name 'plain-*' -delete");
}

TEST_F(Changes, WhatIsOnItsWayToBecomeANamespaceIsNotShownBefore) {
  Sh("mkdir -p /run/netns");
  Pass(true);
  Sh("ip netns add red && touch /run/netns/blue");
  Pass();
  Refresh({"blue"});
  EXPECT_FALSE(mirror().contains("blue"));
  Sh("mount --bind /run/netns/red /run/netns/blue");
  while (!mirror().contains("blue") && Hears(60000)) Pass();
  EXPECT_TRUE(Netns("blue").has_identity());
}

TEST_F(Changes, OfAHostWithManyLinksTheOneThatChangedIsTold) {
  FillHost();
  Pass(true);
  EXPECT_EQ(Pass(), Told{});
  Sh("ip link set h0 mtu 1400");
  EXPECT_EQ(Refresh({"@host"}), Told{"@host:+h0"});
  Sh("ip link add br0 type bridge");
  EXPECT_EQ(Refresh({"@host"}), Told{"@host:+br0"});
  Sh("ip link set h1 master br0");
  Refresh({"@host"});
  EXPECT_EQ(LinkOf("@host", "h1").master(), "br0");
  Sh("ip addr add 10.0.0.1/24 dev br0");
  EXPECT_EQ(Refresh({"@host"}), Told{"@host:+br0"});
  EXPECT_EQ(LinkOf("@host", "br0").addresses(0).address(), "10.0.0.1/24");
  const int index = IndexOf("br0");
  Sh("ip link set h1 nomaster && ip link delete br0");
  EXPECT_EQ(Refresh({"@host"}), (Told{absl::StrCat("@host:-", index), "@host:+h1"}));
  EXPECT_EQ(inventory().counts().links, std::stoul(Sh("ip -j link | jq length")));
  EXPECT_EQ(Netns("@host").link_count(), std::stoi(Sh("ip -j link | jq length")));
}

TEST_F(Changes, RoutesOfAHostWithManyLinksAreToldOneByOne) {
  FillHost();
  Sh("ip link set h0 up && ip link set g0 up && ip addr add 10.0.0.1/24 dev h0");
  Pass(true);
  ExpectUpToDate("the carrier");
  Sh("ip route add 10.9.0.0/16 via 10.0.0.2");
  EXPECT_EQ(Refresh({"@host"}), Told{"@host:+10.9.0.0/16"});
  Sh("ip route replace 10.9.0.0/16 via 10.0.0.3");
  EXPECT_EQ(Refresh({"@host"}), (Told{"@host:-10.9.0.0/16", "@host:+10.9.0.0/16"}));
  Sh("ip route add 10.8.0.0/16 via 10.0.0.2 && ip route del 10.8.0.0/16");
  EXPECT_EQ(Refresh({"@host"}), Told{}) << "it came and went";
  Sh("ip route del 10.9.0.0/16");
  EXPECT_EQ(Refresh({"@host"}), Told{"@host:-10.9.0.0/16"});
}

TEST_F(Changes, RoutesThatGoWithANexthopObjectAreHeardToGo) {
  FillHost();
  Sh("ip link set h0 up && ip link set g0 up && ip addr add 10.0.0.1/24 dev h0");
  Sh("ip netns add red && ip -n red link set lo up");
  for (const char* at : {"", "-n red "}) {
    const std::string ip = absl::StrCat("ip ", at);
    const char* dev = *at == '\0' ? "h0" : "lo";
    Sh(absl::StrCat(ip, "nexthop add id 7 dev ", dev, " && ", ip, "nexthop add id 8 group 7 && ", ip,
                    "route add 10.9.0.0/16 nhid 7 && ", ip, "route add 10.8.0.0/16 nhid 8"));
  }
  Pass(true);
  ExpectUpToDate("the carrier");
  for (const char* netns : {"@host", "red"}) {
    EXPECT_EQ(RouteTo(netns, "10.9.0.0/16").nexthop_id(), 7u);
    EXPECT_EQ(RouteTo(netns, "10.8.0.0/16").nexthop_id(), 8u);
  }
  Sh("ip nexthop del id 7 && ip -n red nexthop del id 7");
  ASSERT_EQ(Ip("route show root 10.8.0.0/15", "length"), "0") << "the kernel took them away, unsaid";
  EXPECT_TRUE(Hears());
  const Told told = Pass();
  EXPECT_TRUE(Contains(told, "@host:-10.9.0.0/16") && Contains(told, "@host:-10.8.0.0/16"));
  EXPECT_TRUE(Contains(told, "red"));
  ExpectUpToDate("nexthop objects went");
}

TEST_F(Changes, ANexthopObjectThatBecomesAnotherShowsInItsRoutes) {
  FillHost();
  Sh("ip link set h0 up && ip link set g0 up && ip addr add 10.0.0.1/24 dev h0");
  Sh("ip nexthop add id 7 via 10.0.0.2 dev h0 && ip route add 10.9.0.0/16 nhid 7");
  Pass(true);
  ExpectUpToDate("the carrier");
  EXPECT_EQ(RouteTo("@host", "10.9.0.0/16").via(), "10.0.0.2");
  Sh("ip nexthop replace id 7 via 10.0.0.3 dev h0");
  EXPECT_TRUE(Hears());
  Pass();
  EXPECT_EQ(RouteTo("@host", "10.9.0.0/16").via(), "10.0.0.3");
}

TEST_F(Changes, RoutesThatDifferOnlyInWhatTheyAreForAreToldApart) {
  FillHost();
  Sh("ip link set h0 up && ip link set g0 up && ip addr add 10.0.0.1/24 dev h0");
  Sh("for tos in 0 8; do ip route add 10.9.0.0/16 tos $tos via 10.0.0.$((tos + 2)) mtu $((1400 + tos)); done");
  Pass(true);
  ExpectUpToDate("the carrier");
  Sh("ip route del 10.9.0.0/16 tos 0");
  EXPECT_EQ(Refresh({"@host"}), Told{"@host:-10.9.0.0/16"});
  const v1::Route& left = RouteTo("@host", "10.9.0.0/16");
  EXPECT_EQ(left.tos(), 8u);
  EXPECT_EQ(left.mtu(), 1408u);
  EXPECT_EQ(left.via(), Sh("ip -j route show 10.9.0.0/16 tos 8 | jq -rj .[0].gateway"));
}

TEST_F(Changes, ATimeThatRunsOutIsNoChangeAndAnotherTimeIs) {
  FillHost();
  Sh("sysctl -qw net.ipv6.conf.all.disable_ipv6=0 net.ipv6.conf.default.disable_ipv6=0 "
     "net.ipv6.conf.h0.disable_ipv6=0");
  Sh("ip netns add red && ip -n red link add e0 up type veth peer name e1 && ip -n red link set e1 up");
  Sh("ip link set h0 up && ip link set g0 up");
  for (const char* at : {"-n red -6 route add 2001:db8:9::/48 dev e0 expires 1000",
                         "-6 route add 2001:db8:9::/48 dev h0 expires 1000"}) {
    Sh(absl::StrCat("ip ", at));
  }
  Pass(true);
  do Pass();
  while (Hears(3000));
  for (const char* netns : {"@host", "red"}) {
    const auto expires = RouteTo(netns, "2001:db8:9::/48").expires().seconds();
    EXPECT_TRUE(expires > 900 && expires <= 1000) << netns << expires;
  }
  EXPECT_EQ(Refresh({"red", "@host"}), Told{});
  Sh("ip -n red -6 route change 2001:db8:9::/48 dev e0 expires 500");
  Sh("ip -6 route change 2001:db8:9::/48 dev h0 expires 500");
  const Told told = Refresh({"red", "@host"});
  EXPECT_TRUE(Contains(told, "red") && Contains(told, "@host:-2001:db8:9::/48") &&
              Contains(told, "@host:+2001:db8:9::/48"))
      << absl::StrJoin(told, " ");
  for (const char* netns : {"@host", "red"}) EXPECT_LE(RouteTo(netns, "2001:db8:9::/48").expires().seconds(), 500);
}

TEST_F(Changes, AnEndOfANewNamespaceIsToldWithItsName) {
  FillHost();
  Pass(true);
  Sh("ip netns add red && ip netns exec red sysctl -qw net.ipv6.conf.default.disable_ipv6=1 && "
     "ip link add t0 type veth peer name eth0 netns red");
  EXPECT_EQ(Refresh({"red", "@host"}), (Told{"red", "@host:+t0"}));
  EXPECT_EQ(LinkOf("@host", "t0").peer().namespace_(), "red");
  EXPECT_EQ(LinkOf("@host", "t0").peer().name(), "eth0");
  EXPECT_EQ(LinkOf("red", "eth0").peer().name(), "t0");
  Sh("ip -n red link set eth0 name wan0");
  EXPECT_EQ(Refresh({"red"}), (Told{"red", "@host:+t0"})) << "the host shows the name";
  Sh("ip link set t0 name t9");
  Refresh({"@host"});
  EXPECT_EQ(LinkOf("red", "wan0").peer().name(), "t9");
  const int index = IndexOf("t9");
  Sh("ip netns exec red ip link delete wan0 && ip netns delete red");
  EXPECT_EQ(Refresh({"red", "@host"}), (Told{"-red", absl::StrCat("@host:-", index)}));
}

TEST_F(Changes, AnEndOfANewNamespaceThatIsHeardOfBeforeItHasAnotherIsToldWithIt) {
  Pass(true);
  Sh("ip netns add red && ip netns exec red sysctl -qw net.ipv6.conf.default.disable_ipv6=1 && "
     "ip -n red link add eth0 type veth peer name t0 netns $$");
  EXPECT_EQ(Refresh({"red", "@host"}), (Told{"red", "@host:+t0"}));
  const v1::Link end = LinkOf("@host", "t0");
  EXPECT_EQ(end.peer().namespace_(), "red");
  EXPECT_EQ(end.peer().name(), "eth0");
  EXPECT_EQ(std::to_string(end.peer().ifindex()), Sh("ip -j link show t0 | jq -r .[0].link_index"));
  EXPECT_EQ(std::to_string(end.peer().nsid()), Sh("ip -j link show t0 | jq -r .[0].link_netnsid"));
  EXPECT_EQ(LinkOf("red", "eth0").peer().name(), "t0");
}

TEST_F(Changes, AnEndThatMovesToTheHostIsToldAtItsOtherEndToo) {
  FillHost();
  Sh("ip netns add red && ip netns add blue && ip -n red link add eth0 type veth peer name lan0 netns blue");
  Pass(true);
  EXPECT_EQ(LinkOf("red", "eth0").peer().namespace_(), "blue");
  Sh("ip -n blue link set lan0 netns $$ && ip link show lan0");
  Refresh({"@host"});
  EXPECT_EQ(LinkOf("red", "eth0").peer().namespace_(), "@host");
  EXPECT_EQ(LinkOf("@host", "lan0").peer().namespace_(), "red");
  Sh("ip link set lan0 netns blue");
  Refresh({"@host", "blue"});
  EXPECT_EQ(LinkOf("red", "eth0").peer().namespace_(), "blue");
}

TEST_F(Changes, AmongTwoThousandLinksTheAddedOneIsToldAlone) {
  Sh("sysctl -qw net.ipv6.conf.default.disable_ipv6=1");
  {
    auto worker = kernel::NetnsWorker::Create();
    auto netlink = worker->OpenNetlink(worker->host());
    for (int i = 0; i < 1000; ++i) {
      ASSERT_TRUE(kernel::CreateVeth(*netlink, {&worker->host(), absl::StrCat("a", i), kernel::RandomMac()},
                                     {&worker->host(), absl::StrCat("b", i), kernel::RandomMac()})
                      .ok());
    }
  }
  Pass(true);
  EXPECT_EQ(Netns("@host").link_count(), std::stoi(Sh("ip -j link | jq length"))) << "in messages of some 1 MiB";
  Sh("ip link add one type veth peer name other");
  EXPECT_EQ(Refresh({"@host"}), (Told{"@host:+other", "@host:+one"}));
  EXPECT_EQ(LinkOf("@host", "one").peer().name(), "other");
  ExpectUpToDate("adding one");
  Sh("ip link set group 7 dev one && ip -j link | jq -r '.[].ifname' | grep '^[a]' | sed 's/.*/link set & group 7/' | "
     "ip -batch - && ip link delete group 7");
  Refresh({"@host"});
  ExpectUpToDate("deleting all");
}

TEST_F(Changes, WhileMuchIsUnderWayTheEndOfAPairBeingMadeIsToldWithItsOther) {
  FillHost();
  Pass(true);
  inventory().Hurry(true);
  // At most once a second the kernel tells of all links once more, with both ends (linkwatch): then there is nothing
  // that would have to wait.
  bool waited = false;
  for (int i = 0; i < 50 && !waited; ++i) {
    const std::string red = absl::StrCat("red", i), blue = absl::StrCat("blue", i);
    Sh("ip netns add " + red + " && ip netns add " + blue);
    Refresh({red, blue});
    // The host's end is the first to be told, before it has another.
    Sh("ip -n " + red + " link add eth0 type veth peer name v-" + red + " netns $$ && ip -n " + blue +
       " link add eth0 type veth peer name v-" + blue + " netns $$ && ip link add a0 type veth peer name a1");
    const Told told = Refresh({red, "@host"});
    EXPECT_THAT(told, IsSupersetOf({red, "@host:+v-" + red, std::string("@host:+a0"), std::string("@host:+a1")}));
    EXPECT_EQ(LinkOf("@host", "v-" + red).peer().name(), "eth0");
    EXPECT_EQ(LinkOf("@host", "a0").peer().name(), "a1");
    waited = !Contains(told, "@host:+v-" + blue);
    if (waited) {
      EXPECT_TRUE(inventory().stale()) << "it is not forgotten";
      EXPECT_EQ(Refresh({"@host"}), Told{});
      EXPECT_THAT(Refresh({blue, "@host"}), UnorderedElementsAre(blue, "@host:+v-" + blue));
    }
    EXPECT_EQ(LinkOf("@host", "v-" + blue).peer().name(), "eth0");
    Sh("ip link delete a0");
  }
  EXPECT_TRUE(waited);
  Sh("ip -n blue0 link add eth1 type veth peer name v-foreign netns $$");
  Refresh({"@host"});
  inventory().Hurry(false);
  ExpectUpToDate("the hurry");
}

TEST_F(Changes, WhereEventsWereLostEverythingIsLookedAt) {
  OpenWith(4, 1);
  FillHost();
  Sh("ip netns add red && ip netns add blue");
  Pass(true);
  Sh("seq 40 | sed 's/.*/link set lo alias a&/' | ip -batch - && ip -n blue link set lo mtu 1234");
  Sh("ip link set h0 mtu 1400 && ip netns delete red && ip netns add green");
  ExpectUpToDate("losing events");
  EXPECT_EQ(LinkOf("blue", "lo").mtu(), 1234u);
  EXPECT_EQ(LinkOf("@host", "h0").mtu(), 1400u);
  EXPECT_EQ(Names(), (std::set<std::string>{"@host", "blue", "green"}));
  Sh("ip link set lo alias ''");
}

TEST_F(Changes, AnIdGivenToAnotherNamespaceIsHeardAsThatOnes) {
  const std::string ids = Sh("ip netns list-id");  // the host's own
  Sh("ip netns add red");
  Pass(true);
  const int id = Netns("red").nsid();
  Sh("ip netns delete red");
  while (inventory().counts().namespaces > 0 || Sh("ip netns list-id") != ids) {
    Hears(-1);
    Pass();
  }
  Sh("ip netns add blue");
  Pass();
  EXPECT_EQ(Netns("blue").nsid(), id);
  Sh("ip -n blue link set lo mtu 1234");
  Pass();
  EXPECT_EQ(LinkOf("blue", "lo").mtu(), 1234u);
}

TEST_F(Changes, WhoseALinkIsMayBeSaidAfterItWasSeen) {
  FillHost();
  Pass(true);
  Sh("ip link add t0 type bridge");
  EXPECT_EQ(Pass(), Told{"@host:+t0"});
  EXPECT_TRUE(LinkOf("@host", "t0").foreign());
  owned_links_.insert({Netns("@host").identity().cookie(), IndexOf("t0")});
  EXPECT_EQ(Refresh({"@host"}), Told{"@host:+t0"});
  EXPECT_FALSE(LinkOf("@host", "t0").foreign());
  EXPECT_EQ(Refresh({"@host"}), Told{});
}

TEST_F(Changes, NamesAreHeardOnceTheyAreNamespaces) {
  Pass(true);
  Sh("touch /run/netns/red");
  Pass();
  EXPECT_FALSE(inventory().stale());
  EXPECT_EQ(Names(), std::set<std::string>{"@host"});
  Sh("ip netns add blue && mount --bind /run/netns/blue /run/netns/red");
  EXPECT_TRUE(Hears());
  Pass();
  EXPECT_EQ(Names(), (std::set<std::string>{"@host", "blue", "red"}));
  Sh("umount /run/netns/red && rm /run/netns/red");
  EXPECT_TRUE(Hears());
  EXPECT_EQ(Pass(), Told{"-red"});
}

TEST_F(Changes, WhatHappensAtRandomIsToldAsItIs) {
  // WARREN_TEST_SEED tries others.
  const char* seed = getenv("WARREN_TEST_SEED");
  std::mt19937 random(seed == nullptr ? 20240607 : static_cast<unsigned>(atoi(seed)));
  const auto pick = [&](int count) { return std::to_string(random() % static_cast<unsigned>(count)); };
  FillHost();
  Sh("sysctl -qw net.ipv6.conf.all.disable_ipv6=0 net.ipv6.conf.default.disable_ipv6=0");
  for (const char* name : {"n0", "n1"}) Sh(absl::StrCat("ip netns add ", name));
  Sh("for i in 0 1 2; do ip -n n0 link add h$i type veth peer name g$i; done");  // many links, too
  Pass(true);
  for (int round = 0; round < 25; ++round) {
    std::string script;
    for (int i = 0; i < 6; ++i) {
      const std::string in = random() % 2 == 0 ? "ip" : "ip -n n" + pick(2);
      const std::string link = (random() % 2 == 0 ? "h" : "g") + pick(3);
      const std::string address = "10." + pick(3) + "." + pick(3) + ".1/24";
      const std::string route = "10.9." + pick(4) + ".0/24";
      const std::string steps[] = {
          in + " link set " + link + " up",
          in + " link set " + link + " down",
          in + " link set " + link + " mtu 14" + pick(10) + "0",
          in + " addr add " + address + " dev " + link,
          in + " addr del " + address + " dev " + link,
          in + " addr add 2001:db8:" + pick(3) + "::1/64 dev " + link + " nodad",
          in + " -6 route add 2001:db8:9:" + pick(3) + "::/64 dev " + link,
          in + " -6 route replace 2001:db8:9:" + pick(3) + "::/64 dev " + link,
          in + " route add " + route + " dev " + link,
          in + " route add " + route + " dev " + link + " metric " + pick(3) + " src 10." + pick(3) + "." + pick(3) +
              ".1",
          in + " route replace " + route + " dev " + link,
          in + " route del " + route,
          in + " route add " + route + " nexthop dev h0 nexthop dev " + link,
          in + " link add br" + pick(2) + " type bridge",
          in + " link set " + link + " master br" + pick(2),
          in + " link set " + link + " nomaster",
          in + " link del br" + pick(2),
          in + " link set " + link + " down; " + in + " link set " + link + " name x0; " + in + " link set x0 up",
          in + " link set x0 name " + link,
          in + " link del " + link,
          in + " link add " + link + " type veth peer name z" + pick(3) + " netns n" + pick(2),
          in + " link set " + link + " netns n" + pick(2),
          "ip -n n" + pick(2) + " link set " + link + " netns $$",
          "ip netns add n" + pick(4),
          "ip netns del n" + std::to_string(2 + random() % 2),
      };
      script += steps[random() % std::size(steps)] + " 2>/dev/null; ";
    }
    SCOPED_TRACE(script);
    Sh("(" + script + "); true");
    ExpectUpToDate(script);
    if (HasFailure()) return;
  }
}

}  // namespace
}  // namespace warren::inventory
