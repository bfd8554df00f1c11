#ifndef WARREN_TESTS_SERVER_STORE_KV_CONFORMANCE_H_
#define WARREN_TESTS_SERVER_STORE_KV_CONFORMANCE_H_

// What kv.h promises, as tests that any backend must pass. A backend's test file includes this and instantiates
//   INSTANTIATE_TEST_SUITE_P(MyBackend, KvConformance, testing::Values(MakeMyBackend));
// where MakeMyBackend makes a KvUnderTest with an empty store. Keep what holds of one backend only (files, crashes)
// out.

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <atomic>
#include <cstdint>
#include <map>
#include <memory>
#include <optional>
#include <random>
#include <string>
#include <thread>
#include <utility>
#include <vector>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "absl/strings/str_cat.h"
#include "proto/common/mutex.h"
#include "server/store/kv.h"

namespace warren::store {

// An empty store, and whatever must live as long as it does.
class KvUnderTest {
 public:
  virtual ~KvUnderTest() = default;
  virtual Kv& kv() = 0;
};
// The backend must keep a watch window of at most 64 KiB, so that the suite reaches what lies behind it, and queue at
// least 1,000 transactions.
using MakeKv = std::unique_ptr<KvUnderTest> (*)();

class KvConformance : public testing::TestWithParam<MakeKv> {
 protected:
  KvConformance() : under_test_(GetParam()()), kv_(under_test_->kv()) {}

  int64_t Put(const std::string& key, const std::string& value) { return Must({{}, {Mutation::Put(key, value)}}); }
  int64_t Delete(const std::string& key) { return Must({{}, {Mutation::Delete(key)}}); }
  int64_t Must(Transaction transaction) {
    auto result = kv_.CommitAndWait(std::move(transaction));
    EXPECT_TRUE(result.ok()) << result.status();
    return result.ok() ? result->revision : -1;
  }
  absl::StatusCode Code(Transaction transaction) { return kv_.CommitAndWait(std::move(transaction)).status().code(); }
  // key=value pairs, in the order returned.
  std::vector<std::string> List(RangeRequest request) {
    auto result = kv_.Range(request);
    EXPECT_TRUE(result.ok()) << result.status();
    std::vector<std::string> list;
    if (result.ok()) {
      for (const KeyValue& kv : result->kvs) list.push_back(absl::StrCat(kv.key, "=", kv.value));
    }
    return list;
  }
  std::vector<std::string> ListPrefix(std::string_view prefix, int64_t at_revision = 0) {
    RangeRequest request = RangeRequest::Prefix(prefix);
    request.at_revision = at_revision;
    return List(request);
  }

  std::unique_ptr<KvUnderTest> under_test_;
  Kv& kv_;
};

// What a watch has told, and how to wait for it.
class WatchLog {
 public:
  WatchCallback Callback() {
    return [this](absl::StatusOr<WatchEvents> events) {
      MutexLock lock(&mutex_);
      if (!events.ok()) {
        ended_ = events.status();
      } else {
        ++calls_;
        EXPECT_FALSE(events->events.empty());
        EXPECT_GT(events->events.front()->kv.mod_revision, revision_) << "revisions split over calls, or out of order";
        for (const auto& event : events->events) {
          EXPECT_GE(event->kv.mod_revision, revision_);
          revision_ = event->kv.mod_revision;
          lines_.push_back(event->type == Event::Type::kPut
                               ? absl::StrCat(event->kv.mod_revision, " put ", event->kv.key, "=", event->kv.value)
                               : absl::StrCat(event->kv.mod_revision, " delete ", event->kv.key));
        }
        EXPECT_GE(events->revision, revision_);
        revision_ = events->revision;
      }
      changed_.SignalAll();
    };
  }
  std::vector<std::string> WaitForLines(size_t count) {
    MutexLock lock(&mutex_);
    while (lines_.size() < count && !ended_.has_value()) changed_.Wait(&mutex_);
    return lines_;
  }
  absl::Status WaitForEnd() {
    MutexLock lock(&mutex_);
    while (!ended_.has_value()) changed_.Wait(&mutex_);
    return *ended_;
  }

 private:
  Mutex mutex_;
  CondVar changed_;
  int64_t revision_ ABSL_GUARDED_BY(mutex_) = 0;
  size_t calls_ ABSL_GUARDED_BY(mutex_) = 0;
  std::vector<std::string> lines_ ABSL_GUARDED_BY(mutex_);
  std::optional<absl::Status> ended_ ABSL_GUARDED_BY(mutex_);
};

using testing::ElementsAre;
using testing::HasSubstr;
using testing::IsEmpty;
using testing::SizeIs;

TEST_P(KvConformance, AnEmptyStoreHasRevisionZeroAndNoKeys) {
  EXPECT_EQ(kv_.Revision(), 0);
  EXPECT_THAT(ListPrefix(""), IsEmpty());
  EXPECT_EQ(kv_.Get("a").status().code(), absl::StatusCode::kNotFound);
  EXPECT_TRUE(kv_.Health().ok());
}

TEST_P(KvConformance, AKeyRemembersWhenItWasMadeAndLastPut) {
  const int64_t first = Put("a", "1");
  Put("b", "1");
  const int64_t second = Put("a", "2");
  auto kv = kv_.Get("a");
  ASSERT_TRUE(kv.ok()) << kv.status();
  EXPECT_EQ(kv->value, "2");
  EXPECT_EQ(kv->create_revision, first);
  EXPECT_EQ(kv->mod_revision, second);
  EXPECT_EQ(kv_.Revision(), second);
}

TEST_P(KvConformance, AKeyMadeAgainAfterADeleteHasANewCreateRevision) {
  Put("a", "1");
  Delete("a");
  const int64_t again = Put("a", "2");
  EXPECT_EQ(kv_.Get("a")->create_revision, again);
}

TEST_P(KvConformance, EveryChangingTransactionTakesTheNextRevision) {
  EXPECT_EQ(Put("a", "1"), 1);
  EXPECT_EQ(Must({{}, {Mutation::Put("b", "1"), Mutation::Put("c", "1")}}), 2);
  EXPECT_EQ(Delete("a"), 3);
}

TEST_P(KvConformance, ATransactionThatChangesNothingTakesNoRevision) {
  EXPECT_EQ(Put("a", "1"), 1);
  EXPECT_EQ(Delete("missing"), 1);
  EXPECT_EQ(Must({{}, {Mutation::DeletePrefix("missing")}}), 1);
  EXPECT_EQ(Must({{Compare::Exists("a")}, {}}), 1);
  EXPECT_EQ(Put("a", "1"), 2) << "a put of the same value is a change";
}

TEST_P(KvConformance, KeysAndValuesAreBytes) {
  const std::string key("a\0b\xff", 4), value("\0\xfe\n", 3);
  Put(key, value);
  Put("empty", "");
  EXPECT_EQ(kv_.Get(key)->value, value);
  EXPECT_EQ(kv_.Get("empty")->value, "");
  EXPECT_EQ(kv_.Get("a").status().code(), absl::StatusCode::kNotFound);
  const std::string last(Kv::kMaxKeyBytes, '\xff');
  Put(last, "last");
  EXPECT_EQ(kv_.Get(last)->value, "last");
  EXPECT_THAT(ListPrefix("\xff"), SizeIs(1));
}

TEST_P(KvConformance, ComparesDecideWhetherATransactionIsApplied) {
  const int64_t revision = Put("a", "1");
  const Mutation put = Mutation::Put("x", "1");
  EXPECT_EQ(Code({{Compare::Missing("a")}, {put}}), absl::StatusCode::kFailedPrecondition);
  EXPECT_EQ(Code({{Compare::Exists("b")}, {put}}), absl::StatusCode::kFailedPrecondition);
  EXPECT_EQ(Code({{Compare::ModRevisionEquals("a", revision + 1)}, {put}}), absl::StatusCode::kFailedPrecondition);
  EXPECT_EQ(Code({{Compare::ModRevisionEquals("b", 0)}, {put}}), absl::StatusCode::kFailedPrecondition);
  EXPECT_EQ(Code({{Compare::Exists("a"), Compare::Exists("b")}, {put}}), absl::StatusCode::kFailedPrecondition);
  EXPECT_EQ(kv_.Get("x").status().code(), absl::StatusCode::kNotFound);
  EXPECT_EQ(kv_.Revision(), revision);
  EXPECT_EQ(Code({{Compare::Exists("a"), Compare::Missing("b"), Compare::ModRevisionEquals("a", revision)}, {put}}),
            absl::StatusCode::kOk);
  EXPECT_TRUE(kv_.Get("x").ok());
}

TEST_P(KvConformance, ARefusalNamesTheKeyAndWhatWasFound) {
  Put("a", "1");
  Put("a", "2");
  const auto result = kv_.CommitAndWait({{Compare::Exists("a"), Compare::ModRevisionEquals("a", 1)}, {}});
  EXPECT_EQ(RefusedKey(result.status()), "a");
  EXPECT_THAT(std::string(result.status().message()), HasSubstr("\"a\" is at revision 2"));
  EXPECT_THAT(std::string(result.status().message()), HasSubstr("revision 1"));
  EXPECT_EQ(RefusedKey(absl::FailedPreconditionError("something else")), "");
}

TEST_P(KvConformance, ComparesSeeADeleteAndWhatCameBeforeTheTransaction) {
  Put("a", "1");
  Delete("a");
  EXPECT_EQ(Code({{Compare::Exists("a")}, {}}), absl::StatusCode::kFailedPrecondition);
  EXPECT_EQ(Code({{Compare::Missing("a")}, {Mutation::Put("a", "2")}}), absl::StatusCode::kOk);
  EXPECT_EQ(Code({{Compare::Exists("a")}, {Mutation::Delete("a")}}), absl::StatusCode::kOk);
}

TEST_P(KvConformance, TransactionsQueuedTogetherSucceedOrFailOnTheirOwnInOrder) {
  constexpr int kCount = 1000;
  Mutex mutex;
  CondVar finished;
  std::vector<std::pair<int, absl::StatusOr<CommitResult>>> answers;
  for (int i = 0; i < kCount; ++i) {
    // Each key is created twice: the second is refused.
    Transaction transaction{{Compare::Missing(absl::StrCat("key", i / 2))},
                            {Mutation::Put(absl::StrCat("key", i / 2), "")}};
    ASSERT_TRUE(kv_.Commit(std::move(transaction),
                           [&, i](absl::StatusOr<CommitResult> result) {
                             MutexLock lock(&mutex);
                             answers.emplace_back(i, std::move(result));
                             finished.Signal();
                           })
                    .ok());
  }
  MutexLock lock(&mutex);
  while (answers.size() < kCount) finished.Wait(&mutex);
  for (int i = 0; i < kCount; ++i) {
    ASSERT_EQ(answers[i].first, i);
    if (i % 2 == 0) {
      ASSERT_TRUE(answers[i].second.ok()) << answers[i].second.status();
      EXPECT_EQ(answers[i].second->revision, i / 2 + 1);
    } else {
      EXPECT_EQ(RefusedKey(answers[i].second.status()), absl::StrCat("key", i / 2));
    }
  }
}

TEST_P(KvConformance, WhatIsAcknowledgedIsReadable) {
  Mutex mutex;
  CondVar finished;
  std::optional<std::string> read;
  ASSERT_TRUE(kv_.Commit({{}, {Mutation::Put("a", "1")}},
                         [&](absl::StatusOr<CommitResult>) {
                           auto kv = kv_.Get("a");
                           MutexLock lock(&mutex);
                           read = kv.ok() ? kv->value : kv.status().ToString();
                           finished.Signal();
                         })
                  .ok());
  MutexLock lock(&mutex);
  while (!read.has_value()) finished.Wait(&mutex);
  EXPECT_EQ(*read, "1");
}

TEST_P(KvConformance, ACallbackMayCommit) {
  Mutex mutex;
  CondVar finished;
  bool done = false;
  ASSERT_TRUE(kv_.Commit({{}, {Mutation::Put("a", "1")}},
                         [&](absl::StatusOr<CommitResult>) {
                           EXPECT_TRUE(kv_.Commit({{Compare::Exists("a")}, {Mutation::Put("b", "1")}},
                                                  [&](absl::StatusOr<CommitResult> second) {
                                                    EXPECT_TRUE(second.ok()) << second.status();
                                                    MutexLock lock(&mutex);
                                                    done = true;
                                                    finished.Signal();
                                                  })
                                           .ok());
                         })
                  .ok());
  MutexLock lock(&mutex);
  while (!done) finished.Wait(&mutex);
}

TEST_P(KvConformance, EveryFaultOfATransactionIsNamed) {
  const std::string long_key(Kv::kMaxKeyBytes + 1, 'k');
  const auto result =
      kv_.CommitAndWait({{Compare::Exists("")},
                         {Mutation::Put(long_key, ""), Mutation::Put("twice", ""), Mutation::Delete("twice"),
                          Mutation::DeletePrefix("pre"), Mutation::Put("prefix", ""),
                          Mutation::Put("v", std::string(Kv::kMaxValueBytes + 1, 'v'))}});
  EXPECT_EQ(result.status().code(), absl::StatusCode::kInvalidArgument);
  const std::string message(result.status().message());
  EXPECT_THAT(message, HasSubstr("empty key"));
  EXPECT_THAT(message, HasSubstr("4097 bytes"));
  EXPECT_THAT(message, HasSubstr("\"twice\""));
  EXPECT_THAT(message, HasSubstr("\"prefix\""));
  EXPECT_THAT(message, HasSubstr("16777217 bytes"));
  EXPECT_EQ(Code({{}, {Mutation::DeletePrefix("")}}), absl::StatusCode::kInvalidArgument);
  EXPECT_EQ(kv_.Revision(), 0);
}

TEST_P(KvConformance, DeletingAPrefixLeavesItsNeighbours) {
  for (const char* key : {"a", "b", "b/", "b/1", "b/2", "b0", "c"}) Put(key, "");
  const int64_t revision = Must({{}, {Mutation::DeletePrefix("b/"), Mutation::Put("d", "")}});
  EXPECT_THAT(ListPrefix(""), ElementsAre("a=", "b=", "b0=", "c=", "d="));
  EXPECT_EQ(kv_.Revision(), revision);
  Put("\xff", "");
  Put("\xff\xff", "");
  Must({{}, {Mutation::DeletePrefix("\xff")}});
  EXPECT_THAT(ListPrefix(""), SizeIs(5));
}

TEST_P(KvConformance, RangesAreInByteOrderAndBounded) {
  for (const char* key : {"b", "a", "c", "B", "\xc3\xa4", "aa"}) Put(key, "1");
  EXPECT_THAT(ListPrefix(""), ElementsAre("B=1", "a=1", "aa=1", "b=1", "c=1", "\xc3\xa4=1"));
  EXPECT_THAT(ListPrefix("a"), ElementsAre("a=1", "aa=1"));
  RangeRequest request;
  request.start = "aa";
  request.end = "c";
  EXPECT_THAT(List(request), ElementsAre("aa=1", "b=1"));
  request.end = "";
  EXPECT_THAT(List(request), ElementsAre("aa=1", "b=1", "c=1", "\xc3\xa4=1"));
  request.descending = true;
  EXPECT_THAT(List(request), ElementsAre("\xc3\xa4=1", "c=1", "b=1", "aa=1"));
  request.keys_only = true;
  request.limit = 2;
  EXPECT_THAT(List(request), ElementsAre("\xc3\xa4=", "c="));
  request.start = "c";
  request.end = "b";
  EXPECT_THAT(List(request), IsEmpty());
}

TEST_P(KvConformance, ALimitSaysWhetherThereIsMore) {
  for (int i = 0; i < 5; ++i) Put(absl::StrCat("k", i), "");
  Delete("k4");
  RangeRequest request = RangeRequest::Prefix("k");
  request.limit = 3;
  auto result = kv_.Range(request);
  ASSERT_TRUE(result.ok());
  EXPECT_THAT(result->kvs, SizeIs(3));
  EXPECT_TRUE(result->more);
  request.limit = 4;
  result = kv_.Range(request);
  EXPECT_THAT(result->kvs, SizeIs(4));
  EXPECT_FALSE(result->more) << "a deleted key is not more";
}

TEST_P(KvConformance, ARangeCanBeReadAsItWas) {
  const int64_t one = Put("a", "1");
  const int64_t two = Put("b", "1");
  const int64_t three = Put("a", "2");
  const int64_t four = Delete("b");
  EXPECT_THAT(ListPrefix("", one), ElementsAre("a=1"));
  EXPECT_THAT(ListPrefix("", two), ElementsAre("a=1", "b=1"));
  EXPECT_THAT(ListPrefix("", three), ElementsAre("a=2", "b=1"));
  EXPECT_THAT(ListPrefix("", four), ElementsAre("a=2"));
  EXPECT_EQ(kv_.Get("a", one)->mod_revision, one);
  EXPECT_EQ(kv_.Get("b", four).status().code(), absl::StatusCode::kNotFound);
  RangeRequest request;
  request.at_revision = two;
  EXPECT_EQ(kv_.Range(request)->revision, two);
  request.at_revision = four + 1;
  EXPECT_EQ(kv_.Range(request).status().code(), absl::StatusCode::kInvalidArgument);
  request.at_revision = -1;
  EXPECT_EQ(kv_.Range(request).status().code(), absl::StatusCode::kInvalidArgument);
}

TEST_P(KvConformance, AReplayTellsTheHistoryOfAPrefixInOrder) {
  const auto replay = [&](const std::string& prefix, int64_t* revision = nullptr) {
    std::vector<std::string> lines;
    const auto end = kv_.Replay(prefix, [&](Event& change) {
      const bool put = change.type == Event::Type::kPut;
      lines.push_back(absl::StrCat(change.kv.mod_revision, put ? " put " : " delete ", change.kv.key, put ? "=" : "",
                                   put ? change.kv.value : "", put ? " of " : "",
                                   put ? absl::StrCat(change.kv.create_revision) : ""));
      return absl::OkStatus();
    });
    EXPECT_TRUE(end.ok()) << end.status();
    if (revision != nullptr && end.ok()) *revision = *end;
    return lines;
  };
  EXPECT_THAT(replay("a/"), IsEmpty());
  Put("a/1", "x");
  Put("b/1", "other");
  Put("a/2", "y");
  Put("a/1", "z");
  Delete("a/2");
  const int64_t last = Put("b/1", "last");
  int64_t revision = 0;
  EXPECT_THAT(replay("a/", &revision),
              ElementsAre("1 put a/1=x of 1", "3 put a/2=y of 3", "4 put a/1=z of 1", "5 delete a/2"));
  EXPECT_EQ(revision, last) << "whatever the last one was about";
  ASSERT_TRUE(kv_.Compact(last).ok());
  // What is current is still there; more may be, as long as it has not been swept.
  std::map<std::string, std::string> ends;
  for (const std::string& line : replay("")) {
    const bool put = line.find(" put ") != std::string::npos;
    const std::string rest = line.substr(line.find(put ? " put " : " delete ") + (put ? 5 : 8));
    const std::string key = rest.substr(0, rest.find('='));
    put ? ends[key] = rest.substr(rest.find('=') + 1) : ends[key] = "gone";
  }
  EXPECT_EQ(ends["a/1"], "z of 1");
  EXPECT_EQ(ends["b/1"], "last of 2");
  EXPECT_TRUE(ends.count("a/2") == 0 || ends["a/2"] == "gone");
}

TEST_P(KvConformance, AReplayEndsWithWhatItsReaderSays) {
  Put("a", "1");
  Put("b", "2");
  int calls = 0;
  const auto end = kv_.Replay("", [&](Event&) {
    ++calls;
    return absl::DataLossError("enough");
  });
  EXPECT_EQ(end.status().code(), absl::StatusCode::kDataLoss);
  EXPECT_EQ(calls, 1);
  EXPECT_THAT(ListPrefix(""), ElementsAre("a=1", "b=2")) << "and what comes after works";
}

TEST_P(KvConformance, AWatchTellsWhatChangesUnderItsPrefixFromNowOn) {
  Put("a/0", "before");
  WatchLog log;
  auto watch = kv_.Watch("a/", 0, log.Callback());
  ASSERT_TRUE(watch.ok()) << watch.status();
  Put("a/1", "x");
  Put("b/1", "other");
  Must({{}, {Mutation::Put("a/2", "y"), Mutation::Delete("a/0")}});
  EXPECT_THAT(log.WaitForLines(3), testing::UnorderedElementsAre("2 put a/1=x", "4 put a/2=y", "4 delete a/0"));
}

TEST_P(KvConformance, ACommitIsAnsweredBeforeAnyWatchIsToldOfIt) {
  std::atomic<int64_t> answered = 0;
  std::atomic<int> early = 0;
  WatchLog log;
  auto watch = kv_.Watch("a/", 0, [&, told = log.Callback()](absl::StatusOr<WatchEvents> events) {
    if (events.ok() && events->events.back()->kv.mod_revision > answered) ++early;
    told(std::move(events));
  });
  ASSERT_TRUE(watch.ok()) << watch.status();
  constexpr int kCommits = 200;
  for (int i = 0; i < kCommits; ++i) {
    const absl::Status queued = kv_.Commit({{}, {Mutation::Put(absl::StrCat("a/", i), "x")}},
                                           [&](absl::StatusOr<CommitResult> result) { answered = result->revision; });
    ASSERT_TRUE(queued.ok()) << queued;
  }
  log.WaitForLines(kCommits);
  EXPECT_EQ(early, 0);
}

TEST_P(KvConformance, AWatchResumesFromAnyRevision) {
  for (int i = 1; i <= 5; ++i) Put(absl::StrCat("k", i), "v");
  Delete("k1");
  WatchLog log;
  auto watch = kv_.Watch("", 4, log.Callback());
  Put("k6", "v");
  EXPECT_THAT(log.WaitForLines(4), ElementsAre("4 put k4=v", "5 put k5=v", "6 delete k1", "7 put k6=v"));
}

TEST_P(KvConformance, AWatchThatLagsBehindTheWindowMissesNothing) {
  const std::string value(1000, 'v');
  WatchLog from_start, live, other;
  Mutex mutex;
  CondVar changed;
  bool go = false, blocked = false;
  // Holds the notifier up until all is written.
  auto blocker = kv_.Watch("block", 0, [&](absl::StatusOr<WatchEvents>) {
    MutexLock lock(&mutex);
    blocked = true;
    changed.SignalAll();
    while (!go) changed.Wait(&mutex);
  });
  auto live_watch = kv_.Watch("k", 0, live.Callback());
  Put("block", "");
  {
    MutexLock lock(&mutex);
    while (!blocked) changed.Wait(&mutex);
  }
  std::vector<std::string> expected;
  for (int i = 0; i < 500; ++i) {
    const int64_t revision = Put(absl::StrCat("k", i), value);
    expected.push_back(absl::StrCat(revision, " put k", i, "=", value));
  }
  auto late_watch = kv_.Watch("k", 1, from_start.Callback());
  auto other_watch = kv_.Watch("k49", 1, other.Callback());
  {
    MutexLock lock(&mutex);
    go = true;
    changed.SignalAll();
  }
  EXPECT_EQ(live.WaitForLines(500), expected);
  EXPECT_EQ(from_start.WaitForLines(500), expected);
  EXPECT_THAT(other.WaitForLines(11), SizeIs(11));  // k49, k490 to k499
}

TEST_P(KvConformance, AWatchMayBeEndedFromItsOwnCallback) {
  Mutex mutex;
  CondVar changed;
  int calls = 0;
  std::unique_ptr<WatchHandle> handle;
  {
    MutexLock lock(&mutex);
    auto watch = kv_.Watch("a", 0, [&](absl::StatusOr<WatchEvents>) {
      MutexLock lock(&mutex);
      ++calls;
      handle.reset();
      changed.SignalAll();
    });
    ASSERT_TRUE(watch.ok());
    handle = *std::move(watch);
  }
  Put("a", "1");
  {
    MutexLock lock(&mutex);
    while (calls == 0) changed.Wait(&mutex);
  }
  WatchLog log;
  auto second = kv_.Watch("a", 0, log.Callback());
  Put("a", "2");
  log.WaitForLines(1);
  MutexLock lock(&mutex);
  EXPECT_EQ(calls, 1);
}

TEST_P(KvConformance, NothingIsToldOnceAWatchIsGone) {
  auto told = std::make_unique<std::atomic<int>>(0);
  for (int i = 0; i < 50; ++i) {
    auto watch = kv_.Watch("", 0, [&](absl::StatusOr<WatchEvents>) { told->fetch_add(1); });
    ASSERT_TRUE(kv_.Commit({{}, {Mutation::Put("a", "1")}}, [](absl::StatusOr<CommitResult>) {}).ok());
    watch->reset();
    told = std::make_unique<std::atomic<int>>(0);  // a late call would use what was freed
  }
  WatchLog log;
  auto last = kv_.Watch("", 0, log.Callback());
  Put("b", "1");
  log.WaitForLines(1);
  EXPECT_EQ(kv_.Stats().watches, 1u);
}

TEST_P(KvConformance, CompactionKeepsWhatIsCurrentAtItsRevision) {
  Put("a", "1");                     // 1
  Put("b", "1");                     // 2
  Put("a", "2");                     // 3
  Delete("b");                       // 4
  const int64_t at = Put("c", "1");  // 5
  Put("a", "3");                     // 6
  ASSERT_TRUE(kv_.Compact(at).ok());
  EXPECT_THAT(ListPrefix(""), ElementsAre("a=3", "c=1"));
  EXPECT_THAT(ListPrefix("", at), ElementsAre("a=2", "c=1"));
  EXPECT_EQ(kv_.Get("a")->create_revision, 1);
  EXPECT_EQ(kv_.Get("a", at - 1).status().code(), absl::StatusCode::kOutOfRange);
  EXPECT_EQ(kv_.Stats().compacted_revision, at);
  EXPECT_EQ(kv_.Revision(), 6);
  EXPECT_EQ(Put("b", "2"), 7);
  EXPECT_EQ(kv_.Get("b")->create_revision, 7);
}

TEST_P(KvConformance, CompactingAgainIsFineAndTheFutureIsRefused) {
  Put("a", "1");
  Put("a", "2");
  EXPECT_TRUE(kv_.Compact(2).ok());
  EXPECT_TRUE(kv_.Compact(2).ok());
  EXPECT_TRUE(kv_.Compact(1).ok());
  EXPECT_TRUE(kv_.Compact(0).ok());
  EXPECT_EQ(kv_.Compact(3).code(), absl::StatusCode::kInvalidArgument);
  EXPECT_EQ(kv_.Stats().compacted_revision, 2);
}

TEST_P(KvConformance, AWatchFromWhatWasCompactedIsRefused) {
  for (int i = 0; i < 5; ++i) Put("a", absl::StrCat(i));
  ASSERT_TRUE(kv_.Compact(3).ok());
  WatchLog log;
  EXPECT_EQ(kv_.Watch("", 3, log.Callback()).status().code(), absl::StatusCode::kOutOfRange);
  EXPECT_EQ(kv_.Watch("", -1, log.Callback()).status().code(), absl::StatusCode::kInvalidArgument);
  auto watch = kv_.Watch("", 4, log.Callback());
  ASSERT_TRUE(watch.ok()) << watch.status();
  EXPECT_THAT(log.WaitForLines(2), ElementsAre("4 put a=3", "5 put a=4"));
}

TEST_P(KvConformance, AWatchOvertakenByCompactionEndsWithOutOfRange) {
  const std::string value(1000, 'v');
  WatchLog log;
  Mutex mutex;
  CondVar changed;
  bool go = false, blocked = false;
  auto blocker = kv_.Watch("block", 0, [&](absl::StatusOr<WatchEvents>) {
    MutexLock lock(&mutex);
    blocked = true;
    changed.SignalAll();
    while (!go) changed.Wait(&mutex);
  });
  auto watch = kv_.Watch("k", 0, log.Callback());
  Put("block", "");
  {
    MutexLock lock(&mutex);
    while (!blocked) changed.Wait(&mutex);
  }
  for (int i = 0; i < 200; ++i) Put("k", value);
  ASSERT_TRUE(kv_.Compact(kv_.Revision() - 1).ok());
  {
    MutexLock lock(&mutex);
    go = true;
    changed.SignalAll();
  }
  EXPECT_EQ(log.WaitForEnd().code(), absl::StatusCode::kOutOfRange);
}

// Random transactions, and a model of what they must lead to, at every revision.
TEST_P(KvConformance, RandomHistoryReadsBackAtEveryRevision) {
  std::mt19937 random(20240607);
  std::vector<std::map<std::string, std::string>> model = {{}};
  WatchLog log;
  auto watch = kv_.Watch("", 1, log.Callback());
  for (int i = 0; i < 400; ++i) {
    auto now = model.back();
    auto key = [&] { return absl::StrCat(random() % 3, "/", random() % 8); };
    Transaction transaction;
    switch (random() % 4) {
      case 0:
      case 1: {
        const std::string k = key();
        transaction.mutations.push_back(Mutation::Put(k, absl::StrCat(i)));
        now[k] = absl::StrCat(i);
        break;
      }
      case 2: {
        const std::string k = key();
        transaction.mutations.push_back(Mutation::Delete(k));
        now.erase(k);
        break;
      }
      default: {
        const std::string prefix = absl::StrCat(random() % 3, "/");
        if (random() % 4 != 0) continue;
        transaction.mutations.push_back(Mutation::DeletePrefix(prefix));
        std::erase_if(now, [&](const auto& kv) { return kv.first.starts_with(prefix); });
      }
    }
    const bool changed = now != model.back() || transaction.mutations[0].kind == Mutation::Kind::kPut;
    const int64_t revision = Must(std::move(transaction));
    if (changed) model.push_back(now);
    ASSERT_EQ(revision, static_cast<int64_t>(model.size()) - 1);
  }
  const int64_t compact_to = static_cast<int64_t>(model.size()) / 2;
  for (int pass = 0; pass < 2; ++pass) {
    for (int64_t at = pass == 0 ? 1 : compact_to; at < static_cast<int64_t>(model.size()); ++at) {
      std::vector<std::string> expected;
      for (const auto& [k, v] : model[at]) expected.push_back(absl::StrCat(k, "=", v));
      ASSERT_EQ(ListPrefix("", at), expected) << "at revision " << at;
    }
    ASSERT_TRUE(kv_.Compact(compact_to).ok());
  }
}

// For ThreadSanitizer too: writers that increment one counter by compare-and-set, readers and watchers beside them.
TEST_P(KvConformance, ManyWritersReadersAndWatchersLoseNothing) {
  constexpr int kWriters = 4, kIncrements = 40;
  Put("counter", "0");
  WatchLog log;
  auto watch = kv_.Watch("counter", 2, log.Callback());
  std::atomic<bool> writing = true;
  {
    std::vector<std::jthread> readers;
    for (int i = 0; i < 2; ++i) {
      readers.emplace_back([&] {
        int64_t last = 0;
        while (writing) {
          auto result = kv_.Range(RangeRequest::Prefix("c"));
          ASSERT_TRUE(result.ok()) << result.status();
          ASSERT_GE(result->revision, last) << "time went back";
          ASSERT_EQ(result->kvs.size(), 1u);
          ASSERT_EQ(result->kvs[0].value, absl::StrCat(result->revision - 1)) << "a value of another revision";
          last = result->revision;
          (void)kv_.Stats();
        }
      });
    }
    std::vector<std::jthread> writers;
    for (int i = 0; i < kWriters; ++i) {
      writers.emplace_back([&] {
        for (int done = 0; done < kIncrements;) {
          auto now = kv_.Get("counter");
          ASSERT_TRUE(now.ok()) << now.status();
          const std::string next = absl::StrCat(std::stoi(now->value) + 1);
          auto result = kv_.CommitAndWait(
              {{Compare::ModRevisionEquals("counter", now->mod_revision)}, {Mutation::Put("counter", next)}});
          if (result.ok()) {
            ++done;
          } else {
            ASSERT_EQ(RefusedKey(result.status()), "counter") << result.status();
          }
        }
      });
    }
    writers.clear();
    writing = false;
  }
  EXPECT_EQ(kv_.Get("counter")->value, absl::StrCat(kWriters * kIncrements));
  EXPECT_THAT(log.WaitForLines(kWriters * kIncrements), SizeIs(kWriters * kIncrements));
}

}  // namespace warren::store

#endif  // WARREN_TESTS_SERVER_STORE_KV_CONFORMANCE_H_
