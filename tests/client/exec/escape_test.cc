#include "client/exec/escape.h"

#include <gtest/gtest.h>

namespace warren::cli {
namespace {

using Wish = Escape::Wish;

// All that is passed on, and the first wish.
std::pair<std::string, Wish> Type(const std::string& text) {
  Escape escape;
  const Escape::Read read = escape.Typed(text);
  return {read.pass, read.wish};
}

TEST(Escape, IsATildeAtTheBeginningOfALine) {
  EXPECT_EQ(Type("~."), std::pair(std::string(), Wish::kEnd));
  EXPECT_EQ(Type("ls\r~."), std::pair(std::string("ls\r"), Wish::kEnd));
  EXPECT_EQ(Type("ls\n~."), std::pair(std::string("ls\n"), Wish::kEnd));
  EXPECT_EQ(Type("\r~?"), std::pair(std::string("\r"), Wish::kHelp));
  EXPECT_EQ(Type("~\x1a"), std::pair(std::string(), Wish::kSuspend));
}

TEST(Escape, AnywhereElseATildeIsTheCommands) {
  for (const std::string text : {"cd ~/x\r", "a~.", " ~.", "~/x~.", "~x~.", "x\r~/.\r"}) {
    EXPECT_EQ(Type(text), std::pair(text, Wish::kNone)) << text;
  }
}

TEST(Escape, TwoTildesAreOneAndTheLineGoesOn) { EXPECT_EQ(Type("~~."), std::pair(std::string("~."), Wish::kNone)); }

TEST(Escape, ATildeBeforeTheEndOfALineLeavesTheNextLineAtItsBeginning) {
  EXPECT_EQ(Type("~\r~."), std::pair(std::string("~\r"), Wish::kEnd));
}

TEST(Escape, IsFoundKeyByKey) {
  Escape escape;
  EXPECT_EQ(escape.Typed("~").pass, "");
  const Escape::Read read = escape.Typed(".more");
  EXPECT_EQ(read.wish, Wish::kEnd);
  EXPECT_EQ(read.used, 1u);
}

TEST(Escape, WhatFollowsAWishIsReadAgain) {
  Escape escape;
  std::string text = "~?~?x";
  EXPECT_EQ(escape.Typed(text).used, 2u);
  const Escape::Read again = escape.Typed(text.substr(2));
  EXPECT_EQ(again.wish, Wish::kHelp);
  EXPECT_EQ(escape.Typed("x").pass, "x");
}

}  // namespace
}  // namespace warren::cli
