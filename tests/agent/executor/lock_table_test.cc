#include "agent/executor/lock_table.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <algorithm>
#include <map>
#include <random>
#include <set>

#include "absl/strings/str_cat.h"

namespace warren::executor {
namespace {

using ::testing::ElementsAre;
using ::testing::IsEmpty;
using ::testing::UnorderedElementsAre;

TEST(LockTableTest, WhatHasNothingInCommonRunsAtOnce) {
  LockTable table;
  EXPECT_TRUE(table.Add(1, {{"red"}}));
  EXPECT_TRUE(table.Add(2, {{"blue"}}));
  EXPECT_TRUE(table.Add(3, {}));
}

TEST(LockTableTest, AnExclusiveLockIsGivenInTheOrderAsked) {
  LockTable table;
  EXPECT_TRUE(table.Add(1, {{"red"}}));
  EXPECT_FALSE(table.Add(2, {{"red"}}));
  EXPECT_FALSE(table.Add(3, {{"red"}}));
  EXPECT_THAT(table.Remove(1), ElementsAre(2));
  EXPECT_THAT(table.Remove(2), ElementsAre(3));
  EXPECT_THAT(table.Remove(3), IsEmpty());
  EXPECT_EQ(table.size(), 0u);
}

TEST(LockTableTest, ThoseOfOneModeShareAndThoseOfAnotherWait) {
  LockTable table;
  EXPECT_TRUE(table.Add(1, {{"br0", 1}}));
  EXPECT_TRUE(table.Add(2, {{"br0", 1}}));
  EXPECT_FALSE(table.Add(3, {{"br0", 2}}));
  EXPECT_FALSE(table.Add(4, {{"br0", 1}})) << "not before the one that waits";
  EXPECT_THAT(table.Remove(2), IsEmpty());
  EXPECT_THAT(table.Remove(1), ElementsAre(3));
  EXPECT_THAT(table.Remove(3), ElementsAre(4));
}

TEST(LockTableTest, OneThatGivesUpLetsThoseBehindItThrough) {
  LockTable table;
  EXPECT_TRUE(table.Add(1, {{"br0", 1}}));
  EXPECT_FALSE(table.Add(2, {{"br0"}}));
  EXPECT_FALSE(table.Add(3, {{"br0", 1}}));
  EXPECT_FALSE(table.Add(4, {{"br0", 1}}));
  EXPECT_THAT(table.Remove(2), UnorderedElementsAre(3, 4));
  EXPECT_THAT(table.Remove(2), IsEmpty()) << "it is not there any more";
}

TEST(LockTableTest, AllLocksAreNeeded) {
  LockTable table;
  EXPECT_TRUE(table.Add(1, {{"a"}}));
  EXPECT_TRUE(table.Add(2, {{"b"}}));
  EXPECT_FALSE(table.Add(3, {{"a"}, {"b"}}));
  EXPECT_THAT(table.Remove(1), IsEmpty());
  EXPECT_THAT(table.Remove(2), ElementsAre(3));
}

TEST(LockTableTest, TwoModesOfOneKeyAreAnExclusiveLock) {
  LockTable table;
  EXPECT_TRUE(table.Add(1, {{"br0", 1}, {"br0", 2}}));
  EXPECT_FALSE(table.Add(2, {{"br0", 1}}));
  EXPECT_FALSE(table.Add(3, {{"br0", 2}}));
}

TEST(LockTableTest, OneThatComesAgainBehindThoseThatRunGetsItsLocksToo) {
  LockTable table;
  EXPECT_TRUE(table.Add(1, {{"host", 1}, {"turn"}}));
  EXPECT_FALSE(table.Add(2, {{"host", 1}, {"turn"}}));
  EXPECT_TRUE(table.Add(3, {{"host", 1}}));
  table.Remove(2);
  EXPECT_FALSE(table.Add(2, {{"host", 1}, {"turn"}}));
  EXPECT_THAT(table.Remove(1), ElementsAre(2));
  EXPECT_THAT(table.Remove(3), IsEmpty());
  EXPECT_THAT(table.Remove(2), IsEmpty());
  EXPECT_TRUE(table.Add(4, {{"host"}}));
}

// Against a model that looks at everything: whoever runs has no conflict with anybody before him.
TEST(LockTableTest, RandomUseGrantsExactlyWhatNoEarlierOneStandsInTheWayOf) {
  std::mt19937 random(20261125);
  const auto pick = [&](int n) { return static_cast<int>(random() % static_cast<unsigned>(n)); };
  LockTable table;
  std::map<int64_t, std::vector<Lock>> held;
  std::set<int64_t> granted;
  const auto conflict = [](const std::vector<Lock>& a, const std::vector<Lock>& b) {
    for (const Lock& x : a) {
      for (const Lock& y : b) {
        if (x.key == y.key && (x.mode != y.mode || x.mode == Lock::kExclusive)) return true;
      }
    }
    return false;
  };
  for (int64_t id = 1; id <= 5000; ++id) {
    std::vector<Lock> locks;
    for (int key = 0; key < 5; ++key) {
      if (pick(3) == 0) locks.push_back({absl::StrCat(key), pick(3)});
    }
    if (table.Add(id, locks)) granted.insert(id);
    held[id] = locks;
    while (held.size() > 12 || pick(2) == 0) {
      if (held.empty()) break;
      auto at = held.begin();
      std::advance(at, pick(static_cast<int>(held.size())));
      const int64_t gone = at->first;
      held.erase(at);
      granted.erase(gone);
      for (const int64_t free : table.Remove(gone)) EXPECT_TRUE(granted.insert(free).second) << "told twice";
    }
    for (const auto& [one, locks_of_one] : held) {
      const bool blocked = std::any_of(held.begin(), held.find(one),
                                       [&](const auto& earlier) { return conflict(earlier.second, locks_of_one); });
      ASSERT_EQ(granted.contains(one), !blocked) << one;
    }
  }
}

}  // namespace
}  // namespace warren::executor
