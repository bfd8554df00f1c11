#include "agent/session/outbox.h"

#include <gtest/gtest.h>

#include <atomic>
#include <string>
#include <thread>

namespace warren::session {
namespace {

v1::AgentMessage Numbered(int64_t number, size_t padding = 0) {
  v1::AgentMessage message;
  message.mutable_cancel_answer()->set_sequence(number);
  message.mutable_cancel_answer()->set_reason(std::string(padding, 'x'));
  return message;
}

TEST(Outbox, KeepsTheOrderAndWakesForEach) {
  Outbox outbox;
  int woken = 0;
  outbox.Put(Numbered(1));
  outbox.SetWake([&] { ++woken; });
  outbox.Put(Numbered(2));
  outbox.Put(Numbered(3));
  EXPECT_EQ(woken, 2);
  EXPECT_EQ(outbox.size(), 3u);
  for (int i = 1; i <= 3; ++i) EXPECT_EQ(outbox.Take()->cancel_answer().sequence(), i);
  EXPECT_EQ(outbox.Take(), std::nullopt);
}

TEST(Outbox, AClosedOneTakesNothingAndHasNothing) {
  Outbox outbox;
  outbox.Put(Numbered(1));
  outbox.Close();
  EXPECT_FALSE(outbox.Put(Numbered(2)));
  EXPECT_EQ(outbox.Take(), std::nullopt);
  EXPECT_FALSE(outbox.WaitForRoom());
  EXPECT_FALSE(outbox.WaitUntilWritten(absl::InfiniteDuration()));
}

TEST(Outbox, WhoCanWaitWaitsForRoom) {
  Outbox outbox;
  EXPECT_TRUE(outbox.WaitForRoom());
  outbox.Put(Numbered(1, Outbox::kRoom));
  std::atomic<bool> through = false;
  std::jthread waiter([&] {
    EXPECT_TRUE(outbox.WaitForRoom());
    through = true;
  });
  EXPECT_FALSE(through);
  outbox.Take();
  waiter.join();
  EXPECT_TRUE(through);

  outbox.Put(Numbered(2, Outbox::kRoom));
  std::jthread another([&] { EXPECT_FALSE(outbox.WaitForRoom()); });
  outbox.Close();
}

TEST(Outbox, IsWrittenWhenTheLastOneTakenIs) {
  Outbox outbox;
  EXPECT_TRUE(outbox.WaitUntilWritten(absl::ZeroDuration()));
  outbox.Put(Numbered(1));
  EXPECT_FALSE(outbox.WaitUntilWritten(absl::ZeroDuration()));
  outbox.Take();
  EXPECT_FALSE(outbox.WaitUntilWritten(absl::ZeroDuration())) << "still on its way";
  outbox.Written();
  EXPECT_TRUE(outbox.WaitUntilWritten(absl::ZeroDuration()));
}

}  // namespace
}  // namespace warren::session
