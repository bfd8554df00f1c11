#ifndef WARREN_TESTS_CLIENT_CMD_FAKE_EXEC_H_
#define WARREN_TESTS_CLIENT_CMD_FAKE_EXEC_H_

// Exec's sessions as a test plays them: a function on a thread of its own reads and writes as the server would.

#include <grpcpp/grpcpp.h>

#include <functional>
#include <string>
#include <vector>

#include "absl/status/status.h"
#include "proto/common/mutex.h"
#include "warren/v1/exec.grpc.pb.h"

namespace warren::cli {

// The server's side of one session, which begins once start has come.
class FakeSession {
 public:
  using Stream = grpc::ServerReaderWriter<v1::SessionResponse, v1::SessionRequest>;
  FakeSession(grpc::ServerContext* context, Stream* stream, v1::SessionStart start)
      : start(std::move(start)), context_(context), stream_(stream) {}

  const v1::SessionStart start;

  void Started() {
    Write([](v1::SessionResponse& r) { r.mutable_started()->set_pid(7); });
  }
  void Out(const std::string& data) {
    Write([&](v1::SessionResponse& r) { r.set_stdout(data); });
  }
  void Err(const std::string& data) {
    Write([&](v1::SessionResponse& r) { r.set_stderr(data); });
  }
  void Exit(int code) {
    Write([&](v1::SessionResponse& r) { r.mutable_exit()->set_code(code); });
  }
  void Killed(int number, const std::string& name) {
    Write([&](v1::SessionResponse& r) {
      r.mutable_exit()->set_signal(name);
      r.mutable_exit()->set_signal_number(number);
    });
  }
  // False: the client has gone, or half-closed.
  bool Read(v1::SessionRequest* request) { return stream_->Read(request); }
  // All of standard input until its end.
  std::string ReadAll();
  bool Gone() const { return context_->IsCancelled(); }

 private:
  template <typename Fill>
  void Write(Fill fill) {
    v1::SessionResponse response;
    fill(response);
    stream_->Write(response);
  }

  grpc::ServerContext* const context_;
  Stream* const stream_;
};

// The service. Thread-safe.
class FakeExec : public v1::Exec::Service {
 public:
  using Play = std::function<absl::Status(FakeSession& session)>;

  void Plays(Play play) {
    MutexLock lock(&mutex_);
    play_ = std::move(play);
  }
  std::vector<v1::SessionStart> Asked() {
    MutexLock lock(&mutex_);
    return asked_;
  }
  // Waits until so many sessions have ended, on the server's side.
  void WaitUntilEnded(int count) {
    MutexLock lock(&mutex_);
    while (ended_ < count) changed_.Wait(&mutex_);
  }

  grpc::Status Session(grpc::ServerContext* context, FakeSession::Stream* stream) override;

 private:
  Mutex mutex_;
  CondVar changed_;
  Play play_ ABSL_GUARDED_BY(mutex_);
  std::vector<v1::SessionStart> asked_ ABSL_GUARDED_BY(mutex_);
  int ended_ ABSL_GUARDED_BY(mutex_) = 0;
};

}  // namespace warren::cli

#endif  // WARREN_TESTS_CLIENT_CMD_FAKE_EXEC_H_
