// However a session ends, nothing of it is left.

#include <fcntl.h>
#include <gmock/gmock.h>
#include <signal.h>
#include <sys/mount.h>
#include <sys/resource.h>
#include <sys/wait.h>
#include <unistd.h>

#include "absl/strings/str_cat.h"
#include "agent/nsexec/family.h"
#include "proto/common/unique_fd.h"
#include "tests/agent/exec/session_runner.h"

namespace warren::exec {
namespace {

using testing::HasSubstr;

// A number that is in the command line of all that a test starts.
std::string NewMark() {
  static int last = 0;
  return std::to_string(900000 + getpid() % 1000 * 100 + ++last);
}

// With cgroups and without; a sandbox has a cgroup file system only if it mounts one.
class Ending : public ExecTest, public testing::WithParamInterface<bool> {
 protected:
  void SetUp() override {
    ExecTest::SetUp();
    options_.use_cgroups = GetParam();
    options_.grace = absl::Milliseconds(200);
    if (GetParam() && system("mkdir -p /run/cgroup && mount -t cgroup2 cgroup2 /run/cgroup") != 0) {
      GTEST_SKIP() << "no cgroup (v2) file system can be mounted here";
    }
  }
  void TearDown() override {
    ExecTest::TearDown();
    if (GetParam()) {
      EXPECT_EQ(system("umount /run/cgroup && rmdir /run/cgroup"), 0);
    }
  }
};

INSTANTIATE_TEST_SUITE_P(WithAndWithoutCgroups, Ending, testing::Bool());

TEST_P(Ending, OfTheCommandTakesWhatItLeftBehind) {
  const std::string mark = NewMark();
  // A child, one that left its session, an orphan, and one that does not hear a hangup.
  const auto caller = Run(Shell("sleep " + mark + " & setsid sleep " + mark + " & (sleep " + mark +
                                " &); (trap '' HUP TERM; sleep " + mark + ") & echo done"));
  EXPECT_EQ(caller->out(), "done\n");
  EXPECT_EQ(caller->exit()->code(), 0);
  // The exit is told when nothing is left, not before.
  EXPECT_TRUE(Processes(mark).empty());
}

TEST_P(Ending, OfTheCallerIsAHangup) {
  const std::string mark = NewMark();
  const std::string said = directory_ + "/said";
  const auto caller =
      Begin(Shell("trap 'echo hangup > " + said + "; exit' HUP; echo ready; while :; do sleep 0.01; done # " + mark));
  caller->WaitForOutput("ready");
  caller->Leave();
  WaitUntilNone(mark);
  commands().Stop(absl::Seconds(60));
  commands_.reset();
  std::ifstream log(options_.audit_log);
  EXPECT_TRUE(std::filesystem::exists(said)) << std::string((std::istreambuf_iterator<char>(log)), {});
}

TEST_P(Ending, OfTheCallerKillsWhoDoesNotHearAHangup) {
  const std::string mark = NewMark();
  const auto caller = Begin(Shell("trap '' HUP TERM INT; setsid nohup sleep " + mark + " & echo ready; sleep " + mark));
  caller->WaitForOutput("ready");
  caller->Leave();
  WaitUntilNone(mark);
}

TEST_P(Ending, OfACallerThatSpokeBeforeTheCommandRanIsAHangupToo) {
  const std::string mark = NewMark();
  v1::SessionStart start = Starting({"sleep", mark});
  start.set_stdin(true);
  for (int i = 0; i < 20; ++i) {
    const auto caller = Begin(start);
    caller->EndInput();
    caller->WaitUntilSaid();
    // At another moment of the two milliseconds until it runs, of which nothing is told.
    usleep(static_cast<useconds_t>(100 * i));
    caller->Leave();
  }
  commands().Stop(absl::Seconds(60));
  EXPECT_EQ(commands().sessions(), 0u);
  EXPECT_TRUE(Processes(mark).empty());
}

TEST_P(Ending, OfTheNamespaceIsAHangup) {
  const auto caller = Begin(Shell("echo ready; sleep 1000"));
  caller->WaitForOutput("ready");
  ASSERT_EQ(system("ip netns delete red"), 0);
  caller->WaitForEnd();
  EXPECT_THAT(caller->error().message(), HasSubstr("namespace red was deleted"));
}

TEST_P(Ending, DoesNotComeOfAShortageOfDescriptors) {
  v1::SessionStart start = Starting({"cat"});
  start.set_stdin(true);
  const auto caller = Begin(start);
  caller->WaitForStart();
  const int netns = open("/run/netns/red", O_RDONLY | O_CLOEXEC);
  const int next = dup(netns);
  close(next);
  rlimit before{};
  ASSERT_EQ(getrlimit(RLIMIT_NOFILE, &before), 0);
  rlimit none = before;
  none.rlim_cur = static_cast<rlim_t>(next);
  ASSERT_EQ(setrlimit(RLIMIT_NOFILE, &none), 0);
  // Whether it was deleted for good cannot be known now, and it was not.
  EXPECT_EQ(system("ip netns delete red && touch /run/netns/red"), 0);
  EXPECT_EQ(mount(absl::StrCat("/proc/self/fd/", netns).c_str(), "/run/netns/red", nullptr, MS_BIND, nullptr), 0);
  ASSERT_EQ(setrlimit(RLIMIT_NOFILE, &before), 0);
  close(netns);
  caller->SayInput("still here\n");
  caller->EndInput();
  caller->WaitForEnd();
  EXPECT_EQ(caller->out(), "still here\n");
  EXPECT_EQ(caller->exit()->code(), 0) << caller->error().message();
}

TEST_P(Ending, OfItsTimeIsAHangup) {
  v1::SessionStart start = Starting({"sleep", "1000"});
  start.mutable_command()->mutable_timeout()->set_nanos(100'000'000);
  const auto caller = Run(start);
  EXPECT_EQ(caller->error().code(), static_cast<int>(absl::StatusCode::kDeadlineExceeded));
  EXPECT_THAT(caller->error().message(), HasSubstr("100ms"));
}

TEST_P(Ending, IsNotHastenedByATimeThatNoClockKnows) {
  v1::SessionStart start = Starting({"true"});
  start.mutable_command()->mutable_timeout()->set_seconds(315'576'000'000);
  EXPECT_TRUE(Run(start)->exit().has_value());
}

TEST_P(Ending, OfPatienceWithSilenceIsAHangup) {
  options_.idle_timeout = absl::Milliseconds(300);
  const auto caller = Run(Starting({"sleep", "1000"}));
  EXPECT_THAT(caller->error().message(), HasSubstr("nothing was said or written for 300ms"));
}

TEST_P(Ending, OfPatienceComesAlsoWithInputThatNobodyReads) {
  options_.idle_timeout = absl::Milliseconds(1200);  // so that it is probed meanwhile
  v1::SessionStart start = Starting({"sleep", "1000"});
  start.set_stdin(true);
  const auto caller = Begin(start);
  for (int i = 0; i < 3; ++i) caller->SayInput(std::string(1 << 20, 'x'));
  caller->WaitForEnd();
  EXPECT_THAT(caller->error().message(), HasSubstr("nothing was said or written for 1.2s"));
}

TEST_P(Ending, IsToldWhenItsOutputHasHadItsTime) {
  options_.output_rate = 1000;
  const auto caller = Run(Starting({"head", "-c", "250", "/dev/zero"}));
  EXPECT_EQ(caller->bytes(), 250u);
  EXPECT_EQ(caller->exit()->code(), 0);
}

TEST_P(Ending, DoesNotWaitForWhoWasGivenItsOutput) {
  v1::SessionStart start = Shell("echo ready; read go; echo done");
  start.set_stdin(true);
  const auto caller = Begin(start);
  caller->WaitForOutput("ready");
  // Somebody else has it, and keeps it.
  const UniqueFd output(open(absl::StrCat("/proc/", caller->pid(), "/fd/1").c_str(), O_WRONLY | O_CLOEXEC));
  ASSERT_TRUE(output.valid());
  caller->SayInput("go\n");
  caller->WaitForEnd();
  EXPECT_EQ(caller->out(), "ready\ndone\n");
  EXPECT_EQ(caller->exit()->code(), 0);
}

TEST_P(Ending, OfTheHelperByForceKillsAll) {
  // Of a shell that started it, and then became the agent.
  const pid_t another = fork();
  if (another == 0) {
    execlp("sleep", "sleep", "1000", nullptr);
    _exit(127);
  }
  const std::string mark = NewMark();
  const auto caller = Begin(Shell("(setsid sleep " + mark + " &); echo ready; sleep " + mark));
  caller->WaitForOutput("ready");
  std::vector<pid_t> helpers = nsexec::Children(getpid());
  std::erase(helpers, another);
  ASSERT_EQ(helpers.size(), 1u);
  kill(helpers[0], SIGKILL);
  caller->WaitForEnd();
  EXPECT_THAT(caller->error().message(), HasSubstr("warren-nsexec, was killed"));
  EXPECT_TRUE(Processes(mark).empty());
  EXPECT_EQ(waitpid(another, nullptr, WNOHANG), 0) << "it is gone, too";
  kill(another, SIGKILL);
  waitpid(another, nullptr, 0);
}

TEST_P(Ending, ReachesWhoLeftTheFamilyThroughAnotherPidNamespace) {
  if (!GetParam()) GTEST_SKIP() << "without a cgroup nothing tells whose it was";
  const std::string mark = NewMark();
  const pid_t other = fork();
  if (other == 0) {
    execlp("unshare", "unshare", "--pid", "--fork", "--kill-child", "sleep", "1000", nullptr);
    _exit(127);
  }
  std::vector<pid_t> init;
  while (init.empty()) init = nsexec::Children(other);
  const auto caller = Run(Shell("nsenter -t " + std::to_string(init[0]) + " -p sh -c '(trap \"\" HUP; setsid sleep " +
                                mark + " >/dev/null 2>&1 &); exit 3'"));
  EXPECT_EQ(caller->exit()->code(), 3);
  EXPECT_TRUE(Processes(mark).empty());
  kill(other, SIGKILL);
  waitpid(other, nullptr, 0);
}

TEST_P(Ending, ComesToACommandThatStopsItsHelper) {
  // It is root. The first would hear a hangup; the second stops whoever goes on.
  for (const std::string script : {"kill -STOP $PPID; echo ready; while :; do sleep 0.01; done",
                                   "trap '' HUP; kill -STOP $PPID; echo ready; while kill -STOP $PPID; do :; done"}) {
    const std::string mark = NewMark();
    v1::SessionStart start = Shell("read go; " + script + " # " + mark);
    start.set_stdin(true);
    const auto caller = Begin(start);
    caller->WaitForStart();
    caller->SayInput("go\n");
    caller->WaitForOutput("ready");
    caller->Leave();
    WaitUntilNone(mark);
  }
}

TEST_P(Ending, OfTheAgentEndsAll) {
  const std::string mark = NewMark();
  const auto caller = Begin(Shell("trap '' HUP; echo ready; sleep " + mark));
  caller->WaitForOutput("ready");
  commands().Stop(absl::Seconds(60));
  caller->WaitForEnd();
  EXPECT_THAT(caller->error().message(), HasSubstr("is stopping"));
  EXPECT_TRUE(Processes(mark).empty());
}

TEST_P(Ending, IsOnDiskAsIsTheBeginning) {
  Run(Shell("exit 3"));
  commands_.reset();
  std::ifstream file(options_.audit_log);
  std::string begin, end;
  ASSERT_TRUE(std::getline(file, begin) && std::getline(file, end));
  EXPECT_THAT(begin, HasSubstr(R"("event":"start")"));
  EXPECT_THAT(begin, HasSubstr(R"("caller":"uid 0","source":"unix:1","host":"h1","namespace":"red")"));
  EXPECT_THAT(begin, HasSubstr(R"("argv":["sh","-c","exit 3"])"));
  EXPECT_THAT(end, HasSubstr(R"("event":"end")"));
  EXPECT_THAT(end, HasSubstr(R"("exit":3)"));
}

TEST_P(Ending, NeverComesToWhatCannotBeRecorded) {
  ASSERT_EQ(system("mount -t tmpfs -o size=4k tmpfs /mnt && head -c 4096 /dev/zero > /mnt/filler; true"), 0);
  options_.audit_log = "/mnt/audit.jsonl";
  const auto caller = Run(Starting({"touch", directory_ + "/ran"}));
  EXPECT_THAT(caller->error().message(), HasSubstr("No space left on device"));
  EXPECT_FALSE(std::filesystem::exists(directory_ + "/ran"));
  commands_.reset();
  ASSERT_EQ(system("umount /mnt"), 0);
}

TEST_P(Ending, OfManyAtOnceLeavesNothing) {
  const std::string mark = NewMark();
  std::vector<std::shared_ptr<TestCaller>> callers;
  for (int i = 0; i < 100; ++i) callers.push_back(Begin(Shell("echo ready; sleep " + mark)));
  for (const auto& caller : callers) caller->WaitForOutput("ready");
  EXPECT_EQ(commands().sessions(), 100u);
  for (const auto& caller : callers) caller->Leave();
  commands().Stop(absl::Seconds(60));
  EXPECT_EQ(commands().sessions(), 0u);
  EXPECT_TRUE(Processes(mark).empty());
}

}  // namespace
}  // namespace warren::exec
