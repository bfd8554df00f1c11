#include "agent/session/instance_id.h"

#include <gtest/gtest.h>
#include <stdlib.h>

#include <filesystem>
#include <fstream>

#include "proto/common/names.h"

namespace warren::session {
namespace {

class InstanceIdTest : public ::testing::Test {
 protected:
  InstanceIdTest() {
    std::string pattern = ::testing::TempDir() + "/instance-XXXXXX";
    directory_ = mkdtemp(pattern.data());
  }
  ~InstanceIdTest() override { std::filesystem::remove_all(directory_); }
  std::string State() const { return directory_ + "/a/b"; }

  std::string directory_;
};

TEST_F(InstanceIdTest, IsMadeOnceForAStateDirectory) {
  const auto first = InstanceId(State());
  ASSERT_TRUE(first.ok()) << first.status();
  EXPECT_EQ(WhyBadUuid(*first), std::nullopt);
  const auto second = InstanceId(State());
  ASSERT_TRUE(second.ok());
  EXPECT_EQ(*second, *first);
  const auto elsewhere = InstanceId(directory_ + "/c");
  ASSERT_TRUE(elsewhere.ok());
  EXPECT_NE(*elsewhere, *first);
  EXPECT_FALSE(std::filesystem::exists(State() + "/instance_id.new"));
}

TEST_F(InstanceIdTest, AFileThatHoldsSomethingElseIsNotOverwritten) {
  std::filesystem::create_directories(State());
  std::ofstream(State() + "/instance_id") << "something else";
  const auto id = InstanceId(State());
  EXPECT_EQ(id.status().code(), absl::StatusCode::kDataLoss);
  EXPECT_NE(std::string(id.status().message()).find(State() + "/instance_id"), std::string::npos) << id.status();
}

TEST_F(InstanceIdTest, ADirectoryThatCannotBeMadeIsNamed) {
  std::ofstream(directory_ + "/a") << "a file";
  const auto id = InstanceId(State());
  EXPECT_FALSE(id.ok());
  EXPECT_NE(std::string(id.status().message()).find(directory_ + "/a"), std::string::npos) << id.status();
}

}  // namespace
}  // namespace warren::session
