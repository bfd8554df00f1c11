#include "client/output/progress.h"

#include <gtest/gtest.h>

#include <sstream>

namespace warren::cli {
namespace {

const absl::Time kStart = absl::FromUnixSeconds(1795564103);

absl::Time After(int seconds) { return kStart + absl::Seconds(seconds); }

TEST(PlainProgress, IsALineForEachChange) {
  std::ostringstream out;
  Progress progress(out, Terminal(), false, kStart);
  progress.Add("h1/a", v1::Intent::QUEUED);
  progress.Add("h2/b", v1::Intent::QUEUED);
  progress.Update(0, v1::Intent::QUEUED, After(1));
  progress.Update(1, v1::Intent::RUNNING, After(1));
  progress.Update(1, v1::Intent::RUNNING, After(2));
  progress.Update(0, v1::Intent::SUCCEEDED, After(3));
  progress.Clear();
  EXPECT_EQ(out.str(), "h2/b RUNNING\nh1/a SUCCEEDED\n");
}

TEST(PlainProgress, LeavesTheEndOfASingleIntentToItsReport) {
  std::ostringstream out;
  Progress progress(out, Terminal(), true, kStart);
  progress.Add("h1/a", v1::Intent::QUEUED);
  progress.Update(0, v1::Intent::RUNNING, After(1));
  progress.Update(0, v1::Intent::SUCCEEDED, After(2));
  EXPECT_EQ(out.str(), "h1/a \x1b[36mRUNNING\x1b[0m\n");
}

TEST(TerminalProgress, IsOneLineDrawnAnewAndTakenAwayAtTheEnd) {
  std::ostringstream out;
  Progress progress(out, Terminal{true, 80, 24}, false, kStart);
  progress.Add("h1/a", v1::Intent::QUEUED);
  progress.Update(0, v1::Intent::QUEUED, kStart + absl::Milliseconds(300));
  EXPECT_EQ(out.str(), "\r\x1b[2Kh1/a  QUEUED     0s\n");
  out.str("");
  progress.Update(0, v1::Intent::RUNNING, After(65));
  EXPECT_EQ(out.str(), "\x1b[1A\r\x1b[2Kh1/a  RUNNING    1m5s\n");
  out.str("");
  progress.Update(0, v1::Intent::SUCCEEDED, After(66));
  progress.Clear();
  progress.Clear();
  EXPECT_EQ(out.str(), "\x1b[1A\r\x1b[J");
}

TEST(TerminalProgress, WithoutNewsDrawsNothing) {
  std::ostringstream out;
  Progress progress(out, Terminal{true, 80, 24}, false, kStart);
  progress.Add("h1/a", v1::Intent::QUEUED);
  progress.Clear();
  EXPECT_EQ(out.str(), "");
}

TEST(TerminalProgress, IsALineForEachWhoseTimeStopsWithIt) {
  std::ostringstream out;
  Progress progress(out, Terminal{true, 80, 24}, true, kStart);
  progress.Add("h1/a", v1::Intent::QUEUED);
  progress.Add("edge/b", v1::Intent::QUEUED);
  progress.Update(0, v1::Intent::FAILED, After(2));
  out.str("");
  progress.Update(1, v1::Intent::QUEUED, After(9));
  EXPECT_EQ(out.str(),
            "\x1b[2A\r\x1b[2Kh1/a    \x1b[31mFAILED\x1b[0m     2s\n"
            "\r\x1b[2Kedge/b  QUEUED     9s\n");
}

TEST(TerminalProgress, IsNoWiderThanTheTerminal) {
  std::ostringstream out;
  Progress progress(out, Terminal{true, 10, 24}, false, kStart);
  progress.Add("h1/0b5f0e9c", v1::Intent::QUEUED);
  progress.Update(0, v1::Intent::RUNNING, After(1));
  EXPECT_EQ(out.str(), "\r\x1b[2Kh1/0b5f0…\n");
}

TEST(TerminalProgress, IsSummedUpWhereTheyDoNotFit) {
  std::ostringstream out;
  Progress progress(out, Terminal{true, 80, 4}, false, kStart);
  for (const char* name : {"h1/a", "h2/b", "h3/c", "h4/d"}) progress.Add(name, v1::Intent::QUEUED);
  progress.Update(0, v1::Intent::SUCCEEDED, After(2));
  out.str("");
  progress.Update(1, v1::Intent::FAILED, After(3));
  EXPECT_EQ(out.str(), "\x1b[1A\r\x1b[2K4 intents: 2 QUEUED, 1 SUCCEEDED, 1 FAILED  3s\n");
}

}  // namespace
}  // namespace warren::cli
