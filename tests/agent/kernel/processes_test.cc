#include "agent/kernel/processes.h"

#include <fcntl.h>
#include <gmock/gmock.h>
#include <sched.h>
#include <signal.h>
#include <sys/types.h>
#include <sys/wait.h>
#include <unistd.h>

#include <algorithm>
#include <thread>
#include <vector>

#include "tests/agent/kernel/kernel_test.h"

namespace warren::kernel {
namespace {

class ProcessesTest : public KernelTest {
 protected:
  void SetUp() override { Sh("ip netns add red && ip netns add blue"); }

  std::vector<std::string> Show(std::vector<Holder> holders) {
    std::vector<std::string> shown;
    for (const Holder& holder : holders) shown.push_back(holder.ToString());
    return shown;
  }
};

// A child that sits in a namespace until it is destroyed.
class Sitter {
 public:
  explicit Sitter(const Netns& netns) {
    int ready[2];
    if (pipe2(ready, O_CLOEXEC) != 0) throw std::runtime_error("pipe2");
    pid_ = fork();
    if (pid_ == 0) {
      if (setns(netns.fd.get(), CLONE_NEWNET) != 0) _exit(1);
      if (write(ready[1], "x", 1) != 1) _exit(1);
      pause();
      _exit(0);
    }
    char byte;
    close(ready[1]);
    if (read(ready[0], &byte, 1) != 1) throw std::runtime_error("the child did not get there");
    close(ready[0]);
  }
  ~Sitter() {
    kill(pid_, SIGKILL);
    waitpid(pid_, nullptr, 0);
  }
  int pid() const { return pid_; }

 private:
  pid_t pid_;
};

TEST_F(ProcessesTest, NobodyIsInANewNamespace) {
  EXPECT_THAT(Show(ProcessesIn({Named("red").inode, Named("blue").inode})), ::testing::IsEmpty());
}

TEST_F(ProcessesTest, AProcessInsideIsNamedWithItsNamespaceAndNoOther) {
  const Netns red = Named("red");
  const Sitter sitter(red);
  const auto found = ProcessesIn({red.inode, Named("blue").inode});
  ASSERT_EQ(found.size(), 1u);
  EXPECT_EQ(found[0].inode, red.inode);
  EXPECT_EQ(found[0].pid, sitter.pid());
  EXPECT_EQ("pid " + Sh("ip netns pids red"), "pid " + std::to_string(sitter.pid()));
  EXPECT_EQ(found[0].ToString(), "pid " + std::to_string(sitter.pid()) + " (" +
                                     Sh("cat /proc/" + std::to_string(sitter.pid()) + "/comm") + ")");
  EXPECT_THAT(ProcessesIn({Named("blue").inode}), ::testing::IsEmpty());
}

// A process with one thread inside, none of its others; ends when this does.
class Visitor {
 public:
  explicit Visitor(const Netns& netns) {
    int told[2];
    if (pipe2(told, O_CLOEXEC) != 0) abort();
    pid_ = fork();
    if (pid_ == 0) {
      std::jthread([&] {
        if (setns(netns.fd.get(), CLONE_NEWNET) != 0 || write(told[1], "x", 1) != 1) _exit(1);
        pause();
      }).join();
    }
    close(told[1]);
    char inside;
    if (read(told[0], &inside, 1) != 1) abort();
    close(told[0]);
  }
  ~Visitor() {
    kill(pid_, SIGKILL);
    waitpid(pid_, nullptr, 0);
  }
  int pid() const { return pid_; }

 private:
  int pid_;
};

TEST_F(ProcessesTest, AThreadInsideIsFoundThoughItsProcessIsElsewhere) {
  const Netns red = Named("red");
  const Visitor visitor(red);
  const auto found = ProcessesIn({red.inode});
  ASSERT_EQ(found.size(), 1u);
  EXPECT_EQ(found[0].pid, visitor.pid());
}

TEST_F(ProcessesTest, OwnThreadsPassingThroughAreNotInhabitants) {
  const Netns red = Named("red");
  std::vector<Holder> found{{red.inode, 1, "not looked"}};
  std::jthread([&] {
    auto mine = NetnsWorker::Create();
    ASSERT_OK(mine.status());
    ASSERT_OK(mine->Within(red, [&] {
      found = ProcessesIn({red.inode});
      return absl::OkStatus();
    }));
  }).join();
  EXPECT_THAT(found, ::testing::IsEmpty());
}

TEST_F(ProcessesTest, MountsOfANamespaceAreFoundWhereverTheyAre) {
  ASSERT_OK(BindNetnsAt(Named("red"), "/run/kept/red"));
  EXPECT_THAT(Show(MountsOf({Named("red").inode})),
              ::testing::UnorderedElementsAre("mount /run/netns/red", "mount /run/kept/red"));
  EXPECT_THAT(Show(MountsOf({Named("blue").inode})), ::testing::ElementsAre("mount /run/netns/blue"));
  ASSERT_OK(UnbindNetnsAt("/run/kept/red"));
  Sh("rmdir /run/kept");
}

TEST_F(ProcessesTest, AskingAboutNothingFindsNothing) {
  EXPECT_THAT(ProcessesIn({}), ::testing::IsEmpty());
  EXPECT_THAT(MountsOf({}), ::testing::IsEmpty());
}

}  // namespace
}  // namespace warren::kernel
