// Creating and deleting namespaces: what the kernel says afterwards, refusals, adoption, undo.

#include <signal.h>
#include <unistd.h>

#include "tests/agent/executor/executor_test.h"

namespace warren::executor {
namespace {

using kernel::Ip;
using ::testing::AnyOf;
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
  Succeed("create_namespace { namespace: 'qrouter-97db7930-ж=\"$x' }");
  Succeed("create_namespace { namespace: '" + longest + "' }");
  EXPECT_EQ(Sh("ls /run/netns | wc -l"), "2");
  Succeed("delete_namespace { namespace: 'qrouter-97db7930-ж=\"$x' }\n delete_namespace { namespace: '" + longest +
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

TEST_F(NamespaceTest, IsNotMadeOverAnotherKindOfFile) {
  // `ip` itself hangs on a FIFO, so nobody can be asked to dump beside it.
  Sh("touch /run/netns/file; ln -s /nowhere /run/netns/link; mkfifo /run/netns/fifo");
  for (const std::string name : {"file", "link", "fifo"}) {
    for (const std::string how : {"", " allow_existing: true"}) {
      const auto error = Fail("create_namespace { namespace: '" + name + "'" + how + " }");
      EXPECT_EQ(error.operation(), "create_namespace") << error.DebugString();
      EXPECT_EQ(error.object(), name);
      EXPECT_THAT(error.code(), AnyOf(kAlreadyExists, kFailedPrecondition)) << error.DebugString();
    }
    EXPECT_NE(Apply("delete_namespace { namespace: '" + name + "' force: true }").state(), v1::Intent::SUCCEEDED);
  }
  EXPECT_EQ(Sh("ls -F /run/netns"), "fifo|\nfile\nlink@");
  Sh("rm /run/netns/fifo");
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
  EXPECT_EQ(Sh("umount /run/netns/mine && rm /run/netns/mine"), "");
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
  EXPECT_THAT(result.release_pending().holders(), Contains("pid " + inhabitant.pid() + " (sleep)"));
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

}  // namespace
}  // namespace warren::executor
