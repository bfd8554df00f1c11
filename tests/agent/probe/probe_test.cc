// What is concluded from what a kernel says, for kernels that are not at hand.

#include "agent/probe/probe.h"

#include <errno.h>
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <map>
#include <string>

#include "agent/kernel/error.h"

namespace warren::probe {
namespace {

using ::testing::HasSubstr;

// A kernel that answers each question with an errno.
struct Answers : Trials {
  int own = 0, netns = 0, veth = 0, bridge = 0, ipv6 = 0;
  int tried_inside = 0;

  static absl::Status Say(int error) { return error == 0 ? absl::OkStatus() : kernel::ErrnoError(error, "trying"); }
  absl::Status OpenOwnNetns() override { return Say(own); }
  absl::Status MakeNetns() override { return Say(netns); }
  absl::Status MakeVeth() override { return ++tried_inside, Say(veth); }
  absl::Status MakeBridge() override { return ++tried_inside, Say(bridge); }
  absl::Status OpenIpv6() override { return Say(ipv6); }
};

std::map<std::string, std::string> ReasonsOf(Answers& answers) {
  const auto capabilities = Probe(answers);
  EXPECT_TRUE(capabilities.ok()) << capabilities.status();
  std::map<std::string, std::string> reasons;
  if (!capabilities.ok()) return reasons;
  for (const Capability& capability : *capabilities) {
    EXPECT_EQ(capability.available, capability.reason.empty()) << capability.name;
    reasons[capability.name] = capability.reason;
  }
  return reasons;
}

TEST(Probe, AKernelThatDoesEverythingHasAllFourInOrder) {
  Answers answers;
  const auto capabilities = Probe(answers);
  ASSERT_TRUE(capabilities.ok());
  std::vector<std::string> names;
  for (const Capability& capability : *capabilities) {
    names.push_back(capability.name);
    EXPECT_TRUE(capability.available) << capability.name;
    EXPECT_EQ(capability.reason, "");
  }
  EXPECT_EQ(names, (std::vector<std::string>{"netns", "veth", "bridge", "ipv6"}));
}

TEST(Probe, AKernelWithoutNamespacesIsFoundByTheRefusalAndByTheMissingFile) {
  for (const bool file_missing : {true, false}) {
    Answers answers;
    (file_missing ? answers.own : answers.netns) = file_missing ? ENOENT : EINVAL;
    auto reasons = ReasonsOf(answers);
    EXPECT_EQ(reasons["netns"], "kernel has no network namespace support (CONFIG_NET_NS)");
    EXPECT_EQ(reasons["veth"], "not tried: kernel has no network namespace support (CONFIG_NET_NS)");
    EXPECT_EQ(reasons["bridge"], "not tried: kernel has no network namespace support (CONFIG_NET_NS)");
    EXPECT_EQ(reasons["ipv6"], "");
    EXPECT_EQ(answers.tried_inside, 0) << "links must not be made in the host's namespace";
  }
}

TEST(Probe, EachMissingFacilityIsNamedWithItsOption) {
  Answers answers;
  answers.veth = EOPNOTSUPP;
  EXPECT_EQ(ReasonsOf(answers),
            (std::map<std::string, std::string>{
                {"netns", ""}, {"veth", "kernel has no veth support (CONFIG_VETH)"}, {"bridge", ""}, {"ipv6", ""}}));
  answers = {};
  answers.bridge = EOPNOTSUPP;
  EXPECT_EQ(ReasonsOf(answers)["bridge"], "kernel has no bridge support (CONFIG_BRIDGE)");
  answers = {};
  answers.ipv6 = EAFNOSUPPORT;
  EXPECT_EQ(ReasonsOf(answers)["ipv6"], "kernel has no IPv6 (CONFIG_IPV6, or ipv6.disable=1)");
}

TEST(Probe, ALimitReachedAtTheMomentIsNotAMissingFacility) {
  Answers answers;
  answers.netns = ENOSPC;  // user.max_net_namespaces
  answers.ipv6 = EMFILE;
  for (const auto& [name, reason] : ReasonsOf(answers)) EXPECT_EQ(reason, "") << name;
  answers = {};
  answers.bridge = ENOMEM;
  EXPECT_EQ(ReasonsOf(answers)["bridge"], "");
}

TEST(Probe, WithoutPrivilegesThereIsAnErrorThatSaysWhatToDo) {
  for (int Answers::*question : {&Answers::own, &Answers::netns, &Answers::veth, &Answers::bridge}) {
    Answers answers;
    answers.*question = EPERM;
    const auto capabilities = Probe(answers);
    ASSERT_EQ(capabilities.status().code(), absl::StatusCode::kPermissionDenied);
    EXPECT_THAT(std::string(capabilities.status().message()), HasSubstr("CAP_SYS_ADMIN"));
    EXPECT_THAT(std::string(capabilities.status().message()), HasSubstr("run warren-agent as root"));
  }
}

}  // namespace
}  // namespace warren::probe
