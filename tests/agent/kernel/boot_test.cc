#include "agent/kernel/boot.h"

#include <gtest/gtest.h>

#include <fstream>

namespace warren::kernel {
namespace {

TEST(Boot, TheIdIsTheKernelsAndTheSameEveryTime) {
  std::string kernels;
  std::getline(std::ifstream("/proc/sys/kernel/random/boot_id") >> std::ws, kernels);
  ASSERT_EQ(kernels.size(), 36u);
  ASSERT_TRUE(BootId().ok());
  EXPECT_EQ(*BootId(), kernels);
  EXPECT_EQ(*BootId(), *BootId());
}

TEST(Boot, TheReleaseIsTheKernels) {
  std::string kernels;
  std::getline(std::ifstream("/proc/sys/kernel/osrelease") >> std::ws, kernels);
  EXPECT_EQ(KernelRelease(), kernels);
}

}  // namespace
}  // namespace warren::kernel
