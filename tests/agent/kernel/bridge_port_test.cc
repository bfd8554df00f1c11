#include "agent/kernel/bridge_port.h"

#include "tests/agent/kernel/kernel_test.h"

namespace warren::kernel {
namespace {

class BridgePortTest : public KernelTest {};

TEST_F(BridgePortTest, SettingsThatWentWithThePortArePutBack) {
  Sh("ip link add br0 type bridge && ip link add v0 type veth peer name v1");
  const int index = IndexOf(host(), "v0");
  EXPECT_EQ(*GetBridgePort(host(), index), "") << "it is no port";
  Sh("ip link set v0 master br0");
  const std::string fresh = *GetBridgePort(host(), index);
  Sh("bridge link set dev v0 cost 77 priority 9 hairpin on isolated on learning off flood off guard on");
  const std::string had = *GetBridgePort(host(), index);
  ASSERT_NE(had, fresh);
  const std::string told = Ip("-d link show v0", ".[0].linkinfo.info_slave_data");
  Sh("ip link set v0 nomaster && ip link set v0 master br0");
  ASSERT_EQ(*GetBridgePort(host(), index), fresh);
  ASSERT_OK(SetBridgePort(host(), index, had));
  EXPECT_EQ(*GetBridgePort(host(), index), had);
  EXPECT_EQ(Ip("-d link show v0", ".[0].linkinfo.info_slave_data"), told);
}

}  // namespace
}  // namespace warren::kernel
