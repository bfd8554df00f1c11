#include "agent/kernel/netns_watch.h"

#include <gmock/gmock.h>
#include <poll.h>

#include "tests/agent/kernel/kernel_test.h"

namespace warren::kernel {
namespace {

using ::testing::ElementsAre;
using ::testing::IsEmpty;

class NetnsWatchTest : public KernelTest {
 protected:
  NetnsWatch Watch(const std::string& directory = "/run/netns") {
    auto watch = NetnsWatch::Open(directory);
    if (!watch.ok()) throw std::runtime_error(std::string(watch.status().message()));
    return *std::move(watch);
  }
  static bool Hears(const NetnsWatch& watch) {
    pollfd wait{watch.fd(), POLLIN, 0};
    return poll(&wait, 1, 0) == 1;
  }
};

TEST_F(NetnsWatchTest, TellsWhichNamesCameAndWent) {
  Sh("ip netns add old");
  NetnsWatch watch = Watch();
  EXPECT_FALSE(Hears(watch));
  Sh("ip netns add red && ip netns delete old");
  EXPECT_TRUE(Hears(watch));
  const auto news = watch.Read();
  EXPECT_THAT(news.names, ElementsAre("old", "red"));
  EXPECT_FALSE(news.lost);
  EXPECT_FALSE(Hears(watch));
  EXPECT_THAT(watch.Read().names, IsEmpty());
}

TEST_F(NetnsWatchTest, ANameIsWaitedForUntilItIsANamespace) {
  Sh("ip netns add red");
  NetnsWatch watch = Watch();
  Sh("touch /run/netns/blue /run/netns/never");
  EXPECT_TRUE(Hears(watch));
  EXPECT_THAT(watch.Read().names, IsEmpty());
  EXPECT_FALSE(Hears(watch));
  Sh("mount --bind /run/netns/red /run/netns/blue");
  EXPECT_TRUE(Hears(watch)) << "of the mount";
  EXPECT_THAT(watch.Read().names, ElementsAre("blue"));
  Sh("rm /run/netns/never");
  watch.Read();
  Sh("mkdir -p /run/elsewhere && mount -t tmpfs none /run/elsewhere && umount /run/elsewhere && rmdir /run/elsewhere");
  EXPECT_FALSE(Hears(watch)) << "nobody waits for a mount any more";
}

TEST_F(NetnsWatchTest, WaitsForWhatWasThereBeforeOnceToldTo) {
  Sh("ip netns add red && touch /run/netns/blue");
  NetnsWatch watch = Watch();
  watch.Await("blue");
  EXPECT_THAT(watch.Read().names, IsEmpty());
  Sh("mount --bind /run/netns/red /run/netns/blue");
  EXPECT_TRUE(Hears(watch));
  EXPECT_THAT(watch.Read().names, ElementsAre("blue"));
}

TEST_F(NetnsWatchTest, ADirectoryThatComesLaterIsToBeListedAndHeardFromThenOn) {
  Sh("rm -rf /run/later");
  NetnsWatch watch = Watch("/run/later");
  EXPECT_FALSE(watch.Read().lost);
  Sh("mkdir /run/later");
  EXPECT_TRUE(Hears(watch));
  EXPECT_TRUE(watch.Read().lost);
  Sh("ip netns add red && touch /run/later/x && mount --bind /run/netns/red /run/later/x");
  EXPECT_THAT(watch.Read().names, ElementsAre("x"));
  Sh("umount /run/later/x && rm -r /run/later");
  EXPECT_TRUE(watch.Read().lost) << "it is gone, and waited for again";
  Sh("mkdir /run/later");
  EXPECT_TRUE(watch.Read().lost);
  Sh("rmdir /run/later");
}

}  // namespace
}  // namespace warren::kernel
