#include "agent/executor/explain.h"

#include <errno.h>
#include <gmock/gmock.h>
#include <linux/capability.h>
#include <sys/syscall.h>
#include <unistd.h>

#include <string>
#include <thread>

#include "agent/kernel/capabilities.h"
#include "agent/kernel/error.h"

namespace warren::executor {
namespace {

std::string Message(const std::string& kind, int error, const std::string& extended_ack = "") {
  return Explain(0, kind, "red:eth0", kernel::ErrnoError(error, "doing", extended_ack)).message();
}

TEST(Explain, AddsAdviceByTheErrnoWhereTheKernelHasNotExplainedItself) {
  EXPECT_EQ(Message("add_route", ENETDOWN), "doing: ENETDOWN (Network is down); bring the link up first");
  EXPECT_EQ(Message("add_route", ENETDOWN, "something else"), "doing: ENETDOWN (Network is down): something else");
  EXPECT_EQ(
      Message("add_route", ENETUNREACH, "Nexthop has invalid gateway"),
      "doing: ENETUNREACH (Network is unreachable): Nexthop has invalid gateway; the next hop is on no subnet of the "
      "link: add an address first, or say onlink");
}

TEST(Explain, SpeaksOfCapabilitiesOnlyWhenOneIsMissing) {
  if (kernel::MissingCapabilities().empty()) {
    EXPECT_EQ(Message("add_address", EACCES), "doing: EACCES (Permission denied)");
    EXPECT_EQ(Message("set_link", EPERM), "doing: EPERM (Operation not permitted)");
  }
  std::thread([] {
    __user_cap_header_struct header{_LINUX_CAPABILITY_VERSION_3, 0};
    __user_cap_data_struct none[_LINUX_CAPABILITY_U32S_3] = {};
    ASSERT_EQ(syscall(SYS_capset, &header, none), 0);
    EXPECT_EQ(
        Message("set_link", EPERM),
        "doing: EPERM (Operation not permitted); the agent lacks CAP_NET_ADMIN and CAP_SYS_ADMIN: run it as root, "
        "or with these");
    EXPECT_EQ(Message("add_address", EACCES, "IPv6 is disabled on this device"),
              "doing: EACCES (Permission denied): IPv6 is disabled on this device; set disable_ipv6 of the link "
              "(net.ipv6.conf) "
              "to 0 first");
  }).join();
}

}  // namespace
}  // namespace warren::executor
