// A long intent that fails at every position in turn leaves everything as it was.

#include "absl/strings/str_join.h"
#include "absl/strings/str_split.h"
#include "tests/agent/executor/executor_test.h"

namespace warren::executor {
namespace {

class UndoTest : public ExecutorTest {};

TEST_F(UndoTest, IntentThatFailsAtAnyPositionLeavesEverythingAsItWas) {
  Succeed(R"(
      create_namespace { namespace: 'old' }
      create_namespace { namespace: 'red' }
      create_bridge { namespace: '@host' name: 'br0' up: true mac: '02:00:00:00:00:0b' addresses: '10.9.0.1/24' }
      create_veth { a { namespace: 'old' name: 'eth0' up: true addresses: '10.1.0.1/24' addresses: '2001:db8:1::1/64' } b { namespace: '@host' name: 'old0' up: true addresses: '10.1.0.2/24' addresses: '10.1.0.3/24' } }
      create_veth { a { namespace: 'old' name: 'eth1' up: true addresses: '10.2.0.1/24' } b { namespace: 'red' name: 'old1' up: true addresses: '10.2.0.2/24' } }
      create_veth { a { namespace: 'red' name: 'eth0' up: true addresses: '10.3.0.1/24' addresses: '10.3.0.9/24' addresses: '2001:db8:3::1/64' } b { namespace: '@host' name: 'red0' up: true } }
      create_veth { a { namespace: 'red' name: 'spare' up: true addresses: '10.4.0.1/24' } b { namespace: '@host' name: 'spare' up: true addresses: '10.4.0.2/24' } }
      attach_link { namespace: '@host' link: 'red0' bridge: 'br0' }
      add_route { namespace: '@host' destination: '10.71.0.0/16' via: '10.1.0.1' src: '10.1.0.3' }
      add_route { namespace: 'red' destination: 'default' via: '10.3.0.254' }
      add_route { namespace: 'red' destination: '10.72.0.0/16' via: '10.2.0.1' }
      add_route { namespace: 'red' destination: '10.73.0.0/16' via: '10.3.0.253' src: '10.3.0.9' metric: 7 table: 77 })");
  Sh("ip -n red route add 10.74.0.0/16 nexthop via 10.3.0.2 weight 1 nexthop via 10.2.0.1 weight 2");

  std::vector<std::string> operations = absl::StrSplit(
      R"(create_namespace { namespace: 'new' }
create_veth { a { namespace: 'new' name: 'eth0' up: true addresses: '10.5.0.1/24' } b { namespace: '@host' name: 'new0' up: true } }
attach_link { namespace: '@host' link: 'new0' bridge: 'br0' }
add_route { namespace: 'new' destination: 'default' via: '10.5.0.254' }
delete_namespace { namespace: 'old' }
create_namespace { namespace: 'old' loopback_down: true }
delete_address { namespace: 'red' link: 'eth0' address: '10.3.0.1/24' }
add_address { namespace: 'red' link: 'eth0' address: '10.3.0.7/24' }
add_route { namespace: 'red' destination: 'default' via: '10.3.0.250' }
set_link { namespace: 'red' name: 'eth0' mtu: 1000 mac: '02:00:00:00:00:33' new_name: 'wan0' }
set_link { namespace: 'red' name: 'wan0' up: false }
move_link { namespace: 'red' name: 'wan0' to_namespace: 'new' to_name: 'wan1' }
detach_link { namespace: '@host' link: 'red0' }
delete_bridge { namespace: '@host' name: 'br0' }
create_bridge { namespace: '@host' name: 'br0' up: true addresses: '10.9.0.2/24' }
attach_link { namespace: '@host' link: 'red0' bridge: 'br0' move_addresses: true }
delete_link { namespace: '@host' name: 'spare' }
create_veth { a { namespace: 'red' name: 'spare' } b { namespace: 'old' name: 'spare' } }
delete_route { namespace: 'red' destination: '10.73.0.0/16' table: 77 allow_missing: true }
delete_namespace { namespace: 'red' })",
      '\n');
  ASSERT_EQ(operations.size(), 20u);
  if (!kernel::RenamesLinksThatAreUp()) {
    operations[9] = "set_link { namespace: 'red' name: 'eth0' up: false }";
    operations[10] = "set_link { namespace: 'red' name: 'eth0' mtu: 1000 mac: '02:00:00:00:00:33' new_name: 'wan0' }";
  }
  const HostDump before = Dump();
  for (size_t position = 0; position <= operations.size(); ++position) {
    SCOPED_TRACE(position);
    const std::vector<std::string> first(operations.begin(), operations.begin() + static_cast<ptrdiff_t>(position));
    const v1::OperationError error =
        Fail(absl::StrJoin(first, "\n") + "\ndelete_link { namespace: '@host' name: 'no-such-link' }");
    EXPECT_EQ(error.operation_index(), static_cast<int>(position)) << error.DebugString();
    ASSERT_EQ(DifferenceInTheEnd(before, dump_), "");
  }
  Succeed(absl::StrJoin(operations, "\n"));
  EXPECT_EQ(Sh("ls /run/netns | xargs"), "new old");
}

TEST_F(UndoTest, LeavesWhatOthersDidMeanwhileAlone) {
  Succeed(R"(create_namespace { namespace: 'red' }
             create_veth { a { namespace: 'red' name: 'eth0' up: true addresses: '10.0.0.1/24' } b { namespace: '@host' name: 'v0' up: true } })");
  const HostDump before = Dump();
  recorder_.HoldAt(2);
  const int64_t sequence =
      Submit("set_link { namespace: 'red' name: 'eth0' mtu: 1400 }\n delete_link { namespace: 'red' name: 'none' }");
  recorder_.WaitStarted(sequence);
  Sh("ip -n red address add 10.0.7.1/24 dev eth0 && ip link add theirs type bridge");
  recorder_.Release();
  EXPECT_EQ(recorder_.WaitFinished(sequence).result.state(), v1::Intent::FAILED);
  EXPECT_EQ(Sh("ip -n red -4 -o address show eth0 | awk '{print $4}' | xargs"), "10.0.0.1/24 10.0.7.1/24");
  Sh("ip link delete theirs && ip -n red address delete 10.0.7.1/24 dev eth0");
  EXPECT_EQ(DifferenceInTheEnd(before, dump_), "");
}

// The namespace is deleted by somebody else between the operations and the undo: nothing to bring back, and said so.
TEST_F(UndoTest, OfWhatIsGoneMeanwhileSaysSo) {
  Succeed(R"(create_namespace { namespace: 'red' }
             create_namespace { namespace: 'blue' }
             create_veth { a { namespace: 'red' name: 'eth0' } b { namespace: 'blue' name: 'eth0' } })");
  Sh("ip netns delete blue");
  EXPECT_TRUE(Eventually([] { return Try("ip -n red link show eth0").code != 0; }));
  const auto error = Fail("set_link { namespace: 'red' name: 'eth0' up: true }");
  EXPECT_EQ(error.errno_name(), "ENODEV");
}

}  // namespace
}  // namespace warren::executor
