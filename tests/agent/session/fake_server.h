#ifndef WARREN_TESTS_AGENT_SESSION_FAKE_SERVER_H_
#define WARREN_TESTS_AGENT_SESSION_FAKE_SERVER_H_

// A gRPC server whose part the test plays: it takes the next session, reads what the agent says and answers. Each
// session's call stays open until the test ends it or the server stops.

#include <grpcpp/grpcpp.h>
#include <gtest/gtest.h>

#include <deque>
#include <memory>
#include <optional>
#include <string>
#include <utility>

#include "proto/common/mutex.h"
#include "warren/v1/agents.grpc.pb.h"

namespace warren::session {

class FakeServer : public v1::Agents::Service {
 public:
  using Wire = grpc::ServerReaderWriter<v1::ServerMessage, v1::AgentMessage>;

  // The server's end of one session.
  class Call {
   public:
    explicit Call(Wire& wire) : wire_(wire) {}

    // None: the agent says no more.
    std::optional<v1::AgentMessage> Read() {
      v1::AgentMessage message;
      if (!wire_.Read(&message)) return std::nullopt;
      return message;
    }
    void Write(const v1::ServerMessage& message) { wire_.Write(message); }
    // Reads Hello, answers Welcome, and reads the whole inventory.
    v1::Hello Welcome(double heartbeat_seconds = 60) {
      const auto hello = Read();
      EXPECT_TRUE(hello && hello->has_hello());
      v1::ServerMessage welcome;
      welcome.mutable_welcome()->mutable_heartbeat_interval()->set_seconds(static_cast<int64_t>(heartbeat_seconds));
      welcome.mutable_welcome()->mutable_heartbeat_interval()->set_nanos(
          static_cast<int32_t>((heartbeat_seconds - static_cast<int64_t>(heartbeat_seconds)) * 1e9));
      Write(welcome);
      while (true) {
        const auto message = Read();
        if (!message) {
          ADD_FAILURE() << "the session ended within its first inventory";
          break;
        }
        if (message->report().inventory().full_end()) break;
      }
      return hello ? hello->hello() : v1::Hello();
    }
    void End(grpc::Status status) {
      MutexLock lock(&mutex_);
      status_ = std::move(status);
      ended_ = true;
      changed_.SignalAll();
    }
    grpc::Status WaitForEnd() {
      MutexLock lock(&mutex_);
      while (!ended_) changed_.Wait(&mutex_);
      return status_;
    }

   private:
    Wire& wire_;
    Mutex mutex_;
    CondVar changed_;
    bool ended_ ABSL_GUARDED_BY(mutex_) = false;
    grpc::Status status_ ABSL_GUARDED_BY(mutex_);
  };

  ~FakeServer() override { Stop(); }

  // Returns the port, if it is a TCP address.
  int Listen(const std::string& address) {
    grpc::ServerBuilder builder;
    int port = 0;
    builder.AddListeningPort(address, grpc::InsecureServerCredentials(), &port);
    builder.RegisterService(this);
    server_ = builder.BuildAndStart();
    EXPECT_NE(server_, nullptr) << address;
    return port;
  }
  void Stop() {
    if (!server_) return;
    {
      MutexLock lock(&mutex_);
      stopping_ = true;
      for (const auto& call : waiting_) call->End(grpc::Status(grpc::UNAVAILABLE, "stopping"));
      if (current_) current_->End(grpc::Status(grpc::UNAVAILABLE, "stopping"));
    }
    server_->Shutdown(std::chrono::system_clock::now() + std::chrono::seconds(5));
    server_->Wait();
    server_.reset();
    MutexLock lock(&mutex_);
    stopping_ = false;
    waiting_.clear();
    current_.reset();
  }

  // The next session that an agent begins.
  std::shared_ptr<Call> Accept() {
    MutexLock lock(&mutex_);
    while (waiting_.empty()) changed_.Wait(&mutex_);
    current_ = std::move(waiting_.front());
    waiting_.pop_front();
    return current_;
  }

 private:
  grpc::Status Connect(grpc::ServerContext*, Wire* wire) override {
    const auto call = std::make_shared<Call>(*wire);
    {
      MutexLock lock(&mutex_);
      if (stopping_) return grpc::Status(grpc::UNAVAILABLE, "stopping");
      waiting_.push_back(call);
      changed_.SignalAll();
    }
    return call->WaitForEnd();
  }

  Mutex mutex_;
  CondVar changed_;
  bool stopping_ ABSL_GUARDED_BY(mutex_) = false;
  std::deque<std::shared_ptr<Call>> waiting_ ABSL_GUARDED_BY(mutex_);
  std::shared_ptr<Call> current_ ABSL_GUARDED_BY(mutex_);
  std::unique_ptr<grpc::Server> server_;
};

}  // namespace warren::session

#endif  // WARREN_TESTS_AGENT_SESSION_FAKE_SERVER_H_
