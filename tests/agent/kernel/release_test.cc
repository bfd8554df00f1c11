#include "agent/kernel/release.h"

#include <gmock/gmock.h>
#include <sys/socket.h>

#include <thread>

#include "absl/time/clock.h"
#include "agent/kernel/nsid.h"
#include "tests/agent/kernel/kernel_test.h"

namespace warren::kernel {
namespace {

using ::testing::ElementsAre;
using ::testing::IsEmpty;
using ::testing::Pair;

class ReleaseTest : public KernelTest {
 protected:
  ReleaseWatcher Watch() {
    auto watcher = ReleaseWatcher::Open(worker());
    if (!watcher.ok()) throw std::runtime_error(std::string(watcher.status().message()));
    return *std::move(watcher);
  }
  // Far away: what has to come, comes by an event.
  absl::Time Late() { return absl::Now() + absl::Minutes(2); }
};

TEST_F(ReleaseTest, WaitsForANamespaceAndItsOuterPeer) {
  Sh("ip netns add red && ip link add v0 type veth peer name eth0 netns red");
  const int nsid = *GetOrAssignNsid(host(), Named("red"));
  const int outer = IndexOf(host(), "v0");
  ReleaseWatcher watcher = Watch();
  ASSERT_OK(dir().Unbind("red"));
  const auto left = watcher.Wait({{nsid}, {{-1, outer}}}, Late());
  ASSERT_OK(left);
  EXPECT_TRUE(left->empty());
  EXPECT_EQ(Sh("ip -j link | jq -c '[.[].ifname]'"), R"(["lo"])");
}

TEST_F(ReleaseTest, WaitsForAPeerInAnotherNamespace) {
  Sh("ip netns add red && ip netns add blue && ip -n red link add eth0 type veth peer name far0 netns blue");
  const int red = *GetOrAssignNsid(host(), Named("red")), blue = *GetOrAssignNsid(host(), Named("blue"));
  Netlink in_blue = OpenSocket(Named("blue"));
  const int far = IndexOf(in_blue, "far0");
  ReleaseWatcher watcher = Watch();
  ASSERT_OK(dir().Unbind("red"));
  const auto left = watcher.Wait({{red}, {{blue, far}}}, Late());
  ASSERT_OK(left);
  EXPECT_TRUE(left->empty());
  EXPECT_EQ(IndexOf(in_blue, "far0"), 0);
}

TEST_F(ReleaseTest, APairWhoseNamespacesGoTogetherIsNotWaitedForInVain) {
  Sh("ip netns add red && ip netns add blue && ip -n red link add eth0 type veth peer name far0 netns blue");
  const int red = *GetOrAssignNsid(host(), Named("red")), blue = *GetOrAssignNsid(host(), Named("blue"));
  int near, far;
  {
    Netlink in_red = OpenSocket(Named("red")), in_blue = OpenSocket(Named("blue"));
    near = IndexOf(in_red, "eth0");
    far = IndexOf(in_blue, "far0");
  }
  ReleaseWatcher watcher = Watch();
  ASSERT_OK(dir().Unbind("red"));
  ASSERT_OK(dir().Unbind("blue"));
  const auto left = watcher.Wait({{red, blue}, {{red, near}, {blue, far}}}, absl::InfiniteFuture());
  ASSERT_OK(left);
  EXPECT_TRUE(left->empty());
}

TEST_F(ReleaseTest, SaysWhatIsStillThereAtTheDeadline) {
  Sh("ip netns add red && ip link add v0 type veth peer name eth0 netns red && ip link add gone type bridge");
  const int nsid = *GetOrAssignNsid(host(), Named("red"));
  const int outer = IndexOf(host(), "v0"), gone = IndexOf(host(), "gone");
  ReleaseWatcher watcher = Watch();
  const Netns holder = Named("red");
  ASSERT_OK(dir().Unbind("red"));
  ASSERT_OK(DeleteLink(host(), gone));
  const auto left = watcher.Wait({{nsid}, {{-1, outer}, {-1, gone}}}, absl::Now() + absl::Milliseconds(50));
  ASSERT_OK(left);
  EXPECT_THAT(left->nsids, ElementsAre(nsid));
  EXPECT_THAT(left->links, ElementsAre(Pair(-1, outer)));
}

TEST_F(ReleaseTest, LooksForItselfAtTheDeadlineSoThatWhatWentBeforeItListenedIsNotWaitedForInVain) {
  Sh("ip netns add red && ip netns add blue && ip link add gone type bridge");
  const int red = *GetOrAssignNsid(host(), Named("red")), blue = *GetOrAssignNsid(host(), Named("blue"));
  const int gone = IndexOf(host(), "gone");
  {
    ReleaseWatcher first = Watch();
    Sh("ip netns delete red && ip link delete gone");
    ASSERT_TRUE(first.Wait({{red}, {}}, Late())->empty());
  }
  ReleaseWatcher watcher = Watch();
  const auto left = watcher.Wait({{red, blue}, {{-1, gone}, {red, 7}}}, absl::Now());
  ASSERT_OK(left);
  EXPECT_THAT(left->nsids, ElementsAre(blue));
  EXPECT_THAT(left->links, IsEmpty());
}

TEST_F(ReleaseTest, LooksForItselfWhenEventsWereLost) {
  Sh("ip link add gone type bridge");
  const int gone = IndexOf(host(), "gone");
  ReleaseWatcher watcher = Watch();
  // More events than its receive buffer holds, before the one that counts; by itself it would hold thousands.
  const int small = 1;
  for (int fd = 3; fd < 100; ++fd) setsockopt(fd, SOL_SOCKET, SO_RCVBUF, &small, sizeof small);
  Sh("seq 20 | sed 's/.*/link set lo alias a&/' | ip -batch - && ip link set lo alias ''");
  ASSERT_OK(DeleteLink(host(), gone));
  ASSERT_NE(Sh("awk 'NR > 1 {drops += $9} END {print drops}' /proc/net/netlink"), "0");
  const auto left = watcher.Wait({{}, {{-1, gone}}}, absl::InfiniteFuture());
  ASSERT_OK(left);
  EXPECT_TRUE(left->empty());
}

TEST_F(ReleaseTest, NothingToWaitForReturnsAtOnce) { EXPECT_TRUE(Watch().Wait({}, absl::InfiniteFuture())->empty()); }

TEST_F(ReleaseTest, ADeletionMadeElsewhereIsHeardToo) {
  Sh("ip netns add red");
  const int nsid = *GetOrAssignNsid(host(), Named("red"));
  ReleaseWatcher watcher = Watch();
  std::jthread other([] { Sh("ip netns delete red"); });
  EXPECT_TRUE(watcher.Wait({{nsid}, {}}, Late())->empty());
}

}  // namespace
}  // namespace warren::kernel
