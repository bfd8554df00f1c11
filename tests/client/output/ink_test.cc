#include "client/output/ink.h"

#include <gtest/gtest.h>
#include <unistd.h>

#include "client/output/table.h"
#include "client/output/terminal.h"

namespace warren::cli {
namespace {

TEST(Painted, ColoursOnlyWhenAskedTo) {
  EXPECT_EQ(Painted("FAILED", Ink::kBad, true), "\x1b[31mFAILED\x1b[0m");
  EXPECT_EQ(Painted("FAILED", Ink::kBad, false), "FAILED");
  EXPECT_EQ(Painted("QUEUED", Ink::kPlain, true), "QUEUED");
  EXPECT_EQ(Painted("", Ink::kGood, true), "");
}

TEST(StateInk, TellsGoodFromBad) {
  EXPECT_EQ(StateInk(v1::Intent::SUCCEEDED), Ink::kGood);
  EXPECT_EQ(StateInk(v1::Intent::FAILED), Ink::kBad);
  EXPECT_EQ(StateInk(v1::Intent::EXPIRED), Ink::kWarn);
  EXPECT_EQ(StateInk(v1::Intent::RUNNING), Ink::kBusy);
  EXPECT_EQ(StateInk(v1::Intent::QUEUED), Ink::kPlain);
}

TEST(Width, CountsWhatIsShown) {
  EXPECT_EQ(Width(""), 0u);
  EXPECT_EQ(Width("größe"), 5u);
  EXPECT_EQ(Width(Painted("größe", Ink::kGood, true)), 5u);
  EXPECT_EQ(Width("\x1b["), 0u);
}

TEST(Cut, EndsWithAnEllipsisAndWithoutColour) {
  EXPECT_EQ(Cut("größe", 5), "größe");
  EXPECT_EQ(Cut("größe", 4), "grö…");
  EXPECT_EQ(Cut("größe", 1), "…");
  EXPECT_EQ(Cut("größe", 0), "");
  EXPECT_EQ(Cut(Painted("FAILED", Ink::kBad, true), 3), "\x1b[31mFA…\x1b[0m");
}

TEST(TableStream, KeepsColumnsInLineOverBatchesAndColours) {
  TableStream table({"NAME", "STATE", "X"});
  EXPECT_EQ(table.Rows({{"a", Painted("ok", Ink::kGood, true), "1"}, {"bb", "failed", ""}}),
            "NAME   STATE    X\n"
            "a      \x1b[32mok\x1b[0m       1\n"
            "bb     failed   -\n");
  EXPECT_EQ(table.Rows({{"cccccc", "ok", "2"}}), "cccccc   ok       2\n");
  EXPECT_EQ(table.Rows({{"d", "ok", "3"}}), "d        ok       3\n");
  EXPECT_EQ(table.Rows({}), "");
  EXPECT_EQ(TableStream({"NAME", "STATE"}).Rows({}), "NAME   STATE\n");
}

TEST(Visible, LeavesLettersAndNamesWhatIsNotSeen) {
  EXPECT_EQ(Visible("qrouter-größe-日本"), "qrouter-größe-日本");
  EXPECT_EQ(Visible("e\u0301"), "e\u0301") << "a letter of two characters";
  EXPECT_EQ(Visible("a\u202eb\u200bc\ufeff"), "a\\u202eb\\u200bc\\ufeff");
  EXPECT_EQ(Visible("a\nb\x1b[31m\x7f"), "a\\u000ab\\u001b[31m\\u007f");
  EXPECT_EQ(Visible("a\xff"), "a\\xff");
}

TEST(UseColor, GoesByTheModeThenTheTerminalAndTheEnvironment) {
  const Terminal screen{true, 80, 24};
  const Terminal pipe;
  EXPECT_TRUE(UseColor("auto", screen, nullptr, "xterm"));
  EXPECT_TRUE(UseColor("auto", screen, "", "xterm"));
  EXPECT_FALSE(UseColor("auto", screen, "1", "xterm"));
  EXPECT_FALSE(UseColor("auto", screen, nullptr, "dumb"));
  EXPECT_FALSE(UseColor("auto", screen, nullptr, nullptr));
  EXPECT_FALSE(UseColor("auto", pipe, nullptr, "xterm"));
  EXPECT_TRUE(UseColor("always", pipe, "1", nullptr));
  EXPECT_FALSE(UseColor("never", screen, nullptr, "xterm"));
}

TEST(TerminalOf, APipeIsNone) {
  int ends[2];
  ASSERT_EQ(pipe(ends), 0);
  EXPECT_FALSE(TerminalOf(ends[1]).interactive);
  close(ends[0]);
  close(ends[1]);
}

}  // namespace
}  // namespace warren::cli
