// Which link is at the other end.

#include <fcntl.h>

#include "absl/strings/str_cat.h"
#include "proto/common/unique_fd.h"
#include "tests/agent/inventory/inventory_test.h"

namespace warren::inventory {
namespace {

class PeersTest : public InventoryTest {
 protected:
  void Add(const std::string& name) { Sh("ip netns add " + name); }
  // "red:eth0", ":eth0" in the same namespace, "" when there is none.
  std::string PeerOf(const std::string& netns, const std::string& link) {
    const v1::Link& found = LinkOf(netns, link);
    if (!found.has_peer()) return "";
    const v1::LinkPeer& peer = found.peer();
    if (!peer.name().empty() && !peer.namespace_().empty()) {
      EXPECT_EQ(LinkOf(peer.namespace_(), peer.name()).ifindex(), peer.ifindex());
    }
    EXPECT_TRUE(peer.namespace_().empty() || peer.nsid() >= 0);
    return absl::StrCat(peer.namespace_(), ":", peer.name());
  }
};

TEST_F(PeersTest, AVethNamesItsOtherEndFromBothSides) {
  Add("red");
  Add("blue");
  Sh("ip link add t0 type veth peer name eth0 netns red");
  Sh("ip -n red link add wan0 type veth peer name lan0 netns blue");
  Sh("ip -n blue link add p0 type veth peer name p1");
  Pass(true);
  EXPECT_EQ(PeerOf("@host", "t0"), "red:eth0");
  EXPECT_EQ(PeerOf("red", "eth0"), "@host:t0");
  EXPECT_EQ(PeerOf("red", "wan0"), "blue:lan0");
  EXPECT_EQ(PeerOf("blue", "lan0"), "red:wan0");
  EXPECT_EQ(PeerOf("blue", "p0"), ":p1");
  EXPECT_EQ(LinkOf("blue", "p0").peer().nsid(), -1);
  EXPECT_EQ(PeerOf("blue", "lo"), "");
}

TEST_F(PeersTest, PairsWithTheSameIndicesAreToldApart) {
  // Every end of every pair has the index that a namespace's first link gets.
  for (int i = 0; i < 6; ++i) Add(absl::StrCat("n", i));
  for (int i = 0; i < 6; i += 2) {
    Sh(absl::StrCat("ip -n n", i, " link add eth0 index 10 type veth peer name eth0 index 10 netns n", i + 1));
  }
  Pass(true);
  for (int i = 0; i < 6; ++i) {
    EXPECT_EQ(LinkOf(absl::StrCat("n", i), "eth0").peer().ifindex(), 10);
    EXPECT_EQ(PeerOf(absl::StrCat("n", i), "eth0"), absl::StrCat("n", i ^ 1, ":eth0"));
  }
}

TEST_F(PeersTest, AFurtherChangeAtOneEndIsToldOfTheOther) {
  Add("red");
  Add("blue");
  Sh("ip -n red link add eth0 type veth peer name eth0 netns blue");
  Pass(true);
  Sh("ip -n red link set eth0 name wan0");
  const auto told = Refresh({"red"});
  EXPECT_EQ(std::set<std::string>(told.begin(), told.end()), (std::set<std::string>{"blue", "red"}));
  EXPECT_EQ(PeerOf("blue", "eth0"), "red:wan0");
  // Its other end moves away.
  Add("green");
  Sh("ip -n blue link set eth0 netns green");
  Refresh({"blue", "green"});
  EXPECT_EQ(PeerOf("red", "wan0"), "green:eth0");
  EXPECT_EQ(PeerOf("green", "eth0"), "red:wan0");
}

TEST_F(PeersTest, ANamespaceMadeAgainUnderItsNameIsTheNewOne) {
  Add("red");
  Add("blue");
  Sh("ip -n red link add eth0 type veth peer name lan0 netns blue");
  Pass(true);
  Sh("ip netns delete red");
  Add("red");
  Sh("ip -n blue link delete lan0 2>/dev/null; ip -n red link add wan0 type veth peer name lan1 netns blue");
  Pass();
  EXPECT_EQ(PeerOf("blue", "lan1"), "red:wan0");
  EXPECT_EQ(PeerOf("red", "wan0"), "blue:lan1");
}

TEST_F(PeersTest, AnEndInANamelessNamespaceIsNamedWithoutIt) {
  Add("red");
  Add("hidden");
  Sh("ip link add t0 type veth peer name eth7 netns hidden");
  Sh("ip -n red link add wan0 type veth peer name eth8 netns hidden");
  UniqueFd held(open("/run/netns/hidden", O_RDONLY | O_CLOEXEC));
  Sh("ip netns delete hidden");
  Pass(true);
  EXPECT_EQ(PeerOf("@host", "t0"), ":eth7");
  EXPECT_GE(LinkOf("@host", "t0").peer().nsid(), 0);
  EXPECT_EQ(PeerOf("red", "wan0"), ":eth8");
  // It gets a name.
  Sh(absl::StrCat("touch /run/netns/shown && mount -c --bind /proc/", getpid(), "/fd/", held.get(),
                  " /run/netns/shown"));
  Pass();
  EXPECT_EQ(PeerOf("@host", "t0"), "shown:eth7");
  EXPECT_EQ(PeerOf("red", "wan0"), "shown:eth8");
}

TEST_F(PeersTest, ALinkOnTopOfAnotherNamesTheLowerOne) {
  Add("red");
  Sh("ip link add t0 type veth peer name t1 && ip link add link t0 name v7 type macvlan");
  Sh("ip link add link t0 name v8 type macvlan && ip link set v8 netns red");
  Pass(true);
  EXPECT_EQ(PeerOf("@host", "v7"), ":t0");
  EXPECT_EQ(PeerOf("red", "v8"), "@host:t0");
  EXPECT_EQ(PeerOf("@host", "t0"), ":t1");
}

TEST_F(PeersTest, ANamespaceWithTwoNamesIsReferredToByOne) {
  Add("red");
  Sh("touch /run/netns/also && mount --bind /run/netns/red /run/netns/also");
  Sh("ip link add t0 type veth peer name eth0 netns red");
  Pass(true);
  EXPECT_EQ(PeerOf("@host", "t0"), "also:eth0");
  EXPECT_EQ(PeerOf("red", "eth0"), "@host:t0");
  EXPECT_EQ(PeerOf("also", "eth0"), "@host:t0");
  Sh("umount /run/netns/also && rm /run/netns/also");
  Refresh({"also"});
  EXPECT_EQ(PeerOf("@host", "t0"), "red:eth0");
}

}  // namespace
}  // namespace warren::inventory
