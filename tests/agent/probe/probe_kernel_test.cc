// The probe of the running kernel, and of one that was made to answer as a lesser one would.

#include <errno.h>
#include <gtest/gtest.h>
#include <linux/audit.h>
#include <linux/capability.h>
#include <linux/filter.h>
#include <linux/seccomp.h>
#include <sched.h>
#include <stddef.h>
#include <sys/prctl.h>
#include <sys/syscall.h>
#include <unistd.h>

#include <string>
#include <thread>

#include "agent/probe/probe.h"
#include "tests/agent/kernel/witness.h"

namespace warren::probe {
namespace {

using kernel::Ip;
using kernel::OpenDescriptors;

// On a thread of its own, for what cannot be taken back.
void OnThread(const std::function<void()>& work) { std::thread(work).join(); }

TEST(ProbeKernel, FindsWhatIpCanMakeHereAndLeavesNothing) {
  const int descriptors = OpenDescriptors();
  const std::string links = Ip("link show", "map(.ifname)");
  const auto capabilities = ProbeKernel();
  ASSERT_TRUE(capabilities.ok()) << capabilities.status();
  ASSERT_EQ(capabilities->size(), 4u);
  const auto can = [](const std::string& command) { return kernel::Try(command).code == 0; };
  EXPECT_EQ((*capabilities)[0].available, can("unshare --net true"));
  EXPECT_EQ((*capabilities)[1].available, can("unshare --net ip link add va0 type veth peer name vb0"));
  EXPECT_EQ((*capabilities)[2].available, can("unshare --net ip link add vbr0 type bridge"));
  EXPECT_EQ((*capabilities)[3].available, can("test -e /proc/net/if_inet6"));
  EXPECT_EQ(Ip("link show", "map(.ifname)"), links);
  EXPECT_EQ(OpenDescriptors(), descriptors);
}

TEST(ProbeKernel, AKernelThatDoesNotKnowTheFlagHasNoNamespaces) {
  OnThread([] {
    // As unshare(2) answers without CONFIG_NET_NS.
    sock_filter program[] = {
        BPF_STMT(BPF_LD | BPF_W | BPF_ABS, offsetof(seccomp_data, nr)),
        BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, SYS_unshare, 0, 3),
        BPF_STMT(BPF_LD | BPF_W | BPF_ABS, offsetof(seccomp_data, args)),
        BPF_JUMP(BPF_JMP | BPF_JSET | BPF_K, CLONE_NEWNET, 0, 1),
        BPF_STMT(BPF_RET | BPF_K, SECCOMP_RET_ERRNO | EINVAL),
        BPF_STMT(BPF_RET | BPF_K, SECCOMP_RET_ALLOW),
    };
    const sock_fprog filter = {static_cast<unsigned short>(std::size(program)), program};
    ASSERT_EQ(prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0), 0);
    ASSERT_EQ(prctl(PR_SET_SECCOMP, SECCOMP_MODE_FILTER, &filter), 0) << strerror(errno);
    const auto capabilities = ProbeKernel();
    ASSERT_TRUE(capabilities.ok()) << capabilities.status();
    EXPECT_FALSE((*capabilities)[0].available);
    EXPECT_EQ((*capabilities)[0].reason, "kernel has no network namespace support (CONFIG_NET_NS)");
    EXPECT_FALSE((*capabilities)[1].available);
  });
}

TEST(ProbeKernel, WithoutCapabilitiesItIsAnError) {
  OnThread([] {
    __user_cap_header_struct header = {_LINUX_CAPABILITY_VERSION_3, 0};
    __user_cap_data_struct none[2] = {};
    ASSERT_EQ(syscall(SYS_capset, &header, none), 0);
    EXPECT_EQ(ProbeKernel().status().code(), absl::StatusCode::kPermissionDenied);
  });
}

}  // namespace
}  // namespace warren::probe
