#include "agent/kernel/holders.h"

#include <errno.h>
#include <fcntl.h>
#include <gmock/gmock.h>
#include <linux/capability.h>
#include <linux/openat2.h>
#include <sched.h>
#include <signal.h>
#include <sys/prctl.h>
#include <sys/socket.h>
#include <sys/syscall.h>
#include <sys/types.h>
#include <sys/wait.h>
#include <unistd.h>

#include <algorithm>
#include <functional>
#include <thread>
#include <vector>

#include "absl/strings/str_cat.h"
#include "proto/common/unique_fd.h"
#include "tests/agent/kernel/kernel_test.h"

namespace warren::kernel {
namespace {

using ::testing::Contains;
using ::testing::ElementsAre;
using ::testing::HasSubstr;
using ::testing::IsEmpty;
using ::testing::SizeIs;
using ::testing::UnorderedElementsAre;

// A child that does something and stays as it is then, until this is destroyed. It keeps no descriptor of the test's.
class Child {
 public:
  // `enter` gets ready and calls back; the child stays for as long as that takes.
  explicit Child(const std::function<void(const std::function<void()>& ready)>& enter) {
    int ready[2];
    if (pipe2(ready, O_CLOEXEC) != 0) abort();
    pid_ = fork();
    if (pid_ == 0) {
      prctl(PR_SET_NAME, "bird");
      enter([&] {
        if (write(ready[1], "x", 1) != 1) _exit(1);
        pause();
      });
      _exit(1);
    }
    close(ready[1]);
    char byte;
    if (read(ready[0], &byte, 1) != 1) abort();
    close(ready[0]);
  }
  ~Child() {
    kill(pid_, SIGKILL);
    waitpid(pid_, nullptr, 0);
  }
  int pid() const { return pid_; }
  // "pid 71 (bird): WHAT".
  std::string Holds(const std::string& what) const { return absl::StrCat("pid ", pid_, " (bird): ", what); }

 private:
  pid_t pid_;
};

class HoldersTest : public KernelTest {
 protected:
  void SetUp() override { Sh("ip netns add red && ip netns add blue"); }

  NetnsId Id(const std::string& name) {
    const Netns netns = Named(name);
    return {netns.inode, *worker().CookieOf(netns)};
  }
  // By the name's own path, as the API asks.
  std::vector<std::string> Of(const std::string& name) {
    HolderSearch search;
    search.name_path = dir().PathOf(name);
    return Show(FindHolders(worker(), {Id(name)}, search));
  }
  static std::vector<std::string> Show(const Holders& holders) {
    std::vector<std::string> shown;
    for (const Holder& holder : holders.found) shown.push_back(holder.ToString());
    return shown;
  }
  // A child never has the test's descriptors of namespaces.
  static int Enter(const std::string& name) {
    const int fd = open(("/run/netns/" + name).c_str(), O_RDONLY | O_CLOEXEC);
    if (fd < 0 || setns(fd, CLONE_NEWNET) != 0) _exit(1);
    return close(fd);
  }
  // A child that once was in a namespace, and came back to where it had been.
  static void Visit(const std::string& name, const std::function<void()>& visit) {
    const int back = open("/proc/thread-self/ns/net", O_RDONLY | O_CLOEXEC);
    Enter(name);
    visit();
    if (setns(back, CLONE_NEWNET) != 0) _exit(1);
    close(back);
  }
  // lsof's way, as the witness: numbers of a process's descriptors whose link is like that.
  static std::string Descriptors(const Child& child, const std::string& pattern) {
    return Sh(absl::StrCat("cd /proc/", child.pid(), "/fd && for f in *; do case $(readlink $f) in ", pattern,
                           ") echo $f;; esac; done | sort -n | xargs"));
  }
};

TEST_F(HoldersTest, ANewNamespaceIsHeldByNothingButItsName) {
  EXPECT_THAT(Of("red"), IsEmpty());
  EXPECT_THAT(Show(FindHolders(worker(), {Id("red")})), ElementsAre("mount /run/netns/red"));
}

TEST_F(HoldersTest, AProcessInsideIsNamedOnceWithItsNamespaceAndNoOther) {
  const Child child([&](const auto& ready) {
    Enter("red");
    (void)!socket(AF_INET, SOCK_DGRAM, 0);
    ready();
  });
  EXPECT_EQ(Sh("ip netns pids red"), absl::StrCat(child.pid()));
  EXPECT_THAT(Of("red"), ElementsAre(child.Holds("process")));
  EXPECT_THAT(Of("blue"), IsEmpty());
  const Holders both = FindInhabitants(worker(), {Id("blue"), Id("red")});
  ASSERT_THAT(both.found, SizeIs(1));
  EXPECT_EQ(both.found[0].which, 1u);
  EXPECT_EQ(both.found[0].Who(), absl::StrCat("pid ", child.pid(), " (bird)"));
}

TEST_F(HoldersTest, AThreadInsideIsNamedThoughItsProcessIsElsewhere) {
  const Child child([&](const auto& ready) {
    std::jthread([&] {
      Enter("red");
      ready();
    }).join();
  });
  // A sanitizer has threads of its own.
  const std::string tid = Sh(
      absl::StrCat("cd /proc/", child.pid(),
                   "/task && for t in *; do [ $(readlink $t/ns/net) = ", "$(readlink ../ns/net) ] || echo $t; done"));
  EXPECT_THAT(Of("red"), ElementsAre(child.Holds("thread " + tid)));
  EXPECT_THAT(Show(FindInhabitants(worker(), {Id("red")})), ElementsAre(child.Holds("thread " + tid)));
}

TEST_F(HoldersTest, ProcessesThatComeAndGoMeanwhileAreNoTrouble) {
  const Child child([&](const auto& ready) {
    Enter("red");
    if (fork() == 0) {
      prctl(PR_SET_PDEATHSIG, SIGKILL);
      while (true) {
        if (fork() == 0) _exit(0);
        wait(nullptr);
      }
    }
    ready();
  });
  for (int i = 0; i < 300; ++i) {
    ASSERT_THAT(Show(FindInhabitants(worker(), {Id("red")})), Contains(child.Holds("process")));
  }
}

TEST_F(HoldersTest, AThreadThatOutlivedTheFirstOfItsProcessIsNamed) {
  const Child child([&](const auto& ready) {
    std::thread([&, parent = getpid()] {
      // The first thread is a zombie then, whose own links cannot be read.
      while (Try(absl::StrCat("grep -q '^State:.Z' /proc/", parent, "/status")).code != 0) continue;
      Enter("red");
      (void)!open("/run/netns/blue", O_RDONLY);
      ready();
    }).detach();
    syscall(SYS_exit, 0);
  });
  EXPECT_THAT(Of("red"), ElementsAre(HasSubstr(absl::StrCat("pid ", child.pid(), " (bird): thread "))));
  EXPECT_THAT(Of("blue"), ElementsAre(HasSubstr(": descriptor ")));
}

TEST_F(HoldersTest, AnOpenDescriptorIsNamedByItsNumber) {
  const Child child([&](const auto& ready) {
    if (open("/run/netns/red", O_RDONLY) < 0) _exit(1);
    ready();
  });
  EXPECT_THAT(Of("red"), ElementsAre(child.Holds("descriptor " + Descriptors(child, "/run/netns/red"))));
  EXPECT_THAT(Of("blue"), IsEmpty());
  EXPECT_THAT(Show(FindInhabitants(worker(), {Id("red")})), IsEmpty());
}

TEST_F(HoldersTest, ADescriptorThatWasOpenedByAProcessIsNamedToo) {
  const Child child([&](const auto& ready) {
    Visit("red", [] {
      if (open("/proc/thread-self/ns/net", O_RDONLY) < 0) _exit(1);
    });
    ready();
  });
  const std::string inode = Sh("stat -L -c %i /run/netns/red");
  EXPECT_THAT(Of("red"), ElementsAre(child.Holds("descriptor " + Descriptors(child, "net:?" + inode + "?"))));
}

TEST_F(HoldersTest, ASocketIsNamedWhereverItsProcessLives) {
  for (const auto& [family, type] : {std::pair{AF_INET, SOCK_STREAM},
                                     {AF_INET6, SOCK_DGRAM},
                                     {AF_UNIX, SOCK_SEQPACKET},
                                     {AF_NETLINK, SOCK_RAW},
                                     {AF_PACKET, SOCK_RAW}}) {
    const Child child([&, family = family, type = type](const auto& ready) {
      if (socket(family, type, 0) < 0) _exit(1);  // another, where the process lives
      Visit("red", [&] {
        if (socket(family, type, 0) < 0) _exit(1);
      });
      ready();
    });
    EXPECT_EQ(Sh("ip netns pids red"), "");
    // The last one is of the visit: numbers of descriptors rise.
    const std::string visited = Sh(absl::StrCat("echo ", Descriptors(child, "socket:*"), " | awk '{print $NF}'"));
    EXPECT_THAT(Of("red"), ElementsAre(child.Holds("socket, descriptor " + visited))) << "family " << family;
  }
}

TEST_F(HoldersTest, ATunDeviceThatIsOpenIsNamed) {
  const Child child([&](const auto& ready) {
    Visit("red", [] {
      if (open("/dev/net/tun", O_RDWR) < 0) _exit(1);
    });
    ready();
  });
  EXPECT_THAT(Of("red"), ElementsAre(child.Holds("tun device, descriptor " + Descriptors(child, "/dev/net/tun"))));
}

TEST_F(HoldersTest, AMountElsewhereIsNamedWithItsMountNamespace) {
  ASSERT_OK(BindNetnsAt(Named("red"), "/run/kept/red"));
  EXPECT_THAT(Of("red"), ElementsAre("mount /run/kept/red"));
  ASSERT_OK(UnbindNetnsAt("/run/kept/red"));
  Sh("rmdir /run/kept");
  const Child child([&](const auto& ready) {
    // Private: what happens to the name is not told to it.
    if (unshare(CLONE_NEWNS) != 0 || Try("mount --make-rprivate / && mkdir '/run/a b' && touch '/run/a b/red' && "
                                         "mount --bind /run/netns/red '/run/a b/red'")
                                             .code != 0)
      _exit(1);
    ready();
  });
  EXPECT_THAT(Of("red"), UnorderedElementsAre(child.Holds("mount /run/netns/red in its mount namespace"),
                                              child.Holds("mount /run/a b/red in its mount namespace")));
  EXPECT_THAT(Of("blue"), ElementsAre(child.Holds("mount /run/netns/blue in its mount namespace")));
  Sh("rm -r '/run/a b'");
}

TEST_F(HoldersTest, WhatGoesWithTheNameIsNoHolder) {
  const Child slave([&](const auto& ready) {
    if (unshare(CLONE_NEWNS) != 0 || Try("mount --make-rslave /").code != 0) _exit(1);
    ready();
  });
  const Child peer([&](const auto& ready) {
    if (unshare(CLONE_NEWNS) != 0) _exit(1);
    ready();
  });
  EXPECT_EQ(Sh(absl::StrCat("grep -c ' /run/netns/red ' /proc/", slave.pid(), "/mountinfo")), "1");
  EXPECT_THAT(Of("red"), IsEmpty());
  // And so it is.
  Sh("ip netns delete red");
  EXPECT_EQ(
      Try(absl::StrCat("grep ' /run/netns/red ' /proc/", slave.pid(), "/mountinfo /proc/", peer.pid(), "/mountinfo"))
          .output,
      "");
}

TEST_F(HoldersTest, AMountThatAnotherOneHidesIsNamed) {
  Sh("mkdir -p /run/kept && touch /run/kept/red && mount --bind /run/netns/red /run/kept/red && mount -t tmpfs none "
     "/run/kept");
  EXPECT_THAT(Of("red"), ElementsAre("mount /run/kept/red"));
  Sh("umount /run/kept && umount /run/kept/red && rm -r /run/kept");
}

TEST_F(HoldersTest, OneThatIsNotTheSameThoughItHasTheSameInodeIsNotTakenForIt) {
  // A mount that cannot be reached from memory alone is told by its inode.
  open_how how{};
  how.flags = O_RDONLY | O_CLOEXEC;
  how.resolve = RESOLVE_CACHED;
  UniqueFd reached(static_cast<int>(syscall(SYS_openat2, AT_FDCWD, "/run/netns/red", &how, sizeof how)));
  if (!reached.valid() && errno == EAGAIN) GTEST_SKIP() << "this root's file system is asked for every name";
  reached.reset();
  const Child inside([&](const auto& ready) {
    Enter("red");
    ready();
  });
  const Child with_descriptor([&](const auto& ready) {
    if (open("/run/netns/red", O_RDONLY) < 0) _exit(1);
    ready();
  });
  ASSERT_OK(BindNetnsAt(Named("red"), "/run/kept/red"));
  // As when the kernel has given the inode of a namespace that was freed to red.
  NetnsId before = Id("red");
  before.cookie += 1000000;
  EXPECT_THAT(Show(FindHolders(worker(), {before})), IsEmpty());
  EXPECT_THAT(Show(FindInhabitants(worker(), {before})), IsEmpty());
  EXPECT_THAT(Show(FindHolders(worker(), {before, Id("red")})), SizeIs(4));
  ASSERT_OK(UnbindNetnsAt("/run/kept/red"));
  Sh("rmdir /run/kept");
}

TEST_F(HoldersTest, OwnThreadsAndDescriptorsAreNone) {
  const Netns red = Named("red");
  const NetnsId id = Id("red");
  std::vector<std::string> found{"not looked"};
  std::jthread([&] {
    auto mine = NetnsWorker::Create();
    ASSERT_OK(mine.status());
    const Netlink inside = *mine->OpenNetlink(red);
    HolderSearch search;
    search.name_path = dir().PathOf("red");
    found = Show(FindHolders(*mine, {id}, search));
  }).join();
  EXPECT_THAT(found, IsEmpty());
}

TEST_F(HoldersTest, ACommandMayBeAnyBytes) {
  const Child child([&](const auto& ready) {
    prctl(PR_SET_NAME, "a\nb\xff");
    Enter("red");
    ready();
  });
  EXPECT_THAT(Of("red"), ElementsAre(absl::StrCat("pid ", child.pid(), " (a\\nb\\377): process")));
}

TEST_F(HoldersTest, OfManyDescriptorsTheFirstFewAreNamed) {
  const Child child([&](const auto& ready) {
    for (int i = 0; i < 20; ++i) {
      if (open("/run/netns/red", O_RDONLY) < 0) _exit(1);
    }
    ready();
  });
  const std::vector<std::string> found = Of("red");
  ASSERT_THAT(found, SizeIs(17));
  EXPECT_EQ(found.back(), child.Holds("4 more descriptors"));
}

TEST_F(HoldersTest, WhatWasNotLookedAtIsSaid) {
  const Child child([&](const auto& ready) {
    Enter("red");
    ready();
  });
  const Child other([&](const auto& ready) {
    Enter("red");
    ready();
  });
  // The sandbox has a pid namespace of its own.
  EXPECT_THAT(FindHolders(worker(), {Id("red")}).not_looked_at,
              ElementsAre(HasSubstr("outside the agent's pid namespace")));
  HolderSearch one;
  one.most = 2;  // the mount, and the first of them
  const Holders first = FindHolders(worker(), {Id("red")}, one);
  EXPECT_THAT(first.found, SizeIs(2));
  EXPECT_THAT(first.not_looked_at, ::testing::Contains(HasSubstr("after the first 2")));
  HolderSearch late;
  late.until = std::chrono::steady_clock::now();
  EXPECT_THAT(FindHolders(worker(), {Id("red")}, late).not_looked_at, ::testing::Contains(HasSubstr("time was over")));
}

TEST_F(HoldersTest, WithoutCapSysPtraceItIsSaidWhoWasNotLookedAt) {
  const Child child([&](const auto& ready) {
    Visit("red", [] { (void)!socket(AF_INET, SOCK_DGRAM, 0); });
    // Another user's.
    if (setresuid(12345, 12345, 12345) != 0) _exit(1);
    ready();
  });
  const NetnsId red = Id("red");
  Holders found;
  std::jthread([&] {
    __user_cap_header_struct header{_LINUX_CAPABILITY_VERSION_3, 0};
    __user_cap_data_struct data[2] = {};
    ASSERT_EQ(syscall(SYS_capget, &header, data), 0);
    auto mine = NetnsWorker::Create();
    ASSERT_OK(mine.status());
    data[CAP_TO_INDEX(CAP_SYS_PTRACE)].effective &= ~CAP_TO_MASK(CAP_SYS_PTRACE);
    ASSERT_EQ(syscall(SYS_capset, &header, data), 0);
    found = FindHolders(*mine, {red});
  }).join();
  EXPECT_THAT(Show(found), ElementsAre("mount /run/netns/red"));
  EXPECT_THAT(found.not_looked_at,
              ::testing::Contains(::testing::AllOf(HasSubstr(absl::StrCat("pid ", child.pid(), " (bird)")),
                                                   HasSubstr("CAP_SYS_PTRACE"))));
  EXPECT_THAT(Of("red"), ElementsAre(HasSubstr("socket, descriptor")));
}

TEST_F(HoldersTest, AskingAboutNothingFindsNothing) {
  EXPECT_THAT(Show(FindHolders(worker(), {})), IsEmpty());
  EXPECT_THAT(Show(FindInhabitants(worker(), {})), IsEmpty());
}

}  // namespace
}  // namespace warren::kernel
