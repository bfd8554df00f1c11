#include "server/api/worker_pool.h"

#include <gtest/gtest.h>

#include <atomic>
#include <future>
#include <thread>
#include <vector>

namespace warren::api {
namespace {

TEST(WorkerPoolTest, RunsEverythingPostedBeforeItStops) {
  std::atomic<int> ran = 0;
  WorkerPool pool(4, 100000);
  std::vector<std::jthread> threads;
  for (int t = 0; t < 4; ++t) {
    threads.emplace_back([&] {
      for (int i = 0; i < 1000; ++i) EXPECT_TRUE(pool.Post([&] { ++ran; }));
    });
  }
  threads.clear();
  pool.Stop();
  EXPECT_EQ(ran, 4000);
}

TEST(WorkerPoolTest, TasksRunBesideEachOther) {
  WorkerPool pool(2, 10);
  std::promise<void> first, second;
  // Each waits for the other: one thread would never get there.
  ASSERT_TRUE(pool.Post([&] { first.set_value(), second.get_future().wait(); }));
  ASSERT_TRUE(pool.Post([&] { first.get_future().wait(), second.set_value(); }));
  pool.Stop();
}

TEST(WorkerPoolTest, RefusesWhatIsOverTheLimit) {
  WorkerPool pool(1, 2);
  std::promise<void> busy, go;
  ASSERT_TRUE(pool.Post([&] { busy.set_value(), go.get_future().wait(); }));
  busy.get_future().wait();
  EXPECT_TRUE(pool.Post([] {}));
  EXPECT_TRUE(pool.Post([] {}));
  EXPECT_FALSE(pool.Post([] { FAIL() << "it was refused"; }));
  go.set_value();
  pool.Stop();
}

TEST(WorkerPoolTest, RefusesWhatComesAfterTheStop) {
  WorkerPool pool(1, 2);
  EXPECT_FALSE(pool.stopped());
  pool.Stop();
  EXPECT_TRUE(pool.stopped());
  EXPECT_FALSE(pool.Post([] {}));
  pool.Stop();
}

}  // namespace
}  // namespace warren::api
