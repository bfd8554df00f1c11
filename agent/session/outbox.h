#ifndef WARREN_AGENT_SESSION_OUTBOX_H_
#define WARREN_AGENT_SESSION_OUTBOX_H_

// What one session still has to say, in order. Bounded by bytes for those who can wait (the inventory), which is what
// keeps a slow server from filling this host's memory. Thread-safe; one reader.

#include <cstddef>
#include <deque>
#include <functional>
#include <optional>

#include "absl/time/time.h"
#include "proto/common/mutex.h"
#include "warren/v1/agents.pb.h"

namespace warren::session {

class Outbox {
 public:
  static constexpr size_t kRoom = 4 << 20;  // bytes waiting beyond which WaitForRoom waits

  // Called, under no lock, whenever something was put; from when it is set.
  void SetWake(std::function<void()> wake);

  // False: closed; the message is dropped.
  bool Put(v1::AgentMessage message);
  // Waits until there is room. False: closed.
  bool WaitForRoom();

  // The next message; none: there is nothing, or it is closed.
  std::optional<v1::AgentMessage> Take();
  // What was taken last is on its way.
  void Written();

  // Waits until everything is on its way, it is closed, or the time is over. True in the first case.
  bool WaitUntilWritten(absl::Duration timeout);
  // When something was last put.
  absl::Time last_put() const;
  size_t size() const;

  // Drops what is waiting; for good.
  void Close();

 private:
  mutable Mutex mutex_;
  CondVar changed_;
  std::function<void()> wake_ ABSL_GUARDED_BY(mutex_);
  std::deque<v1::AgentMessage> waiting_ ABSL_GUARDED_BY(mutex_);
  size_t bytes_ ABSL_GUARDED_BY(mutex_) = 0;
  bool taken_ ABSL_GUARDED_BY(mutex_) = false;
  bool closed_ ABSL_GUARDED_BY(mutex_) = false;
  absl::Time last_put_ ABSL_GUARDED_BY(mutex_) = absl::InfinitePast();
};

}  // namespace warren::session

#endif  // WARREN_AGENT_SESSION_OUTBOX_H_
