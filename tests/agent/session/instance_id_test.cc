#include "agent/session/instance_id.h"

#include <gtest/gtest.h>
#include <stdlib.h>
#include <sys/stat.h>

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
  static mode_t ModeOf(const std::string& path) {
    struct stat st;
    return stat(path.c_str(), &st) == 0 ? st.st_mode & 07777 : 0;
  }

  std::string directory_;
};

TEST_F(InstanceIdTest, IsMadeOnceForAStateDirectoryAndReadableToItsOwnerOnly) {
  std::filesystem::create_directories(State());
  std::filesystem::create_directories(directory_ + "/c");
  std::ofstream(State() + "/instance_id.new") << "what a crash left";
  const mode_t before = umask(0);
  const auto first = InstanceId(State());
  umask(before);
  ASSERT_TRUE(first.ok()) << first.status();
  EXPECT_EQ(ModeOf(State() + "/instance_id"), 0600u);
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
  // It may be one that somebody has only misspelt.
  EXPECT_EQ(std::string(id.status().message()).find("something else"), std::string::npos) << id.status();
}

TEST_F(InstanceIdTest, TheMarkIsTheStateDirectorysAndHasNothingOfTheId) {
  std::filesystem::create_directories(State());
  std::filesystem::create_directories(directory_ + "/c");
  const auto mark = MarkOf(State());
  ASSERT_TRUE(mark.ok()) << mark.status();
  EXPECT_EQ(mark->size(), 8u);
  const auto id = InstanceId(State());
  ASSERT_TRUE(id.ok());
  EXPECT_EQ(id->find(*mark), std::string::npos);
  EXPECT_EQ(*MarkOf(State()), *mark);
  EXPECT_NE(*MarkOf(directory_ + "/c"), *mark);
  EXPECT_EQ(MarkOf(directory_ + "/none").status().code(), absl::StatusCode::kNotFound);
}

TEST_F(InstanceIdTest, ADirectoryThatIsNoneIsNamed) {
  std::ofstream(directory_ + "/a") << "a file";
  const auto id = InstanceId(State());
  EXPECT_FALSE(id.ok());
  EXPECT_NE(std::string(id.status().message()).find(directory_ + "/a"), std::string::npos) << id.status();
}

}  // namespace
}  // namespace warren::session
