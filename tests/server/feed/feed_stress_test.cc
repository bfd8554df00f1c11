// Watches that come, go, keep up and fall behind while events are appended as fast as they can be.

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <atomic>
#include <memory>
#include <string>
#include <thread>
#include <utility>
#include <vector>

#include "proto/common/mutex.h"
#include "server/feed/feed.h"

namespace warren::feed {
namespace {

constexpr int64_t kRevisions = 20000;
constexpr int kHosts = 4;

std::string HostOf(int64_t revision) { return "h" + std::to_string(revision % kHosts); }

// What a watch's wake and its thread share.
struct Bell {
  Mutex mutex;
  CondVar rung;
  bool is_rung = false;

  void Ring() {
    MutexLock lock(&mutex);
    is_rung = true;
    rung.SignalAll();
  }
  void Wait() {
    MutexLock lock(&mutex);
    while (!is_rung) rung.Wait(&mutex);
    is_rung = false;
  }
};

class FeedStressTest : public ::testing::Test {
 protected:
  explicit FeedStressTest() : feed_(Ring(), 0) {}
  static Options Ring() {
    Options options;
    options.max_bytes = 200 * 1000;
    return options;
  }

  void Append() {
    for (int64_t revision = 1; revision <= kRevisions; ++revision) {
      std::vector<EventPtr> events;
      for (int i = 0; i < 2; ++i) {
        auto event = std::make_shared<Event>();
        event->revision = revision;
        event->host = HostOf(revision);
        event->subject_bytes = 1000;
        events.push_back(std::move(event));
      }
      feed_.Append(revision, std::move(events));
      if (revision % 64 == 0) std::this_thread::yield();
    }
    feed_.Close(absl::UnavailableError("over"));
  }

  // Watches until the feed is closed, again after each cut, and checks that nothing is missing or twice.
  void Follow(const std::string& host, bool slow) {
    int64_t after = 0;
    for (;;) {
      const auto bell = std::make_shared<Bell>();
      auto cursor = feed_.Open(host, after, [bell] { bell->Ring(); });
      if (cursor.status().code() == absl::StatusCode::kOutOfRange) {
        cursor = feed_.Open(host, -1, [bell] { bell->Ring(); });
      }
      if (cursor.status().code() == absl::StatusCode::kUnavailable) {
        ended_.fetch_add(1);
        return;
      }
      ASSERT_TRUE(cursor.ok()) << cursor.status();
      int64_t last = (*cursor)->revision();
      int of_last = 2;
      for (int takes = 0;; ++takes) {
        auto batch = (*cursor)->Take(slow ? 3 : 100, size_t{1} << 20);
        if (batch.status().code() == absl::StatusCode::kUnavailable) {
          ended_.fetch_add(1);
          return;
        }
        if (!batch.ok()) {
          ASSERT_EQ(batch.status().code(), absl::StatusCode::kResourceExhausted) << batch.status();
          break;
        }
        for (const EventPtr& event : batch->events) {
          const int64_t step = host == "-" ? 1 : kHosts;
          if (event->revision == last && of_last == 1) {
            of_last = 2;
            continue;
          }
          ASSERT_EQ(of_last, 2) << "half a revision before " << event->revision;
          ASSERT_GT(event->revision, last);
          ASSERT_LE(event->revision, last + step) << "something is missing";
          last = event->revision;
          of_last = 1;
        }
        if (batch->empty()) {
          bell->Wait();
          continue;
        }
        ASSERT_GE(batch->revision, after);
        after = batch->revision;
        if (slow) std::this_thread::yield();
        if (takes % 50 == 49 && of_last == 2) break;  // leaves and comes back
      }
    }
  }

  Feed feed_;
  std::atomic<int> ended_ = 0;  // that were told so
};

TEST_F(FeedStressTest, NothingIsLostUnlessItIsSaid) {
  std::vector<std::jthread> threads;
  for (int i = 0; i < 3; ++i) threads.emplace_back([this, i] { Follow(i == 0 ? "-" : HostOf(i), false); });
  for (int i = 0; i < 3; ++i) threads.emplace_back([this, i] { Follow(i == 0 ? "-" : HostOf(i), true); });
  threads.emplace_back([this] {
    // Cursors that never read anything fall off without a trace.
    for (int i = 0; i < 2000; ++i) {
      const auto bell = std::make_shared<Bell>();
      auto cursor = feed_.Open("-", -1, [bell] { bell->Ring(); });
      if (!cursor.ok()) return;
      if (i % 2 == 0) (void)(*cursor)->Take(1, 1);
    }
  });
  Append();
  threads.clear();
  EXPECT_EQ(ended_, 6);
  EXPECT_EQ(feed_.stats().watches, 0u);
  EXPECT_LE(feed_.stats().bytes, Ring().max_bytes);
}

}  // namespace
}  // namespace warren::feed
