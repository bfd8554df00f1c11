#include "agent/flags.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <stdlib.h>

#include <string>
#include <utility>
#include <vector>

namespace warren::agent {
namespace {

using ::testing::AllOf;
using ::testing::ElementsAre;
using ::testing::HasSubstr;
using ::testing::IsEmpty;
using ::testing::Pair;

class AgentFlagsTest : public ::testing::Test {
 protected:
  ~AgentFlagsTest() override { unsetenv("WARREN_LABEL"); }

  absl::StatusOr<Settings> Parse(std::vector<const char*> arguments) {
    arguments.insert(arguments.begin(), {"warren-agent", "--host", "h1"});
    AgentFlags flags;
    EXPECT_EQ(ParseAgentFlags(static_cast<int>(arguments.size()), arguments.data(), flags), -1);
    return Resolve(flags);
  }
  std::string Refusal(const std::vector<const char*>& arguments) {
    const auto settings = Parse(arguments);
    EXPECT_EQ(settings.status().code(), absl::StatusCode::kInvalidArgument);
    return std::string(settings.status().message());
  }
};

TEST_F(AgentFlagsTest, AHostHasNoLabelsUnlessTheyAreGiven) { EXPECT_THAT(Parse({})->labels, IsEmpty()); }

TEST_F(AgentFlagsTest, LabelsAreGivenOneByOneOrSeveralWithCommas) {
  const auto settings = Parse({"--label", "rack=a 1", "--label", "example.com/role_x-1=,zone=eu=west"});
  ASSERT_TRUE(settings.ok()) << settings.status();
  EXPECT_THAT(settings->labels,
              ElementsAre(Pair("example.com/role_x-1", ""), Pair("rack", "a 1"), Pair("zone", "eu=west")));
}

TEST_F(AgentFlagsTest, LabelsComeFromTheEnvironmentToo) {
  setenv("WARREN_LABEL", "rack=a1,zone=eu", 1);
  EXPECT_THAT(Parse({})->labels, ElementsAre(Pair("rack", "a1"), Pair("zone", "eu")));
  EXPECT_THAT(Parse({"--label", "rack=b2"})->labels, ElementsAre(Pair("rack", "b2"))) << "unless they are given";
}

TEST_F(AgentFlagsTest, EveryBadLabelIsNamedWithTheReason) {
  const std::string long_key(64, 'k'), long_value(256, 'v');
  const std::string all =
      Refusal({"--label", "rack", "--label", "=a", "--label", "a b=c", "--label", "x=1,x=2", "--label",
               (long_key + "=1").c_str(), "--label", ("y=" + long_value).c_str(), "--label", "z=\xff"});
  EXPECT_THAT(all, AllOf(HasSubstr("--label: "), HasSubstr("\"rack\" is not KEY=VALUE"), HasSubstr("key is empty"),
                         HasSubstr("\"a b=c\": its key may only have"), HasSubstr("\"x\" is given twice"),
                         HasSubstr("key is longer than 63 bytes"), HasSubstr("value is longer than 255 bytes"),
                         HasSubstr("value is not clean UTF-8")));
}

TEST_F(AgentFlagsTest, AHostHasNoMoreThan64Labels) {
  std::string labels;
  for (int i = 0; i < 64; ++i) labels += "k" + std::to_string(i) + "=v,";
  EXPECT_EQ(Parse({"--label", labels.c_str()})->labels.size(), 64u);
  EXPECT_THAT(Refusal({"--label", labels.c_str(), "--label", "one=more"}), HasSubstr("65 labels are more than the 64"));
}

TEST_F(AgentFlagsTest, WarmNamespacesAre64UnlessAnotherNumberUpTo4096IsGiven) {
  const auto parse = [](std::vector<const char*> arguments) -> std::pair<int, uint32_t> {
    arguments.insert(arguments.begin(), "warren-agent");
    AgentFlags flags;
    const int code = ParseAgentFlags(static_cast<int>(arguments.size()), arguments.data(), flags);
    return {code, flags.warm_namespaces};
  };
  EXPECT_EQ(parse({}), std::pair(-1, 64u));
  EXPECT_EQ(parse({"--warm-namespaces", "0"}), std::pair(-1, 0u));
  EXPECT_EQ(parse({"--warm-namespaces", "4096"}), std::pair(-1, 4096u));
  for (const char* bad : {"4097", "-1", "many", ""}) {
    testing::internal::CaptureStderr();
    EXPECT_EQ(parse({"--warm-namespaces", bad}).first, kExitUsage) << bad;
    EXPECT_THAT(testing::internal::GetCapturedStderr(), HasSubstr("--warm-namespaces")) << bad;
  }
}

}  // namespace
}  // namespace warren::agent
