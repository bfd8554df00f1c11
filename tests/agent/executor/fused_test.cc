// Operations that are fused leave what they leave one by one, and fail as they fail one by one.

#include <vector>

#include "absl/strings/str_split.h"
#include "tests/agent/executor/executor_test.h"

namespace warren::executor {
namespace {

class FusedTest : public ExecutorTest {
 protected:
  void Clear() {
    Sh("ip -all netns delete; for link in $(ip -j link | jq -r '.[].ifname'); do [ $link = lo ] || ip link delete "
       "$link "
       "2>/dev/null || true; done");
  }

  // One intent with all, and one intent for each, from the same beginning.
  void ExpectTheSame(const std::string& operations) {
    SCOPED_TRACE(operations);
    dump_.identity = false;
    ASSERT_NO_FATAL_FAILURE(Succeed(operations));
    const HostDump fused = Dump();
    Clear();
    Reopen();
    for (const auto& operation : absl::StrSplit(operations, '\n', absl::SkipWhitespace())) {
      ASSERT_NO_FATAL_FAILURE(Succeed(std::string(operation)));
    }
    EXPECT_EQ(DifferenceInTheEnd(fused, dump_), "");
    Clear();
    Reopen();
  }
};

TEST_F(FusedTest, LeavesWhatTheOperationsLeaveOneByOne) {
  const std::string pair =
      "create_veth { a { namespace: '@host' name: 'v0' mac: '02:00:00:00:00:0a' } b { namespace: '@host' name: 'v1' "
      "mac: "
      "'02:00:00:00:00:0b' } }\n";
  const std::string red = "create_namespace { namespace: 'red' }\n";
  for (const std::string& operations : {
           red +
               "create_veth { a { namespace: 'red' name: 'eth0' mac: '02:00:00:00:00:01' up: true addresses: "
               "'10.0.0.1/24' addresses: '2001:db8::1/64' mtu: 1400 queues: 2 } b { namespace: '@host' name: 'v0' mac: "
               "'02:00:00:00:00:02' up: true addresses: '10.0.0.2/24' } }",
           red + "create_namespace { namespace: 'blue' loopback_down: true }\n"
                 "create_veth { a { namespace: 'red' name: 'eth0' mac: '02:00:00:00:00:01' up: true } b { namespace: "
                 "'blue' name: 'eth0' mac: '02:00:00:00:00:02' up: true addresses: '10.1.0.1/30' } }\n"
                 "create_veth { a { namespace: 'blue' name: 'eth1' mac: '02:00:00:00:00:03' } b { namespace: 'blue' "
                 "name: "
                 "'eth2' mac: '02:00:00:00:00:04' } }\n"
                 "set_link { namespace: 'blue' name: 'lo' up: true }\n"
                 "add_address { namespace: 'blue' link: 'lo' address: '10.255.0.1/32' }\n"
                 "add_route { namespace: 'blue' destination: 'default' via: '10.1.0.2' }\n"
                 "add_route { namespace: 'blue' destination: '10.7.0.0/16' dev: 'eth0' src: '10.255.0.1' metric: 5 }",
           red + pair +
               "move_link { namespace: '@host' name: 'v1' to_namespace: 'red' to_name: 'eth1' }\n"
               "set_link { namespace: 'red' name: 'eth1' new_name: 'eth0' mtu: 1400 mac: '02:00:00:00:00:0c' }\n"
               "set_link { namespace: 'red' name: 'eth0' up: true }\n"
               "set_link { namespace: '@host' name: 'v0' up: true }\n"
               "add_address { namespace: 'red' link: 'eth0' address: '10.0.0.1/24' }\n"
               "add_address { namespace: 'red' link: 'eth0' address: '10.0.0.2/24' }\n"
               "add_address { namespace: 'red' link: 'eth0' address: '10.0.1.1' peer: '10.0.1.2' }\n"
               "add_address { namespace: 'red' link: 'eth0' address: '2001:db8:2::1/64' nodad: true }\n"
               "add_route { namespace: 'red' destination: 'default' via: '10.0.0.254' }",
           pair + "create_bridge { namespace: '@host' name: 'br0' mac: '02:00:00:00:00:0d' up: true addresses: "
                  "'10.9.0.1/24' }\n"
                  "attach_link { namespace: '@host' link: 'v0' bridge: 'br0' }\n"
                  "set_link { namespace: '@host' name: 'v0' up: true }\n"
                  "set_link { namespace: '@host' name: 'v1' up: true }",
           red +
               "create_bridge { namespace: 'red' name: 'br0' mac: '02:00:00:00:00:0d' mtu: 1400 }\n"
               "create_veth { a { namespace: 'red' name: 'p0' mac: '02:00:00:00:00:0e' } b { namespace: '@host' name: "
               "'v0' mac: '02:00:00:00:00:0f' } }\n"
               "attach_link { namespace: 'red' link: 'p0' bridge: 'br0' }",
       }) {
    ExpectTheSame(operations);
  }
}

TEST_F(FusedTest, FailsAsTheOperationsFailOneByOneAndLeavesNothing) {
  Succeed("create_namespace { namespace: 'old' }");
  Sh("ip link add taken type veth peer name other");
  const std::string red = "create_namespace { namespace: 'red' }\n";
  const std::string veth =
      "create_veth { a { namespace: 'red' name: 'eth0' up: true } b { namespace: '@host' name: 'v0' } }\n";
  struct Case {
    std::string operations;
    int index;
    std::string errno_name;
  };
  for (const Case& each : std::vector<Case>{
           {red + "create_namespace { namespace: 'old' }", 1, "EEXIST"},
           {red + veth + "create_veth { a { namespace: 'red' name: 'eth1' } b { namespace: '@host' name: 'taken' } }",
            2, "EEXIST"},
           // The name is taken only for as long as the link is under way.
           {red + "create_veth { a { namespace: '@host' name: 'taken' } b { namespace: '@host' name: 'v0' } }\n"
                  "move_link { namespace: '@host' name: 'taken' to_namespace: 'red' to_name: 'eth0' }",
            1, "EEXIST"},
           {red + veth +
                "add_address { namespace: 'red' link: 'eth0' address: '10.0.0.1/24' }\n"
                "add_address { namespace: 'red' link: 'eth0' address: '10.0.0.1/24' }",
            3, "EEXIST"},
           {red + veth + "add_route { namespace: 'red' destination: 'default' via: '10.0.0.254' }", 2, "ENETUNREACH"},
           {red + veth + "attach_link { namespace: '@host' link: 'v0' bridge: 'taken' }", 2, ""},
           {red + veth + "attach_link { namespace: '@host' link: 'v0' bridge: 'nothing' }", 2, "ENODEV"},
           {"create_veth { a { namespace: 'nowhere' name: 'x' } b { namespace: '@host' name: 'v0' } }", 0, "ENOENT"},
           {"create_veth { a { namespace: '@host' name: 'v0' mtu: 70000 } b { namespace: '@host' name: 'v1' } }", 0,
            "EINVAL"},
       }) {
    SCOPED_TRACE(each.operations);
    const v1::OperationError error = ExpectRefused(each.operations);
    EXPECT_EQ(error.operation_index(), each.index) << error.DebugString();
    EXPECT_EQ(error.errno_name(), each.errno_name) << error.DebugString();
  }
}

TEST_F(FusedTest, WhatExistsAsAskedIsAdopted) {
  const std::string operations =
      "create_namespace { namespace: 'red' allow_existing: true }\n"
      "create_veth { a { namespace: 'red' name: 'eth0' up: true } b { namespace: '@host' name: 'v0' } allow_existing: "
      "true }";
  Succeed(operations);
  const HostDump before = Dump();
  Succeed(operations);
  EXPECT_EQ(DifferenceInTheEnd(before, dump_), "");
}

TEST_F(FusedTest, ANamespaceThatIsInUseIsNotDeletedAndTheOthersOfTheBatchAre) {
  std::string creations;
  for (const char* name : {"a", "b", "c"}) creations += std::string("create_namespace { namespace: '") + name + "' }\n";
  Succeed(creations);
  const std::string pid = Sh("ip netns exec b sleep 1000 > /dev/null 2>&1 & echo $!");
  ASSERT_TRUE(Eventually([&] { return Try("cat /proc/" + pid + "/comm").output == "sleep"; }));
  std::vector<v1::IntentDelivery> intents;
  for (const char* name : {"a", "b", "c"}) {
    intents.push_back(ParseIntent(++sequence_, std::string("delete_namespace { namespace: '") + name + "' }"));
  }
  executor_->Submit(intents);
  EXPECT_EQ(recorder_.WaitFinished(sequence_ - 2).result.state(), v1::Intent::SUCCEEDED);
  EXPECT_EQ(recorder_.WaitFinished(sequence_).result.state(), v1::Intent::SUCCEEDED);
  const v1::IntentResult refused = recorder_.WaitFinished(sequence_ - 1).result;
  EXPECT_EQ(refused.state(), v1::Intent::FAILED);
  EXPECT_THAT(refused.error().message(), ::testing::HasSubstr("(sleep)"));
  EXPECT_EQ(Sh("ls /run/netns"), "b");
  Sh("kill -9 " + pid);
}

TEST_F(FusedTest, ManyRoutersAtOnceAreAllMadeAndAllGo) {
  constexpr int kRouters = 100;
  const auto each = [&](auto intent) {
    std::vector<v1::IntentDelivery> intents;
    for (int i = 0; i < kRouters; ++i) intents.push_back(ParseIntent(++sequence_, intent(std::to_string(i))));
    const int64_t first = intents.front().sequence();
    executor_->Submit(std::move(intents));
    for (int64_t s = first; s <= sequence_; ++s) {
      const v1::IntentResult result = recorder_.WaitFinished(s).result;
      EXPECT_EQ(result.state(), v1::Intent::SUCCEEDED) << result.DebugString();
      EXPECT_FALSE(result.has_release_pending()) << result.DebugString();
    }
  };
  each([](const std::string& i) {
    return "create_namespace { namespace: 'r" + i + "' }\ncreate_veth { a { namespace: 'r" + i +
           "' name: 'eth0' up: true addresses: '10.0.0.1/24' } b { namespace: '@host' name: 'v" + i + "' up: true } }";
  });
  EXPECT_EQ(Sh("ls /run/netns | wc -l"), "100");
  EXPECT_EQ(Sh("ip -j link show type veth | jq '[.[] | select(.flags | index(\"UP\"))] | length'"), "100");
  EXPECT_EQ(Sh("for n in $(ls /run/netns); do ip -n $n -j addr show eth0; done | jq -c "
               "'.[] | [.ifindex, (.flags | index(\"UP\")) != null, .addr_info[0].local]' | sort -u"),
            R"([2,true,"10.0.0.1"])");
  each([](const std::string& i) { return "delete_namespace { namespace: 'r" + i + "' }"; });
  EXPECT_EQ(Sh("ls /run/netns | wc -l; ip -j link show type veth | jq length"), "0\n0");
}

}  // namespace
}  // namespace warren::executor
