// kill -9 at any instant: every intent is wholly applied or wholly undone, its result kept until acknowledged, nothing
// left below the run directory.
//
// A list of intents is first run without being disturbed, and the host dumped after each: the model. Then a process of
// its own runs them and is killed at a random instant, of its recovery too. Whoever opens the state after that must
// find the host as the model has it after as many intents as there are results.

#include <fcntl.h>
#include <signal.h>
#include <spawn.h>
#include <sys/wait.h>
#include <unistd.h>

#include <chrono>
#include <iostream>
#include <random>
#include <thread>
#include <vector>

#include "absl/strings/str_cat.h"
#include "tests/agent/executor/executor_test.h"

extern char** environ;

namespace warren::executor {
namespace {

using kernel::Ip;
using ::testing::IsEmpty;

// Each changes something, but for those that fail; together they end where they began. Each has something in common
// with the one before it, so that they run one after the other, and the results there are say how far they are.
const std::vector<std::string>& Intents() {
  static const auto* intents = new std::vector<std::string>{
      R"(create_namespace { namespace: 'red' }
create_namespace { namespace: 'blue' loopback_down: true }
create_veth { a { namespace: 'red' name: 'eth0' mac: '02:00:00:00:01:01' up: true addresses: '10.0.0.1/24' addresses: '10.0.0.9/24' addresses: '2001:db8::1/64' } b { namespace: 'blue' name: 'eth0' mac: '02:00:00:00:01:02' up: true addresses: '10.0.0.2/24' } }
create_veth { a { namespace: 'red' name: 'eth1' mac: '02:00:00:00:01:03' up: true addresses: '10.1.0.1/24' } b { namespace: '@host' name: 'v1' mac: '02:00:00:00:01:04' up: true addresses: '10.1.0.2/24' } }
)",
      R"(create_bridge { namespace: '@host' name: 'br0' mac: '02:00:00:00:01:05' up: true }
attach_link { namespace: '@host' link: 'v1' bridge: 'br0' move_addresses: true }
add_route { namespace: 'red' destination: 'default' via: '10.0.0.2' }
add_route { namespace: 'red' destination: '10.7.0.0/16' via: '10.0.0.2' src: '10.0.0.9' metric: 7 table: 70 }
)",
      // Fails at its end: wholly undone. What it makes looks like what it deleted.
      R"(set_link { namespace: 'red' name: 'eth0' up: false mtu: 1000 new_name: 'wan0' }
delete_link { namespace: '@host' name: 'v1' }
create_veth { a { namespace: 'red' name: 'eth1' mac: '02:00:00:00:01:03' up: true } b { namespace: '@host' name: 'v1' mac: '02:00:00:00:01:04' } }
create_bridge { namespace: '@host' name: 'br1' mac: '02:00:00:00:01:07' }
attach_link { namespace: '@host' link: 'v1' bridge: 'br1' move_addresses: true }
delete_bridge { namespace: '@host' name: 'br0' }
create_bridge { namespace: '@host' name: 'br0' mac: '02:00:00:00:01:05' up: true addresses: '10.1.0.2/24' }
delete_namespace { namespace: 'blue' }
create_namespace { namespace: 'blue' }
create_namespace { namespace: 'green' }
create_namespace { namespace: 'green' }
)",
      R"(delete_address { namespace: 'red' link: 'eth0' address: '10.0.0.1/24' }
add_address { namespace: 'red' link: 'eth0' address: '10.0.0.3/24' }
set_link { namespace: 'red' name: 'eth0' up: false mtu: 1400 mac: '02:00:00:00:01:06' new_name: 'wan0' }
set_link { namespace: 'red' name: 'wan0' up: true }
)",
      R"(move_link { namespace: 'red' name: 'wan0' to_namespace: '@host' to_name: 'w0' }
set_link { namespace: '@host' name: 'w0' up: true }
add_address { namespace: '@host' link: 'w0' address: '10.3.0.1/24' }
)",
      R"(detach_link { namespace: '@host' link: 'v1' move_addresses: true }
delete_bridge { namespace: '@host' name: 'br0' }
create_bridge { namespace: '@host' name: 'br0' mac: '02:00:00:00:01:07' }
delete_route { namespace: 'red' destination: 'default' allow_missing: true }
)",
      // Deletes and makes again in one go.
      R"(delete_namespace { namespace: 'red' }
create_namespace { namespace: 'red' }
create_veth { a { namespace: 'red' name: 'eth1' mac: '02:00:00:00:01:08' up: true } b { namespace: '@host' name: 'v1' mac: '02:00:00:00:01:09' up: true } }
attach_link { namespace: '@host' link: 'v1' bridge: 'br0' }
)",
      R"(add_address { namespace: 'red' link: 'lo' address: '10.255.0.1/32' }
delete_link { namespace: '@host' name: 'w0' }
delete_bridge { namespace: '@host' name: 'br0' }
)",
      // Nothing but namespaces, which are then not parked; the failed one has parked blue and brought it back.
      R"(delete_namespace { namespace: 'red' }
delete_namespace { namespace: 'blue' }
)"};
  return *intents;
}

class Child {
 public:
  // Before the `nth` call of that name it is killed; "": it is not.
  Child(const Options& options, int64_t first, const std::string& call = "", int nth = 0,
        const std::vector<std::string>& intents = Intents()) {
    int in[2], out[2];
    if (pipe2(in, O_CLOEXEC) != 0 || pipe2(out, O_CLOEXEC) != 0) abort();
    const std::string sequence = std::to_string(first);
    const std::string number = std::to_string(nth);
    std::vector<const char*> argv = {EXECUTOR_CHILD, options.state_dir.c_str(), options.run_dir.c_str(),
                                     sequence.c_str()};
    if (!call.empty()) argv.insert(argv.end(), {call.c_str(), number.c_str()});
    argv.push_back(nullptr);
    posix_spawn_file_actions_t actions;
    posix_spawn_file_actions_init(&actions);
    posix_spawn_file_actions_adddup2(&actions, in[0], 0);
    posix_spawn_file_actions_adddup2(&actions, out[1], 1);
    if (posix_spawn(&pid_, argv[0], &actions, nullptr, const_cast<char**>(argv.data()), environ) != 0) abort();
    posix_spawn_file_actions_destroy(&actions);
    close(in[0]);
    close(out[1]);
    out_ = out[0];
    std::string all;
    for (const std::string& intent : intents) all += intent + "\n";
    if (write(in[1], all.data(), all.size()) != static_cast<ssize_t>(all.size())) abort();
    close(in[1]);
  }
  ~Child() {
    Kill();
    close(out_);
  }

  // Until it has opened its state.
  void WaitOpen() const {
    char letter;
    while (read(out_, &letter, 1) == 1 && letter != '\n') continue;
  }
  void Kill() {
    if (pid_ == 0) return;
    kill(pid_, SIGKILL);
    waitpid(pid_, nullptr, 0);
    pid_ = 0;
  }
  int Wait() {
    int status = 0;
    waitpid(pid_, &status, 0);
    pid_ = 0;
    return status;
  }

 private:
  pid_t pid_ = 0;
  int out_ = -1;
};

class RecoveryTest : public ExecutorTest {
 protected:
  void SetUp() override {
    ExecutorTest::SetUp();
    // Namespaces that are made again have other inodes.
    dump_.identity = false;
  }

  // The host after each intent, and how each ends.
  void RunModel() {
    model_.push_back(Dump());
    for (const std::string& intent : Intents()) {
      states_.push_back(Apply(intent).state());
      model_.push_back(Dump());
      executor_->Acknowledge({sequence_});
    }
    ASSERT_EQ(Difference(model_.front(), model_.back()), "");
    for (size_t i = 0; i < Intents().size(); ++i) {
      ASSERT_EQ(states_[i], i == 2 ? v1::Intent::FAILED : v1::Intent::SUCCEEDED) << i;
      ASSERT_EQ(Difference(model_[i], model_[i + 1]).empty(), i == 2) << i;
    }
  }

  // Opens what was left; returns how many of the intents from `first` on are over.
  size_t ExpectWhole(int64_t first) {
    Reopen();
    const auto results = executor_->UnacknowledgedResults();
    for (size_t i = 0; i < results.size(); ++i) {
      EXPECT_EQ(results[i].sequence(), first + static_cast<int64_t>(i)) << "results are without a gap";
      EXPECT_EQ(results[i].state(), states_[i]) << results[i].DebugString();
      EXPECT_THAT(results[i].error().not_undone(), IsEmpty()) << results[i].DebugString();
    }
    EXPECT_EQ(DifferenceInTheEnd(model_[results.size()], dump_), "") << "after " << results.size() << " intents";
    return results.size();
  }

  // As a server does: everything that was not acknowledged comes again.
  void Finish(int64_t first, size_t over) {
    std::vector<v1::IntentDelivery> all;
    for (size_t i = 0; i < Intents().size(); ++i)
      all.push_back(ParseIntent(first + static_cast<int64_t>(i), Intents()[i]));
    executor_->Submit(all);
    std::vector<int64_t> sequences;
    for (size_t i = 0; i < all.size(); ++i) {
      const Finished finished = recorder_.WaitFinished(all[i].sequence());
      EXPECT_EQ(finished.result.state(), states_[i]) << finished.result.DebugString();
      EXPECT_EQ(finished.again, i < over) << "told once more only what was over";
      sequences.push_back(all[i].sequence());
    }
    EXPECT_EQ(DifferenceInTheEnd(model_.back(), dump_), "");
    executor_->Acknowledge(sequences);
    EXPECT_THAT(executor_->UnacknowledgedResults(), IsEmpty());
  }

  std::vector<HostDump> model_;
  std::vector<v1::Intent::State> states_;
};

TEST_F(RecoveryTest, IntentsAreWholeWhenKilledAtAnyInstant) {
  ASSERT_NO_FATAL_FAILURE(RunModel());
  // How long it takes undisturbed.
  std::chrono::steady_clock::time_point begin;
  int64_t first = 100;
  executor_.reset();
  {
    Child child(options_, first);
    child.WaitOpen();
    begin = std::chrono::steady_clock::now();
    ASSERT_EQ(child.Wait(), 0);
  }
  const std::chrono::microseconds whole =
      std::chrono::duration_cast<std::chrono::microseconds>(std::chrono::steady_clock::now() - begin);
  ASSERT_EQ(ExpectWhole(first), Intents().size());
  Finish(first, Intents().size());

  const char* given = getenv("WARREN_TEST_SEED");
  const unsigned seed = given != nullptr ? static_cast<unsigned>(atoll(given)) : std::random_device()();
  std::cout << "WARREN_TEST_SEED=" << seed << "; undisturbed: " << whole.count() << " us" << std::endl;
  std::mt19937 random(seed);
  const auto instant = [&] {
    return std::chrono::microseconds(std::uniform_int_distribution<int64_t>(0, whole.count())(random));
  };
  size_t kills = 0, midway = 0, again = 0, round = 0;
  constexpr size_t kRounds = 40;
  for (; round < kRounds && !HasFailure(); ++round) {
    first += 100;
    SCOPED_TRACE(absl::StrCat("round ", round, ", seed ", seed));
    executor_.reset();
    // Killed once, or in what comes after a kill too: its recovery, and what it goes on with.
    const size_t times = 1 + random() % 3;
    for (size_t time = 0; time < times; ++time) {
      Child child(options_, first);
      if (time == 0 || random() % 2 == 0) child.WaitOpen();
      // Random instants are the method here, not a way to wait for something.
      std::this_thread::sleep_for(instant() / static_cast<int64_t>(times));
      child.Kill();
      ++kills;
    }
    const size_t over = ExpectWhole(first);
    midway += over < Intents().size();
    again += over;
    Finish(first, over);
  }
  std::cout << kills << " kills in " << round << " rounds, " << midway << " of them midway; " << again
            << " results were told once more" << std::endl;
  EXPECT_GT(midway, 0u) << "no kill hit anything";
}

// The kernel's and the journal's every change is a system call: killed before each of them in turn. WARREN_TEST_EVERY=1
// takes every one; otherwise of those that are many some are picked.
TEST_F(RecoveryTest, IntentsAreWholeWhenKilledBeforeEveryStep) {
  ASSERT_NO_FATAL_FAILURE(RunModel());
  const bool every = getenv("WARREN_TEST_EVERY") != nullptr;
  const char* slow = getenv("WARREN_TEST_SLOWNESS");
  const int slowness = slow != nullptr ? std::clamp(atoi(slow), 1, 5) : 1;
  int64_t first = 100;
  size_t kills = 0;
  std::mt19937 random(static_cast<unsigned>(getpid()));
  struct Step {
    std::string call;
    int stride;
  };
  for (const Step& step : std::vector<Step>{{"mount", 1},
                                            {"umount2", 1},
                                            {"linkat", 1},
                                            {"unlink", 1},
                                            {"unshare", 1},
                                            {"sendmsg", 3},
                                            {"sendto", 60},
                                            {"pwrite64", 40}}) {
    const int stride = every ? 1 : step.stride * slowness;
    for (int nth = 1 + static_cast<int>(random() % static_cast<unsigned>(stride)); !HasFailure(); nth += stride) {
      SCOPED_TRACE(absl::StrCat("killed before ", step.call, " number ", nth));
      first += 100;
      executor_.reset();
      int status = 0;
      {
        Child child(options_, first, step.call, nth);
        status = child.Wait();
      }
      ASSERT_TRUE(WIFSIGNALED(status) || (WIFEXITED(status) && WEXITSTATUS(status) == 0)) << status;
      const size_t over = ExpectWhole(first);
      Finish(first, over);
      if (WIFEXITED(status)) break;
      ++kills;
    }
  }
  std::cout << "killed before " << kills << " steps" << std::endl;
  EXPECT_GT(kills, 40u / static_cast<unsigned>(slowness));
}

TEST_F(RecoveryTest, NothingIsLeftOfTheNameOfSomeoneElsesNamespaceDeletedByForce) {
  const std::vector<std::string> deletion = {"delete_namespace { namespace: 'theirs' force: true }\n"};
  int64_t first = 100;
  int kills = 0;
  for (const std::string call : {"umount2", "unlink"}) {
    for (int nth = 1; !HasFailure(); ++nth) {
      SCOPED_TRACE(absl::StrCat("killed before ", call, " number ", nth));
      Sh("ip netns add theirs");
      executor_.reset();
      first += 100;
      int status = 0;
      {
        Child child(options_, first, call, nth, deletion);
        status = child.Wait();
      }
      ASSERT_TRUE(WIFSIGNALED(status) || (WIFEXITED(status) && WEXITSTATUS(status) == 0)) << status;
      Reopen();
      executor_->Submit({ParseIntent(first, deletion.front())});
      EXPECT_EQ(recorder_.WaitFinished(first).result.state(), v1::Intent::SUCCEEDED);
      EXPECT_EQ(Sh("ls /run/netns | xargs"), "");
      executor_->Acknowledge({first});
      if (WIFEXITED(status)) break;
      ++kills;
    }
  }
  EXPECT_GE(kills, 4);
}

// What stands on links besides addresses and routes: an intent that takes it away and fails is killed before each of
// its steps and of those of its undo, and of what recovery undoes.
TEST_F(RecoveryTest, WhatStandsOnLinksIsWholeWhenKilledBeforeEveryStep) {
  Succeed(R"(
      create_namespace { namespace: 'red' }
      create_namespace { namespace: 'blue' }
      create_bridge { namespace: 'red' name: 'br0' up: true mac: '02:00:00:00:00:0b' }
      create_veth { a { namespace: 'red' name: 'eth0' up: true addresses: '10.0.0.1/24' addresses: '2001:db8::1/64' } b { namespace: 'blue' name: 'eth0' up: true addresses: '10.0.0.2/24' } }
      create_veth { a { namespace: 'red' name: 'port' up: true } b { namespace: 'blue' name: 'port' up: true } }
      attach_link { namespace: 'red' link: 'port' bridge: 'br0' })");
  Sh("ip -n red neigh add 10.0.0.9 lladdr 02:00:00:00:00:09 dev eth0 nud permanent");
  Sh("ip -n red neigh add 2001:db8::9 lladdr 02:00:00:00:00:09 dev eth0 nud permanent");
  Sh("ip -n red neigh add proxy 10.0.0.77 dev eth0");
  Sh("ip -n red nexthop add id 5 via 10.0.0.2 dev eth0 && ip -n red nexthop add id 20 group 5");
  Sh("ip -n red route add 10.50.0.0/16 nhid 20 && ip -n blue nexthop add id 5 via 10.0.0.1 dev eth0");
  Sh("ip netns exec red sh -c 'cd /proc/sys/net && echo 0 > ipv6/conf/eth0/accept_ra && echo 1 > "
     "ipv6/conf/eth0/forwarding "
     "&& echo 2 > ipv4/conf/eth0/rp_filter'");
  Sh("tc -n red qdisc add dev eth0 root handle 1: htb default 10 && tc -n red class add dev eth0 parent 1: classid "
     "1:10 htb "
     "rate 1mbit");
  Sh("bridge -n red fdb add 02:00:00:00:00:31 dev port master static && bridge -n red link set dev port cost 77");
  const std::vector<std::string> intent = {
      R"(set_link { namespace: 'red' name: 'eth0' mtu: 1000 mac: '02:00:00:00:11:11' }
set_link { namespace: 'blue' name: 'eth0' up: false }
detach_link { namespace: 'red' link: 'port' }
move_link { namespace: 'red' name: 'eth0' to_namespace: 'blue' to_name: 'wan0' }
delete_link { namespace: '@host' name: 'no-such-link' }
)"};
  const HostDump before = Dump();
  int64_t first = 100;
  int kills = 0;
  std::mt19937 random(static_cast<unsigned>(getpid()));
  const bool every = getenv("WARREN_TEST_EVERY") != nullptr;
  for (const auto& [call, stride] :
       std::vector<std::pair<std::string, int>>{{"sendto", 15}, {"write", 4}, {"pwrite64", 8}}) {
    const int step = every ? 1 : stride;
    for (int nth = 1 + static_cast<int>(random() % static_cast<unsigned>(step)); !HasFailure(); nth += step) {
      SCOPED_TRACE(absl::StrCat("killed before ", call, " number ", nth));
      executor_.reset();
      first += 100;
      int status = 0;
      {
        Child child(options_, first, call, nth, intent);
        status = child.Wait();
      }
      ASSERT_TRUE(WIFSIGNALED(status) || (WIFEXITED(status) && WEXITSTATUS(status) == 0)) << status;
      Reopen();
      EXPECT_EQ(DifferenceInTheEnd(before, dump_), "");
      for (const v1::IntentResult& result : executor_->UnacknowledgedResults()) {
        EXPECT_THAT(result.error().not_undone(), IsEmpty()) << result.DebugString();
        executor_->Acknowledge({result.sequence()});
      }
      if (WIFEXITED(status)) break;
      ++kills;
    }
  }
  std::cout << "killed before " << kills << " steps" << std::endl;
  EXPECT_GT(kills, 10);
}

// The kernel has not let go, and the name is gone already.
TEST_F(RecoveryTest, ANamespaceThatIsStillHeldAfterAKillIsToldOfWithItsHolder) {
  options_.release_timeout = absl::Milliseconds(200);
  setenv("EXECUTOR_CHILD_RELEASE_TIMEOUT", "200ms", 1);
  int64_t first = 1000;
  int kills = 0;
  for (const std::string before : {"",
                                   "create_bridge { namespace: '@host' name: 'br0' }\n"
                                   "delete_bridge { namespace: '@host' name: 'br0' }\n"}) {
    const std::vector<std::string> deletion = {
        absl::StrCat(before, "delete_namespace { namespace: 'held' force: true }\n")};
    for (const std::string call : {"umount2", "unlink", "pwrite64"}) {
      for (int nth = 1; !HasFailure(); nth += call == "pwrite64" ? 4 : 1) {
        SCOPED_TRACE(absl::StrCat("killed before ", call, " number ", nth, " of ", deletion.front()));
        Reopen();
        Succeed("create_namespace { namespace: 'held' }");
        const std::string pid = Sh(
            "ip netns exec held sleep 1000 >/dev/null 2>&1 & p=$!; until [ \"$(cat /proc/$p/comm)\" = sleep ]; do :; "
            "done; echo $p");
        executor_.reset();
        first += 100;
        int status = 0;
        {
          Child child(options_, first, call, nth, deletion);
          status = child.Wait();
        }
        ASSERT_TRUE(WIFSIGNALED(status) || (WIFEXITED(status) && WEXITSTATUS(status) == 0)) << status;
        Reopen();
        executor_->Submit({ParseIntent(first, deletion.front())});
        const v1::IntentResult result = recorder_.WaitFinished(first).result;
        EXPECT_EQ(result.state(), v1::Intent::SUCCEEDED) << result.DebugString();
        EXPECT_THAT(result.release_pending().objects(), ::testing::Contains("namespace held"));
        EXPECT_THAT(result.release_pending().holders(), ::testing::ElementsAre("pid " + pid + " (sleep): process"));
        EXPECT_EQ(Sh("ls /run/netns | xargs"), "");
        executor_->Acknowledge({first});
        Sh("kill " + pid);
        if (WIFEXITED(status)) break;
        ++kills;
      }
    }
  }
  unsetenv("EXECUTOR_CHILD_RELEASE_TIMEOUT");
  EXPECT_GE(kills, 8);
}

// A MAC that somebody asked for proves nothing: whatever is there of that name, kind and MAC when the agent comes back
// is left alone unless the intent made it.
TEST_F(RecoveryTest, WhatOthersMakeOfTheSameNameKindAndMacMeanwhileIsLeftAlone) {
  const std::string bridge = "create_bridge { namespace: '@host' name: 'x0' mac: '02:00:00:00:00:aa' up: true }\n";
  const std::string veth =
      "create_veth { a { namespace: '@host' name: 'x0' mac: '02:00:00:00:00:aa' up: true } "
      "b { namespace: '@host' name: 'x1' mac: '02:00:00:00:00:ab' } }\n";
  const std::string one_by_one = "delete_route { namespace: '@host' destination: '10.9.0.0/16' allow_missing: true }\n";
  struct Case {
    std::string operations, twin;
  };
  const std::string theirs = "ip link add x0 address 02:00:00:00:00:aa type ";
  int64_t first = 1000;
  int kills = 0, before_making = 0, after_making = 0;
  for (const Case& each : std::vector<Case>{{bridge, theirs + "bridge"},
                                            {one_by_one + bridge, theirs + "bridge"},
                                            {veth, theirs + "veth peer x1 address 02:00:00:00:00:ab"},
                                            {one_by_one + veth, theirs + "veth peer x1 address 02:00:00:00:00:ab"}}) {
    for (const std::string call : {"pwrite64", "sendmsg", "sendto"}) {
      for (int nth = 1; !HasFailure(); ++nth) {
        SCOPED_TRACE(absl::StrCat("killed before ", call, " number ", nth, " of ", each.operations));
        executor_.reset();
        first += 10;
        int status = 0;
        {
          Child child(options_, first, call, nth, {each.operations});
          status = child.Wait();
        }
        ASSERT_TRUE(WIFSIGNALED(status) || (WIFEXITED(status) && WEXITSTATUS(status) == 0)) << status;
        const bool made = Try("ip link show x0").code == 0;
        // Where it was made, somebody else may have deleted it, too.
        if (made) Sh("ip link delete x0");
        Sh(each.twin + " && ip link set x0 up && ip address add 10.7.7.1/24 dev x0");
        const std::string index = Ip("link show x0", ".[0].ifindex");
        Reopen();
        EXPECT_EQ(Ip("address show x0", ".[0] | [.ifindex, .addr_info[0].local]"), "[" + index + ",\"10.7.7.1\"]");
        const auto results = executor_->UnacknowledgedResults();
        if (results.empty()) {
          // It comes again, and is refused as it would be had it not begun.
          executor_->Submit({ParseIntent(first, each.operations)});
          const v1::IntentResult result = recorder_.WaitFinished(first).result;
          EXPECT_EQ(result.error().errno_name(), "EEXIST") << result.DebugString();
          EXPECT_EQ(Ip("address show x0", ".[0] | [.ifindex, .addr_info[0].local]"), "[" + index + ",\"10.7.7.1\"]");
        }
        executor_->Acknowledge({first});
        EXPECT_FALSE(executor_->UnacknowledgedResults().size() > 0);
        Sh("ip link delete x0");
        if (WIFEXITED(status)) break;
        ++kills;
        ++(made ? after_making : before_making);
      }
    }
  }
  std::cout << "killed before " << kills << " steps, " << before_making << " before the link was made" << std::endl;
  EXPECT_GT(before_making, 4);
  EXPECT_GT(after_making, 4);
}

// The same without anybody else: it is undone wholly, or finished and back in the default group.
TEST_F(RecoveryTest, LinksOfAskedMacsAreGoneOrInTheDefaultGroupAfterAKill) {
  const std::vector<std::string> intents = {
      "create_veth { a { namespace: '@host' name: 'x0' mac: '02:00:00:00:00:aa' } "
      "b { namespace: '@host' name: 'x1' mac: '02:00:00:00:00:ab' } }\n"
      "create_bridge { namespace: '@host' name: 'x2' mac: '02:00:00:00:00:ac' }\n",
      "delete_route { namespace: '@host' destination: '10.9.0.0/16' allow_missing: true }\n"
      "create_bridge { namespace: '@host' name: 'x3' mac: '02:00:00:00:00:ad' }\n"
      "set_link { namespace: '@host' name: 'x3' new_name: 'x4' }\n"};
  int64_t first = 1000;
  bool unfinished = false, half = false;
  for (const std::string call : {"pwrite64", "sendmsg", "sendto"}) {
    for (int nth = 1; !HasFailure(); ++nth) {
      SCOPED_TRACE(absl::StrCat("killed before ", call, " number ", nth));
      executor_.reset();
      first += 10;
      int status = 0;
      {
        Child child(options_, first, call, nth, intents);
        status = child.Wait();
      }
      half |= Ip("link", "[.[].group] | unique | length") != "1";
      Reopen();
      const auto results = executor_->UnacknowledgedResults();
      const std::string names[] = {"lo", "lo x0 x1 x2", "lo x0 x1 x2 x4"};
      unfinished |= results.size() < intents.size();
      EXPECT_EQ(Ip("link", "[.[].ifname] | sort | join(\" \")"), names[results.size()]);
      EXPECT_EQ(Ip("link", "[.[].group] | unique | join(\" \")"), "default");
      for (const auto& result : results) {
        EXPECT_EQ(result.state(), v1::Intent::SUCCEEDED) << result.DebugString();
        executor_->Acknowledge({result.sequence()});
      }
      // Ours: deleted without force.
      sequence_ = first + 5;
      for (const std::string name : {"x0", "x2", "x4"}) {
        if (Try("ip link show " + name).code != 0) continue;
        Succeed("delete_link { namespace: '@host' name: '" + name + "' }");
        executor_->Acknowledge({sequence_});
      }
      if (WIFEXITED(status)) break;
    }
  }
  EXPECT_TRUE(unfinished);
  EXPECT_TRUE(half) << "it was never killed while a link was in its group";
}

TEST_F(RecoveryTest, OwnershipOutlivesAKill) {
  executor_.reset();
  {
    Child child(options_, 1);
    child.WaitOpen();
    EXPECT_TRUE(Eventually([] { return Try("ip netns exec red ip link show eth1").code == 0; }));
    child.Kill();
  }
  Reopen();
  // What is there now is whole, and ours: it is deleted without force.
  for (const std::string name : {"red", "blue"}) {
    if (Try("test -e /run/netns/" + name).code != 0) continue;
    sequence_ += 1000;
    Succeed("delete_namespace { namespace: '" + name + "' }");
  }
}

TEST_F(RecoveryTest, JournalOfAnotherBootIsForgotten) {
  Succeed("create_namespace { namespace: 'red' }\n create_bridge { namespace: '@host' name: 'br0' }");
  const int64_t known = sequence_;
  executor_.reset();
  Sh("sqlite3 " + options_.state_dir + "/journal.db \"UPDATE boot SET id = 'another'\"");
  Reopen();
  EXPECT_THAT(executor_->UnacknowledgedResults(), IsEmpty());
  // In the other boot nothing of this was there; what is, is not ours.
  const v1::OperationError error = Fail("delete_namespace { namespace: 'red' }");
  EXPECT_EQ(error.code(), kFailedPrecondition);
  // What was over in that boot is applied again when it comes again.
  executor_->Submit({ParseIntent(known, "create_namespace { namespace: 'blue' }")});
  EXPECT_FALSE(recorder_.WaitFinished(known, 2).again);
  EXPECT_EQ(Sh("ls /run/netns | xargs"), "blue red");
}

}  // namespace
}  // namespace warren::executor
