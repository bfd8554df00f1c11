#include "agent/executor/locks.h"

#include <gtest/gtest.h>

#include <string>
#include <vector>

#include "tests/support/executor_host.h"

namespace warren::executor {
namespace {

// Whether two intents may run side by side.
bool Together(const std::string& a, const std::string& b) {
  LockTable table;
  table.Add(1, LocksOf(ParseIntent(1, a)));
  return table.Add(2, LocksOf(ParseIntent(2, b)));
}

// A link of the host may be called by another name it has.
TEST(LocksTest, TwoNamesOfOneLinkAreOneLock) {
  const NameOfLink name_of = [](const std::string& any) { return any == "uplink" ? "eth0" : any; };
  const auto together = [&](const std::string& a, const std::string& b) {
    LockTable table;
    table.Add(1, LocksOf(ParseIntent(1, a), name_of));
    return table.Add(2, LocksOf(ParseIntent(2, b), name_of));
  };
  const std::string by_name = "set_link { namespace: '@host' name: 'eth0' up: true }";
  for (const char* by_other :
       {"set_link { namespace: '@host' name: 'uplink' mtu: 1400 }", "delete_link { namespace: '@host' name: 'uplink' }",
        "add_address { namespace: '@host' link: 'uplink' address: '10.0.0.1/24' }",
        "add_route { namespace: '@host' destination: '10.1.0.0/16' dev: 'uplink' }",
        "attach_link { namespace: '@host' link: 'uplink' bridge: 'br0' }",
        "move_link { namespace: '@host' name: 'uplink' to_namespace: 'red' }"}) {
    EXPECT_FALSE(together(by_name, by_other)) << by_other;
    EXPECT_FALSE(together(by_other, by_name)) << by_other;
  }
  EXPECT_TRUE(together(by_name, "set_link { namespace: 'red' name: 'uplink' up: true }")) << "in another namespace";
  EXPECT_TRUE(together(by_name, "set_link { namespace: '@host' name: 'eth1' up: true }"));
}

bool Frees(const std::string& operations) { return FreesLinks(LocksOf(ParseIntent(1, operations))); }

struct Case {
  std::string a, b;
  bool together;
};

TEST(LocksTest, WhatRunsSideBySide) {
  const std::vector<Case> cases = {
      {"create_namespace { namespace: 'red' }", "create_namespace { namespace: 'blue' }", true},
      {"create_namespace { namespace: 'red' }", "delete_namespace { namespace: 'red' }", false},
      {"delete_namespace { namespace: 'a=20b' }", "set_link { namespace: 'a=20b' name: 'lo' up: true }", false},
      // Two bridges of the host, and one.
      {"create_bridge { namespace: '@host' name: 'br0' }", "create_bridge { namespace: '@host' name: 'br1' }", true},
      {"create_bridge { namespace: '@host' name: 'br0' }",
       "attach_link { namespace: '@host' link: 'v0' bridge: 'br0' }", false},
      {"attach_link { namespace: '@host' link: 'v1' bridge: 'br0' }",
       "attach_link { namespace: '@host' link: 'v0' bridge: 'br0' }", true},
      {"attach_link { namespace: '@host' link: 'v1' bridge: 'br0' move_addresses: true }",
       "create_bridge { namespace: '@host' name: 'br1' }", false},
      {"detach_link { namespace: '@host' link: 'v1' }", "create_bridge { namespace: '@host' name: 'br1' }", false},
      // Links of the host by name.
      {"set_link { namespace: '@host' name: 'v0' up: true }", "set_link { namespace: '@host' name: 'v1' up: true }",
       true},
      {"set_link { namespace: '@host' name: 'v0' up: true }",
       "add_address { namespace: '@host' link: 'v0' address: '10.0.0.1/24' }", false},
      {"set_link { namespace: '@host' name: 'v0' new_name: 'v1' }", "create_bridge { namespace: '@host' name: 'v1' }",
       false},
      {"move_link { namespace: 'red' name: 'x' to_namespace: '@host' to_name: 'v1' }",
       "create_bridge { namespace: '@host' name: 'v1' }", false},
      // Routes of the host by destination.
      {"add_route { namespace: '@host' destination: '10.1.0.0/16' dev: 'v0' }",
       "add_route { namespace: '@host' destination: '10.2.0.0/16' dev: 'v0' }", true},
      {"add_route { namespace: '@host' destination: '10.1.0.0/16' dev: 'v0' }",
       "delete_route { namespace: '@host' destination: '10.1.0.0/16' dev: 'v1' }", false},
      {"add_route { namespace: '@host' destination: '10.1.0.0/16' dev: 'v0' }",
       "set_link { namespace: '@host' name: 'v0' up: false }", false},
      {"add_route { namespace: '@host' destination: '10.1.0.0/16' via: '10.0.0.9' }",
       "create_bridge { namespace: '@host' name: 'br1' }", false},
      // What is taken away, and who may be using it.
      {"delete_namespace { namespace: 'red' }", "delete_namespace { namespace: 'blue' }", true},
      {"delete_namespace { namespace: 'red' }", "set_link { namespace: 'blue' name: 'x' up: true }", false},
      {"delete_namespace { namespace: 'red' }",
       "create_veth { a { namespace: 'blue' name: 'x' } b { namespace: '@host' name: 'v' } }\n"
       "set_link { namespace: 'blue' name: 'x' up: true }",
       true},
      {"delete_link { namespace: '@host' name: 'v0' }", "delete_link { namespace: '@host' name: 'v1' }", true},
      {"delete_link { namespace: '@host' name: 'v0' }",
       "delete_address { namespace: 'red' link: 'x' address: '1.2.3.4/5' }", false},
  };
  for (const Case& each : cases) {
    EXPECT_EQ(Together(each.a, each.b), each.together) << each.a << "\nand " << each.b;
    EXPECT_EQ(Together(each.b, each.a), each.together) << each.b << "\nand " << each.a;
  }
}

TEST(LocksTest, DeletionsAndMovesTakeLinksAwayFromOthers) {
  EXPECT_TRUE(Frees("delete_namespace { namespace: 'red' }"));
  EXPECT_TRUE(Frees("delete_link { namespace: 'red' name: 'x' }"));
  EXPECT_TRUE(Frees("move_link { namespace: 'red' name: 'x' to_namespace: 'blue' }"));
  EXPECT_FALSE(Frees("create_namespace { namespace: 'red' }"));
  EXPECT_FALSE(
      Frees("create_veth { a { namespace: 'red' name: 'x' } b { namespace: 'red' name: 'y' } "
            "}\nmove_link { namespace: 'red' name: 'x' to_namespace: 'blue' }"));
}

}  // namespace
}  // namespace warren::executor
