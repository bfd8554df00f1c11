#include "agent/exec/audit_log.h"

#include <gmock/gmock.h>
#include <sys/stat.h>

#include <filesystem>
#include <fstream>
#include <future>

#include "proto/common/names.h"

namespace warren::exec {
namespace {

using testing::HasSubstr;

class AuditLogTest : public testing::Test {
 protected:
  AuditLogTest() {
    std::filesystem::create_directories(directory_);
    record_ = {"s1", "uid 0",       "unix:7", "h1", "red", "", {"echo", "\xff\n"}, false, absl::FromUnixSeconds(0),
               "",   {"LD_PRELOAD"}};
  }
  ~AuditLogTest() override { std::filesystem::remove_all(directory_); }

  std::string Begin(AuditLog& log) {
    std::promise<std::string> written;
    log.Begin(record_, [&](std::string why_not) { written.set_value(std::move(why_not)); });
    return written.get_future().get();
  }
  static std::vector<std::string> Lines(const std::string& path) {
    std::vector<std::string> lines;
    std::ifstream file(path);
    for (std::string line; std::getline(file, line);) lines.push_back(line);
    return lines;
  }

  const std::string directory_ = testing::TempDir() + "audit-" + NewUuid();
  const std::string path_ = directory_ + "/log";
  AuditRecord record_;
};

TEST_F(AuditLogTest, HasTheBeginningWhenItSaysSoAndIsNobodyElses) {
  const auto log = AuditLog::Open(path_);
  ASSERT_TRUE(log.ok());
  ASSERT_EQ(Begin(**log), "");
  const auto lines = Lines(path_);
  ASSERT_EQ(lines.size(), 1u);
  EXPECT_THAT(lines[0],
              HasSubstr(R"("session":"s1","caller":"uid 0","source":"unix:7","host":"h1","namespace":"red")"));
  EXPECT_THAT(lines[0], HasSubstr(R"(\u000a"])")) << "a line break in an argument is none in the log";
  struct stat status {};
  ASSERT_EQ(stat(path_.c_str(), &status), 0);
  EXPECT_EQ(status.st_mode & 0777, 0600u);
}

TEST_F(AuditLogTest, SaysAllThatDecidesWhatACommandDoesOfWhichTheLengthIsBounded) {
  const auto log = AuditLog::Open(path_);
  ASSERT_TRUE(log.ok());
  ASSERT_EQ(Begin(**log), "");
  record_.user = "nobody";
  record_.cwd = "/tmp";
  record_.argv = {"echo", std::string(1 << 20, '\x01'), "more"};
  ASSERT_EQ(Begin(**log), "");
  const auto lines = Lines(path_);
  EXPECT_THAT(lines[0], HasSubstr(R"("user":"root",)"));
  EXPECT_THAT(lines[0], HasSubstr(R"("cwd":"/",)"));
  EXPECT_THAT(lines[0], HasSubstr(R"("env":["LD_PRELOAD"]})"));
  EXPECT_THAT(lines[1], HasSubstr(R"("user":"nobody",)"));
  EXPECT_THAT(lines[1], HasSubstr(R"("cwd":"/tmp",)"));
  EXPECT_THAT(lines[1], HasSubstr(R"("],"argv_cut":true,"env":["LD_PRELOAD"]})"));
  EXPECT_LT(lines[1].size(), 200'000u);
}

TEST_F(AuditLogTest, GoesOnInANewFileWhenTheOldOneWasRenamed) {
  const auto log = AuditLog::Open(path_);
  ASSERT_TRUE(log.ok());
  ASSERT_EQ(Begin(**log), "");
  std::filesystem::rename(path_, path_ + ".1");
  ASSERT_EQ(Begin(**log), "");
  EXPECT_EQ(Lines(path_).size(), 1u);
  EXPECT_EQ(Lines(path_ + ".1").size(), 1u);
}

TEST_F(AuditLogTest, WritesAtItsEndWhatItWasGiven) {
  auto log = AuditLog::Open(path_);
  ASSERT_TRUE(log.ok());
  for (int i = 0; i < 100; ++i) (*log)->End(record_, {i, "", "", 0, 0});
  (*log)->Refused(record_, "no \"such\" user");
  log->reset();
  const auto lines = Lines(path_);
  ASSERT_EQ(lines.size(), 101u);
  EXPECT_THAT(lines[99], HasSubstr(R"("exit":99)"));
  EXPECT_THAT(lines[100], HasSubstr(R"("why":"no \"such\" user")"));
}

TEST_F(AuditLogTest, SaysWhenItCannotBeOpened) { EXPECT_FALSE(AuditLog::Open(directory_ + "/no/such/directory").ok()); }

}  // namespace
}  // namespace warren::exec
