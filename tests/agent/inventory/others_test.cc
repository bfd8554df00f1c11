#include "agent/inventory/others.h"

#include <gmock/gmock.h>

#include "agent/inventory/round.h"

namespace warren::inventory {
namespace {

using std::chrono::seconds;
using ::testing::ElementsAre;

const Others::Time kNow = Others::Time() + seconds(1000);

TEST(Others, ThoseWhereSomebodyChangedSomethingLastComeFirst) {
  Others others;
  EXPECT_TRUE(others.Found(5));
  EXPECT_FALSE(others.Found(5));
  others.Found(9);
  others.Changed(3, kNow);
  others.Changed(4, kNow + seconds(1));
  EXPECT_THAT(others.Choose(3), ElementsAre(4, 3, 9));
  EXPECT_THAT(others.Choose(10), ElementsAre(4, 3, 9, 5));
  others.Forget(4);
  EXPECT_THAT(others.Choose(1), ElementsAre(3));
}

TEST(Others, WhatAnIntentChangedIsNotOfOthers) {
  Others others;
  others.Changed(3, kNow);
  others.Changed(4, kNow - seconds(60));
  others.Found(5);
  for (const uint64_t cookie : {3, 4, 5}) others.Ours(cookie, kNow + seconds(1));
  EXPECT_THAT(others.Choose(9), ElementsAre(4, 5));
  for (const uint64_t cookie : {4, 5}) others.Owned(cookie);
  EXPECT_THAT(others.Choose(9), ElementsAre(4));
}

TEST(Round, EverybodyHasATurnInTheTimeThatItMayTake) {
  Round round(seconds(10));
  const auto all = [] { return std::vector<std::string>{"a", "b", "c", "d"}; };
  round.Pass(kNow, 4);
  EXPECT_EQ(round.Next(all), std::nullopt);
  std::vector<std::string> turns;
  for (int second = 1; second <= 20; ++second) {
    round.Pass(kNow + seconds(second), 4);
    while (const auto next = round.Next(all)) turns.push_back(*next);
  }
  EXPECT_THAT(turns, ElementsAre("a", "b", "c", "d", "a", "b", "c", "d"));
}

TEST(Round, WhatWasMissedIsNotMadeUpForAtOnceAndNoneIsNone) {
  Round round(seconds(1)), none(seconds(0));
  const auto all = [] { return std::vector<std::string>(10000, "a"); };
  for (Round* one : {&round, &none}) {
    one->Pass(kNow, 10000);
    one->Pass(kNow + seconds(100), 10000);
  }
  int turns = 0;
  while (round.Next(all)) ++turns;
  EXPECT_EQ(turns, 64);
  EXPECT_EQ(none.Next(all), std::nullopt);
}

}  // namespace
}  // namespace warren::inventory
