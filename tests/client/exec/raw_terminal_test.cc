// RawTerminal on a pseudo-terminal; tcgetattr(3) is the witness.

#include "client/exec/raw_terminal.h"

#include <gtest/gtest.h>
#include <pty.h>
#include <unistd.h>

#include <cstring>
#include <optional>

namespace warren::cli {
namespace {

class Raw : public testing::Test {
 protected:
  Raw() {
    const winsize size = {30, 100, 0, 0};
    EXPECT_EQ(openpty(&ours_, &theirs_, nullptr, nullptr, &size), 0);
    before_ = Modes();
  }
  ~Raw() override {
    close(ours_);
    close(theirs_);
  }

  termios Modes() const {
    termios modes = {};
    EXPECT_EQ(tcgetattr(theirs_, &modes), 0);
    return modes;
  }
  static bool Same(const termios& a, const termios& b) {
    return a.c_iflag == b.c_iflag && a.c_oflag == b.c_oflag && a.c_cflag == b.c_cflag && a.c_lflag == b.c_lflag &&
           memcmp(a.c_cc, b.c_cc, sizeof(a.c_cc)) == 0;
  }
  bool IsRaw() const { return (Modes().c_lflag & (ICANON | ECHO | ISIG)) == 0 && (Modes().c_oflag & OPOST) == 0; }

  int ours_ = -1;
  int theirs_ = -1;
  termios before_ = {};
};

TEST_F(Raw, IsRawFromEnterToItsEndAndThenAsBefore) {
  {
    RawTerminal terminal(theirs_);
    EXPECT_TRUE(Same(Modes(), before_));
    ASSERT_TRUE(terminal.Enter().ok());
    EXPECT_TRUE(IsRaw());
  }
  EXPECT_TRUE(Same(Modes(), before_));
}

TEST_F(Raw, LeavesToWhatWasBeforeTheFirstEnter) {
  RawTerminal terminal(theirs_);
  ASSERT_TRUE(terminal.Enter().ok());
  ASSERT_TRUE(terminal.Enter().ok());
  terminal.Leave();
  EXPECT_TRUE(Same(Modes(), before_));
  ASSERT_TRUE(terminal.Enter().ok());
  EXPECT_TRUE(IsRaw());
  terminal.Leave();
  EXPECT_TRUE(Same(Modes(), before_));
}

TEST_F(Raw, WhatIsNotEnteredIsNotTouched) {
  std::optional<RawTerminal> terminal(std::in_place, theirs_);
  termios other = before_;
  other.c_lflag &= ~static_cast<tcflag_t>(ECHO);
  ASSERT_EQ(tcsetattr(theirs_, TCSANOW, &other), 0);
  terminal.reset();
  EXPECT_TRUE(Same(Modes(), other));
}

TEST_F(Raw, HasTheTerminalsSize) {
  const v1::TerminalSize size = RawTerminal(theirs_).Size();
  EXPECT_EQ(size.rows(), 30u);
  EXPECT_EQ(size.columns(), 100u);
}

TEST(NoTerminal, IsRefusedAndHasNoSize) {
  int ends[2];
  ASSERT_EQ(pipe(ends), 0);
  RawTerminal terminal(ends[0]);
  const absl::Status refused = terminal.Enter();
  EXPECT_EQ(refused.code(), absl::StatusCode::kFailedPrecondition);
  EXPECT_EQ(terminal.Size().rows(), 0u);
  close(ends[0]);
  close(ends[1]);
}

}  // namespace
}  // namespace warren::cli
