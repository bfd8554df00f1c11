#include "agent/kernel/nsid.h"

#include <errno.h>
#include <fcntl.h>

#include "tests/agent/kernel/kernel_test.h"

namespace warren::kernel {
namespace {

class NsidTest : public KernelTest {};

TEST_F(NsidTest, ANamespaceHasNoneUntilItIsGivenOne) {
  Sh("ip netns add red");
  EXPECT_EQ(*GetNsid(host(), Named("red")), -1);
  const auto given = GetOrAssignNsid(host(), Named("red"));
  ASSERT_OK(given);
  EXPECT_GE(*given, 0);
  EXPECT_EQ(*GetNsid(host(), Named("red")), *given);
  EXPECT_EQ(*GetOrAssignNsid(host(), Named("red")), *given);
  EXPECT_EQ(Ip("netns list", ".[0].id"), std::to_string(*given));
}

TEST_F(NsidTest, TheOneTheKernelGaveWhenAVethCrossedIsReadBack) {
  Sh("ip netns add red && ip link add v0 type veth peer name eth0 netns red");
  const std::string kernels = Ip("link show v0", ".[0].link_netnsid");
  EXPECT_EQ(std::to_string(*GetNsid(host(), Named("red"))), kernels);
  EXPECT_EQ(std::to_string(*GetOrAssignNsid(host(), Named("red"))), kernels);
}

TEST_F(NsidTest, IsFoundWhateverWasLikely) {
  for (const NsidIs likely : {NsidIs::kGiven, NsidIs::kMissing}) {
    Sh("ip netns add red");
    const auto given = GetOrAssignNsid(host(), Named("red"), likely);
    ASSERT_OK(given);
    EXPECT_EQ(Ip("netns list", ".[0].id"), std::to_string(*given));
    EXPECT_EQ(*GetOrAssignNsid(host(), Named("red"), likely), *given) << "it had one";
    Sh("ip netns delete red");
  }
}

TEST_F(NsidTest, EachNamespaceCountsForItself) {
  Sh("ip netns add red && ip netns add blue && ip netns add green");
  ASSERT_OK(GetOrAssignNsid(host(), Named("blue")));
  ASSERT_OK(GetOrAssignNsid(host(), Named("green")));
  Netlink red = OpenSocket(Named("red"));
  EXPECT_EQ(*GetNsid(red, Named("green")), -1);
  EXPECT_EQ(*GetOrAssignNsid(red, Named("green")), 0);
  EXPECT_NE(*GetNsid(host(), Named("green")), 0);
}

TEST_F(NsidTest, WhatIsNoNamespaceIsRefused) {
  Netns file;
  file.fd.reset(open("/dev/null", O_RDONLY | O_CLOEXEC));
  EXPECT_ERRNO(GetNsid(host(), file), EINVAL);
  EXPECT_FALSE(GetOrAssignNsid(host(), file).ok());
}

}  // namespace
}  // namespace warren::kernel
