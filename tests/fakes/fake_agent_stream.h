#ifndef WARREN_TESTS_FAKES_FAKE_AGENT_STREAM_H_
#define WARREN_TESTS_FAKES_FAKE_AGENT_STREAM_H_

#include <gtest/gtest.h>

#include <memory>
#include <optional>
#include <utility>
#include <vector>

#include "proto/common/mutex.h"
#include "server/hosts/agent_session.h"
#include "server/hosts/agent_stream.h"

namespace warren::hosts {

// A stream driven by hand. It holds the session to the rules: one read and one write at a time, nothing after Finish.
// Thread-safe.
class FakeAgentStream : public AgentStream {
 public:
  ~FakeAgentStream() override {
    if (session_ && !closed_) Close();
  }

  void Attach(std::shared_ptr<AgentSession> session) { session_ = std::move(session); }

  void StartRead() override {
    MutexLock lock(&mutex_);
    EXPECT_FALSE(reading_) << "a read was started while another was under way";
    EXPECT_FALSE(finished_) << "a read was started after the end";
    reading_ = true;
  }
  void StartWrite(v1::ServerMessage message) override {
    MutexLock lock(&mutex_);
    EXPECT_FALSE(writing_) << "a write was started while another was under way";
    EXPECT_FALSE(finished_) << "a write was started after the end";
    writing_ = std::move(message);
  }
  void Finish(const absl::Status& status) override {
    MutexLock lock(&mutex_);
    EXPECT_FALSE(finished_) << "the stream was ended twice";
    EXPECT_FALSE(writing_) << "the stream was ended while a write was under way";
    finished_ = status;
  }
  void Cancel() override {
    MutexLock lock(&mutex_);
    cancelled_ = true;
  }

  // The agent says something.
  void Say(v1::AgentMessage message) {
    {
      MutexLock lock(&mutex_);
      ASSERT_TRUE(reading_) << "nobody is reading";
      reading_ = false;
    }
    session_->Received(std::move(message));
  }
  // The write under way is done; returns what was written. Nothing: none was.
  std::optional<v1::ServerMessage> Take(bool ok = true) {
    std::optional<v1::ServerMessage> message;
    {
      MutexLock lock(&mutex_);
      message.swap(writing_);
    }
    if (message) session_->Written(ok);
    return message;
  }
  std::vector<v1::ServerMessage> TakeAll() {
    std::vector<v1::ServerMessage> messages;
    while (auto message = Take()) messages.push_back(*std::move(message));
    return messages;
  }
  // The stream is gone, as gRPC tells after the end.
  void Close() {
    closed_ = true;
    session_->Closed();
  }

  std::optional<absl::Status> finished() const {
    MutexLock lock(&mutex_);
    return finished_;
  }
  bool reading() const {
    MutexLock lock(&mutex_);
    return reading_;
  }
  bool writing() const {
    MutexLock lock(&mutex_);
    return writing_.has_value();
  }
  bool cancelled() const {
    MutexLock lock(&mutex_);
    return cancelled_;
  }
  AgentSession& session() { return *session_; }

 private:
  std::shared_ptr<AgentSession> session_;
  bool closed_ = false;
  mutable Mutex mutex_;
  bool reading_ ABSL_GUARDED_BY(mutex_) = false;
  bool cancelled_ ABSL_GUARDED_BY(mutex_) = false;
  std::optional<v1::ServerMessage> writing_ ABSL_GUARDED_BY(mutex_);
  std::optional<absl::Status> finished_ ABSL_GUARDED_BY(mutex_);
};

}  // namespace warren::hosts

#endif  // WARREN_TESTS_FAKES_FAKE_AGENT_STREAM_H_
