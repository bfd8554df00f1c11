#include "proto/common/logging.h"

#include <gmock/gmock.h>
#include <google/protobuf/struct.pb.h>
#include <google/protobuf/util/json_util.h>
#include <gtest/gtest.h>

#include <thread>
#include <vector>

namespace warren {
namespace {

using ::testing::HasSubstr;
using ::testing::MatchesRegex;

std::string Logged(const std::string& format, const std::string& level,
                   const std::function<void(const Logger&)>& work) {
  ::testing::internal::CaptureStderr();
  {
    auto logger = Logger::Create(format, level);
    EXPECT_TRUE(logger.ok());
    if (logger.ok()) work(*logger);
  }
  return ::testing::internal::GetCapturedStderr();
}

TEST(Logging, ATextLineHasTimeLevelMessageAndFields) {
  const std::string line = Logged("text", "info", [](const Logger& log) {
    log.Info("intent accepted", {{"intent", "hosts/h1/intents/1"}, {"why", "two words"}, {"none", ""}});
  });
  EXPECT_THAT(line, MatchesRegex("[0-9]{4}-[0-9][0-9]-[0-9][0-9]T[0-9:.]+[+-][0-9:]+ info  intent accepted "
                                 "intent=hosts/h1/intents/1 why=\"two words\" none=\"\"\n"));
}

TEST(Logging, AJsonLineIsJsonWhateverItsFieldsHold) {
  const std::string line = Logged("json", "info", [](const Logger& log) {
    log.Warn("odd \"quotes\"", {{"bytes", std::string("a\n\x01\x7f\\\xff\xc3\xa9", 8)}});
  });
  ASSERT_EQ(line.find('\n'), line.size() - 1) << line;
  google::protobuf::Struct object;
  ASSERT_TRUE(google::protobuf::util::JsonStringToMessage(line, &object).ok()) << line;
  EXPECT_EQ(object.fields().at("msg").string_value(), "odd \"quotes\"");
  EXPECT_EQ(object.fields().at("level").string_value(), "warning");
  EXPECT_EQ(object.fields().at("bytes").string_value(), "a\n\x01\x7f\\\xef\xbf\xbd\xc3\xa9");
  EXPECT_THAT(object.fields().at("time").string_value(), MatchesRegex("[0-9-]+T[0-9:.]+\\+00:00"));
}

TEST(Logging, WhatIsBelowTheLevelIsLeftOut) {
  const auto all = [](const Logger& log) {
    log.Debug("debug line");
    log.Info("info line");
    log.Warn("warn line");
    log.Error("error line");
  };
  const std::pair<const char*, int> table[] = {{"debug", 4}, {"info", 3}, {"warn", 2}, {"error", 1}};
  for (const auto& [level, lines] : table) {
    const std::string text = Logged("text", level, all);
    EXPECT_EQ(std::count(text.begin(), text.end(), '\n'), lines) << level;
    EXPECT_THAT(text, HasSubstr("error line"));
  }
}

TEST(Logging, LinesOfSeveralThreadsAreNotMixed) {
  const std::string text = Logged("json", "info", [](const Logger& log) {
    std::vector<std::jthread> threads;
    for (int i = 0; i < 4; ++i) {
      threads.emplace_back([&log] {
        for (int k = 0; k < 200; ++k) log.Info("a line", {{"field", std::string(100, 'x')}});
      });
    }
  });
  EXPECT_EQ(std::count(text.begin(), text.end(), '\n'), 800);
  for (size_t begin = 0; begin < text.size();) {
    const size_t end = text.find('\n', begin);
    EXPECT_EQ(text[begin], '{');
    EXPECT_EQ(text[end - 1], '}');
    begin = end + 1;
  }
}

TEST(Logging, UnknownFormatsAndLevelsAreRefused) {
  EXPECT_EQ(Logger::Create("xml", "info").status().code(), absl::StatusCode::kInvalidArgument);
  EXPECT_EQ(Logger::Create("json", "loud").status().code(), absl::StatusCode::kInvalidArgument);
}

TEST(Logging, TheNullLoggerSaysNothing) {
  ::testing::internal::CaptureStderr();
  Logger::Null().Error("nobody hears", {{"a", "b"}});
  EXPECT_EQ(::testing::internal::GetCapturedStderr(), "");
}

}  // namespace
}  // namespace warren
