#include "agent/inventory/topology.h"

#include <gtest/gtest.h>

namespace warren::inventory {
namespace {

using Concerned = Topology::Concerned;
using Cookies = std::set<uint64_t>;

// An end in a namespace whose other end has the index `peer` in the namespace `netns`.
End To(int ifindex, const std::string& name, int peer, uint64_t netns) {
  return {ifindex, name, name + "-mac", peer, netns};
}

TEST(Topology, NamesTheHostFirstAndOtherwiseTheFirstName) {
  Topology topology;
  topology.Put("zeta", 7, {});
  topology.Put("alpha", 7, {});
  EXPECT_EQ(topology.NameOf(7), "alpha");
  topology.Put("@host", 7, {});
  EXPECT_EQ(topology.NameOf(7), "@host");
  topology.Remove("@host");
  topology.Remove("alpha");
  EXPECT_EQ(topology.NameOf(7), "zeta");
  topology.Remove("zeta");
  EXPECT_EQ(topology.NameOf(7), "");
}

TEST(Topology, ANamespaceThatAppearsOrDisappearsConcernsThoseAtItsOtherEnds) {
  Topology topology;
  topology.Put("@host", 1, {To(5, "t0", 2, 0)});
  EXPECT_EQ(topology.Put("red", 2, {To(2, "eth0", 5, 1)}), (Concerned{{"@host", {5}}}));
  topology.Put("@host", 1, {To(5, "t0", 2, 2)});
  EXPECT_EQ(topology.Put("red", 2, {To(2, "eth0", 5, 1)}), Concerned{}) << "nothing has changed";
  EXPECT_EQ(topology.Remove("red"), (Concerned{{"@host", {5}}}));
  EXPECT_EQ(topology.Remove("red"), Concerned{});
}

TEST(Topology, ARenamedEndConcernsItsOtherEndAndNobodyElse) {
  Topology topology;
  topology.Put("a", 1, {To(2, "eth0", 2, 2)});
  topology.Put("b", 2, {To(2, "eth0", 2, 1), To(3, "eth1", 2, 3)});
  topology.Put("c", 3, {To(2, "eth0", 3, 2)});
  EXPECT_EQ(topology.Put("b", 2, {To(2, "wan0", 2, 1), To(3, "eth1", 2, 3)}), (Concerned{{"a", {2}}}));
  EXPECT_EQ(topology.Put("b", 2, {To(2, "wan0", 2, 1)}), (Concerned{{"c", {2}}}));
}

TEST(Topology, ANameTakenByAnotherNamespaceIsBoth) {
  Topology topology;
  topology.Put("a", 1, {To(2, "eth0", 9, 8)});
  topology.Put("b", 8, {To(9, "x", 2, 1)});
  topology.Put("c", 5, {To(4, "y", 3, 6)});
  // "a" was deleted and made again between two looks, and now has a veth to c.
  EXPECT_EQ(topology.Put("a", 6, {To(3, "eth0", 4, 5)}), (Concerned{{"b", {9}}, {"c", {4}}}));
  EXPECT_EQ(topology.NameOf(1), "");
  EXPECT_EQ(topology.CookieOf("a"), 6u);
}

TEST(Topology, PartsOfANamespaceAreUpdatedAsTheWholeIs) {
  Topology topology;
  topology.Put("a", 1, {To(2, "eth0", 7, 2), To(3, "eth1", 8, 2), To(4, "eth2", 9, 2)});
  topology.Put("b", 2, {To(6, "x", 5, 1), To(7, "y", 2, 1), To(8, "z", 3, 1), To(9, "w", 4, 1)});
  EXPECT_EQ(topology.Update("a", {To(2, "eth0", 7, 2)}, {}), Concerned{}) << "nothing has changed";
  EXPECT_EQ(topology.Update("a", {To(2, "wan0", 7, 2), To(5, "eth3", 6, 2)}, {4}), (Concerned{{"b", {6, 7, 9}}}));
  EXPECT_EQ(topology.Find(1, 2)->name, "wan0");
  EXPECT_EQ(topology.Find(1, 3)->name, "eth1");
  EXPECT_EQ(topology.Find(1, 4), nullptr);
  EXPECT_EQ(topology.Having(5, 6, "eth3-mac"), Cookies{1});
  EXPECT_EQ(topology.Having(4, 9, "eth2-mac"), Cookies{});
  EXPECT_EQ(topology.Having(2, 7, "eth0-mac"), Cookies{});
  EXPECT_EQ(topology.Update("never", {To(2, "x", 7, 2)}, {1}), Concerned{});
}

TEST(Topology, AnEndThatHasMovedConcernsItsOtherEndWhereNothingHappened) {
  Topology topology;
  topology.Put("red", 2, {To(2, "eth0", 3, 0), To(3, "eth1", 2, 0)});
  topology.Put("@host", 1, {});
  topology.Put("red", 2, {To(2, "eth0", 3, 0)});
  topology.Update("@host", {To(3, "eth1", 2, 0)}, {});  // heard of, and not yet known whose other end it is
  EXPECT_EQ(topology.Update("@host", {To(3, "eth1", 2, 2)}, {}), (Concerned{{"red", {2}}}));
  EXPECT_EQ(topology.Put("@host", 1, {To(3, "eth1", 2, 2)}), (Concerned{{"red", {2}}}));
  topology.Update("red", {To(2, "eth0", 3, 1)}, {});
  EXPECT_EQ(topology.Update("@host", {To(3, "eth1", 2, 2)}, {}), Concerned{});
  EXPECT_EQ(topology.Put("@host", 1, {To(3, "eth1", 2, 2)}), Concerned{});
}

TEST(Topology, FindsEndsByIndexPeerAndMac) {
  Topology topology;
  topology.Put("a", 1, {To(2, "eth0", 5, 2)});
  topology.Put("b", 2, {{5, "eth0", "other-mac", 2, 1}});
  EXPECT_EQ(topology.Having(2, 5, "eth0-mac"), Cookies{1});
  EXPECT_EQ(topology.Having(2, 6, "eth0-mac"), Cookies{});
  EXPECT_EQ(topology.Having(5, 2, "other-mac"), Cookies{2});
  topology.Put("a", 1, {});
  EXPECT_EQ(topology.Having(2, 5, "eth0-mac"), Cookies{});
}

}  // namespace
}  // namespace warren::inventory
