#include "agent/executor/schedule.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "absl/strings/str_cat.h"
#include "tests/support/executor_host.h"

namespace warren::executor {
namespace {

using ::testing::ElementsAre;
using ::testing::IsEmpty;

std::vector<int64_t> Sequences(const std::vector<Schedule::Item>& items) {
  std::vector<int64_t> all;
  for (const Schedule::Item& item : items) all.push_back(item.intent.sequence());
  return all;
}

class ScheduleTest : public ::testing::Test {
 protected:
  void Add(int64_t sequence, const std::string& operations) {
    schedule_.Add(ParseIntent(sequence, operations), Schedule::Time::max(), Schedule::Time());
  }
  std::vector<int64_t> Take() { return Sequences(schedule_.Take(1)); }

  Schedule schedule_;
};

constexpr char kRouter[] =
    "create_namespace { namespace: '$0' }\n"
    "create_veth { a { namespace: '$0' name: 'eth0' } b { namespace: '@host' name: '$1' } }";

std::string Router(const std::string& name, const std::string& outer) {
  std::string text = kRouter;
  for (const auto& [mark, with] : {std::pair{"$0", name}, std::pair{"$1", outer}}) {
    for (size_t at; (at = text.find(mark)) != std::string::npos;) text.replace(at, 2, with);
  }
  return text;
}

TEST_F(ScheduleTest, RoutersOfDifferentNamesAreTakenTogetherInOrder) {
  Add(1, Router("r1", "v1"));
  Add(2, Router("r2", "v2"));
  Add(3, Router("r3", "v3"));
  EXPECT_THAT(Take(), ElementsAre(1, 2, 3));
  EXPECT_EQ(schedule_.running(), 3u);
  EXPECT_FALSE(schedule_.ready());
}

TEST_F(ScheduleTest, IntentsOfOneNamespaceGoOneAfterTheOther) {
  Add(1, "create_namespace { namespace: 'red' }");
  Add(2, "set_link { namespace: 'red' name: 'lo' up: true }");
  Add(3, "delete_namespace { namespace: 'red' }");
  EXPECT_THAT(Take(), ElementsAre(1));
  EXPECT_THAT(Take(), IsEmpty());
  schedule_.Finish(1);
  EXPECT_THAT(Take(), ElementsAre(2));
  schedule_.Finish(2);
  EXPECT_THAT(Take(), ElementsAre(3));
}

TEST_F(ScheduleTest, ANameOfTheHostIsGivenToOneAtATime) {
  Add(1, Router("r1", "v0"));
  Add(2, Router("r2", "v0"));
  Add(3, Router("r3", "v3"));
  EXPECT_THAT(Take(), ElementsAre(1, 3));
  schedule_.Finish(1);
  EXPECT_THAT(Take(), ElementsAre(2));
}

TEST_F(ScheduleTest, ABridgeIsSharedByThoseThatAttachAndNotByItsDeletion) {
  for (int i = 1; i <= 2; ++i) {
    Add(i, absl::StrCat(Router(absl::StrCat("r", i), absl::StrCat("v", i)), "\n",
                        "attach_link { namespace: '@host' link: 'v", i, "' bridge: 'br0' }"));
  }
  Add(3, "delete_bridge { namespace: '@host' name: 'br0' }");
  Add(4, absl::StrCat(Router("r4", "v4"), "\nattach_link { namespace: '@host' link: 'v4' bridge: 'br0' }"));
  EXPECT_THAT(Take(), ElementsAre(1, 2));
  schedule_.Finish(1);
  schedule_.Finish(2);
  EXPECT_THAT(Take(), ElementsAre(3));
  schedule_.Finish(3);
  EXPECT_THAT(Take(), ElementsAre(4));
}

TEST_F(ScheduleTest, WhoWorksOnOthersLinksWaitsForThoseThatTakeLinksAway) {
  Add(1, "delete_namespace { namespace: 'r1' }");
  Add(2, "delete_namespace { namespace: 'r2' }");
  Add(3, "set_link { namespace: '@host' name: 'v1' mtu: 1400 }");
  Add(4, Router("r4", "v4"));
  EXPECT_THAT(Take(), ElementsAre(1, 2, 4)) << "4 makes all that it works on";
  schedule_.Finish(1);
  EXPECT_THAT(Take(), IsEmpty());
  schedule_.Finish(2);
  EXPECT_THAT(Take(), ElementsAre(3));
}

TEST_F(ScheduleTest, AFailureWhileAnEarlierDeletionIsUnderWayIsTriedAgainAfterIt) {
  Add(1, "delete_namespace { namespace: 'r1' }");
  Add(2, Router("r2", "v1"));
  Add(3, "set_link { namespace: 'r2' name: 'eth0' up: true }");
  auto items = schedule_.Take(1);
  ASSERT_THAT(Sequences(items), ElementsAre(1, 2));
  EXPECT_FALSE(items[0].early);
  ASSERT_TRUE(items[1].early);
  schedule_.Again(std::move(items[1]));
  EXPECT_THAT(Take(), IsEmpty());
  EXPECT_EQ(schedule_.StateOf(2), Schedule::State::kQueued);
  schedule_.Finish(1);
  items = schedule_.Take(1);
  ASSERT_THAT(Sequences(items), ElementsAre(2)) << "and it has kept its locks";
  EXPECT_FALSE(items[0].early);
  schedule_.Finish(2);
  EXPECT_THAT(Take(), ElementsAre(3));
}

TEST_F(ScheduleTest, WorkersShareWhatIsReady) {
  for (int i = 1; i <= 6; ++i) Add(i, Router(absl::StrCat("r", i), absl::StrCat("v", i)));
  EXPECT_THAT(Sequences(schedule_.Take(2)), ElementsAre(1, 2, 3));
  EXPECT_THAT(Sequences(schedule_.Take(2)), ElementsAre(4, 5));
}

TEST_F(ScheduleTest, WhatIsDroppedOrTakenOutStandsInNobodysWay) {
  Add(1, "create_namespace { namespace: 'red' }");
  Add(2, "create_namespace { namespace: 'red' }");
  Add(3, "create_namespace { namespace: 'red' }");
  ASSERT_THAT(Take(), ElementsAre(1));
  EXPECT_TRUE(schedule_.Remove(2));
  EXPECT_FALSE(schedule_.Remove(2));
  EXPECT_FALSE(schedule_.Remove(1)) << "it runs";
  schedule_.Finish(1);
  EXPECT_TRUE(schedule_.ready());
  schedule_.DropQueued();
  EXPECT_FALSE(schedule_.ready());
  EXPECT_EQ(schedule_.StateOf(3), Schedule::State::kUnknown);
  Add(3, "create_namespace { namespace: 'red' }");
  EXPECT_THAT(Take(), ElementsAre(3));
}

}  // namespace
}  // namespace warren::executor
