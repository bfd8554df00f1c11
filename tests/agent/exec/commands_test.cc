// What a command sees, gets and gives.

#include <gmock/gmock.h>
#include <sys/stat.h>

#include "tests/agent/exec/session_runner.h"

namespace warren::exec {
namespace {

using testing::HasSubstr;
using testing::Not;

class Command : public ExecTest {};

TEST_F(Command, RunsInTheNamespaceWithItsOwnSysAndItsOwnMounts) {
  ASSERT_EQ(system("ip -n red link add eth7 type veth peer name eth8"), 0);
  const auto caller = Run(Shell("ls /sys/class/net; ip -o link; mount -t tmpfs none /mnt"));
  EXPECT_THAT(caller->out(), HasSubstr("eth7"));
  EXPECT_THAT(caller->out(), HasSubstr("eth8@eth7"));
  EXPECT_EQ(caller->exit()->code(), 0) << caller->err();
  EXPECT_EQ(system("grep -q ' /mnt ' /proc/mounts"), 256) << "the command's mount is on the host";
}

TEST_F(Command, OutputAndErrorsStayApartAndBytesAreAsTheyWere) {
  const auto caller = Run(Shell("printf 'a\\000\\377'; printf 'b\\200' >&2; exit 7"));
  EXPECT_EQ(caller->out(), std::string("a\0\xff", 3));
  EXPECT_EQ(caller->err(), "b\x80");
  EXPECT_EQ(caller->exit()->code(), 7);
}

TEST_F(Command, ReadsWhatItIsSentUpToTheEnd) {
  v1::SessionStart start = Starting({"sha256sum"});
  start.set_stdin(true);
  const auto caller = Begin(start);
  for (int i = 0; i < 50; ++i) caller->SayInput(std::string(100'000, static_cast<char>('a' + i % 26)));
  caller->EndInput();
  caller->WaitForEnd();
  EXPECT_EQ(caller->out(), "980b8cb81d1bc51aaa54b1b9016d19f33f1b143eed5fe03adf9e39a5c93a36b9  -\n");
}

TEST_F(Command, HasNoInputUnlessItIsAskedFor) { EXPECT_EQ(Run(Starting({"cat"}))->exit()->code(), 0); }

TEST_F(Command, IsToldWhereItRunsAndNothingElseIsOpen) {
  v1::SessionStart start = Shell("echo $WARREN_HOST $WARREN_NAMESPACE $X; pwd; ls /proc/self/fd | wc -l");
  (*start.mutable_command()->mutable_env())["X"] = "y z";
  start.mutable_command()->set_cwd("/usr");
  // 0, 1, 2, and the one by which ls reads the directory.
  EXPECT_EQ(Run(start)->out(), "h1 red y z\n/usr\n4\n");
}

TEST_F(Command, RunsAsTheUserThatIsAskedForAndGetsNoMore) {
  v1::SessionStart start = Shell("id -un; id -u; grep NoNewPrivs /proc/self/status; echo $HOME");
  start.mutable_command()->set_user("nobody");
  EXPECT_EQ(Run(start)->out(), "nobody\n65534\nNoNewPrivs:\t1\n/nonexistent\n");
  start.mutable_command()->set_user("1234:4321");
  EXPECT_THAT(Run(start)->out(), HasSubstr("1234"));
  start.mutable_command()->set_user("1234");
  EXPECT_THAT(Run(start)->error().message(), HasSubstr("no user 1234"));
}

TEST_F(Command, OfAnotherUserMayOpenItsStreamsAgain) {
  v1::SessionStart start = Shell("cat /dev/stdin; echo out > /dev/stdout; echo err > /dev/stderr");
  start.mutable_command()->set_user("nobody");
  start.set_stdin(true);
  const auto caller = Begin(start);
  caller->SayInput("in\n");
  caller->EndInput();
  caller->WaitForEnd();
  EXPECT_EQ(caller->out(), "in\nout\n");
  EXPECT_EQ(caller->err(), "err\n");
  // The host's own are nobody's.
  start.set_stdin(false);
  Run(start);
  struct stat null {};
  ASSERT_EQ(stat("/dev/null", &null), 0);
  EXPECT_EQ(null.st_uid, 0u);
}

TEST_F(Command, OnATerminalSeesItAndItsSize) {
  v1::SessionStart start = Shell("tty; stty size; read x; stty size; echo to-stderr >&2");
  start.set_stdin(true);
  start.mutable_terminal()->set_rows(33);
  start.mutable_terminal()->set_columns(99);
  const auto caller = Begin(start);
  caller->WaitForOutput("33 99");
  v1::SessionRequest resize;
  resize.mutable_resize()->set_rows(44);
  resize.mutable_resize()->set_columns(111);
  caller->Say(resize);
  caller->SayInput("\r");
  caller->WaitForEnd();
  EXPECT_THAT(caller->out(), HasSubstr("/dev/pts/"));
  EXPECT_THAT(caller->out(), HasSubstr("44 111"));
  EXPECT_THAT(caller->out(), HasSubstr("to-stderr"));
}

TEST_F(Command, MayCloseItsTerminalAndOpenItAgain) {
  v1::SessionStart start = Shell("exec </dev/null >/dev/null 2>&1; sleep 0.3; echo again > /dev/tty; exit 3");
  start.mutable_terminal();
  const auto caller = Run(start);
  EXPECT_EQ(caller->out(), "again\r\n");
  EXPECT_EQ(caller->exit()->code(), 3) << caller->exit()->signal();
}

TEST_F(Command, OnATerminalIsInterruptedByItsKeyAndHasJobControl) {
  v1::SessionStart start = Starting({"bash", "--norc", "-i"});
  (*start.mutable_command()->mutable_env())["TERM"] = "dumb";  // no escape sequences among the output
  start.set_stdin(true);
  start.mutable_terminal()->set_rows(24);
  const auto caller = Begin(start);
  caller->SayInput("sh -c 'echo begun; exec sleep 1000'\r");
  // Not what was typed, which is shown with its quotes.
  caller->WaitForOutput("\nbegun");
  caller->SayInput("\x03");
  caller->SayInput("sleep 1000 & jobs; echo st''ill here; exit 3\r");
  caller->WaitForEnd();
  EXPECT_THAT(caller->out(), HasSubstr("still here"));
  EXPECT_THAT(caller->out(), HasSubstr("Running"));
  EXPECT_THAT(caller->out(), Not(HasSubstr("no job control")));
  EXPECT_EQ(caller->exit()->code(), 3);
}

TEST_F(Command, DiesOfTheSignalThatIsSent) {
  const auto caller = Begin(Shell("trap 'echo caught; exit 5' USR1; echo ready; while :; do sleep 0.01; done"));
  caller->WaitForOutput("ready");
  v1::SessionRequest signal;
  signal.mutable_signal()->set_name("USR1");
  caller->Say(signal);
  caller->WaitForEnd();
  EXPECT_EQ(caller->exit()->code(), 5);
  const auto killed = Begin(Starting({"sleep", "1000"}));
  killed->WaitForStart();
  signal.mutable_signal()->set_name("SIGKILL");
  killed->Say(signal);
  killed->WaitForEnd();
  EXPECT_EQ(killed->exit()->signal(), "SIGKILL");
}

TEST_F(Command, ThatCannotBeRunSaysWhy) {
  const auto reason = [&](v1::SessionStart start) { return Run(std::move(start))->error().message(); };
  EXPECT_THAT(reason(Starting({"no-such-command"})), HasSubstr("no command \"no-such-command\""));
  EXPECT_THAT(reason(Starting({"/etc/passwd"})), HasSubstr("cannot be executed: Permission denied"));
  v1::SessionStart start = Starting({"true"});
  start.mutable_command()->set_cwd("/nowhere");
  EXPECT_THAT(reason(start), HasSubstr("no directory \"/nowhere\""));
  start = Starting({"true"});
  start.set_name("hosts/h1/namespaces/blue");
  EXPECT_THAT(reason(start), HasSubstr("no namespace \"blue\""));
  start = Starting({"true"});
  start.set_namespace_cookie(1);
  EXPECT_THAT(reason(start), HasSubstr("another than the one that was meant"));
  EXPECT_THAT(reason(Starting({"echo", std::string(200'000, 'x')})), HasSubstr("longer than the kernel takes"));
}

TEST_F(Command, TakesAMebibyteOfArguments) {
  std::vector<std::string> argv = {"sh", "-c", "echo $#"};
  for (int i = 0; i <= 16; ++i) argv.push_back(std::string(60'000, 'x'));
  EXPECT_EQ(Run(Starting(argv))->out(), "16\n");
}

TEST_F(Command, WaitsForACallerThatDoesNotTakeItsOutput) {
  const auto caller = Begin(Shell("yes | head -c 100000000"));
  caller->WaitForStart();
  caller->StopTaking();
  caller->Leave();
  // What is on its way is bounded whatever the command writes: the first message, and those read ahead.
  EXPECT_LE(caller->bytes(), 3u << 20);
  commands().Stop(absl::Seconds(60));
}

TEST_F(Command, IsRunOnTheHostItselfWhenThatIsMeant) {
  v1::SessionStart start = Shell("readlink /proc/self/ns/net");
  start.set_name("hosts/h1/namespaces/@host");
  char here[64] = {};
  ASSERT_GT(readlink("/proc/self/ns/net", here, sizeof here - 1), 0);
  EXPECT_EQ(Run(start)->out(), std::string(here) + "\n");
}

TEST_F(Command, HasEtcOfItsNamespaceWhereThatIsWanted) {
  options_.netns_etc = true;
  // In a mount namespace of the test's own (tests/sandbox), over a copy of what there is.
  ASSERT_EQ(system("mount -t tmpfs tmpfs /mnt && cp -a /etc /mnt/ && mount --bind /mnt/etc /etc && umount -l /mnt && "
                   "mkdir -p /etc/netns/red && echo nameserver 192.0.2.53 > /etc/netns/red/resolv.conf && "
                   "touch /etc/resolv.conf"),
            0);
  EXPECT_EQ(Run(Starting({"cat", "/etc/resolv.conf"}))->out(), "nameserver 192.0.2.53\n");
  ASSERT_EQ(system("umount -l /etc"), 0);
}

TEST_F(Command, IsRefusedWhenItIsNotOnTheList) {
  options_.allowed_commands = {"/bin/echo one *"};
  EXPECT_EQ(Run(Starting({"echo", "one", "two"}))->out(), "one two\n");
  EXPECT_THAT(Run(Starting({"echo", "two", "two"}))->error().message(),
              HasSubstr("is not what this host may be asked"));
  EXPECT_THAT(Run(Starting({}))->error().message(), HasSubstr("gives no shell"));
}

}  // namespace
}  // namespace warren::exec
