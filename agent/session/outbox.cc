#include "agent/session/outbox.h"

#include <algorithm>
#include <chrono>
#include <utility>

#include "absl/time/clock.h"

namespace warren::session {

void Outbox::SetWake(std::function<void()> wake) {
  MutexLock lock(&mutex_);
  wake_ = std::move(wake);
}

bool Outbox::Put(v1::AgentMessage message) {
  const size_t size = message.ByteSizeLong();
  std::function<void()> wake;
  {
    MutexLock lock(&mutex_);
    if (closed_) return false;
    waiting_.push_back(std::move(message));
    bytes_ += size;
    last_put_ = absl::Now();
    wake = wake_;
  }
  if (wake) wake();
  return true;
}

bool Outbox::WaitForRoom() {
  MutexLock lock(&mutex_);
  while (!closed_ && bytes_ >= kRoom) changed_.Wait(&mutex_);
  return !closed_;
}

std::optional<v1::AgentMessage> Outbox::Take() {
  MutexLock lock(&mutex_);
  if (waiting_.empty()) return std::nullopt;
  v1::AgentMessage message = std::move(waiting_.front());
  waiting_.pop_front();
  bytes_ -= message.ByteSizeLong();
  taken_ = true;
  changed_.SignalAll();
  return message;
}

void Outbox::Written() {
  MutexLock lock(&mutex_);
  taken_ = false;
  changed_.SignalAll();
}

bool Outbox::WaitUntilWritten(absl::Duration timeout) {
  // Bounded: the clock's own range ends at some 292 years.
  const auto deadline =
      std::chrono::steady_clock::now() + absl::ToChronoNanoseconds(std::min(timeout, absl::Hours(24 * 365)));
  MutexLock lock(&mutex_);
  while (!closed_ && (taken_ || !waiting_.empty())) {
    if (!changed_.WaitUntil(&mutex_, deadline)) break;
  }
  return !closed_ && !taken_ && waiting_.empty();
}

absl::Time Outbox::last_put() const {
  MutexLock lock(&mutex_);
  return last_put_;
}

size_t Outbox::size() const {
  MutexLock lock(&mutex_);
  return waiting_.size();
}

void Outbox::Close() {
  MutexLock lock(&mutex_);
  closed_ = true;
  waiting_.clear();
  bytes_ = 0;
  wake_ = nullptr;
  changed_.SignalAll();
}

}  // namespace warren::session
