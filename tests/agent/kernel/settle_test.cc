#include "agent/kernel/settle.h"

#include <linux/if.h>

#include "tests/agent/kernel/kernel_test.h"

namespace warren::kernel {
namespace {

class SettleTest : public KernelTest {
 protected:
  absl::StatusOr<Link> Settled(const std::string& name) {
    return GetSettledLink(worker(), worker().host(), host(), IndexOf(host(), name));
  }
};

// Before Linux 6.8 who asks once may be told LOWERLAYERDOWN still.
TEST_F(SettleTest, VethWhoseCarrierHasJustComeIsUp) {
  for (int round = 0; round < 10; ++round) {
    Sh("ip link add v0 type veth peer name v1 && ip link set v0 up && ip link set v1 up");
    const auto link = Settled("v0");
    ASSERT_OK(link.status());
    EXPECT_EQ(link->oper_state, IF_OPER_UP) << "round " << round;
    Sh("ip link del v0");
  }
}

TEST_F(SettleTest, VethWithoutACarrierIsReturnedAsItIs) {
  Sh("ip link add v0 type veth peer name v1 && ip link set v0 up");
  const auto link = Settled("v0");
  ASSERT_OK(link.status());
  EXPECT_EQ(link->flags & IFF_LOWER_UP, 0u);
}

}  // namespace
}  // namespace warren::kernel
