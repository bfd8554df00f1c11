#include "agent/exec/explain.h"

#include <gtest/gtest.h>
#include <signal.h>

namespace warren::exec {
namespace {

TEST(Explain, KnowsSignalsByBothTheirNames) {
  EXPECT_EQ(SignalNumber("INT"), SIGINT);
  EXPECT_EQ(SignalNumber("sigterm"), SIGTERM);
  EXPECT_EQ(SignalNumber("NONE"), 0);
  EXPECT_EQ(SignalNumber(""), 0);
}

TEST(Explain, TellsAnExitFromASignal) {
  EXPECT_EQ(ToExitStatus(7 << 8).code(), 7);
  EXPECT_EQ(ToExitStatus(7 << 8).signal(), "");
  EXPECT_EQ(ToExitStatus(SIGKILL).signal(), "SIGKILL");
  EXPECT_EQ(ToExitStatus(SIGKILL).signal_number(), SIGKILL);
}

}  // namespace
}  // namespace warren::exec
