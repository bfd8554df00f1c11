#include "agent/kernel/netns.h"

#include <errno.h>
#include <fcntl.h>
#include <gmock/gmock.h>
#include <sys/stat.h>

#include <filesystem>
#include <fstream>
#include <thread>

#include "tests/agent/kernel/kernel_test.h"

namespace warren::kernel {
namespace {

namespace fs = std::filesystem;
using ::testing::HasSubstr;
using ::testing::UnorderedElementsAre;

// The network namespace of the calling thread.
ino_t Here() {
  struct stat st;
  return stat("/proc/thread-self/ns/net", &st) == 0 ? st.st_ino : 0;
}

std::string MountsAt(const std::string& path) {
  return Sh("awk '$5 == \"" + path + "\"' /proc/self/mountinfo | wc -l");
}

class NetnsTest : public KernelTest {
 protected:
  Netns New() {
    auto made = worker().NewNetns();
    if (!made.ok()) throw std::runtime_error(std::string(made.status().message()));
    return std::move(made->netns);
  }
};

TEST_F(NetnsTest, ANewOneIsEmptyButForALoopbackThatIsDown) {
  const Netns made = New();
  ASSERT_OK(dir().Bind(made, "red", "ours"));
  EXPECT_EQ(Ip("-n red link show", "[.[] | [.ifname, (.flags | index(\"UP\"))]]"), R"([["lo",null]])");
  EXPECT_EQ(Sh("stat -Lc %i /run/netns/red"), std::to_string(made.inode));
  EXPECT_NE(made.inode, worker().host().inode);
}

TEST_F(NetnsTest, TheThreadIsBackInTheHostsNamespaceAfterEverySwitch) {
  const ino_t before = Here();
  const Netns made = New();
  EXPECT_EQ(Here(), before);
  ASSERT_OK(worker().Within(made, [&] {
    EXPECT_EQ(Here(), made.inode);
    return absl::OkStatus();
  }));
  EXPECT_EQ(Here(), before);
  EXPECT_EQ(worker().Within(made, [] { return absl::AbortedError("as it is"); }), absl::AbortedError("as it is"));
  EXPECT_EQ(Here(), before);
  ASSERT_OK(worker().OpenNetlink(made));
  EXPECT_EQ(Here(), before);
}

TEST_F(NetnsTest, EnteringWhatIsNoNamespaceFailsAndTheWorkIsNotDone) {
  Netns file;
  file.fd.reset(open("/dev/null", O_RDONLY | O_CLOEXEC));
  EXPECT_ERRNO(worker().Within(file, [] { return absl::AbortedError("must not run"); }), EINVAL);
}

TEST_F(NetnsTest, WorkIsRefusedWhereTheInodeIsNotTheExpectedOne) {
  Netns made = New();
  made.inode += 1;  // as if the name had come to mean another namespace
  EXPECT_ERRNO(worker().Within(made, [] { return absl::AbortedError("must not run"); }), ESTALE);
  EXPECT_EQ(Here(), worker().host().inode);
}

TEST_F(NetnsTest, TwoThreadsWorkInDifferentNamespacesAtTheSameTime) {
  const Netns red = New(), blue = New();
  const auto visit = [](const Netns& target) {
    auto mine = NetnsWorker::Create();
    ASSERT_TRUE(mine.ok());
    for (int i = 0; i < 200; ++i) {
      EXPECT_TRUE(mine->Within(target,
                               [&] {
                                 EXPECT_EQ(Here(), target.inode);
                                 return absl::OkStatus();
                               })
                      .ok());
    }
  };
  std::jthread other(visit, std::cref(red));
  visit(blue);
}

TEST_F(NetnsTest, ASocketStaysInTheNamespaceItWasOpenedIn) {
  Sh("ip netns add red && ip -n red link add inside type bridge");
  Netlink red = OpenSocket(Named("red"));
  EXPECT_NE(IndexOf(red, "inside"), 0);
  EXPECT_EQ(IndexOf(host(), "inside"), 0);
  EXPECT_NE(red.cookie(), host().cookie());
  EXPECT_EQ(red.cookie(), OpenSocket(Named("red")).cookie());
}

TEST_F(NetnsTest, TheCookieIsThatOfASocketInside) {
  Sh("ip netns add red");
  const Netns red = Named("red");
  const uint64_t cookie = OpenSocket(red).cookie();
  EXPECT_EQ(*worker().CookieOf(red), cookie);
  EXPECT_NE(cookie, host().cookie());
  EXPECT_EQ(*worker().CookieOf(worker().host()), host().cookie());
}

TEST_F(NetnsTest, PreparingMakesASharedMountOnceHoweverOftenItIsCalled) {
  const NetnsDir fresh("/run/elsewhere/netns");
  for (int i = 0; i < 3; ++i) {
    ASSERT_OK(fresh.Prepare());
    EXPECT_EQ(MountsAt("/run/elsewhere/netns"), "1");
  }
  EXPECT_EQ(Sh("findmnt -no PROPAGATION /run/elsewhere/netns"), "shared");
  ASSERT_OK(fresh.Bind(New(), "red", ""));
  ASSERT_OK(fresh.Unbind("red"));
  Sh("umount /run/elsewhere/netns && rm -r /run/elsewhere");
}

TEST_F(NetnsTest, PreparingLeavesWhatIpNetnsPreparedAlone) {
  Sh("ip netns add red");
  const std::string before = MountsAt("/run/netns");
  ASSERT_OK(dir().Prepare());
  EXPECT_EQ(MountsAt("/run/netns"), before);
}

TEST_F(NetnsTest, PreparingMakesAnUnsharedMountSharedAndFollowsASymlinkedDirectory) {
  Sh("mkdir -p /run/real && mount --bind /run/real /run/real && mount --make-private /run/real");
  Sh("ln -s real /run/link");
  const NetnsDir linked("/run/link");
  ASSERT_OK(linked.Prepare());
  EXPECT_EQ(MountsAt("/run/real"), "1");
  EXPECT_EQ(Sh("findmnt -no PROPAGATION /run/real"), "shared");
  Sh("umount /run/real && rm -r /run/real /run/link");
}

TEST_F(NetnsTest, PreparingIsNotTakenInByAMountThatAnotherHides) {
  Sh("mkdir /run/hidden && mount --bind /run/hidden /run/hidden && mkdir /run/hidden/netns");
  Sh("mount --bind /run/hidden/netns /run/hidden/netns && mount --make-shared /run/hidden/netns");
  Sh("mount -t tmpfs tmpfs /run/hidden && mkdir /run/hidden/netns");
  ASSERT_OK(NetnsDir("/run/hidden/netns").Prepare());
  EXPECT_EQ(MountsAt("/run/hidden/netns"), "2");
  ASSERT_OK(NetnsDir("/run/hidden/netns").Prepare());
  EXPECT_EQ(MountsAt("/run/hidden/netns"), "2");
  Sh("umount /run/hidden/netns && umount /run/hidden && umount /run/hidden/netns && umount /run/hidden");
  Sh("rm -r /run/hidden");
}

TEST_F(NetnsTest, PreparingADirectoryWithASpaceInItsNameDoublesNothingEither) {
  const NetnsDir spaced("/run/a place");
  ASSERT_OK(spaced.Prepare());
  ASSERT_OK(spaced.Prepare());
  EXPECT_EQ(MountsAt("/run/a\\\\040place"), "1");
  Sh("umount '/run/a place' && rmdir '/run/a place'");
}

TEST_F(NetnsTest, PreparingWhereAFileIsInTheWayFails) {
  Sh("touch /run/file");
  EXPECT_ERRNO(NetnsDir("/run/file/netns").Prepare(), ENOTDIR);
  Sh("rm /run/file");
}

TEST_F(NetnsTest, ABoundNameIsSeenByIpAndGoneAfterUnbinding) {
  const Netns made = New();
  ASSERT_OK(dir().Bind(made, "red", "ours"));
  EXPECT_EQ(Ip("netns list", "[.[].name]"), R"(["red"])");
  EXPECT_EQ(Named("red").inode, made.inode);
  ASSERT_OK(dir().Unbind("red"));
  EXPECT_EQ(Sh("ls /run/netns"), "");
  EXPECT_ERRNO(dir().Open("red"), ENOENT);
  EXPECT_ERRNO(dir().Unbind("red"), ENOENT);
}

TEST_F(NetnsTest, ANameTakenByAnythingIsRefusedAndWhatIsThereStays) {
  Sh("ip netns add red && ln -s red /run/netns/link && mkfifo /run/netns/fifo && mkdir /run/netns/folder");
  Sh("echo theirs > /run/netns/plain && ln -s nowhere /run/netns/dangling");
  const ino_t before = Named("red").inode;
  for (const char* taken : {"red", "link", "fifo", "folder", "plain", "dangling"}) {
    const absl::Status status = dir().Bind(New(), taken, "ours");
    EXPECT_EQ(ErrnoName(ErrnoOf(status)), "EEXIST") << taken;
    EXPECT_EQ(status.code(), absl::StatusCode::kAlreadyExists) << taken;
  }
  EXPECT_EQ(Named("red").inode, before);
  EXPECT_EQ(Sh("cat /run/netns/plain"), "theirs");
  Sh("rm /run/netns/link /run/netns/fifo /run/netns/plain /run/netns/dangling && rmdir /run/netns/folder");
}

TEST_F(NetnsTest, BindingInADirectoryThatIsNotThereFailsAndMakesNothing) {
  EXPECT_ERRNO(NetnsDir("/run/nothere").Bind(New(), "red", "ours"), ENOENT);
  EXPECT_FALSE(fs::exists("/run/nothere"));
}

TEST_F(NetnsTest, ABindThatTheKernelRefusesLeavesNoPlaceholder) {
  Netns closed;  // descriptor -1
  EXPECT_FALSE(dir().Bind(closed, "red", "ours").ok());
  EXPECT_EQ(Sh("ls /run/netns"), "");
}

TEST_F(NetnsTest, LongAndUnusualNamesWork) {
  for (const std::string& name : {std::string(255, 'n'), std::string("größe"), std::string("a b"), std::string("-x")}) {
    ASSERT_OK(dir().Bind(New(), name, ""));
    EXPECT_THAT(*dir().List(), UnorderedElementsAre(name));
    ASSERT_OK(dir().Unbind(name));
  }
  EXPECT_ERRNO(dir().Bind(New(), std::string(256, 'n'), ""), ENAMETOOLONG);
}

TEST_F(NetnsTest, OnlyNetworkNamespacesAreOpenedAndListed) {
  Sh("ip netns add red && mkfifo /run/netns/fifo && touch /run/netns/plain && mkdir /run/netns/folder");
  Sh("ln -s red /run/netns/link && ln -s /proc/self/ns/net /run/netns/magic && ln -s / /run/netns/root");
  Sh("touch /run/netns/uts && mount --bind /proc/self/ns/uts /run/netns/uts");
  Sh("python3 -c 'import socket; socket.socket(socket.AF_UNIX).bind(\"/run/netns/socket\")'");
  EXPECT_THAT(*dir().List(), ::testing::IsSupersetOf({"red"}));
  for (const char* not_one : {"fifo", "plain", "folder", "uts", "socket"}) {
    EXPECT_ERRNO(dir().Open(not_one), EINVAL) << not_one;
    EXPECT_NE(dir().Open(not_one).status().code(), absl::StatusCode::kNotFound) << not_one;
  }
  for (const char* symlink : {"link", "magic", "root"}) {
    EXPECT_ERRNO(dir().Open(symlink), ELOOP) << symlink;
    EXPECT_EQ(dir().Open(symlink).status().code(), absl::StatusCode::kFailedPrecondition) << symlink;
  }
  EXPECT_ERRNO(dir().Open("../netns/red"), EXDEV);
  EXPECT_FALSE(dir().Open("").ok());
  EXPECT_FALSE(dir().Open(".").ok());
  const auto listed = dir().List();
  for (const std::string& name : *listed) EXPECT_THAT(name, ::testing::AnyOf("red", "uts"));
  Sh("umount /run/netns/uts && cd /run/netns && rm fifo plain link magic root uts socket && rmdir folder");
}

TEST_F(NetnsTest, ListingADirectoryThatIsNotThereIsEmpty) {
  EXPECT_THAT(*NetnsDir("/run/nothere").List(), ::testing::IsEmpty());
  EXPECT_ERRNO(NetnsDir("/run/nothere").Open("red"), ENOENT);
}

TEST_F(NetnsTest, APlaceholderLeftByACrashTellsWhoseItIs) {
  std::ofstream("/run/netns/red") << "intent 4711";
  EXPECT_EQ(*dir().Marker("red"), "intent 4711");
  ASSERT_OK(dir().Unbind("red"));
  EXPECT_FALSE(fs::exists("/run/netns/red"));
}

TEST_F(NetnsTest, WhatIsNoPlaceholderHasNoMarker) {
  ASSERT_OK(dir().Bind(New(), "red", "ours"));
  Sh("mkfifo /run/netns/fifo && mkdir /run/netns/folder");
  for (const char* name : {"red", "fifo", "folder", "nothere"}) EXPECT_ERRNO(dir().Marker(name), ENOENT) << name;
  Sh("rm /run/netns/fifo && rmdir /run/netns/folder");
}

TEST_F(NetnsTest, TheMarkerIsUnderneathTheMount) {
  ASSERT_OK(dir().Bind(New(), "red", "intent 4711"));
  Sh("umount /run/netns/red");
  EXPECT_EQ(*dir().Marker("red"), "intent 4711");
  ASSERT_OK(dir().Unbind("red"));
}

TEST_F(NetnsTest, AnUnnamedNamespaceLivesOnWhileHeldAndIsBoundBack) {
  Sh("ip netns add red && ip -n red link add inside type bridge");
  {
    const Netns red = Named("red");
    ASSERT_OK(BindNetnsAt(red, "/run/warren/parked/1"));
    ASSERT_OK(dir().Unbind("red"));
  }
  EXPECT_EQ(Sh("ls /run/netns"), "");
  const auto parked = OpenNetnsAt("/run/warren/parked/1");
  ASSERT_OK(parked);
  ASSERT_OK(dir().Bind(*parked, "red", ""));
  ASSERT_OK(UnbindNetnsAt("/run/warren/parked/1"));
  EXPECT_EQ(Ip("-n red link show inside", ".[0].ifname"), "inside");
  ASSERT_OK(UnbindNetnsAt("/run/warren/parked/1"));  // tolerated
  EXPECT_ERRNO(OpenNetnsAt("/run/warren/parked/1"), ENOENT);
  Sh("rm -r /run/warren");
}

TEST_F(NetnsTest, APathOfOurOwnIsNotFollowedThroughASymlinkNorTakenForANamespace) {
  Sh("mkdir /run/warren && ip netns add red && ln -s /run/netns/red /run/warren/link && touch /run/warren/plain");
  EXPECT_ERRNO(OpenNetnsAt("/run/warren/link"), ELOOP);
  EXPECT_ERRNO(OpenNetnsAt("/run/warren/plain"), EINVAL);
  Sh("rm -r /run/warren");
}

TEST_F(NetnsTest, ANewNamespaceIsFreedWithItsLastHolder) {
  { const Netns made = New(); }
  // Nothing to see from outside but the descriptors, which TearDown counts; a name is taken and given back the same
  // way.
  ASSERT_OK(dir().Bind(New(), "red", ""));
  ASSERT_OK(dir().Unbind("red"));
  EXPECT_EQ(Sh("grep -c nsfs /proc/self/mountinfo || true"), "0");
}

}  // namespace
}  // namespace warren::kernel
