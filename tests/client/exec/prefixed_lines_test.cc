#include "client/exec/prefixed_lines.h"

#include <gtest/gtest.h>

namespace warren::cli {
namespace {

TEST(PrefixedLines, PutsTheWordInFrontOfEachLineHoweverItComesInPieces) {
  const std::string text = "one\n\ntwo\nthree";
  for (size_t size = 1; size <= text.size(); ++size) {
    PrefixedLines lines("h1/red: ");
    std::string all;
    for (size_t at = 0; at < text.size(); at += size) all += lines.Add(text.substr(at, size));
    EXPECT_EQ(all, "h1/red: one\nh1/red: \nh1/red: two\n");
    EXPECT_EQ(lines.Rest(), "h1/red: three\n");
    EXPECT_EQ(lines.Rest(), "");
  }
}

TEST(PrefixedLines, BreaksALineThatHasNoEnd) {
  PrefixedLines lines("p: ");
  const std::string out = lines.Add(std::string(150'000, 'x'));
  EXPECT_EQ(std::count(out.begin(), out.end(), '\n'), 2);
  EXPECT_EQ(out.size() + lines.Rest().size(), 150'000u + 3 * 4);
}

TEST(PrefixedLines, ALineOfExactlyTheLongestIsOneLine) {
  PrefixedLines lines("p: ");
  EXPECT_EQ(lines.Add(std::string(64 << 10, 'x') + "\ny\n"), "p: " + std::string(64 << 10, 'x') + "\np: y\n");
}

}  // namespace
}  // namespace warren::cli
