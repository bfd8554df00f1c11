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
  static bool Hears(const NetnsWatch& watch, int timeout_ms = 0) {
    pollfd wait{watch.fd(), POLLIN, 0};
    return poll(&wait, 1, timeout_ms) == 1;
  }
  // The next names that it tells, waking up as often as it takes.
  static std::set<std::string> NextNames(NetnsWatch& watch) {
    while (Hears(watch, 60000)) {
      if (const auto news = watch.Read(); !news.names.empty()) return news.names;
    }
    return {};
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

TEST_F(NetnsWatchTest, WhatDoesNotBecomeANamespaceIsToldAsItIsAndTheMountThatComesLateToo) {
  Sh("ip netns add red");
  NetnsWatch watch = Watch();
  Sh("touch /run/netns/blue && ln -s red /run/netns/link && mkfifo /run/netns/fifo && mkdir /run/netns/dir");
  EXPECT_THAT(watch.Read().names, IsEmpty());
  EXPECT_TRUE(watch.Awaits("blue"));
  EXPECT_THAT(NextNames(watch), ElementsAre("blue", "dir", "fifo", "link"));
  EXPECT_FALSE(watch.Awaits("blue"));
  Sh("mount --bind /run/netns/red /run/netns/blue");
  EXPECT_THAT(NextNames(watch), ElementsAre("blue"));
  Sh("rm /run/netns/link /run/netns/fifo && rmdir /run/netns/dir");
  EXPECT_THAT(NextNames(watch), ElementsAre("dir", "fifo", "link"));
}

TEST_F(NetnsWatchTest, WhatIsOldIsToldWhenItBecomesANamespace) {
  Sh("ip netns add red && touch /run/netns/blue");
  NetnsWatch watch = Watch();
  watch.Await("blue", /*old=*/true);
  EXPECT_FALSE(watch.Awaits("blue"));
  EXPECT_THAT(watch.Read().names, IsEmpty());
  Sh("mount --bind /run/netns/red /run/netns/blue");
  EXPECT_THAT(NextNames(watch), ElementsAre("blue"));
}

TEST_F(NetnsWatchTest, NoNumberOfFilesHidesANamespace) {
  NetnsWatch watch = Watch();
  Sh("mkdir -p /run/netns && cd /run/netns && seq -f plain-%g 5000 | xargs touch");
  std::set<std::string> told;
  while (told.size() < 5000 && Hears(watch, 60000)) told.merge(watch.Read().names);
  EXPECT_EQ(told.size(), 5000u);
  Sh("ip netns add after");
  EXPECT_THAT(NextNames(watch), ElementsAre("after"));
  Sh("touch /run/netns/late");
  watch.Read();
  Sh("mount --bind /run/netns/after /run/netns/late");
  EXPECT_THAT(NextNames(watch), ElementsAre("late"));
  Sh("mount --bind /run/netns/after /run/netns/plain-2500");
  EXPECT_THAT(NextNames(watch), ElementsAre("plain-2500"));
  Sh("umount /run/netns/plain-2500; find /run/netns -name 'plain-*' -delete");
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
