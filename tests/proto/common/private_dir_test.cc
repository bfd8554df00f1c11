#include "proto/common/private_dir.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <unistd.h>

#include <filesystem>
#include <fstream>

namespace warren {
namespace {

using ::testing::ElementsAre;
using ::testing::HasSubstr;
using ::testing::IsEmpty;

const std::vector<std::string> kOwn = {"instance_id", "journal.db"};
constexpr uid_t kSomeone = 12345;

class PrivateDirTest : public ::testing::Test {
 protected:
  PrivateDirTest() {
    std::string pattern = ::testing::TempDir() + "/private-XXXXXX";
    above_ = mkdtemp(pattern.data());
    path_ = above_ + "/warren/agent";
  }
  ~PrivateDirTest() override { std::filesystem::remove_all(above_); }

  // The directory as others left it.
  void Have(mode_t mode) {
    std::filesystem::create_directories(path_);
    chmod(path_.c_str(), mode);
  }
  void HaveFile(const std::string& name, mode_t mode) {
    std::ofstream(path_ + "/" + name) << "secret";
    chmod((path_ + "/" + name).c_str(), mode);
  }
  static mode_t ModeOf(const std::string& path) {
    struct stat st;
    return lstat(path.c_str(), &st) == 0 ? st.st_mode & 07777 : 0;
  }
  std::string Refused() {
    const auto changed = KeepPrivate(path_, kOwn);
    EXPECT_EQ(changed.status().code(), absl::StatusCode::kFailedPrecondition) << changed.status();
    return std::string(changed.status().message());
  }

  std::string above_, path_;
};

TEST_F(PrivateDirTest, IsMadeForItsOwnerOnly) {
  const mode_t before = umask(0);
  const auto changed = KeepPrivate(path_, kOwn);
  umask(before);
  ASSERT_TRUE(changed.ok()) << changed.status();
  EXPECT_THAT(*changed, IsEmpty());
  EXPECT_EQ(ModeOf(path_), 0700u);
  EXPECT_EQ(ModeOf(above_ + "/warren"), 0755u);
}

TEST_F(PrivateDirTest, OneThatIsOpenIsTightenedWithAllFilesInItAndThatIsSaid) {
  Have(0755);
  HaveFile("instance_id", 0644);
  HaveFile("journal.db-wal", 0640);
  HaveFile("notes", 0600);
  const auto changed = KeepPrivate(path_, kOwn);
  ASSERT_TRUE(changed.ok()) << changed.status();
  EXPECT_THAT(*changed, ::testing::UnorderedElementsAre(path_ + " was 0755, is 0700 now",
                                                        path_ + "/instance_id was 0644, is 0600 now",
                                                        path_ + "/journal.db-wal was 0640, is 0600 now"));
  EXPECT_EQ(ModeOf(path_), 0700u);
  EXPECT_EQ(ModeOf(path_ + "/instance_id"), 0600u);
  EXPECT_EQ(ModeOf(path_ + "/journal.db-wal"), 0600u);
  const auto again = KeepPrivate(path_, kOwn);
  ASSERT_TRUE(again.ok());
  EXPECT_THAT(*again, IsEmpty());
}

TEST_F(PrivateDirTest, WhatALinkLeadsToOutsideIsNotTouched) {
  Have(0700);
  std::ofstream(above_ + "/outside") << "x";
  chmod((above_ + "/outside").c_str(), 0644);
  std::filesystem::create_symlink(above_ + "/outside", path_ + "/instance_id");
  const auto changed = KeepPrivate(path_, kOwn);
  ASSERT_TRUE(changed.ok()) << changed.status();
  EXPECT_EQ(ModeOf(above_ + "/outside"), 0644u);
}

TEST_F(PrivateDirTest, OneThatOthersMayWriteIntoIsRefused) {
  Have(01777);
  EXPECT_THAT(Refused(), HasSubstr("others may write into " + path_ + " (its mode is 01777)"));
  EXPECT_EQ(ModeOf(path_), 01777u);
  chmod(path_.c_str(), 0775);
  ASSERT_EQ(chown(path_.c_str(), static_cast<uid_t>(-1), kSomeone), 0);
  EXPECT_THAT(Refused(), HasSubstr("others may write into"));
}

TEST_F(PrivateDirTest, OneThatIsMeantForSomethingElseIsRefusedAndStaysAsItIs) {
  Have(0755);
  HaveFile("passwd", 0644);
  EXPECT_THAT(Refused(), HasSubstr("holds \"passwd\", which is not of this program"));
  EXPECT_EQ(ModeOf(path_), 0755u);
  EXPECT_EQ(ModeOf(path_ + "/passwd"), 0644u);
}

TEST_F(PrivateDirTest, WhatBelongsToSomeoneElseIsRefusedAndTheOwnerNamed) {
  Have(0700);
  HaveFile("instance_id", 0600);
  ASSERT_EQ(chown((path_ + "/instance_id").c_str(), kSomeone, kSomeone), 0);
  EXPECT_THAT(Refused(), HasSubstr(path_ + "/instance_id belongs to user 12345"));
  ASSERT_EQ(chown((path_ + "/instance_id").c_str(), 0, 0), 0);
  ASSERT_EQ(chown(path_.c_str(), kSomeone, kSomeone), 0);
  EXPECT_THAT(Refused(), HasSubstr(path_ + " belongs to user 12345"));
}

TEST_F(PrivateDirTest, ALinkIsFollowedIfItIsNotSomeoneElses) {
  Have(0755);
  const std::string target = path_;
  path_ = above_ + "/link";
  std::filesystem::create_directory_symlink(target, path_);
  ASSERT_TRUE(KeepPrivate(path_, kOwn).ok());
  EXPECT_EQ(ModeOf(target), 0700u);
  ASSERT_EQ(lchown(path_.c_str(), kSomeone, kSomeone), 0);
  EXPECT_THAT(Refused(), HasSubstr(path_ + " belongs to user 12345"));
}

TEST_F(PrivateDirTest, AFileIsMadeForItsOwnerOnlyAndOneThatIsThereIsLeft) {
  Have(0700);
  const mode_t before = umask(0);
  EXPECT_TRUE(MakePrivateFile(path_ + "/journal.db").ok());
  umask(before);
  EXPECT_EQ(ModeOf(path_ + "/journal.db"), 0600u);
  HaveFile("instance_id", 0600);
  EXPECT_TRUE(MakePrivateFile(path_ + "/instance_id").ok());
  EXPECT_EQ(std::filesystem::file_size(path_ + "/instance_id"), 6u);
  EXPECT_THAT(std::string(MakePrivateFile(path_ + "/no/such").message()), HasSubstr(path_ + "/no/such"));
}

}  // namespace
}  // namespace warren
