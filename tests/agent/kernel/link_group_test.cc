#include "agent/kernel/link_group.h"

#include <gmock/gmock.h>

#include <algorithm>

#include "absl/strings/str_cat.h"
#include "tests/agent/kernel/kernel_test.h"

namespace warren::kernel {
namespace {

using ::testing::Each;
using ::testing::ElementsAre;

class LinkGroupTest : public KernelTest {
 protected:
  DoomedLink One(const std::string& name) { return {IndexOf(host(), name), name}; }
  std::vector<DoomedLink> Doomed(const std::vector<std::string>& names) {
    std::vector<DoomedLink> links;
    for (const std::string& name : names) links.push_back(One(name));
    return links;
  }
  std::string Names() { return Ip("link", "[.[].ifname] | sort | join(\" \")"); }
  // Of the loopback, of which the kernel says EOPNOTSUPP.
  DoomedLink Undeletable() { return {1, "lo"}; }
};

TEST_F(LinkGroupTest, DeletesManyAndTheirPeersAndNothingElse) {
  Sh("seq 250 | sed 's/.*/link add a& type veth peer name b&/' | ip -batch - && ip link add stays type bridge");
  std::vector<DoomedLink> links;
  for (int i = 1; i <= 250; ++i) links.push_back(One(absl::StrCat("a", i)));
  EXPECT_THAT(DeleteLinksTogether(host(), links), Each(absl::OkStatus()));
  EXPECT_EQ(Names(), "lo stays");
}

TEST_F(LinkGroupTest, BothEndsOfAPairMayBeAmongThem) {
  Sh("for i in 1 2 3; do ip link add a$i type veth peer name b$i; done");
  EXPECT_THAT(DeleteLinksTogether(host(), Doomed({"a1", "b1", "a2", "b2", "a3", "b3"})), Each(absl::OkStatus()));
  EXPECT_EQ(Names(), "lo");
  Sh("ip link add a1 type veth peer name b1");
  EXPECT_THAT(DeleteLinksTogether(host(), Doomed({"a1", "b1"})), ElementsAre(absl::OkStatus(), absl::OkStatus()));
  EXPECT_EQ(Names(), "lo");
}

TEST_F(LinkGroupTest, KindsMayBeMixedAndStandOnEachOther) {
  Sh("ip link add br0 type bridge && ip link add a1 type veth peer name b1 && ip link set a1 master br0 && "
     "ip link add link b1 name m0 type macvlan && ip link add x0 type vxlan id 7 dstport 4789");
  EXPECT_THAT(DeleteLinksTogether(host(), Doomed({"br0", "a1", "b1", "m0", "x0"})), Each(absl::OkStatus()));
  EXPECT_EQ(Names(), "lo");
}

TEST_F(LinkGroupTest, ThoseThatAreGoneAreNoError) {
  Sh("for i in 1 2 3 4; do ip link add br$i type bridge; done");
  auto links = Doomed({"br1", "br2", "br3", "br4"});
  Sh("ip link delete br2");
  EXPECT_THAT(DeleteLinksTogether(host(), links), Each(absl::OkStatus()));
  EXPECT_EQ(Names(), "lo");
  EXPECT_THAT(DeleteLinksTogether(host(), links), Each(absl::OkStatus()));
  EXPECT_THAT(DeleteLinksTogether(host(), {links[0]}), ElementsAre(absl::OkStatus()));
}

TEST_F(LinkGroupTest, OneWithAnotherNameByNowIsLeftAlone) {
  Sh("for i in 1 2 3 4; do ip link add br$i type bridge; done");
  const auto links = Doomed({"br1", "br2", "br3", "br4"});
  Sh("ip link set br2 name other2 && ip link set br4 name other4");
  EXPECT_THAT(DeleteLinksTogether(host(), {links[3]}), ElementsAre(absl::OkStatus()));
  EXPECT_THAT(DeleteLinksTogether(host(), links), Each(absl::OkStatus()));
  EXPECT_EQ(Names(), "lo other2 other4");
}

TEST_F(LinkGroupTest, OneThatCannotBeDeletedDoesNotKeepTheOthers) {
  Sh("for i in 1 2 3; do ip link add br$i type bridge; done && ip link set lo group 77");
  auto links = Doomed({"br1", "br2", "br3"});
  links.insert(links.begin() + 1, Undeletable());
  const auto statuses = DeleteLinksTogether(host(), links);
  ASSERT_EQ(statuses.size(), 4u);
  EXPECT_ERRNO(statuses[1], EOPNOTSUPP);
  EXPECT_THAT(std::vector({statuses[0], statuses[2], statuses[3]}), Each(absl::OkStatus()));
  EXPECT_EQ(Names(), "lo");
  EXPECT_EQ(Ip("link show lo", ".[0].group"), "77") << "it is not back where it was";
  Sh("ip link set lo group default");
}

TEST_F(LinkGroupTest, GathersInAGroupOfTheirOwn) {
  Sh("for i in 1 2 3; do ip link add br$i type bridge; done && ip link set br2 group 5");
  const auto group = LinkGroup::Gather(host(), Doomed({"br1", "br2"}));
  ASSERT_OK(group);
  EXPECT_EQ(Ip(absl::StrCat("link show group ", group->number()), "[.[].ifname | select(.)] | sort | join(\" \")"),
            "br1 br2");
  LinkGroup(*group).Disband(host());
  EXPECT_EQ(Ip("link", R"([.[] | .ifname + " " + .group] | sort | join(","))"),
            "br1 default,br2 5,br3 default,lo default");
}

TEST_F(LinkGroupTest, SomebodyElsesLinkInTheGroupIsNotDeleted) {
  Sh("for i in 1 2 3; do ip link add br$i type bridge; done && ip link add other type bridge");
  auto group = LinkGroup::Gather(host(), Doomed({"br1", "br2", "br3"}));
  ASSERT_OK(group);
  Sh(absl::StrCat("ip link set other group ", group->number()));
  EXPECT_TRUE(absl::IsAborted(group->Delete(host())));
  EXPECT_EQ(Names(), "br1 br2 br3 lo other");
}

TEST_F(LinkGroupTest, OneThatSomebodyTookOutOfTheGroupIsNoticed) {
  Sh("for i in 1 2 3; do ip link add br$i type bridge; done");
  auto group = LinkGroup::Gather(host(), Doomed({"br1", "br2", "br3"}));
  ASSERT_OK(group);
  Sh("ip link set br2 group 9");
  EXPECT_TRUE(absl::IsAborted(group->Delete(host())));
  EXPECT_EQ(Names(), "br1 br2 br3 lo");
}

TEST_F(LinkGroupTest, AGroupThatIsEmptyByNowIsDeletedAlready) {
  Sh("for i in 1 2 3; do ip link add br$i type bridge; done");
  auto group = LinkGroup::Gather(host(), Doomed({"br1", "br2", "br3"}));
  ASSERT_OK(group);
  Sh("for i in 1 2 3; do ip link delete br$i; done");
  EXPECT_EQ(group->Delete(host()), absl::OkStatus());
}

TEST(UnusedGroup, IsNeitherTheDefaultNorOneInUse) {
  std::vector<uint32_t> numbers = {0, 7, 9, 0x80000000, 11, 13};
  auto next = numbers.begin();
  EXPECT_EQ(UnusedGroup({0, 7, 9}, [&] { return *next++; }), 11u);
  next = numbers.begin();
  EXPECT_EQ(UnusedGroup({}, [&] { return *next++; }), 7u);
}

}  // namespace
}  // namespace warren::kernel
