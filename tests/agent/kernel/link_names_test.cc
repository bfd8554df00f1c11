#include "agent/kernel/link_names.h"

#include "tests/agent/kernel/kernel_test.h"

namespace warren::kernel {
namespace {

using LinkNamesTest = KernelTest;
constexpr char kLong[] = "a-rather-long-name-of-the-first-interface";

TEST_F(LinkNamesTest, ALinkIsFoundByAnyOfItsNames) {
  Sh("ip link add v0 type veth peer name v1 && ip link property add dev v0 altname uplink altname " +
     std::string(kLong));
  for (const std::string name : {"v0", "uplink", kLong}) {
    const auto link = GetLink(host(), name);
    ASSERT_OK(link);
    EXPECT_EQ(link->name, Sh("ip -j link show " + name + " | jq -rj .[0].ifname")) << name;
    EXPECT_TRUE(AnswersTo(*link, name));
    EXPECT_EQ(NameOfLink(name), "v0");
  }
  EXPECT_FALSE(AnswersTo(*GetLink(host(), "v0"), "v1"));
  EXPECT_EQ(NameOfLink("v1"), "v1");
  EXPECT_ERRNO(GetLink(host(), std::string(kLong) + "-of-all"), ENODEV);
}

TEST_F(LinkNamesTest, WhatIsNotThereIsCalledAsItWasAskedFor) {
  EXPECT_EQ(NameOfLink("nothere"), "nothere");
  EXPECT_EQ(NameOfLink(kLong), kLong);
  EXPECT_EQ(NameOfLink(""), "");
}

}  // namespace
}  // namespace warren::kernel
