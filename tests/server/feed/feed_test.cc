#include "server/feed/feed.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <memory>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "proto/common/status_payload.h"

namespace warren::feed {
namespace {

using ::testing::ElementsAre;
using ::testing::HasSubstr;
using ::testing::IsEmpty;

constexpr size_t kMany = 1000;
constexpr size_t kHuge = size_t{1} << 30;
// What MakeEvent's events take.
constexpr size_t kEventBytes = 1000;

EventPtr MakeEvent(int64_t revision, const std::string& text, const std::string& host = "h1") {
  auto event = std::make_shared<Event>();
  event->revision = revision;
  event->host = host;
  event->changed = text;
  event->subject_bytes = kEventBytes - event->Bytes();
  return event;
}

std::vector<std::string> Texts(const Cursor::Batch& batch) {
  std::vector<std::string> texts;
  for (const EventPtr& event : batch.events) texts.push_back(event->changed);
  return texts;
}

class FeedTest : public ::testing::Test {
 protected:
  struct Watch {
    std::unique_ptr<Cursor> cursor;
    std::shared_ptr<int> wakes = std::make_shared<int>(0);

    Cursor::Batch Take(size_t max_events = kMany, size_t max_bytes = kHuge) {
      auto batch = cursor->Take(max_events, max_bytes);
      EXPECT_TRUE(batch.ok()) << batch.status();
      return batch.ok() ? *batch : Cursor::Batch();
    }
    absl::Status TakeError() { return cursor->Take(kMany, kHuge).status(); }
  };

  FeedTest() { Make(Options()); }
  void Make(Options options, int64_t revision = 100) { feed_.emplace(std::move(options), revision); }
  static Options Ring(size_t events) {
    Options options;
    options.max_bytes = events * kEventBytes;
    return options;
  }
  Watch Open(int64_t after = -1, const std::string& host = "-") {
    Watch watch;
    auto cursor = feed_->Open(host, after, [wakes = watch.wakes] { ++*wakes; });
    EXPECT_TRUE(cursor.ok()) << cursor.status();
    if (cursor.ok()) watch.cursor = *std::move(cursor);
    return watch;
  }
  absl::Status OpenError(int64_t after) {
    return feed_->Open("-", after, [] {}).status();
  }
  void Append(int64_t revision, const std::vector<std::string>& texts, const std::string& host = "h1") {
    std::vector<EventPtr> events;
    for (const std::string& text : texts) events.push_back(MakeEvent(revision, text, host));
    feed_->Append(revision, std::move(events));
  }

  std::optional<Feed> feed_;
};

TEST_F(FeedTest, EventsComeInOrderWithTheRevisionTheyLeadTo) {
  Watch watch = Open();
  EXPECT_EQ(watch.cursor->revision(), 100);
  Append(101, {"a"});
  Append(105, {"b"});
  const auto batch = watch.Take();
  EXPECT_THAT(Texts(batch), ElementsAre("a", "b"));
  EXPECT_EQ(batch.revision, 105);
  EXPECT_TRUE(watch.Take().empty());
}

TEST_F(FeedTest, ABatchIsAsLargeAsAskedButNeverNothing) {
  Watch watch = Open();
  Append(101, {"a"});
  Append(102, {"b"});
  Append(103, {"c"});
  EXPECT_THAT(Texts(watch.Take(2)), ElementsAre("a", "b"));
  EXPECT_THAT(Texts(watch.Take(kMany, 1)), ElementsAre("c"));
  Append(104, {"d"});
  Append(105, {"e"});
  EXPECT_THAT(Texts(watch.Take(kMany, kEventBytes)), ElementsAre("d"));
}

TEST_F(FeedTest, ARevisionIsToldOnlyWithTheLastOfItsEvents) {
  Watch watch = Open();
  Append(101, {"a", "b", "c"});
  EXPECT_EQ(watch.Take(1).revision, 100);
  EXPECT_EQ(watch.Take(1).revision, 100);
  EXPECT_EQ(watch.Take(1).revision, 101);
}

TEST_F(FeedTest, AWatchThatGoesOnGetsAllOfARevisionThatItSawInPart) {
  Append(101, {"a", "b"});
  Append(102, {"c", "d"});
  EXPECT_THAT(Texts(Open(100).Take()), ElementsAre("a", "b", "c", "d"));
  EXPECT_THAT(Texts(Open(101).Take()), ElementsAre("c", "d"));
  EXPECT_TRUE(Open(102).Take().empty());
}

TEST_F(FeedTest, ARevisionBetweenTwoEventsIsOneToGoOnAfter) {
  Append(101, {"a"});
  Append(110, {"b"});
  feed_->Advance(120);
  EXPECT_THAT(Texts(Open(105).Take()), ElementsAre("b"));
  EXPECT_TRUE(Open(115).Take().empty());
  EXPECT_EQ(Open().cursor->revision(), 120);
}

TEST_F(FeedTest, OtherRevisionsAreOutOfRangeAndSayWhatToDo) {
  const absl::Status before = OpenError(99);
  EXPECT_EQ(before.code(), absl::StatusCode::kOutOfRange);
  EXPECT_EQ(ReasonOf(before), "REVISION_COMPACTED");
  EXPECT_THAT(before.message(), HasSubstr("watch again without after_revision"));
  const absl::Status future = OpenError(101);
  EXPECT_EQ(future.code(), absl::StatusCode::kOutOfRange);
  EXPECT_EQ(ReasonOf(future), "REVISION_UNKNOWN");
}

TEST_F(FeedTest, WhatFellOffTheRingIsOutOfRange) {
  Make(Ring(2));
  Append(101, {"a"});
  Append(102, {"b"});
  Append(103, {"c"});
  EXPECT_EQ(feed_->stats().events, 2u);
  EXPECT_EQ(feed_->stats().first_revision, 101);
  EXPECT_EQ(OpenError(100).code(), absl::StatusCode::kOutOfRange);
  EXPECT_THAT(Texts(Open(101).Take()), ElementsAre("b", "c"));
}

TEST_F(FeedTest, ARevisionOfWhichOnlyAPartIsLeftCannotBeGoneOnBefore) {
  Make(Ring(2));
  Append(101, {"a", "b"});
  Append(102, {"c"});
  EXPECT_EQ(OpenError(100).code(), absl::StatusCode::kOutOfRange);
  EXPECT_THAT(Texts(Open(101).Take()), ElementsAre("c"));
}

TEST_F(FeedTest, WhatWasAppendedLastIsKeptWhateverItTakes) {
  Make(Ring(1));
  Append(101, {"a", "b", "c"});
  EXPECT_THAT(Texts(Open(100).Take()), ElementsAre("a", "b", "c"));
  Append(102, {"d"});
  EXPECT_EQ(feed_->stats().events, 1u);
}

TEST_F(FeedTest, BestEffortEventsAreNotToldAgain) {
  Watch watch = Open();
  Append(101, {"a"});
  Append(0, {"running"});
  const auto batch = watch.Take();
  EXPECT_THAT(Texts(batch), ElementsAre("a", "running"));
  EXPECT_EQ(batch.revision, 101);
  EXPECT_TRUE(Open(101).Take().empty());
  Append(102, {"b"});
  EXPECT_THAT(Texts(Open(101).Take()), ElementsAre("b"));
  EXPECT_THAT(Texts(Open(100).Take()), ElementsAre("a", "running", "b"));
}

TEST_F(FeedTest, BestEffortEventsAreBoundedTooAndCompactNothing) {
  Make(Ring(3));
  for (int i = 0; i < 10; ++i) Append(0, {"running"});
  EXPECT_EQ(feed_->stats().events, 3u);
  EXPECT_EQ(feed_->stats().first_revision, 100);
  EXPECT_TRUE(OpenError(100).ok());
}

TEST_F(FeedTest, AWatchOfOneHostSeesOnlyThatAndIsNotWokenByOthers) {
  Watch one = Open(-1, "h1");
  Watch all = Open();
  EXPECT_TRUE(one.Take().empty());
  EXPECT_TRUE(all.Take().empty());
  Append(101, {"a"}, "h2");
  EXPECT_EQ(*one.wakes, 0);
  EXPECT_EQ(*all.wakes, 1);
  Append(102, {"b"}, "h1");
  EXPECT_EQ(*one.wakes, 1);
  const auto batch = one.Take();
  EXPECT_THAT(Texts(batch), ElementsAre("b"));
  EXPECT_EQ(batch.revision, 102);
  EXPECT_THAT(Texts(all.Take()), ElementsAre("a", "b"));
}

TEST_F(FeedTest, AWatchPassesOverManyEventsOfOtherHosts) {
  Watch watch = Open(-1, "h1");
  for (int i = 0; i < 5000; ++i) Append(101 + i, {"x"}, "h2");
  Append(6000, {"a"}, "h1");
  const auto batch = watch.Take();
  EXPECT_THAT(Texts(batch), ElementsAre("a"));
  EXPECT_EQ(batch.revision, 6000);
}

TEST_F(FeedTest, WakeComesOnceAfterEachEmptyTake) {
  Watch watch = Open();
  Append(101, {"a"});
  EXPECT_EQ(*watch.wakes, 0) << "it has not asked yet";
  EXPECT_THAT(Texts(watch.Take()), ElementsAre("a"));
  EXPECT_TRUE(watch.Take().empty());
  EXPECT_TRUE(watch.Take().empty()) << "asking twice changes nothing";
  Append(102, {"b", "c"});
  Append(103, {"d"});
  EXPECT_EQ(*watch.wakes, 1);
  EXPECT_THAT(Texts(watch.Take()), ElementsAre("b", "c", "d"));
  EXPECT_TRUE(watch.Take().empty());
  Append(104, {"e"});
  EXPECT_EQ(*watch.wakes, 2);
}

TEST_F(FeedTest, ANewerRevisionAloneWakesNobodyButIsToldWithTheNextEvent) {
  Watch watch = Open();
  EXPECT_TRUE(watch.Take().empty());
  feed_->Advance(500);
  EXPECT_EQ(*watch.wakes, 0);
  EXPECT_TRUE(watch.Take().empty());
  Append(501, {"a"});
  feed_->Advance(600);
  EXPECT_EQ(watch.Take().revision, 600);
}

TEST_F(FeedTest, AnIdleWatchLearnsANewerRevisionBeforeItsOwnIsGone) {
  Make(Ring(10));
  Watch watch = Open(-1, "h1");
  EXPECT_TRUE(watch.Take().empty());
  int64_t told = 100;
  int64_t told_times = 0;
  for (int64_t revision = 101; revision <= 200; ++revision) {
    Append(revision, {"x"}, "h2");
    if (*watch.wakes > 0) {
      *watch.wakes = 0;
      const auto batch = watch.Take();
      EXPECT_THAT(batch.events, IsEmpty());
      EXPECT_EQ(batch.revision, revision);
      told = batch.revision;
      ++told_times;
      EXPECT_TRUE(watch.Take().empty());
    }
    EXPECT_TRUE(OpenError(told).ok()) << "told " << told << " at " << revision;
  }
  EXPECT_GE(told_times, 10);
  EXPECT_LE(told_times, 25) << "about once for each half of the ring";
  EXPECT_EQ(feed_->stats().cut, 0u);
}

TEST_F(FeedTest, AWatchThatIsShownNothingLearnsANewerRevisionToo) {
  Make(Ring(10));
  Watch watch = Open();
  int64_t told = 100;
  for (int64_t revision = 101; revision <= 200; ++revision) {
    Append(revision, {"x"});
    for (auto batch = watch.Take(); !batch.empty(); batch = watch.Take()) {
      if (batch.events.empty()) {
        told = batch.revision;
      } else {
        watch.cursor->NotTold();
      }
    }
    EXPECT_TRUE(OpenError(told).ok()) << "told " << told << " at " << revision;
  }
  EXPECT_GT(told, 190);
}

TEST_F(FeedTest, ASlowWatchIsCutOnceAndOnlyThatOne) {
  Make(Ring(3));
  Watch slow = Open();
  Watch quick = Open();
  Watch other = Open(-1, "h2");
  for (int64_t revision = 101; revision <= 103; ++revision) Append(revision, {"x"});
  quick.Take();
  EXPECT_EQ(*slow.wakes, 0);
  EXPECT_TRUE(slow.cursor->status().ok());
  for (int64_t revision = 104; revision <= 130; ++revision) {
    Append(revision, {"y"});
    quick.Take();
    EXPECT_EQ(feed_->stats().events, 3u) << "nothing grows for the slow one";
  }
  EXPECT_EQ(*slow.wakes, 1) << "told at once, though it waits for nothing";
  EXPECT_EQ(feed_->stats().cut, 1u);
  const absl::Status why = slow.TakeError();
  EXPECT_EQ(why.code(), absl::StatusCode::kResourceExhausted);
  EXPECT_EQ(ReasonOf(why), "SLOW_WATCH");
  EXPECT_EQ(slow.cursor->status(), why);
  EXPECT_EQ(slow.TakeError(), why) << "for ever";
  EXPECT_TRUE(quick.cursor->status().ok());
  EXPECT_TRUE(other.cursor->status().ok()) << "nothing of its host was lost";
  Append(131, {"z"}, "h2");
  EXPECT_THAT(Texts(other.Take()), ElementsAre("z"));
}

TEST_F(FeedTest, CloseIsToldAfterWhatIsLeft) {
  Watch reading = Open();
  Watch waiting = Open();
  Append(101, {"a"});
  waiting.Take();
  EXPECT_TRUE(waiting.Take().empty());
  const absl::Status why = absl::UnavailableError("stopping");
  feed_->Close(why);
  feed_->Close(absl::InternalError("the first counts"));
  EXPECT_EQ(*reading.wakes, 1);
  EXPECT_EQ(*waiting.wakes, 1);
  EXPECT_EQ(reading.cursor->status(), why);
  EXPECT_THAT(Texts(reading.Take()), ElementsAre("a"));
  EXPECT_EQ(reading.TakeError(), why);
  EXPECT_EQ(waiting.TakeError(), why);
  EXPECT_EQ(OpenError(-1), why);
}

TEST_F(FeedTest, WatchesAreBounded) {
  Options options;
  options.max_watches = 2;
  Make(options);
  Watch first = Open();
  Watch second = Open();
  const absl::Status full = OpenError(-1);
  EXPECT_EQ(full.code(), absl::StatusCode::kResourceExhausted);
  EXPECT_EQ(ReasonOf(full), "TOO_MANY_WATCHES");
  EXPECT_TRUE(full.GetPayload(kRetryInfoUrl).has_value());
  first.cursor.reset();
  EXPECT_EQ(feed_->stats().watches, 1u);
  EXPECT_TRUE(OpenError(-1).ok());
}

TEST_F(FeedTest, ACursorMayTakeAndBeDestroyedInItsWake) {
  std::unique_ptr<Cursor> cursor;
  std::vector<std::string> seen;
  cursor = *feed_->Open("-", -1, [&] {
    seen = Texts(*cursor->Take(kMany, kHuge));
    cursor.reset();
  });
  ASSERT_TRUE(cursor->Take(kMany, kHuge)->empty());
  Append(101, {"a"});
  EXPECT_THAT(seen, ElementsAre("a"));
  EXPECT_EQ(feed_->stats().watches, 0u);
  Append(102, {"b"});
}

TEST_F(FeedTest, ACursorIsGoneInWhateverStateItWas) {
  Make(Ring(1));
  Watch waiting = Open(), reading = Open(), cut = Open();
  waiting.Take();
  Append(101, {"a"});
  Append(102, {"b"});
  waiting = Open();
  waiting.Take();
  reading = Open();
  waiting.cursor.reset();
  reading.cursor.reset();
  EXPECT_EQ(feed_->stats().watches, 1u);
  cut.cursor.reset();
  EXPECT_EQ(feed_->stats().watches, 0u);
  Append(103, {"c"});
  EXPECT_EQ(*waiting.wakes, 0);
}

TEST_F(FeedTest, WhatNobodyWatchesNeedNotBeAppended) {
  absl::Time now = absl::UnixEpoch();
  Options options;
  options.keep_unwatched = absl::Minutes(5);
  options.clock = [&] { return now; };
  Make(options);
  EXPECT_TRUE(feed_->Skip(101)) << "nobody ever watched";
  EXPECT_EQ(OpenError(100).code(), absl::StatusCode::kOutOfRange);
  Watch watch = Open();
  EXPECT_FALSE(feed_->Skip(102));
  Append(102, {"a"});
  watch.cursor.reset();
  now += absl::Minutes(4);
  EXPECT_FALSE(feed_->Skip(103)) << "it may come back";
  Append(103, {"b"});
  EXPECT_THAT(Texts(Open(102).Take()), ElementsAre("b"));
  now += absl::Minutes(5);
  EXPECT_TRUE(feed_->Skip(104));
  EXPECT_EQ(feed_->stats().events, 0u);
  EXPECT_EQ(feed_->stats().bytes, 0u);
  EXPECT_EQ(OpenError(103).code(), absl::StatusCode::kOutOfRange);
  EXPECT_TRUE(OpenError(104).ok());
}

}  // namespace
}  // namespace warren::feed
