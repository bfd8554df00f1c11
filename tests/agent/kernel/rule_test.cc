#include "agent/kernel/rule.h"

#include <gmock/gmock.h>
#include <sys/socket.h>

#include "tests/agent/kernel/kernel_test.h"

namespace warren::kernel {
namespace {

class RuleTest : public KernelTest {
 protected:
  void TearDown() override {
    for (const std::string family : {"", "-6 "}) {
      Sh("ip " + family + "rule flush; ip " + family + "rule add lookup main priority 32766");
    }
    Sh("ip rule add lookup default priority 32767");
    KernelTest::TearDown();
  }
  Rule At(uint32_t priority, int family = AF_INET) {
    const std::vector<Rule> rules = *ListRules(host(), family);
    for (const Rule& rule : rules) {
      if (rule.priority == priority) return rule;
    }
    throw std::runtime_error("there is no such rule");
  }
};

TEST_F(RuleTest, AreToldInTheKernelsOrder) {
  Sh("ip rule add lookup 77 priority 100 && ip rule add lookup 1000 priority 50");
  std::vector<std::pair<uint32_t, uint32_t>> told;
  const std::vector<Rule> rules = *ListRules(host(), AF_INET);
  for (const Rule& rule : rules) told.emplace_back(rule.priority, rule.table);
  EXPECT_EQ(told,
            (std::vector<std::pair<uint32_t, uint32_t>>{{0, 255}, {50, 1000}, {100, 77}, {32766, 254}, {32767, 253}}));
  EXPECT_EQ(Sh("ip rule | cut -d: -f1 | xargs"), "0 50 100 32766 32767");
}

TEST_F(RuleTest, SayWhomTheyAreAbout) {
  Sh("ip rule add from 10.0.0.0/8 to 192.0.2.7 lookup 77 priority 1; ip rule add not from 10.1.0.0/16 lookup 77 "
     "priority "
     "2; ip rule add fwmark 5 lookup 77 priority 3; ip rule add iif lo lookup 77 priority 4; ip rule add iif eth9 "
     "lookup 77 priority 7; ip rule add blackhole "
     "priority 5; ip -6 rule add from 2001:db8::/32 lookup 77 priority 6");
  EXPECT_EQ(At(1).from, *ParsePrefix("10.0.0.0/8"));
  EXPECT_EQ(At(1).to, *ParsePrefix("192.0.2.7/32"));
  EXPECT_FALSE(At(1).narrow);
  EXPECT_TRUE(At(2).inverted);
  EXPECT_TRUE(At(3).narrow);
  EXPECT_FALSE(At(4).narrow) << "what the host itself sends";
  EXPECT_TRUE(At(7).narrow);
  EXPECT_EQ(At(5).table, 0u);
  EXPECT_EQ(At(6, AF_INET6).from, *ParsePrefix("2001:db8::/32"));
}

}  // namespace
}  // namespace warren::kernel
