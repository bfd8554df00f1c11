#include "agent/kernel/capabilities.h"

#include <gmock/gmock.h>
#include <linux/capability.h>
#include <sys/syscall.h>
#include <unistd.h>

#include <thread>

namespace warren::kernel {
namespace {

// Of the calling thread alone.
void Lose(int capability) {
  __user_cap_header_struct header{_LINUX_CAPABILITY_VERSION_3, 0};
  __user_cap_data_struct data[_LINUX_CAPABILITY_U32S_3] = {};
  ASSERT_EQ(syscall(SYS_capget, &header, data), 0);
  data[CAP_TO_INDEX(capability)].effective &= ~CAP_TO_MASK(capability);
  ASSERT_EQ(syscall(SYS_capset, &header, data), 0);
}

TEST(MissingCapabilities, AreThoseThatTheThreadLacks) {
  std::thread([] {
    Lose(CAP_NET_ADMIN);
    EXPECT_THAT(MissingCapabilities(), testing::Contains("CAP_NET_ADMIN"));
    Lose(CAP_SYS_ADMIN);
    EXPECT_THAT(MissingCapabilities(), testing::ElementsAre("CAP_NET_ADMIN", "CAP_SYS_ADMIN"));
  }).join();
}

}  // namespace
}  // namespace warren::kernel
