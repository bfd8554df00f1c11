#include "agent/executor/plan.h"

#include <gtest/gtest.h>

#include <string>

#include "absl/strings/str_cat.h"
#include "tests/support/executor_host.h"

namespace warren::executor {
namespace {

// What a plan asks for, a line each; "" for none.
std::string Shown(const std::string& operations) {
  const auto plan = PlanOf(ParseIntent(1, operations));
  if (!plan) return "";
  std::string text;
  const auto link = [&](size_t index) {
    const Plan::Link& l = plan->links[index];
    return absl::StrCat(plan->places[l.place].name, ":", l.name);
  };
  const auto whole = [&](size_t index) {
    const Plan::Link& l = plan->links[index];
    return absl::StrCat(link(index), l.mtu != 0 ? absl::StrCat(" mtu ", l.mtu) : "",
                        l.queues != 1 ? absl::StrCat(" queues ", l.queues) : "", l.born_up ? " up" : "");
  };
  for (const Plan::Place& place : plan->places) {
    if (place.is_new) absl::StrAppend(&text, "netns ", place.name, "\n");
  }
  for (const Plan::Passing& passing : plan->passing) {
    absl::StrAppend(&text, "free ", plan->places[passing.place].name, ":", passing.name, "\n");
  }
  for (const Plan::Creation& creation : plan->creations) {
    if (const auto* veth = std::get_if<Plan::Veth>(&creation.what)) {
      absl::StrAppend(&text, "veth ", whole(veth->a), ", ", whole(veth->b), "\n");
    } else {
      absl::StrAppend(&text, "bridge ", whole(std::get<Plan::Bridge>(creation.what).link), "\n");
    }
  }
  for (const Plan::Change& change : plan->changes) {
    if (const auto* up = std::get_if<Plan::SetUp>(&change.what)) {
      absl::StrAppend(&text, "up ", link(up->link));
    } else if (const auto* address = std::get_if<Plan::AddAddress>(&change.what)) {
      absl::StrAppend(&text, "address ", address->address.local.ToString(), " ", link(address->link));
    } else if (const auto* route = std::get_if<Plan::AddRoute>(&change.what)) {
      absl::StrAppend(&text, "route ", route->route.destination.ToString(), " in ", plan->places[change.place].name,
                      route->link ? absl::StrCat(" by ", link(*route->link)) : "");
    } else {
      const auto& attach = std::get<Plan::Attach>(change.what);
      absl::StrAppend(&text, "attach ", link(attach.link), " to ", attach.bridge_name, attach.bridge ? " (new)" : "");
    }
    absl::StrAppend(&text, " (", change.operation, ")\n");
  }
  return text;
}

constexpr char kPair[] = "create_veth { a { namespace: '@host' name: 'v0' } b { namespace: '@host' name: 'v1' } }\n";

TEST(PlanTest, ARouterIsOneVethAndOneSendForEachNamespace) {
  EXPECT_EQ(Shown(R"(create_namespace { namespace: 'red' }
      create_veth { a { namespace: 'red' name: 'eth0' up: true addresses: '10.0.0.1/24' } b { namespace: '@host' name: 'v0' up: true } })"),
            "netns red\n"
            "veth red:eth0 up, @host:v0\n"
            "up red:lo (0)\n"
            "address 10.0.0.1/24 red:eth0 (1)\n"
            "up @host:v0 (1)\n");
}

TEST(PlanTest, TheInnerEndIsTheMainOneWhicheverIsNamedFirst) {
  EXPECT_EQ(Shown(R"(create_namespace { namespace: 'red' loopback_down: true }
      create_veth { a { namespace: '@host' name: 'v0' up: true } b { namespace: 'red' name: 'eth0' up: true } })"),
            "netns red\n"
            "veth red:eth0 up, @host:v0\n"
            "up @host:v0 (1)\n");
}

TEST(PlanTest, TheWikisRecipeIsMadeInPlace) {
  EXPECT_EQ(Shown(absl::StrCat("create_namespace { namespace: 'red' loopback_down: true }\n", kPair, R"(
      move_link { namespace: '@host' name: 'v1' to_namespace: 'red' to_name: 'eth1' }
      set_link { namespace: 'red' name: 'eth1' new_name: 'eth0' mtu: 1400 }
      set_link { namespace: 'red' name: 'eth0' up: true }
      set_link { namespace: 'red' name: 'lo' up: true }
      add_address { namespace: 'red' link: 'eth0' address: '10.0.0.1/24' }
      add_route { namespace: 'red' destination: 'default' via: '10.0.0.254' })")),
            "netns red\n"
            "free @host:v1\nfree red:eth1\n"
            "veth @host:v0, red:eth0 mtu 1400\n"
            "up red:eth0 (4)\n"
            "up red:lo (5)\n"
            "address 10.0.0.1/24 red:eth0 (6)\n"
            "route 0.0.0.0/0 in red (7)\n");
}

TEST(PlanTest, PortsOfNewAndOfOtherBridges) {
  EXPECT_EQ(Shown(absl::StrCat(kPair, R"(
      create_bridge { namespace: '@host' name: 'br0' up: true addresses: '10.9.0.1/24' }
      attach_link { namespace: '@host' link: 'v0' bridge: 'br0' }
      attach_link { namespace: '@host' link: 'v1' bridge: 'old' })")),
            "veth @host:v0, @host:v1\n"
            "bridge @host:br0\n"
            "up @host:br0 (1)\n"
            "address 10.9.0.1/24 @host:br0 (1)\n"
            "attach @host:v0 to br0 (new) (2)\n"
            "attach @host:v1 to old (3)\n");
}

TEST(PlanTest, ALinkThatIsUpAlreadyIsNotBroughtUpAgain) {
  EXPECT_EQ(Shown(R"(create_namespace { namespace: 'red' }
      set_link { namespace: 'red' name: 'lo' up: true }
      add_address { namespace: 'red' link: 'lo' address: '10.255.0.1/32' })"),
            "netns red\nup red:lo (0)\naddress 10.255.0.1/32 red:lo (2)\n");
}

TEST(PlanTest, WhatChangesOthersThingsOrTheOrderOfThingsIsNoPlan) {
  const std::string red = "create_namespace { namespace: 'red' }\n";
  const std::string pair = kPair;
  for (const std::string& operations : {
           std::string("delete_namespace { namespace: 'red' }"),
           std::string("set_link { namespace: '@host' name: 'v0' up: true }"),
           std::string("add_address { namespace: '@host' link: 'v0' address: '10.0.0.1/24' }"),
           std::string("add_route { namespace: '@host' destination: '10.0.0.0/8' via: '10.1.1.1' }"),
           red + red,
           red + "set_link { namespace: 'r=65d' name: 'lo' up: true }",
           red + "set_link { namespace: 'red' name: 'lo' new_name: 'loop' }",
           red + "set_link { namespace: 'red' name: 'lo' up: false }",
           red + "delete_namespace { namespace: 'red' }",
           pair + pair,
           pair + "set_link { namespace: '@host' name: 'v0' mtu: 1000 }",
           pair + "set_link { namespace: '@host' name: 'v0' mtu: 1400 }\n"
                  "set_link { namespace: '@host' name: 'v0' mtu: 1500 }",
           pair + "set_link { namespace: '@host' name: 'v0' mac: 'no' }",
           pair + "set_link { namespace: '@host' name: 'v0' new_name: 'v1' }",
           pair + "set_link { namespace: '@host' name: 'v0' up: true }\n"
                  "set_link { namespace: '@host' name: 'v0' mac: '02:00:00:00:00:01' }",
           pair + "set_link { namespace: '@host' name: 'v0' up: true }\n"
                  "move_link { namespace: '@host' name: 'v0' to_namespace: 'blue' }",
           pair + "add_address { namespace: '@host' link: 'v0' address: '10.0.0.1' peer: 'x' }",
           pair + "add_address { namespace: '@host' link: 'v0' address: '10.0.0.1/24' }\n"
                  "attach_link { namespace: '@host' link: 'v0' bridge: 'br0' }",
           pair + "attach_link { namespace: '@host' link: 'v0' bridge: 'br0' move_addresses: true }",
           pair + "attach_link { namespace: '@host' link: 'v0' bridge: 'v1' }",
           pair + "set_link { namespace: '@host' name: 'v1' new_name: 'all' }",
       }) {
    EXPECT_EQ(Shown(operations), "") << operations;
  }
}

TEST(PlanTest, EndsGetMacsOfTheirOwnUnlessAskedOtherwise) {
  const auto plan = PlanOf(ParseIntent(1,
                                       "create_veth { a { namespace: '@host' name: 'v0' mac: '02:00:00:00:00:0a' } b { "
                                       "namespace: '@host' name: 'v1' } }"));
  ASSERT_TRUE(plan);
  EXPECT_EQ(plan->links[0].mac, std::string("\x02\0\0\0\0\x0a", 6));
  ASSERT_EQ(plan->links[1].mac.size(), 6u);
  EXPECT_EQ(plan->links[1].mac[0] & 3, 2) << "locally administered, of one";
}

}  // namespace
}  // namespace warren::executor
