#include "server/api/wake_thread.h"

#include <gtest/gtest.h>

#include <atomic>
#include <memory>
#include <optional>
#include <thread>
#include <vector>

namespace warren::api {
namespace {

struct Counter : WakeThread::Sleeper {
  explicit Counter(std::atomic<int>& all) : total(all) {}
  void Awake() override { ++total; }
  std::atomic<int>& total;
};

TEST(WakeThreadTest, RunsEachAsOftenAsItWasWoken) {
  std::atomic<int> total = 0;
  std::optional<WakeThread> thread(std::in_place);
  std::vector<std::jthread> wakers;
  for (int i = 0; i < 4; ++i) {
    wakers.emplace_back([&] {
      for (int n = 0; n < 1000; ++n) thread->Wake(std::make_shared<Counter>(total));
    });
  }
  wakers.clear();
  thread.reset();
  EXPECT_EQ(total, 4000);
}

TEST(WakeThreadTest, LetsGoOfWhoHasRun) {
  std::atomic<int> total = 0;
  auto sleeper = std::make_shared<Counter>(total);
  const std::weak_ptr<Counter> weak = sleeper;
  WakeThread thread;
  thread.Wake(std::move(sleeper));
  while (!weak.expired()) std::this_thread::yield();
  EXPECT_EQ(total, 1);
}

// One that wakes itself again, on the thread.
struct Insomniac : WakeThread::Sleeper, std::enable_shared_from_this<Insomniac> {
  explicit Insomniac(WakeThread& by) : thread(by) {}
  void Awake() override {
    if (++times < 100) thread.Wake(shared_from_this());
  }
  WakeThread& thread;
  std::atomic<int> times = 0;
};

TEST(WakeThreadTest, WhoRunsMayWake) {
  std::optional<WakeThread> thread(std::in_place);
  const auto sleeper = std::make_shared<Insomniac>(*thread);
  thread->Wake(sleeper);
  thread.reset();
  EXPECT_EQ(sleeper->times, 100);
}

}  // namespace
}  // namespace warren::api
