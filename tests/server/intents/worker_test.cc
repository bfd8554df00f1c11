#include "server/intents/worker.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <atomic>
#include <memory>
#include <thread>
#include <vector>

namespace warren::intents {
namespace {

using testing::ElementsAre;

// Something that happens once.
class Event {
 public:
  void Set() {
    MutexLock lock(&mutex_);
    set_ = true;
    changed_.SignalAll();
  }
  void Await() {
    MutexLock lock(&mutex_);
    while (!set_) changed_.Wait(&mutex_);
  }

 private:
  Mutex mutex_;
  CondVar changed_;
  bool set_ ABSL_GUARDED_BY(mutex_) = false;
};

TEST(WorkerTest, TasksRunInTheOrderPostedOnOneOtherThread) {
  std::vector<int> ran;
  std::vector<std::thread::id> threads;
  Worker worker;
  for (int i = 0; i < 100; ++i) {
    ASSERT_TRUE(worker.Post([&, i] {
      ran.push_back(i);
      threads.push_back(std::this_thread::get_id());
    }));
  }
  worker.Stop();
  ASSERT_EQ(ran.size(), 100u);
  for (int i = 0; i < 100; ++i) EXPECT_EQ(ran[i], i);
  for (const auto id : threads) EXPECT_EQ(id, threads[0]);
  EXPECT_NE(threads[0], std::this_thread::get_id());
}

TEST(WorkerTest, TasksOfManyThreadsAllRun) {
  std::atomic<int> ran = 0;
  Worker worker;
  {
    std::vector<std::jthread> posting;
    for (int i = 0; i < 4; ++i) {
      posting.emplace_back([&] {
        for (int k = 0; k < 500; ++k) ASSERT_TRUE(worker.Post([&] { ++ran; }));
      });
    }
  }
  worker.Stop();
  EXPECT_EQ(ran, 2000);
}

TEST(WorkerTest, ATaskMayPostAnotherWhichRunsToo) {
  Event ran;
  Worker worker;
  ASSERT_TRUE(worker.Post([&] { ASSERT_TRUE(worker.Post([&] { ran.Set(); })); }));
  ran.Await();
}

TEST(WorkerTest, AStoppedOneLeavesTheTaskToItsOwner) {
  Worker worker;
  worker.Stop();
  bool ran = false;
  Worker::Task task = [&] { ran = true; };
  EXPECT_FALSE(worker.Post(std::move(task)));
  ASSERT_TRUE(task);
  task();
  EXPECT_TRUE(ran);
  worker.Stop();
}

TEST(WorkerTest, TimersRunInTheOrderOfTheirTimes) {
  std::vector<int> ran;
  Event last;
  Worker worker;
  Event hold;
  ASSERT_TRUE(worker.Post([&] { hold.Await(); }));  // until all are set
  worker.After(absl::Milliseconds(30), [&] {
    ran.push_back(3);
    last.Set();
  });
  worker.After(absl::Milliseconds(10), [&] { ran.push_back(1); });
  worker.After(absl::Milliseconds(20), [&] { ran.push_back(2); });
  worker.After(absl::Seconds(-5), [&] { ran.push_back(0); });
  hold.Set();
  last.Await();
  EXPECT_THAT(ran, ElementsAre(0, 1, 2, 3));
}

TEST(WorkerTest, ATimerIsNotHeldUpByALaterOne) {
  Event ran;
  Worker worker;
  worker.After(absl::InfiniteDuration(), [] { FAIL(); });
  worker.After(absl::Milliseconds(1), [&] { ran.Set(); });
  ran.Await();
}

TEST(WorkerTest, ACancelledTimerDoesNotRunAndLetsGoOfWhatItHolds) {
  Event after;
  Worker worker;
  auto held = std::make_shared<int>(1);
  const Worker::TimerId cancelled = worker.After(absl::Hours(1), [held] { FAIL(); });
  EXPECT_NE(cancelled, 0u);
  EXPECT_EQ(held.use_count(), 2);
  worker.Cancel(cancelled);
  EXPECT_EQ(held.use_count(), 1);
  worker.Cancel(cancelled);
  worker.Cancel(0);
  const Worker::TimerId over = worker.After(absl::ZeroDuration(), [&] { after.Set(); });
  after.Await();
  worker.Cancel(over);
}

TEST(WorkerTest, StoppingRunsWhatIsPostedAndDropsTheTimers) {
  int ran = 0;
  auto held = std::make_shared<int>(1);
  Worker worker;
  Event hold;
  ASSERT_TRUE(worker.Post([&] { hold.Await(); }));
  for (int i = 0; i < 10; ++i) ASSERT_TRUE(worker.Post([&] { ++ran; }));
  worker.After(absl::Hours(1), [held] { FAIL(); });
  hold.Set();
  worker.Stop();
  EXPECT_EQ(ran, 10);
  EXPECT_EQ(held.use_count(), 1);
}

TEST(WorkerTest, WhatATaskHoldsGoesWithIt) {
  Event checked;
  auto held = std::make_shared<int>(1);
  std::weak_ptr<int> watched = held;
  Worker worker;
  Event hold;
  ASSERT_TRUE(worker.Post([&] { hold.Await(); }));
  ASSERT_TRUE(worker.Post([held] {}));
  held.reset();
  ASSERT_TRUE(worker.Post([&] {
    EXPECT_TRUE(watched.expired());
    checked.Set();
  }));
  hold.Set();
  checked.Await();
}

}  // namespace
}  // namespace warren::intents
