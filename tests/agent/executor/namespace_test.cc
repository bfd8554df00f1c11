// Creating and deleting namespaces: what the kernel says afterwards, refusals, adoption, undo.

#include <signal.h>
#include <unistd.h>

#include <map>

#include "absl/strings/str_cat.h"
#include "absl/strings/str_replace.h"
#include "tests/agent/executor/executor_test.h"

namespace warren::executor {
namespace {

using kernel::Ip;
using ::testing::Contains;
using ::testing::ElementsAre;
using ::testing::HasSubstr;
using ::testing::IsEmpty;
using ::testing::Not;
using ::testing::UnorderedElementsAre;

class NamespaceTest : public ExecutorTest {};

TEST_F(NamespaceTest, IsCreatedWithItsLoopbackUp) {
  Succeed("create_namespace { namespace: 'red' }");
  EXPECT_EQ(Sh("ip -n red -br address show lo | tr -s ' '"), "lo UNKNOWN 127.0.0.1/8 ::1/128 ");
  EXPECT_EQ(Sh("ls /run/netns"), "red");
}

TEST_F(NamespaceTest, IsCreatedWithItsLoopbackDownWhenAsked) {
  Succeed("create_namespace { namespace: 'red' loopback_down: true }");
  EXPECT_EQ(Sh("ip -n red -br address show lo | tr -s ' '"), "lo DOWN ");
}

TEST_F(NamespaceTest, TakesAnyNameThatIsValid) {
  const std::string longest(255, 'n');
  Succeed("create_namespace { namespace: 'qrouter-97db7930-ж\"$x' }");
  Succeed("create_namespace { namespace: '" + longest + "' }");
  EXPECT_EQ(Sh("ls /run/netns | wc -l"), "2");
  Succeed("delete_namespace { namespace: 'qrouter-97db7930-ж\"$x' }\n delete_namespace { namespace: '" + longest +
          "' }");
  EXPECT_EQ(Sh("ls /run/netns"), "");
}

TEST_F(NamespaceTest, IsOwnedWhenItWasMadeHereOnly) {
  Succeed("create_namespace { namespace: 'red' }");
  Sh("ip netns add green");
  const auto cookie = [](const std::string& name) {
    auto worker = kernel::NetnsWorker::Create();
    auto netns = kernel::NetnsDir("/run/netns").Open(name);
    return worker->OpenNetlink(*netns)->cookie();
  };
  EXPECT_TRUE(executor_->OwnsNetns(cookie("red")));
  EXPECT_FALSE(executor_->OwnsNetns(cookie("green")));
  Succeed("create_namespace { namespace: 'green' allow_existing: true loopback_down: true }");
  EXPECT_FALSE(executor_->OwnsNetns(cookie("green"))) << "adopting does not make it ours";
  Reopen();
  EXPECT_TRUE(executor_->OwnsNetns(cookie("red"))) << "ownership is remembered across a restart";
  EXPECT_FALSE(executor_->OwnsNetns(cookie("green")));
}

TEST_F(NamespaceTest, ThatExistsIsRefused) {
  Succeed("create_namespace { namespace: 'red' }");
  const auto error = ExpectRefused("create_namespace { namespace: 'red' }");
  ExpectError(error, {"create_namespace", "red", "EEXIST", kAlreadyExists});
  EXPECT_EQ(error.operation_index(), 0);
  EXPECT_THAT(error.message(), HasSubstr("allow_existing")) << "what to do is not said";
}

// What has the name of a namespace and is none. `ip` itself hangs on a FIFO, so the witnesses are stat and find.
class OtherThings : public NamespaceTest {
 protected:
  void SetUp() override {
    NamespaceTest::SetUp();
    // The first is what a container without the right mount propagation leaves.
    Sh("mkdir -p /run/netns; (umask 777; : > /run/netns/qrouter-a); ln -s /nowhere /run/netns/link; "
       "mkfifo -m 620 /run/netns/fifo; mkdir /run/netns/dir; echo kept > '/run/netns/a b'; chown 12:34 '/run/netns/a "
       "b'; "
       "python3 -c 'import socket; socket.socket(socket.AF_UNIX).bind(\"/run/netns/sock\")'");
  }
  void TearDown() override {
    Try("umount /run/netns/uts; rm -rf /run/netns/*");
    NamespaceTest::TearDown();
  }
  static std::string Seen() {
    return Sh("cd /run/netns && find . -mindepth 1 -printf '%p %y %m %u %g %s %i %l %T@\\n' | sort; cat 'a b' || true");
  }
  v1::OperationError ExpectNothingDone(const std::string& operations) {
    const std::string before = Seen();
    v1::OperationError error = Fail(operations);
    EXPECT_EQ(Seen(), before) << operations;
    EXPECT_EQ(error.code(), kFailedPrecondition) << error.DebugString();
    return error;
  }
};

TEST_F(OtherThings, AreSaidToBeWhatTheyAreByAllThatMeansANamespace) {
  const std::map<std::string, std::string> things = {
      {"qrouter-a", "a plain file: nothing is mounted on it"},
      {"link", "a symbolic link to /nowhere: those are not followed"},
      {"fifo", "a FIFO"},
      {"dir", "a directory"},
      {"sock", "a socket"},
  };
  for (const auto& [name, what] : things) {
    for (const std::string operation :
         {"create_namespace { namespace: 'X' }", "create_namespace { namespace: 'X' allow_existing: true }",
          "delete_namespace { namespace: 'X' }", "delete_namespace { namespace: 'X' allow_missing: true }",
          "create_bridge { namespace: 'X' name: 'br0' }",
          "add_route { namespace: 'X' destination: 'default' dev: 'x' }"}) {
      const auto error = ExpectNothingDone(absl::StrReplaceAll(operation, {{"X", name}}));
      EXPECT_EQ(error.object(), name) << operation;
      EXPECT_EQ(error.message(), "the name " + name + " stands for no network namespace but for " + what +
                                     "; DeleteNamespace with force removes it")
          << operation;
    }
  }
}

TEST_F(OtherThings, AreDeletedByForceAndTheNameIsFree) {
  for (const std::string name : {"qrouter-a", "link", "fifo", "dir", "sock", "a=20b"}) {
    Succeed("delete_namespace { namespace: '" + name + "' force: true }");
  }
  EXPECT_EQ(Sh("ls -A /run/netns"), "");
  Succeed("create_namespace { namespace: 'qrouter-a' }");
  EXPECT_EQ(Sh("ip netns list"), "qrouter-a");
}

TEST_F(OtherThings, AreReplacedInOneIntent) {
  Succeed(R"(delete_namespace { namespace: 'qrouter-a' force: true }
             create_namespace { namespace: 'qrouter-a' })");
  EXPECT_EQ(Sh("stat -f -c %T /run/netns/qrouter-a; ls -A /run/netns | grep warren || true"), "nsfs");
}

TEST_F(OtherThings, ComeBackAsTheyWereWhenTheIntentFails) {
  for (const std::string name : {"qrouter-a", "link", "fifo", "dir", "sock", "a=20b"}) {
    const std::string before = Seen();
    Fail("delete_namespace { namespace: '" + name + "' force: true }\n delete_namespace { namespace: 'none' }");
    EXPECT_EQ(Seen(), before);
  }
  const std::string before = Seen();
  Fail(R"(delete_namespace { namespace: 'qrouter-a' force: true }
          create_namespace { namespace: 'qrouter-a' }
          delete_namespace { namespace: 'none' })");
  EXPECT_EQ(Seen(), before);
}

TEST_F(OtherThings, WhatOthersHaveMountedOnAFileComesBackWithIt) {
  Sh("ip netns add green");
  // Somebody whose mounts are his own, as a container's are, and who has the namespace on that file.
  const std::string pid =
      Sh("unshare -m --propagation private sh -c 'mount --bind /run/netns/green /run/netns/qrouter-a; "
         "exec sleep 1000' >/dev/null 2>&1 & echo $!");
  const auto seen = [&] { return Try("nsenter -t " + pid + " -m stat -f -c %T /run/netns/qrouter-a").output; };
  EXPECT_TRUE(Eventually([&] { return seen() == "nsfs"; }));
  Fail("delete_namespace { namespace: 'qrouter-a' force: true }\n delete_namespace { namespace: 'none' }");
  EXPECT_EQ(seen(), "nsfs");
  kill(std::stoi(pid), SIGKILL);
}

TEST_F(OtherThings, ThatAreMountedOrFilledAreLeftAlone) {
  Sh("touch /run/netns/dir/inside /run/netns/uts; mount --bind /proc/self/ns/uts /run/netns/uts");
  EXPECT_THAT(ExpectNothingDone("delete_namespace { namespace: 'dir' force: true }").message(),
              HasSubstr("a directory; there is something in it: move it away by hand"));
  EXPECT_THAT(ExpectNothingDone("delete_namespace { namespace: 'uts' force: true }").message(),
              HasSubstr("a namespace of another kind; unmount it by hand"));
  EXPECT_THAT(ExpectNothingDone("create_namespace { namespace: 'uts' }").message(), HasSubstr("unmount it by hand"));
}

TEST_F(NamespaceTest, ThatExistsAsAskedIsAdopted) {
  Succeed("create_namespace { namespace: 'red' }");
  const HostDump before = Dump();
  Succeed("create_namespace { namespace: 'red' allow_existing: true }");
  EXPECT_EQ(DifferenceInTheEnd(before, dump_), "");
}

TEST_F(NamespaceTest, ThatDiffersIsNotAdopted) {
  Sh("ip netns add down; ip netns add up; ip -n up link set lo up");
  const auto down = ExpectRefused("create_namespace { namespace: 'down' allow_existing: true }");
  EXPECT_EQ(down.code(), kAlreadyExists);
  EXPECT_THAT(down.message(), HasSubstr("loopback"));
  const auto up = ExpectRefused("create_namespace { namespace: 'up' allow_existing: true loopback_down: true }");
  EXPECT_EQ(up.code(), kAlreadyExists);
  EXPECT_THAT(up.message(), HasSubstr("loopback"));
}

TEST_F(NamespaceTest, AdoptedIsLeftByUndo) {
  Sh("ip netns add red");
  const HostDump before = Dump();
  Fail(R"(create_namespace { namespace: 'red' loopback_down: true allow_existing: true }
          delete_link { namespace: 'red' name: 'none' })");
  EXPECT_EQ(DifferenceInTheEnd(before, dump_), "");
}

TEST_F(NamespaceTest, CreationIsUndone) {
  ExpectUndone("create_namespace { namespace: 'red' }\n create_namespace { namespace: 'blue' loopback_down: true }");
}

TEST_F(NamespaceTest, IsDeleted) {
  const std::string ids = Sh("ip netns list-id");  // the host's own
  Succeed("create_namespace { namespace: 'red' }");
  Succeed("delete_namespace { namespace: 'red' }");
  EXPECT_EQ(Sh("ls /run/netns; ip netns list-id"), ids);
  EXPECT_EQ(Sh("grep -c net: /proc/self/mountinfo || true"), "0");
}

TEST_F(NamespaceTest, ThatIsNotThereCannotBeDeleted) {
  const auto error = ExpectRefused("delete_namespace { namespace: 'red' }");
  ExpectError(error, {"delete_namespace", "red", "ENOENT", kNotFound});
  EXPECT_THAT(error.message(), HasSubstr("allow_missing")) << "what to do is not said";
  Succeed("delete_namespace { namespace: 'red' allow_missing: true }");
}

TEST_F(NamespaceTest, OfTheHostCannotBeDeleted) {
  for (const std::string how : {"", "force: true", "allow_missing: true force: true"}) {
    const auto error = ExpectRefused("delete_namespace { namespace: '@host' " + how + " }");
    EXPECT_EQ(error.object(), "@host");
  }
}

TEST_F(NamespaceTest, BoundToTheHostsOwnIsNotWorkedIn) {
  Sh("touch /run/netns/mine && mount --bind /proc/self/ns/net /run/netns/mine");
  ExpectRefused("create_bridge { namespace: 'mine' name: 'br0' }");
  ExpectRefused("delete_namespace { namespace: 'mine' force: true }");
  // As the refusal advises.
  Sh("ip netns delete mine && ip link show lo");
  EXPECT_FALSE(std::filesystem::exists("/run/netns/mine"));
}

TEST_F(NamespaceTest, MadeByOthersIsDeletedByForceOnly) {
  Sh("ip netns add green");
  const auto error = ExpectRefused("delete_namespace { namespace: 'green' }");
  ExpectError(error, {"delete_namespace", "green", "", kFailedPrecondition});
  EXPECT_THAT(error.message(), HasSubstr("force"));
  Succeed("delete_namespace { namespace: 'green' force: true }");
  EXPECT_EQ(Sh("ls /run/netns"), "");
}

TEST_F(NamespaceTest, AdoptedIsDeletedByForceOnly) {
  Sh("ip netns add green");
  Succeed("create_namespace { namespace: 'green' allow_existing: true loopback_down: true }");
  ExpectRefused("delete_namespace { namespace: 'green' }");
}

TEST_F(NamespaceTest, ThatTookTheNameOfOursIsForeign) {
  Succeed("create_namespace { namespace: 'red' }");
  Sh("ip netns delete red; ip netns add red");
  ExpectError(ExpectRefused("delete_namespace { namespace: 'red' }"),
              {"delete_namespace", "red", "", kFailedPrecondition});
}

TEST_F(NamespaceTest, WithForeignLinksInsideIsDeletedByForceOnly) {
  Succeed("create_namespace { namespace: 'red' }");
  Sh("ip -n red link add theirs type bridge");
  const auto error = ExpectRefused("delete_namespace { namespace: 'red' }");
  EXPECT_EQ(error.code(), kFailedPrecondition);
  EXPECT_THAT(error.message(), HasSubstr("theirs"));
  EXPECT_THAT(error.message(), HasSubstr("force"));
  Succeed("delete_namespace { namespace: 'red' force: true }");
  EXPECT_EQ(Sh("ls /run/netns"), "");
}

TEST_F(NamespaceTest, NamesMadeByOthersAreTakenEscapedToo) {
  Sh("ip netns add 'a b' && ip netns add 12");
  Succeed("create_bridge { namespace: 'a=20b' name: 'br0' }");
  EXPECT_EQ(Ip("-n 'a b' link show br0", ".[0].ifname"), "br0");
  Succeed("delete_namespace { namespace: 'a=20b' force: true }");
  EXPECT_EQ(Sh("ls /run/netns"), "12");
}

TEST_F(NamespaceTest, AnEscapedNameMeansOnlyWhatItEscapes) {
  Sh("ip netns add 'x y' && ip netns add 'x=20y'");
  for (const std::string name : {"x=20y", "k=v", "=40host"}) {
    for (const std::string adopt : {"", " allow_existing: true"}) {
      const auto error = ExpectRefused("create_namespace { namespace: '" + name + "'" + adopt + " }");
      EXPECT_EQ(error.code(), kInvalidArgument) << name;
      EXPECT_THAT(error.message(), HasSubstr("escaped byte"));
    }
  }
  for (const std::string name : {"x=2", "x=2dy", "x=62", "x y"}) {
    EXPECT_EQ(ExpectRefused("delete_namespace { namespace: '" + name + "' force: true }").code(), kInvalidArgument);
    EXPECT_EQ(ExpectRefused("create_bridge { namespace: '" + name + "' name: 'br0' }").code(), kInvalidArgument);
  }
  Succeed("create_bridge { namespace: 'x=20y' name: 'a' }\n create_bridge { namespace: 'x=3D20y' name: 'b' }");
  EXPECT_EQ(Ip("-n 'x y' link show type bridge", "[.[].ifname]"), R"(["a"])");
  EXPECT_EQ(Ip("-n 'x=20y' link show type bridge", "[.[].ifname]"), R"(["b"])");
  Sh("ip -n 'x y' link add v type veth peer name w");
  Succeed("move_link { namespace: 'x=20y' name: 'v' to_namespace: 'x=3D20y' }");
  EXPECT_EQ(Ip("-n 'x=20y' link show type veth", "[.[].ifname]"), R"(["v"])");
  Succeed("delete_namespace { namespace: 'x=20y' force: true }");
  EXPECT_EQ(Sh("ls /run/netns"), "x=20y");
  Succeed("delete_namespace { namespace: 'x=3D20y' force: true }");
  EXPECT_EQ(Sh("ls /run/netns"), "");
}

TEST_F(NamespaceTest, NamesWhoseEscapedFormIsLongerThanAFilesAreTaken) {
  const std::string raw(254, 'x');
  Sh("ip netns add '" + raw + " '");
  Succeed("create_bridge { namespace: '" + raw + "=20' name: 'br0' }");
  EXPECT_EQ(Ip("-n '" + raw + " ' link show br0", ".[0].ifname"), "br0");
  Succeed("delete_namespace { namespace: '" + raw + "=20' force: true }");
  EXPECT_EQ(Sh("ls /run/netns"), "");
}

TEST_F(NamespaceTest, OneThatOthersCalledAsTheHostIsCalledIsNotTheHosts) {
  Sh("ip netns add @host");
  const auto made = recorder_.WaitFinished(Submit(R"(create_bridge { namespace: '=40host' name: 'theirs' }
                                                     create_bridge { namespace: '@host' name: 'hosts' })"));
  ASSERT_EQ(made.result.state(), v1::Intent::SUCCEEDED) << made.result.DebugString();
  EXPECT_THAT(made.touched, UnorderedElementsAre("=40host", "@host"));
  EXPECT_EQ(Ip("-n @host link show type bridge", "[.[].ifname]"), R"(["theirs"])");
  EXPECT_EQ(Ip("link show type bridge", "[.[].ifname]"), R"(["hosts"])");
  Fail("set_link { namespace: '=40host' name: 'theirs' mtu: 1400 }\n delete_namespace { namespace: 'none' }");
  EXPECT_EQ(Ip("-n @host link show theirs", ".[0].mtu"), "1500");
  const auto gone = recorder_.WaitFinished(Submit("delete_namespace { namespace: '=40host' force: true }"));
  ASSERT_EQ(gone.result.state(), v1::Intent::SUCCEEDED) << gone.result.DebugString();
  EXPECT_THAT(gone.touched, Contains("=40host"));
  EXPECT_EQ(Sh("ls /run/netns; ip link show hosts >/dev/null && echo there"), "there");
  Sh("touch /run/netns/@host");
  const auto file = recorder_.WaitFinished(Submit("delete_namespace { namespace: '=40host' force: true }"));
  ASSERT_EQ(file.result.state(), v1::Intent::SUCCEEDED) << file.result.DebugString();
  EXPECT_THAT(file.touched, UnorderedElementsAre("=40host"));
  EXPECT_EQ(Sh("ls /run/netns"), "");
}

// Of a namespace of Warren's own, a name that others gave it besides.
class SecondName : public NamespaceTest {
 protected:
  void SetUp() override {
    ExecutorTest::SetUp();
    Succeed(R"(create_namespace { namespace: 'w1' }
               create_veth { a { namespace: 'w1' name: 'eth0' } b { namespace: '@host' name: 'v1' up: true } })");
    Sh("touch /run/netns/w2 && mount --bind /run/netns/w1 /run/netns/w2");
    cookie_ = Cookie("w1");
  }
  static uint64_t Cookie(const std::string& name) {
    auto worker = kernel::NetnsWorker::Create();
    auto netns = kernel::NetnsDir("/run/netns").Open(name);
    return netns.ok() ? worker->CookieOf(*netns).value_or(0) : 0;
  }

  uint64_t cookie_ = 0;
};

TEST_F(SecondName, IsForeign) {
  EXPECT_TRUE(executor_->OwnsName(cookie_, "w1"));
  EXPECT_FALSE(executor_->OwnsName(cookie_, "w2"));
  ASSERT_NO_FATAL_FAILURE(Reopen());
  EXPECT_TRUE(executor_->OwnsName(cookie_, "w1"));
  EXPECT_FALSE(executor_->OwnsName(cookie_, "w2"));
}

TEST_F(SecondName, IsDeletedByForceAloneAndOnlyTheName) {
  const auto error = ExpectRefused("delete_namespace { namespace: 'w2' }");
  EXPECT_EQ(error.code(), kFailedPrecondition);
  EXPECT_THAT(error.message(), HasSubstr("the name w2 of namespace w1 was not made through Warren"));
  ExpectUndone("delete_namespace { namespace: 'w2' force: true }");
  EXPECT_EQ(Sh("ls /run/netns"), "w1");
  EXPECT_EQ(Cookie("w1"), cookie_);
  EXPECT_EQ(Ip("-n w1 link show eth0", ".[0].ifname"), "eth0");
  EXPECT_EQ(Ip("link show v1", ".[0].flags | any(. == \"UP\")"), "true");
  EXPECT_TRUE(executor_->OwnsName(cookie_, "w1"));
  const auto last = Apply("delete_namespace { namespace: 'w1' }");
  EXPECT_EQ(last.state(), v1::Intent::SUCCEEDED) << last.DebugString();
  EXPECT_FALSE(last.has_release_pending()) << last.DebugString();
  EXPECT_EQ(Sh("ls /run/netns"), "");
}

TEST_F(SecondName, KeepsTheNamespaceAliveWhoseOwnIsDeleted) {
  options_.release_timeout = absl::Milliseconds(200);
  ASSERT_NO_FATAL_FAILURE(Reopen());
  const auto result = Apply("delete_namespace { namespace: 'w1' }");
  EXPECT_EQ(result.state(), v1::Intent::SUCCEEDED) << result.DebugString();
  EXPECT_THAT(result.release_pending().objects(), Contains(HasSubstr("w1"))) << "it lives on, and that is not said";
  EXPECT_EQ(Sh("ls /run/netns"), "w2");
  EXPECT_EQ(Cookie("w2"), cookie_);
  EXPECT_FALSE(executor_->OwnsName(cookie_, "w2"));
  EXPECT_EQ(ExpectRefused("delete_namespace { namespace: 'w2' }").code(), kFailedPrecondition);
  Succeed("delete_namespace { namespace: 'w2' force: true }");
  EXPECT_EQ(Sh("ls /run/netns"), "");
}

// A process that lives in a namespace.
class Inhabitant {
 public:
  explicit Inhabitant(const std::string& netns)
      : pid_(Sh("nsenter --net=/run/netns/" + netns + " sleep 1000 >/dev/null 2>&1 & echo $!")) {
    EXPECT_TRUE(Eventually([&] { return Try("cat /proc/" + pid_ + "/comm").output == "sleep"; }));
  }
  ~Inhabitant() { Leave(); }
  void Leave() {
    if (pid_.empty()) return;
    kill(std::stoi(pid_), SIGKILL);
    EXPECT_TRUE(Eventually([&] { return Try("test -d /proc/" + pid_).code != 0; }));
    pid_.clear();
  }
  const std::string& pid() const { return pid_; }

 private:
  std::string pid_;
};

TEST_F(NamespaceTest, InWhichProcessesLiveIsNotDeletedAndTheyAreNamed) {
  Succeed("create_namespace { namespace: 'red' }");
  Inhabitant inhabitant("red");
  const auto error = ExpectRefused("create_namespace { namespace: 'blue' }\n delete_namespace { namespace: 'red' }");
  ExpectError(error, {"delete_namespace", "red", "", kFailedPrecondition});
  EXPECT_EQ(error.operation_index(), 1);
  EXPECT_THAT(error.message(), HasSubstr("pid " + inhabitant.pid() + " (sleep)"));
  EXPECT_THAT(error.message(), HasSubstr("force"));
  inhabitant.Leave();
  Succeed("delete_namespace { namespace: 'red' }");
}

TEST_F(NamespaceTest, InWhichProcessesLiveIsDeletedByForceAndTheHolderNamed) {
  options_.release_timeout = absl::Milliseconds(200);
  Reopen();
  Succeed("create_namespace { namespace: 'red' }");
  const Inhabitant inhabitant("red");
  const v1::IntentResult result = Apply("delete_namespace { namespace: 'red' force: true }");
  EXPECT_EQ(result.state(), v1::Intent::SUCCEEDED) << result.DebugString();
  EXPECT_THAT(result.release_pending().objects(), Contains(HasSubstr("red")));
  EXPECT_THAT(result.release_pending().holders(), Contains("pid " + inhabitant.pid() + " (sleep): process"));
  EXPECT_EQ(Sh("ls /run/netns"), "");
}

TEST_F(NamespaceTest, HeldByAMountElsewhereIsDeletedAndTheHolderNamed) {
  options_.release_timeout = absl::Milliseconds(200);
  Reopen();
  Succeed("create_namespace { namespace: 'red' }");
  Sh("touch /run/held && mount --bind /run/netns/red /run/held");
  const v1::IntentResult result = Apply("delete_namespace { namespace: 'red' }");
  EXPECT_EQ(result.state(), v1::Intent::SUCCEEDED) << result.DebugString();
  EXPECT_THAT(result.release_pending().objects(), Contains(HasSubstr("red")));
  EXPECT_THAT(result.release_pending().holders(), ElementsAre("mount /run/held"));
  EXPECT_EQ(Sh("ls /run/netns"), "");
  EXPECT_EQ(Sh("umount /run/held && rm /run/held"), "");
}

TEST_F(NamespaceTest, DeletionIsOverOnlyWhenTheKernelHasLetGo) {
  // The host's own among them.
  const std::string ids = Sh("ip netns list-id");
  for (int round = 0; round < 10; ++round) {
    Succeed(R"(create_namespace { namespace: 'red' }
               create_namespace { namespace: 'blue' }
               create_veth { a { namespace: 'red' name: 'eth0' up: true } b { namespace: '@host' name: 'v0' up: true } }
               create_veth { a { namespace: 'red' name: 'eth1' up: true } b { namespace: 'blue' name: 'v1' up: true } })");
    const v1::IntentResult result = Apply("delete_namespace { namespace: 'red' }");
    // At once, with no time to settle.
    EXPECT_EQ(Sh("ip -o link show type veth"), "");
    EXPECT_EQ(Sh("ip -n blue -o link show type veth"), "");
    EXPECT_EQ(Sh("ip netns list-id | grep -v 'name: blue' || true"), ids);
    EXPECT_EQ(result.state(), v1::Intent::SUCCEEDED) << result.DebugString();
    EXPECT_FALSE(result.has_release_pending()) << result.DebugString();
    Succeed("delete_namespace { namespace: 'blue' }");
  }
}

TEST_F(NamespaceTest, MayBeDeletedAndMadeAgainInOneIntent) {
  Succeed(R"(create_namespace { namespace: 'red' }
             create_veth { a { namespace: 'red' name: 'eth0' } b { namespace: '@host' name: 'v0' } })");
  const std::string again = R"(
      delete_namespace { namespace: 'red' }
      create_namespace { namespace: 'red' }
      create_veth { a { namespace: 'red' name: 'eth0' up: true } b { namespace: '@host' name: 'v0' up: true } })";
  ExpectUndone(again);
  EXPECT_EQ(Sh("ip -n red -br link show eth0 | tr -s ' ' | cut -d' ' -f1,2"),
            "eth0@if" + Ip("link show v0", ".[0].ifindex") + " UP");
}

TEST_F(NamespaceTest, MayBeMadeAndDeletedInOneIntent) {
  const HostDump before = Dump();
  Succeed(R"(create_namespace { namespace: 'red' }
             create_veth { a { namespace: 'red' name: 'eth0' up: true } b { namespace: '@host' name: 'v0' up: true } }
             delete_namespace { namespace: 'red' })");
  EXPECT_EQ(DifferenceInTheEnd(before, dump_), "");
  Fail(R"(create_namespace { namespace: 'red' }
          create_veth { a { namespace: 'red' name: 'eth0' up: true } b { namespace: '@host' name: 'v0' up: true } }
          delete_namespace { namespace: 'red' }
          delete_namespace { namespace: 'red' })");
  EXPECT_EQ(DifferenceInTheEnd(before, dump_), "");
}

TEST_F(NamespaceTest, DeletionIsUndoneWithItsOuterEnds) {
  Succeed(R"(
      create_namespace { namespace: 'red' }
      create_namespace { namespace: 'blue' }
      create_bridge { namespace: '@host' name: 'br0' up: true addresses: '10.9.0.1/24' }
      create_veth { a { namespace: 'red' name: 'eth0' up: true addresses: '10.0.0.1/24' addresses: '2001:db8::1/64' } b { namespace: '@host' name: 'v0' up: true addresses: '10.0.0.2/24' addresses: '10.0.0.3/24' addresses: '2001:db8::2/64' } }
      create_veth { a { namespace: 'red' name: 'eth1' up: true addresses: '10.1.0.1/24' } b { namespace: 'blue' name: 'v1' up: true addresses: '10.1.0.2/24' } }
      create_veth { a { namespace: 'red' name: 'eth2' up: true } b { namespace: '@host' name: 'port' up: true } }
      create_veth { a { namespace: 'red' name: 'in0' up: true } b { namespace: 'red' name: 'in1' up: true } }
      attach_link { namespace: '@host' link: 'port' bridge: 'br0' }
      add_route { namespace: 'red' destination: 'default' via: '10.0.0.2' }
      add_route { namespace: '@host' destination: '10.7.0.0/16' via: '10.0.0.1' src: '10.0.0.3' }
      add_route { namespace: '@host' destination: '2001:db8:7::/48' via: '2001:db8::1' metric: 77 }
      add_route { namespace: 'blue' destination: 'default' via: '10.1.0.1' dev: 'v1' table: 100 }
      add_route { namespace: 'blue' destination: 'default' via: '10.1.0.1' })");
  ExpectUndone("delete_namespace { namespace: 'red' }");
}

TEST_F(NamespaceTest, DeletionOfAForeignOneIsUndone) {
  Sh("ip netns add green && ip -n green link set lo up");
  Sh("ip link add out type veth peer name in netns green && ip link set out up && ip -n green link set in up");
  Sh("ip address add 192.0.2.1/24 dev out && ip route add 198.51.100.0/24 nexthop via 192.0.2.7 weight 1 nexthop via "
     "192.0.2.8 weight 3");
  ExpectUndone("delete_namespace { namespace: 'green' force: true }");
}

TEST_F(NamespaceTest, DeletionsOfBothSidesOfAPairAreUndone) {
  Succeed(R"(create_namespace { namespace: 'red' }
             create_namespace { namespace: 'blue' }
             create_veth { a { namespace: 'red' name: 'eth0' up: true addresses: '10.0.0.1/24' } b { namespace: 'blue' name: 'eth0' up: true addresses: '10.0.0.2/24' } }
             add_route { namespace: 'red' destination: 'default' via: '10.0.0.2' }
             add_route { namespace: 'blue' destination: 'default' via: '10.0.0.1' })");
  ExpectUndone("delete_namespace { namespace: 'red' }\n delete_namespace { namespace: 'blue' }");
}

TEST_F(NamespaceTest, DeletedByForceWithAProcessInsideIsUndoneAlive) {
  options_.release_timeout = absl::Milliseconds(200);
  Reopen();
  Succeed("create_namespace { namespace: 'red' }");
  const Inhabitant inhabitant("red");
  ExpectUndone("delete_namespace { namespace: 'red' force: true }");
}

TEST_F(NamespaceTest, ResultTellsWhatToLookAtAgain) {
  const int64_t sequence = Submit(R"(
      create_namespace { namespace: 'red' }
      create_veth { a { namespace: 'red' name: 'eth0' } b { namespace: '@host' name: 'v0' } })");
  const Finished finished = recorder_.WaitFinished(sequence);
  EXPECT_THAT(finished.touched, UnorderedElementsAre("red", "@host"));
  EXPECT_FALSE(finished.again);
  EXPECT_EQ(finished.result.sequence(), sequence);
  EXPECT_EQ(finished.result.intent_id(), "intent-1");
  EXPECT_TRUE(finished.result.has_start_time());
  EXPECT_TRUE(finished.result.has_apply_duration());
  EXPECT_EQ(finished.result.boot_id(), Sh("cat /proc/sys/kernel/random/boot_id"));
  // The outer end goes with the namespace, so the namespace that holds it changes too.
  EXPECT_THAT(recorder_.WaitFinished(Submit("delete_namespace { namespace: 'red' }")).touched,
              UnorderedElementsAre("red", "@host"));
}

// Somebody takes the name of a namespace that is parked: it is kept, gets another name, and the result says which.
TEST_F(NamespaceTest, WhoseNameIsTakenMeanwhileIsKeptUnderAnother) {
  Succeed(R"(create_namespace { namespace: 'vic' }
             create_veth { a { namespace: 'vic' name: 'eth0' mtu: 1400 up: true addresses: '10.0.0.1/24' } b { namespace: '@host' name: 'v0' up: true } })");
  std::string operations = R"(set_link { namespace: 'vic' name: 'eth0' mtu: 1300 }
                              delete_namespace { namespace: 'vic' })";
  // Taking these back takes time enough.
  for (int i = 0; i < 20; ++i) operations += absl::StrCat("\ncreate_bridge { namespace: '@host' name: 'b", i, "' }");
  const int64_t sequence = Submit(operations + "\ndelete_link { namespace: '@host' name: 'none' }");
  ASSERT_TRUE(Eventually([] { return Try("ip netns add vic").code == 0; }));
  const v1::IntentResult result = recorder_.WaitFinished(sequence).result;
  EXPECT_EQ(result.state(), v1::Intent::FAILED);
  ASSERT_EQ(result.error().not_undone_size(), 1) << result.DebugString();
  const std::string name = Sh("ls /run/netns | grep '^vic[.]warren-'");
  EXPECT_THAT(result.error().not_undone(0), HasSubstr(name));
  const auto is_whole = [&] {
    EXPECT_EQ(Ip("-n " + name + " link show eth0", R"(.[0] | [.mtu, (.flags | index("UP") != null)])"), "[1400,true]");
    EXPECT_THAT(Sh("ip -n " + name + " -o address show eth0"), HasSubstr("10.0.0.1/24"));
    EXPECT_EQ(Sh("ip -n vic -o link | wc -l"), "1");
  };
  is_whole();
  Reopen();
  is_whole();
}

// Nor can it get another name: the next start tries again, and never lets it go.
TEST_F(NamespaceTest, ThatStaysParkedIsNamedAtTheNextStart) {
  Succeed(R"(create_namespace { namespace: 'vic' }
             add_address { namespace: 'vic' link: 'lo' address: '10.9.9.9/32' })");
  Sh("mkdir -p /run/warren/parked && touch /run/warren/parked/7-1 /run/warren/parked/7-2 && "
     "mount --bind /run/netns/vic /run/warren/parked/7-1 && ip netns delete vic");
  Reopen();
  EXPECT_EQ(Sh("ls /run/warren/parked"), "");
  const std::string name = Sh("ls /run/netns");
  EXPECT_EQ(name.rfind("parked-7-1.warren-", 0), 0u) << name;
  EXPECT_THAT(Sh("ip -n " + name + " -o address show lo"), HasSubstr("10.9.9.9/32"));
}

}  // namespace
}  // namespace warren::executor
