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

TEST(Explain, AdvisesByTheStepThatFailed) {
  const auto message = [](int error) {
    return Explain(0, "create_veth", "red:eth0", FailedAs("add_address", kernel::ErrnoError(error, "adding")))
        .message();
  };
  EXPECT_EQ(message(EINVAL), "adding: EINVAL (Invalid argument)") << "its queues and its MTU are as they should be";
  EXPECT_EQ(message(EADDRNOTAVAIL),
            "adding: EADDRNOTAVAIL (Cannot assign requested address); a link takes a unicast address, and ::1 on its "
            "loopback alone");
}

TEST(Explain, DoesNotAdviseWhatTheOperationSaidAlready) {
  const auto message = [](const std::string& kind, int error, const Said& said) {
    return Explain(0, kind, "red:eth0", kernel::ErrnoError(error, "doing"), said).message();
  };
  EXPECT_EQ(message("create_bridge", EEXIST, {.allow_existing = true}),
            "doing: EEXIST (File exists); choose another name or delete that one first");
  EXPECT_EQ(message("add_address", EEXIST, {.allow_existing = true}), "doing: EEXIST (File exists)");
  EXPECT_EQ(message("delete_route", ESRCH, {.allow_missing = true}),
            "doing: ESRCH (No such process); check what is there");
  EXPECT_EQ(message("delete_namespace", ENOENT, {.allow_missing = true}),
            "doing: ENOENT (No such file or directory); check the name");
  EXPECT_EQ(message("add_route", EHOSTUNREACH, {.onlink = true}),
            "doing: EHOSTUNREACH (No route to host); the next hop is on no subnet of the link: add an address first");
}

TEST(Explain, ReadsWhatAnOperationSays) {
  v1::Operation operation;
  EXPECT_FALSE(SaidIn(operation).allow_existing) << "none is set";
  operation.mutable_add_route()->set_onlink(true);
  EXPECT_TRUE(SaidIn(operation).onlink);
  EXPECT_FALSE(SaidIn(operation).allow_existing);
  operation.mutable_delete_link()->set_allow_missing(true);
  EXPECT_TRUE(SaidIn(operation).allow_missing);
  EXPECT_FALSE(SaidIn(operation).onlink) << "a deletion has no such field";
}

TEST(Explain, SpeaksOfCapabilitiesOnlyWhenOneIsMissing) {
  if (kernel::MissingCapabilities().empty()) {
    EXPECT_EQ(Message("set_link", EACCES), "doing: EACCES (Permission denied)");
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
    EXPECT_EQ(Message("add_address", EACCES),
              "doing: EACCES (Permission denied); IPv6 is off there: set disable_ipv6 of the link (net.ipv6.conf) to 0 "
              "first")
        << "no capability helps";
    EXPECT_EQ(Message("add_address", EACCES, "IPv6 is disabled on this device"),
              "doing: EACCES (Permission denied): IPv6 is disabled on this device; set disable_ipv6 of the link "
              "(net.ipv6.conf) "
              "to 0 first");
  }).join();
}

}  // namespace
}  // namespace warren::executor
