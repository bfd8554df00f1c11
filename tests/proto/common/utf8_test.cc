#include "proto/common/utf8.h"

#include <gtest/gtest.h>

#include <string>

namespace warren {
namespace {

TEST(Utf8Test, IsToldFromWhatLooksLikeIt) {
  for (const std::string good : {"", "a", "ä", "€", "😀", "\xf4\x8f\xbf\xbf", "\xed\x9f\xbf", "\xee\x80\x80"}) {
    EXPECT_TRUE(IsUtf8(good)) << good;
  }
  for (const std::string bad : {"\x80", "\xc3", "\xc1\xbf", "\xe0\x9f\xbf", "\xf0\x8f\xbf\xbf", "\xf5\x80\x80\x80",
                                "a\xe2\x82", "\xe2\x82\x41", "\xff"}) {
    EXPECT_FALSE(IsUtf8(bad)) << bad;
  }
}

TEST(Utf8Test, ASequenceStandsForItsCharacter) {
  char32_t character = 0;
  EXPECT_EQ(Utf8Length("a\xe2\x82\xac", 1, &character), 3u);
  EXPECT_EQ(character, U'\u20ac');
  EXPECT_EQ(Utf8Length("a\xe2\x82\xac", 2), 0u);
}

TEST(Utf8Test, ACharacterBecomesItsSequence) {
  std::string text;
  for (const char32_t character : {U'a', U'\u00e4', U'\u20ac', U'\U0001f600'}) AppendUtf8(character, text);
  EXPECT_EQ(text, "aä€😀");
  AppendUtf8(0xd83d, text);
  EXPECT_FALSE(IsUtf8(text));
}

}  // namespace
}  // namespace warren
