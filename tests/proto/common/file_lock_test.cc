#include "proto/common/file_lock.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <signal.h>
#include <sys/wait.h>
#include <unistd.h>

#include <filesystem>

#include "absl/strings/str_cat.h"

namespace warren {
namespace {

namespace fs = std::filesystem;
using ::testing::HasSubstr;

class FileLockTest : public ::testing::Test {
 protected:
  FileLockTest() {
    std::string pattern = fs::temp_directory_path() / "file-lock-test-XXXXXX";
    directory_ = mkdtemp(pattern.data());
  }
  ~FileLockTest() override { fs::remove_all(directory_); }
  std::string Path() const { return directory_ / "lock"; }
  fs::path directory_;
};

TEST_F(FileLockTest, ASecondHolderIsRefusedAndTheFirstNamed) {
  const auto first = FileLock::Acquire(Path());
  ASSERT_TRUE(first.ok()) << first.status();
  const absl::Status second = FileLock::Acquire(Path()).status();
  EXPECT_EQ(second.code(), absl::StatusCode::kFailedPrecondition);
  EXPECT_THAT(std::string(second.message()), HasSubstr(absl::StrCat("pid ", getpid())));
}

TEST_F(FileLockTest, TheLockGoesWithItsHolder) {
  { ASSERT_TRUE(FileLock::Acquire(Path()).ok()); }
  EXPECT_TRUE(FileLock::Acquire(Path()).ok());
}

TEST_F(FileLockTest, AHolderThatIsKilledLetsGo) {
  int ready[2];
  ASSERT_EQ(pipe(ready), 0);
  const pid_t holder = fork();
  if (holder == 0) {
    const auto lock = FileLock::Acquire(Path());
    if (!lock.ok() || write(ready[1], "x", 1) != 1) _exit(1);
    pause();
    _exit(0);
  }
  char byte;
  ASSERT_EQ(read(ready[0], &byte, 1), 1);
  EXPECT_THAT(std::string(FileLock::Acquire(Path()).status().message()), HasSubstr(absl::StrCat("pid ", holder)));
  kill(holder, SIGKILL);
  waitpid(holder, nullptr, 0);
  EXPECT_TRUE(FileLock::Acquire(Path()).ok());
  close(ready[0]);
  close(ready[1]);
}

TEST_F(FileLockTest, APlaceThatCannotBeWrittenAndASymlinkAreRefused) {
  EXPECT_EQ(FileLock::Acquire(directory_ / "no/lock").status().code(), absl::StatusCode::kFailedPrecondition);
  fs::create_symlink(directory_ / "elsewhere", Path());
  EXPECT_EQ(FileLock::Acquire(Path()).status().code(), absl::StatusCode::kFailedPrecondition);
  EXPECT_FALSE(fs::exists(directory_ / "elsewhere"));
}

}  // namespace
}  // namespace warren
