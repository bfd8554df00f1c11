#include "proto/common/flags.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <stdlib.h>

#include <filesystem>
#include <fstream>
#include <vector>

namespace warren {
namespace {

using ::testing::HasSubstr;

class FlagsTest : public ::testing::Test {
 protected:
  FlagsTest() : app_("What it is for.", "warren-test") {
    SetUpFlags(app_, "Examples:\n  warren-test --grpc-listen 127.0.0.1:0");
    app_.add_option("--grpc-listen", listen_, "Where to listen")->capture_default_str();
    app_.add_option("--max-queued", queued_, "How many")->check(CLI::PositiveNumber);
    AddLogFlags(app_, log_);
    AddEnvironment(app_);
  }
  ~FlagsTest() override {
    unsetenv("WARREN_GRPC_LISTEN");
    unsetenv("WARREN_LOG_LEVEL");
  }

  int Parse(std::vector<const char*> args) {
    args.insert(args.begin(), "warren-test");
    ::testing::internal::CaptureStdout();
    ::testing::internal::CaptureStderr();
    const int code = ParseFlags(app_, static_cast<int>(args.size()), args.data());
    out_ = ::testing::internal::GetCapturedStdout();
    err_ = ::testing::internal::GetCapturedStderr();
    return code;
  }
  std::string ConfigFile(const std::string& content) {
    std::string path = std::filesystem::temp_directory_path() / "flags-test-XXXXXX";
    const int fd = mkstemp(path.data());
    close(fd);
    std::ofstream(path) << content;
    return path;
  }

  CLI::App app_;
  std::string listen_ = "127.0.0.1:7600";
  int queued_ = 10;
  LogFlags log_;
  std::string out_, err_;
};

TEST_F(FlagsTest, DefaultsHoldWhereNothingIsSaid) {
  EXPECT_EQ(Parse({}), -1);
  EXPECT_EQ(listen_, "127.0.0.1:7600");
  EXPECT_EQ(log_.format, "text");
  EXPECT_EQ(log_.level, "info");
}

TEST_F(FlagsTest, TheCommandLineGoesBeforeTheEnvironmentAndThatBeforeTheFile) {
  const std::string file = ConfigFile("grpc-listen = \"file:1\"\nlog-level = \"debug\"\nmax-queued = 3\n");
  setenv("WARREN_GRPC_LISTEN", "environment:1", 1);
  setenv("WARREN_LOG_LEVEL", "warn", 1);
  EXPECT_EQ(Parse({"--config", file.c_str(), "--grpc-listen", "line:1"}), -1) << err_;
  EXPECT_EQ(listen_, "line:1");
  EXPECT_EQ(log_.level, "warn");
  EXPECT_EQ(queued_, 3);
  std::filesystem::remove(file);
}

TEST_F(FlagsTest, AnUnknownNameInTheFileIsRefusedAndNamed) {
  const std::string file = ConfigFile("grpc-lissten = \"x:1\"\n");
  EXPECT_EQ(Parse({"--config", file.c_str()}), kExitUsage);
  EXPECT_THAT(err_, HasSubstr("grpc-lissten"));
  std::filesystem::remove(file);
}

TEST_F(FlagsTest, AFileThatIsNotThereIsRefused) {
  EXPECT_EQ(Parse({"--config", "/nonexistent/warren.conf"}), kExitUsage);
  EXPECT_THAT(err_, HasSubstr("/nonexistent/warren.conf"));
}

TEST_F(FlagsTest, BadUsageIsExplainedOnStandardErrorWithExitCodeTwo) {
  EXPECT_EQ(Parse({"--nonsense"}), kExitUsage);
  EXPECT_THAT(err_, HasSubstr("--nonsense"));
  EXPECT_EQ(Parse({"--max-queued", "-1"}), kExitUsage);
  EXPECT_THAT(err_, HasSubstr("--max-queued"));
  EXPECT_EQ(Parse({"--log-format", "xml"}), kExitUsage);
  EXPECT_THAT(err_, HasSubstr("json"));
  EXPECT_EQ(out_, "");
}

TEST_F(FlagsTest, HelpShowsFlagsDefaultsEnvironmentAndExamples) {
  EXPECT_EQ(Parse({"--help"}), kExitOk);
  for (const char* word : {"--grpc-listen", "127.0.0.1:7600", "WARREN_GRPC_LISTEN", "Where to listen", "Examples:"}) {
    EXPECT_THAT(out_, HasSubstr(word));
  }
}

TEST_F(FlagsTest, TheVersionNamesTheProgram) {
  EXPECT_EQ(Parse({"--version"}), kExitOk);
  EXPECT_THAT(out_, ::testing::MatchesRegex("warren-test [0-9]+\\.[0-9]+\\.[0-9]+\n"));
}

}  // namespace
}  // namespace warren
