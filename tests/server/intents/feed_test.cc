// What WatchIntents is told.

#include "tests/server/intents/queue_test.h"

namespace warren::intents {
namespace {

using absl::StatusCode;
using testing::ElementsAre;
using testing::IsEmpty;

constexpr char kId[] = "123e4567-e89b-42d3-a456-426614174000";

class FeedTest : public QueueTest {
 protected:
  // A watch of every host.
  class Watch {
   public:
    Watch(Intents& queue, int64_t after) {
      auto cursor = queue.feed().Open("-", after, [this] {
        MutexLock lock(&mutex_);
        woken_ = true;
        changed_.SignalAll();
      });
      EXPECT_TRUE(cursor.ok()) << cursor.status();
      if (cursor.ok()) cursor_ = *std::move(cursor);
    }
    // The next events, at least `count`: type, name and state.
    std::vector<v1::IntentEvent> Await(size_t count) {
      std::vector<v1::IntentEvent> told;
      while (told.size() < count) {
        auto batch = cursor_->Take(100, 1 << 20);
        EXPECT_TRUE(batch.ok()) << batch.status();
        if (!batch.ok()) break;
        if (batch->revision != 0) revision_ = batch->revision;
        for (const auto& event : batch->events) {
          v1::IntentEvent decoded;
          EXPECT_TRUE(decoded.ParseFromString(event->now == nullptr ? event->deleted : event->changed));
          told.push_back(std::move(decoded));
        }
        if (!batch->events.empty()) continue;
        MutexLock lock(&mutex_);
        while (!woken_) changed_.Wait(&mutex_);
        woken_ = false;
      }
      return told;
    }
    int64_t revision() const { return revision_; }

   private:
    Mutex mutex_;
    CondVar changed_;
    bool woken_ ABSL_GUARDED_BY(mutex_) = false;
    int64_t revision_ = 0;
    std::unique_ptr<feed::Cursor> cursor_;
  };

  static std::vector<std::string> Lines(const std::vector<v1::IntentEvent>& events) {
    std::vector<std::string> lines;
    for (const v1::IntentEvent& event : events) {
      lines.push_back(
          absl::StrCat(v1::IntentEvent::Type_Name(event.type()), " ", v1::Intent::State_Name(event.intent().state())));
    }
    return lines;
  }
};
INSTANTIATE_TEST_SUITE_P(Stores, FeedTest, Stores(), StoreName);

TEST_P(FeedTest, AnIntentsWholeLifeIsToldInOrder) {
  Watch watch(queue(), 0);
  queue().HostConnected("h1", 1);
  const v1::Intent intent = MustAccept("h1", "a");
  auto told = watch.Await(1);
  queue().Started("h1", {intent.sequence()});
  for (auto& event : watch.Await(1)) told.push_back(event);
  Finish(intent);
  for (auto& event : watch.Await(1)) told.push_back(event);
  EXPECT_THAT(Lines(told), ElementsAre("CHANGED QUEUED", "CHANGED RUNNING", "CHANGED SUCCEEDED"));
  const v1::Intent finished = Get(intent);
  EXPECT_EQ(told[2].intent().SerializeAsString(), finished.SerializeAsString()) << "as GetIntent shows it";
  EXPECT_EQ(told[0].intent().name(), intent.name());
  EXPECT_EQ(told[0].intent().sequence(), intent.sequence());
  EXPECT_EQ(told[1].intent().sequence(), intent.sequence());
  EXPECT_GT(told[0].revision(), 0);
  EXPECT_EQ(told[1].revision(), 0) << "best effort";
  EXPECT_GT(told[2].revision(), told[0].revision());
  EXPECT_EQ(watch.revision(), told[2].revision());
}

TEST_P(FeedTest, ItemsOfABatchShareARevisionAndKeepTheirSequences) {
  Watch watch(queue(), 0);
  std::vector<AcceptRequest> requests = {Request("h1", "a"), Request("h2", "b"), Request("h1", "c")};
  queue().AcceptBatch(std::move(requests), false, [](const absl::StatusOr<std::vector<v1::Intent>>&) {});
  const auto told = watch.Await(3);
  for (const v1::IntentEvent& event : told) EXPECT_EQ(event.revision(), told[0].revision());
  EXPECT_LT(told[0].intent().sequence(), told[1].intent().sequence());
  EXPECT_LT(told[1].intent().sequence(), told[2].intent().sequence());
}

TEST_P(FeedTest, RetiredIntentsAreToldOfAsDeleted) {
  queue().HostConnected("h1", 1);
  const v1::Intent intent = MustAccept("h1", "a");
  Finish(intent);
  WaitFor(intent);
  Watch watch(queue(), 0);
  watch.Await(2);
  clock_.Advance(absl::Hours(8 * 24));
  queue().RetireDue();
  const auto told = watch.Await(1);
  EXPECT_EQ(told[0].type(), v1::IntentEvent::DELETED);
  EXPECT_EQ(told[0].intent().name(), intent.name());
  EXPECT_EQ(told[0].intent().operations_size(), 0);
}

TEST_P(FeedTest, AWatchGoesOnAfterARestart) {
  const v1::Intent a = MustAccept("h1", "a");
  const int64_t seen = Watch(queue(), 0).Await(1)[0].revision();
  const v1::Intent b = MustAccept("h1", "b");
  Restart();
  const v1::Intent c = MustAccept("h1", "c");
  const auto told = Watch(queue(), seen).Await(2);
  ASSERT_EQ(told.size(), 2u);
  EXPECT_EQ(told[0].intent().name(), b.name());
  EXPECT_EQ(told[1].intent().name(), c.name());
}

TEST_P(FeedTest, WhatWasCompactedAwayIsOutOfRangeAfterARestart) {
  MustAccept("h1", "a");
  MustAccept("h1", "b");
  ASSERT_TRUE(store_->kv().Compact(store_->kv().Revision()).ok());
  Restart();
  EXPECT_THAT(queue().feed().Open("-", 1, [] {}).status(), Fails(StatusCode::kOutOfRange, ""));
}

TEST_P(FeedTest, FiltersSeeWhatItIsAndWhatItWas) {
  queue().HostConnected("h1", 1);
  directory_.Label("h1", "rack", "a1");
  Watch watch(queue(), 0);
  const v1::Intent intent = MustAccept(Request("h1", "a", kId));
  Finish(intent, v1::Intent::FAILED);
  WaitFor(intent);
  auto cursor = queue().feed().Open("h1", 0, [] {});
  ASSERT_TRUE(cursor.ok()) << cursor.status();
  watch.Await(2);
  const auto batch = (*cursor)->Take(10, 1 << 20);
  ASSERT_EQ(batch->events.size(), 2u);
  const auto matches = [&](const std::string& text, const filter::Subject& subject) {
    return filter::Filter::Parse(text, Intents::FilterSchema())->Matches(subject);
  };
  const auto& accepted = *batch->events[0];
  EXPECT_TRUE(accepted.deleted.empty()) << "it was shown to nobody before";
  EXPECT_TRUE(matches("state = QUEUED AND labels.rack = a1 AND host = h1", *accepted.now));
  const auto& failed = *batch->events[1];
  EXPECT_TRUE(matches(absl::StrCat("state = FAILED AND name = ", kId), *failed.now));
  EXPECT_TRUE(matches("state = QUEUED", *failed.before));
  EXPECT_TRUE(matches("state = RUNNING", *failed.or_before));
}

TEST_P(FeedTest, StoppingEndsEveryWatch) {
  auto cursor = queue().feed().Open("-", 0, [] {});
  ASSERT_TRUE(cursor.ok());
  queue().Stop();
  EXPECT_THAT((*cursor)->Take(1, 1), Fails(StatusCode::kUnavailable, "stopping"));
  EXPECT_THAT(queue().feed().Open("-", 0, [] {}).status(), Fails(StatusCode::kUnavailable, "stopping"));
}

}  // namespace
}  // namespace warren::intents
