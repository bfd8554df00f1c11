// What is Warren's own ceases to be when it goes, whoever deletes it: another that gets its index or its name is
// somebody else's, and nothing of what went stays in the journal. `ip` and sqlite3 are the witnesses.

#include <linux/rtnetlink.h>

#include <memory>
#include <optional>
#include <utility>

#include "tests/agent/executor/executor_test.h"

namespace warren::executor {
namespace {

using kernel::Ip;
using ::testing::HasSubstr;

// Listens to all namespaces and gives each an id, without which nothing of it is heard, as the inventory does.
class Inventory : public kernel::EventSocket::Listener {
 public:
  explicit Inventory(std::shared_ptr<kernel::EventSocket> events) : events_(std::move(events)) {
    EXPECT_TRUE(events_->Add(*this, {RTNLGRP_LINK}).ok());
  }
  ~Inventory() override { events_->Remove(*this); }
  static void LookInto(const std::string& netns) { Sh("ip netns set " + netns + " auto 2>/dev/null || true"); }
  void Read() { EXPECT_TRUE(events_->Read(*this).ok()); }
  void OnEvent(int, nlmsghdr*) override {}
  void OnLost() override {}
  void OnReadByOther() override {}

 private:
  const std::shared_ptr<kernel::EventSocket> events_;
};

class OwnershipTest : public ExecutorTest {
 protected:
  // `eth0` in it is given its index by Warren, which does not advance the kernel's counter: the next one made by hand
  // has the same.
  void MakeOwn() {
    Succeed(
        "create_namespace { namespace: 'own' }\n create_veth { a { namespace: 'own' name: 'eth0' } "
        "b { namespace: '@host' name: 'v0' } }");
  }
  std::string IndexIn(const std::string& netns, const std::string& name) {
    return Ip("-n " + netns + " link show " + name, ".[0].ifindex");
  }
  void ExpectForeign(const std::string& netns, const std::string& name) {
    const std::string shown = netns + ":" + name;
    const std::string index = IndexIn(netns, name);
    for (const std::string& operation : {"delete_link { namespace: '" + netns + "' name: '" + name + "' }",
                                         "delete_namespace { namespace: '" + netns + "' }"}) {
      const v1::OperationError error = Fail(operation);
      EXPECT_EQ(error.code(), kFailedPrecondition) << error.DebugString();
      EXPECT_THAT(error.message(), HasSubstr("link " + shown)) << error.DebugString();
      EXPECT_THAT(error.message(), HasSubstr("was not made through Warren"));
    }
    EXPECT_EQ(IndexIn(netns, name), index) << "it is harmed";
  }
  std::string Rows(const std::string& table) {
    return Sh("sqlite3 " + options_.state_dir + "/journal.db 'SELECT count(*) FROM " + table + "'");
  }
};

TEST_F(OwnershipTest, AnotherKindOfLinkThatGetsTheIndexIsForeign) {
  for (const bool running : {true, false}) {
    SCOPED_TRACE(running ? "while the agent runs" : "while it does not");
    MakeOwn();
    const std::string index = IndexIn("own", "eth0");
    if (!running) executor_.reset();
    Sh("ip -n own link delete eth0 && ip -n own link add theirs type bridge");
    ASSERT_EQ(IndexIn("own", "theirs"), index);
    if (!running) Reopen();
    ExpectForeign("own", "theirs");
    Succeed("delete_namespace { namespace: 'own' force: true }");
  }
}

TEST_F(OwnershipTest, ALinkOfTheSameKindAndMacThatGetsTheIndexIsForeign) {
  for (const bool running : {true, false}) {
    SCOPED_TRACE(running ? "while the agent runs" : "while it does not");
    MakeOwn();
    const std::string index = IndexIn("own", "eth0");
    const std::string mac = Ip("-n own link show eth0", ".[0].address");
    if (!running) executor_.reset();
    Sh("ip -n own link delete eth0 && ip -n own link add eth0 index " + index + " address " + mac +
       " type veth peer name theirs netns 1");
    ASSERT_EQ(IndexIn("own", "eth0"), index);
    if (!running) Reopen();
    ExpectForeign("own", "eth0");
    Succeed("delete_namespace { namespace: 'own' force: true }");
  }
}

TEST_F(OwnershipTest, ATwinThatNothingTellsApartButItsComingIsForeign) {
  Inventory inventory(*options_.events);
  Succeed(
      "create_namespace { namespace: 'own' }\n create_veth { a { namespace: 'own' name: 'eth0' } "
      "b { namespace: '@host' name: 'v0' } }\n create_bridge { namespace: 'own' name: 'br0' }\n"
      "create_bridge { namespace: '@host' name: 'br1' }");
  Inventory::LookInto("own");
  for (const std::string where : {"-n own", ""}) {
    const std::string name = where.empty() ? "br1" : "br0";
    const std::string netns = where.empty() ? "@host" : "own";
    const std::string index = Ip(where + " link show " + name, ".[0].ifindex");
    const std::string mac = Ip(where + " link show " + name, ".[0].address");
    Sh("ip " + where + " link delete " + name + " && ip " + where + " link add " + name + " index " + index +
       " address " + mac + " type bridge");
    const v1::OperationError error = Fail("delete_bridge { namespace: '" + netns + "' name: '" + name + "' }");
    EXPECT_THAT(error.message(), HasSubstr("was not made through Warren"));
    EXPECT_EQ(Ip(where + " link show " + name, ".[0].ifindex"), index);
  }
  ExpectForeign("own", "br0");
}

TEST_F(OwnershipTest, WhatWarrenMakesUnderTheIndexOfWhatOthersDeletedIsItsOwn) {
  for (const bool heard : {true, false}) {
    SCOPED_TRACE(heard ? "heard" : "not heard");
    std::optional<Inventory> inventory;
    if (heard) inventory.emplace(*options_.events);
    MakeOwn();
    if (heard) Inventory::LookInto("own");
    const std::string index = IndexIn("own", "eth0");
    Sh("ip -n own link delete eth0");
    Succeed("create_bridge { namespace: 'own' name: 'br0' mac: '02:00:00:00:00:0a' }");
    ASSERT_EQ(IndexIn("own", "br0"), index);
    Succeed("delete_bridge { namespace: 'own' name: 'br0' }");
    Succeed("create_bridge { namespace: 'own' name: 'br0' }");
    Reopen();
    Succeed("delete_namespace { namespace: 'own' }");
  }
}

TEST_F(OwnershipTest, ANamespaceThatOthersMadeAgainUnderItsNameIsForeign) {
  for (const bool running : {true, false}) {
    SCOPED_TRACE(running ? "while the agent runs" : "while it does not");
    MakeOwn();
    if (!running) executor_.reset();
    Sh("ip netns delete own && ip netns add own");
    if (!running) Reopen();
    EXPECT_THAT(Fail("delete_namespace { namespace: 'own' }").message(),
                HasSubstr("namespace own was not made through Warren"));
    EXPECT_EQ(Try("ip -n own link show lo").code, 0);
    Succeed("delete_namespace { namespace: 'own' force: true }");
  }
}

TEST_F(OwnershipTest, OfWhatOthersDeleteNothingStaysInTheJournal) {
  Inventory inventory(*options_.events);
  constexpr int kMany = 300;
  std::string operations;
  for (int i = 0; i < kMany; ++i) {
    const std::string n = std::to_string(i);
    operations += "create_namespace { namespace: 'r" + n + "' }\n create_veth { a { namespace: 'r" + n +
                  "' name: 'eth0' } b { namespace: '@host' name: 'v" + n + "' } }\n";
  }
  Succeed(operations + "create_bridge { namespace: '@host' name: 'br0' }");
  EXPECT_EQ(Rows("netns"), std::to_string(kMany));
  EXPECT_EQ(Rows("link"), std::to_string(2 * kMany + 1));
  for (int i = 0; i < kMany; ++i) Inventory::LookInto("r" + std::to_string(i));
  Sh("for n in $(ip netns list | awk '{print $1}'); do ip netns delete $n; done");
  EXPECT_TRUE(Eventually([&] {
    inventory.Read();
    return Rows("netns") == "0" && Rows("link") == "1";
  })) << Rows("netns")
      << " " << Rows("link");
  Sh("ip link delete br0");
  EXPECT_TRUE(Eventually([&] {
    inventory.Read();
    return Rows("link") == "0";
  })) << Rows("link");
}

TEST_F(OwnershipTest, StaysWithALinkThatWasMovedAndBroughtBackByUndo) {
  Inventory inventory(*options_.events);
  MakeOwn();
  Inventory::LookInto("own");
  Succeed("create_namespace { namespace: 'other' }");
  ExpectUndone("move_link { namespace: 'own' name: 'eth0' to_namespace: 'other' to_name: 'eth9' }");
  // ExpectUndone has moved it in the end.
  Succeed("delete_link { namespace: 'other' name: 'eth9' }");
  Succeed("create_veth { a { namespace: 'own' name: 'eth0' } b { namespace: '@host' name: 'v0' } }");
  Fail(
      "move_link { namespace: 'own' name: 'eth0' to_namespace: 'other' to_name: 'eth9' }\n"
      "delete_link { namespace: '@host' name: 'no-such-link' }");
  Succeed("delete_link { namespace: 'own' name: 'eth0' }");
}

TEST_F(OwnershipTest, StaysWithALinkWhoseMacWarrenChangesOrWhoseOtherEndItMoves) {
  MakeOwn();
  Succeed("create_namespace { namespace: 'other' }\n create_bridge { namespace: 'other' name: 'br0' }");
  Succeed("set_link { namespace: 'own' name: 'eth0' mac: '02:00:00:00:00:99' }");
  Succeed("move_link { namespace: '@host' name: 'v0' to_namespace: 'other' }");
  for (const bool again : {false, true}) {
    if (again) Reopen();
    // The second fails, and the first is undone: it was not refused.
    EXPECT_EQ(Fail("delete_link { namespace: 'own' name: 'eth0' }\n"
                   "delete_link { namespace: '@host' name: 'no-such-link' }")
                  .operation_index(),
              1);
  }
  Succeed("delete_link { namespace: 'own' name: 'eth0' }");
}

}  // namespace
}  // namespace warren::executor
