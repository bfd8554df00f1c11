#include "server/hosts/host_feed.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "absl/strings/str_cat.h"
#include "proto/common/mutex.h"
#include "proto/common/status_payload.h"
#include "server/hosts/host_records.h"
#include "tests/fakes/memory_kv.h"

namespace warren::hosts {
namespace {

using ::testing::ElementsAre;
using ::testing::IsEmpty;

v1::Host Record(const std::string& host, const std::string& boot, bool connected = true) {
  v1::Host record;
  record.set_name("hosts/" + host);
  record.set_boot_id(boot);
  record.set_connected(connected);
  return record;
}

// A watch that writes down what it is told: "CHANGED h1 b1", "DELETED h1".
class Watcher {
 public:
  Watcher(feed::Feed& feed, int64_t after) : bell_(std::make_shared<Bell>()) {
    auto opened = feed.Open("-", after, [bell = bell_] {
      MutexLock lock(&bell->mutex);
      bell->rung = true;
      bell->changed.SignalAll();
    });
    status_ = opened.status();
    if (opened.ok()) cursor_ = *std::move(opened);
  }
  const absl::Status& status() const { return status_; }

  // The next so many events.
  std::vector<std::string> Take(size_t count) {
    std::vector<std::string> all;
    while (all.size() < count && status_.ok()) {
      auto batch = cursor_->Take(count - all.size(), 1 << 20);
      if (!batch.ok()) {
        status_ = batch.status();
        break;
      }
      if (batch->revision != 0) revision_ = batch->revision;
      for (const auto& event : batch->events) all.push_back(Text(*event));
      if (batch->empty()) bell_->Wait();
    }
    return all;
  }
  int64_t revision() const { return revision_; }
  const v1::HostEvent& last() const { return last_; }
  const feed::Event& last_event() const { return *last_event_; }

 private:
  struct Bell {
    void Wait() {
      MutexLock lock(&mutex);
      while (!rung) changed.Wait(&mutex);
      rung = false;
    }
    Mutex mutex;
    CondVar changed;
    bool rung ABSL_GUARDED_BY(mutex) = false;
  };

  std::string Text(const feed::Event& event) {
    last_event_ = std::make_shared<feed::Event>(event);
    EXPECT_TRUE(last_.ParseFromString(event.now != nullptr ? event.changed : event.deleted));
    EXPECT_EQ(last_.revision(), event.revision);
    EXPECT_EQ(last_.host().name(), "hosts/" + event.host);
    std::string text = absl::StrCat(v1::HostEvent::Type_Name(last_.type()), " ", event.host);
    if (event.now != nullptr)
      absl::StrAppend(&text, " ", last_.host().boot_id(), last_.host().connected() ? "" : " away");
    return text;
  }

  const std::shared_ptr<Bell> bell_;
  std::unique_ptr<feed::Cursor> cursor_;
  absl::Status status_;
  int64_t revision_ = 0;
  v1::HostEvent last_;
  std::shared_ptr<feed::Event> last_event_;
};

class HostFeedTest : public ::testing::Test {
 protected:
  HostFeedTest() {
    options_.tend_interval = absl::Hours(1);  // tests bring their own time
    options_.start_patience = absl::Hours(1);
  }

  void Open() {
    feed_.reset();
    auto opened = HostFeed::Open(kv_, options_);
    ASSERT_TRUE(opened.ok()) << opened.status();
    feed_ = *std::move(opened);
    ASSERT_TRUE(feed_->ready().ok()) << feed_->ready();
  }
  int64_t Put(const v1::Host& record) {
    return Commit(store::Mutation::Put(RecordKey(record.name().substr(6)), record.SerializeAsString()));
  }
  int64_t Delete(const std::string& host) { return Commit(store::Mutation::Delete(RecordKey(host))); }
  int64_t Commit(store::Mutation mutation) {
    store::Transaction transaction;
    transaction.mutations.push_back(std::move(mutation));
    const auto committed = kv_.CommitAndWait(std::move(transaction));
    EXPECT_TRUE(committed.ok()) << committed.status();
    return committed.ok() ? committed->revision : 0;
  }
  std::vector<std::string> Snapshot() const {
    std::vector<std::string> names;
    for (const auto& record : feed_->Snapshot()) names.push_back(absl::StrCat(record->name(), " ", record->boot_id()));
    return names;
  }

  store::MemoryKv kv_;
  HostFeed::Options options_;
  std::unique_ptr<HostFeed> feed_;
};

TEST_F(HostFeedTest, TellsEveryChangeOfARowWithTheStoresRevision) {
  Open();
  Watcher watcher(feed_->feed(), -1);
  Put(Record("h1", "b1"));
  Commit(store::Mutation::Put("i/h1/1", "an intent is no host"));
  Put(Record("h1", "b1", false));
  const int64_t last = Put(Record("h2", "b1"));
  EXPECT_THAT(watcher.Take(3), ElementsAre("CHANGED h1 b1", "CHANGED h1 b1 away", "CHANGED h2 b1"));
  EXPECT_EQ(watcher.revision(), last);
  Delete("h1");
  EXPECT_THAT(watcher.Take(1), ElementsAre("DELETED h1"));
  EXPECT_EQ(watcher.last().host().boot_id(), "") << "only its name is told";
  EXPECT_THAT(Snapshot(), ElementsAre("hosts/h2 b1"));
}

TEST_F(HostFeedTest, SeveralHostsOfOneCommitAreToldWithOneRevision) {
  Open();
  Watcher watcher(feed_->feed(), -1);
  store::Transaction transaction;
  for (const char* host : {"h1", "h2"}) {
    transaction.mutations.push_back(store::Mutation::Put(RecordKey(host), Record(host, "b").SerializeAsString()));
  }
  const auto committed = kv_.CommitAndWait(std::move(transaction));
  ASSERT_TRUE(committed.ok());
  EXPECT_THAT(watcher.Take(2), ElementsAre("CHANGED h1 b", "CHANGED h2 b"));
  EXPECT_EQ(watcher.revision(), committed->revision);
}

TEST_F(HostFeedTest, AnotherBootIsAReboot) {
  Open();
  Watcher watcher(feed_->feed(), -1);
  Put(Record("h1", "b1"));
  Put(Record("h1", "b2"));
  Put(Record("h1", "b2", false));
  EXPECT_THAT(watcher.Take(3), ElementsAre("CHANGED h1 b1", "REBOOTED h1 b2", "CHANGED h1 b2 away"));
  Delete("h1");
  Put(Record("h1", "b3"));
  EXPECT_THAT(watcher.Take(2), ElementsAre("DELETED h1", "CHANGED h1 b3")) << "a new host has no boot before";
}

TEST_F(HostFeedTest, AnEventSaysWhatTheHostWasBefore) {
  Open();
  const auto connected =
      filter::Filter::Parse("connected = true", filter::Schema{{"connected", filter::Type::kBool, {}}});
  Watcher watcher(feed_->feed(), -1);
  Put(Record("h1", "b1"));
  watcher.Take(1);
  EXPECT_EQ(watcher.last_event().before, nullptr);
  EXPECT_EQ(watcher.last_event().deleted, "") << "nobody was shown a host that is new";
  Put(Record("h1", "b1", false));
  watcher.Take(1);
  ASSERT_NE(watcher.last_event().before, nullptr);
  EXPECT_EQ(std::get<bool>(watcher.last_event().before->Get(2, "")), true);
  EXPECT_EQ(std::get<bool>(watcher.last_event().now->Get(2, "")), false);
  EXPECT_NE(watcher.last_event().deleted, "");
}

TEST_F(HostFeedTest, EventsAreDescribedAsOfTheirTime) {
  options_.describe = [](v1::Host& host) { host.set_queued_intents(host.name() == "hosts/h1" ? 7 : 0); };
  Open();
  Watcher watcher(feed_->feed(), -1);
  Put(Record("h1", "b1"));
  watcher.Take(1);
  EXPECT_EQ(watcher.last().host().queued_intents(), 7);
  EXPECT_EQ(feed_->Snapshot()[0]->queued_intents(), 0);
  EXPECT_EQ(feed_->Describe(*feed_->Snapshot()[0]).queued_intents(), 7);
}

TEST_F(HostFeedTest, AWatchGoesOnAcrossARestart) {
  Open();
  Put(Record("h1", "b1"));
  const int64_t seen = Put(Record("h2", "b1"));
  Put(Record("h1", "b2"));
  Delete("h2");
  Open();
  Watcher watcher(feed_->feed(), seen);
  ASSERT_TRUE(watcher.status().ok()) << watcher.status();
  EXPECT_THAT(watcher.Take(2), ElementsAre("REBOOTED h1 b2", "DELETED h2"));
  EXPECT_THAT(Snapshot(), ElementsAre("hosts/h1 b2"));
}

TEST_F(HostFeedTest, ARevisionThatWasCompactedIsToldSoAfterARestart) {
  Open();
  const int64_t seen = Put(Record("h1", "b1"));
  Put(Record("h1", "b1", false));
  const int64_t kept = Put(Record("h2", "b1"));
  ASSERT_TRUE(kv_.Compact(kept).ok());
  Open();
  EXPECT_EQ(Watcher(feed_->feed(), seen).status().code(), absl::StatusCode::kOutOfRange);
  Watcher watcher(feed_->feed(), kept);
  ASSERT_TRUE(watcher.status().ok()) << watcher.status();
  EXPECT_THAT(Snapshot(), ElementsAre("hosts/h1 b1", "hosts/h2 b1")) << "what was there before the log begins";
  Put(Record("h1", "b2"));
  EXPECT_THAT(watcher.Take(1), ElementsAre("REBOOTED h1 b2"));
}

TEST_F(HostFeedTest, NoMoreThanTheLastRevisionsAreReadAgain) {
  options_.max_replay = 3;
  const int64_t early = Put(Record("h1", "b1"));
  for (int i = 0; i < 4; ++i) Commit(store::Mutation::Put("i/h1/1", std::to_string(i)));
  const int64_t late = Put(Record("h1", "b2"));
  Put(Record("h1", "b3"));
  Open();
  EXPECT_EQ(Watcher(feed_->feed(), early).status().code(), absl::StatusCode::kOutOfRange);
  Watcher watcher(feed_->feed(), late);
  ASSERT_TRUE(watcher.status().ok()) << watcher.status();
  EXPECT_THAT(watcher.Take(1), ElementsAre("REBOOTED h1 b3"));
}

TEST_F(HostFeedTest, WithoutAStoreThatCanBeWrittenItBeginsWithThePresent) {
  Put(Record("h1", "b1"));
  kv_.FailWith(absl::ResourceExhaustedError("disk full"));
  Open();
  EXPECT_THAT(Snapshot(), ElementsAre("hosts/h1 b1"));
  kv_.FailWith(absl::OkStatus());
  Watcher watcher(feed_->feed(), -1);
  Put(Record("h1", "b2"));
  EXPECT_THAT(watcher.Take(1), ElementsAre("REBOOTED h1 b2"));
}

TEST_F(HostFeedTest, TheRevisionMovesOnThoughNothingHappensToHosts) {
  options_.advance_every = 3;
  Open();
  Watcher settled(feed_->feed(), -1);
  Put(Record("h1", "b1"));
  settled.Take(1);
  const int64_t before = feed_->feed().revision();
  for (int i = 0; i < 2; ++i) Commit(store::Mutation::Put("i/h1/1", std::to_string(i)));
  feed_->Tend();
  EXPECT_EQ(kv_.Revision(), before + 2) << "not yet";
  Commit(store::Mutation::Put("i/h1/1", "more"));
  feed_->Tend();
  const int64_t marked = kv_.Revision();
  EXPECT_EQ(marked, before + 4);
  // The next event comes after the mark: both have been told then.
  Put(Record("h1", "b2"));
  EXPECT_THAT(settled.Take(1), ElementsAre("REBOOTED h1 b2")) << "and the mark is no host";
  EXPECT_THAT(Snapshot(), ElementsAre("hosts/h1 b2"));
  EXPECT_TRUE(Watcher(feed_->feed(), marked).status().ok());
}

TEST_F(HostFeedTest, ClosingEndsEveryWatch) {
  Open();
  Watcher watcher(feed_->feed(), -1);
  feed_->Close();
  EXPECT_THAT(watcher.Take(1), IsEmpty());
  EXPECT_EQ(watcher.status().code(), absl::StatusCode::kUnavailable);
  EXPECT_EQ(ReasonOf(watcher.status()), "SERVER_STOPPING");
}

// A store whose watches break off when the test says so.
class BreakingKv : public store::MemoryKv {
 public:
  absl::StatusOr<std::unique_ptr<store::WatchHandle>> Watch(std::string_view prefix, int64_t from_revision,
                                                            store::WatchCallback callback) override {
    {
      MutexLock lock(&mutex_);
      if (!failure_.ok()) return failure_;
    }
    return store::MemoryKv::Watch(prefix, from_revision, [this, callback](absl::StatusOr<store::WatchEvents> events) {
      absl::Status failure;
      {
        MutexLock lock(&mutex_);
        failure = failure_;
        if (broken_) return;  // an error is the last call
        broken_ = !failure.ok();
      }
      failure.ok() ? callback(std::move(events)) : callback(failure);
      MutexLock lock(&mutex_);
      told_broken_ = broken_;
      changed_.SignalAll();
    });
  }
  void Break(absl::Status failure) {
    MutexLock lock(&mutex_);
    failure_ = std::move(failure);
  }
  void WaitUntilBroken() {
    MutexLock lock(&mutex_);
    while (!told_broken_) changed_.Wait(&mutex_);
  }
  void Mend() {
    MutexLock lock(&mutex_);
    failure_ = absl::OkStatus();
    broken_ = told_broken_ = false;
  }

 private:
  Mutex mutex_;
  CondVar changed_;
  absl::Status failure_ ABSL_GUARDED_BY(mutex_);
  bool broken_ ABSL_GUARDED_BY(mutex_) = false;
  bool told_broken_ ABSL_GUARDED_BY(mutex_) = false;
};

class BrokenFeedTest : public ::testing::TestWithParam<absl::StatusCode> {};

TEST_P(BrokenFeedTest, GoesOnWithoutLosingAChange) {
  BreakingKv kv;
  HostFeed::Options options;
  options.tend_interval = absl::Hours(1);
  auto feed = HostFeed::Open(kv, options);
  ASSERT_TRUE(feed.ok());
  const auto commit = [&](std::vector<store::Mutation> mutations) {
    ASSERT_TRUE(kv.CommitAndWait({.compares = {}, .mutations = std::move(mutations)}).ok());
  };
  const auto put = [](const v1::Host& record) {
    return store::Mutation::Put(RecordKey(record.name().substr(6)), record.SerializeAsString());
  };
  Watcher watcher((*feed)->feed(), -1);
  commit({put(Record("h1", "b1")), put(Record("h2", "b1")), put(Record("h4", "b1"))});
  EXPECT_EQ(watcher.Take(3).size(), 3u);
  kv.Break(absl::Status(GetParam(), "broken"));
  commit({put(Record("h1", "b2")), store::Mutation::Delete(RecordKey("h2")), put(Record("h3", "b1"))});
  kv.WaitUntilBroken();
  (*feed)->Tend();  // still broken
  kv.Mend();
  (*feed)->Tend();
  (*feed)->Tend();
  EXPECT_THAT(watcher.Take(3), ::testing::UnorderedElementsAre("REBOOTED h1 b2", "DELETED h2", "CHANGED h3 b1"));
  commit({put(Record("h4", "b1", false))});
  EXPECT_THAT(watcher.Take(1), ElementsAre("CHANGED h4 b1 away"));
}

INSTANTIATE_TEST_SUITE_P(All, BrokenFeedTest,
                         ::testing::Values(absl::StatusCode::kOutOfRange, absl::StatusCode::kUnavailable));

}  // namespace
}  // namespace warren::hosts
