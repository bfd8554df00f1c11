#include "client/args/suggest.h"

#include <gtest/gtest.h>

namespace warren::cli {
namespace {

TEST(Suggest, FindsTheWordThatWasMeant) {
  const std::vector<std::string> words = {"netns", "name", "master", "mtu"};
  EXPECT_EQ(Nearest("nam", words), "name");
  EXPECT_EQ(Nearest("nmae", words), "name");
  EXPECT_EQ(Nearest("xxme", words), "");  // two edits of four letters could be anything
  EXPECT_EQ(Nearest("netsn", words), "netns");
  EXPECT_EQ(Nearest("mastre", words), "master");
  EXPECT_EQ(Nearest("mtuu", words), "mtu");
  EXPECT_EQ(Nearest("", words), "");
  EXPECT_EQ(Nearest(std::string(10000, 'x'), words), "");
}

TEST(Suggest, SaysWhatThereIsWhenNothingIsNear) {
  EXPECT_EQ(Suggestion("frobnicate", {"up", "down"}), "; expected one of up, down");
  EXPECT_EQ(Suggestion("frobnicate", {"up"}), "; expected up");
  EXPECT_EQ(Suggestion("dwon", {"up", "down"}), "; did you mean \"down\"?");
  EXPECT_EQ(Suggestion("downn", {"up", "down"}), "; did you mean \"down\"?");
}

}  // namespace
}  // namespace warren::cli
