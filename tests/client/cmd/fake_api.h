#ifndef WARREN_TESTS_CLIENT_CMD_FAKE_API_H_
#define WARREN_TESTS_CLIENT_CMD_FAKE_API_H_

// A real gRPC server on a unix socket whose services answer what a test tells them to, and the command run against it.

#include <grpcpp/grpcpp.h>
#include <gtest/gtest.h>

#include <deque>
#include <functional>
#include <memory>
#include <string>
#include <vector>

#include "absl/status/status.h"
#include "client/output/terminal.h"
#include "google/protobuf/text_format.h"
#include "proto/common/mutex.h"
#include "tests/client/cmd/fake_exec.h"
#include "warren/v1/hosts.grpc.pb.h"
#include "warren/v1/intents.grpc.pb.h"
#include "warren/v1/namespaces.grpc.pb.h"

namespace warren::cli {

// How one RPC is answered, and what it was asked. Thread-safe.
template <typename Request, typename Response>
class Method {
 public:
  using Answer = std::function<absl::Status(const Request&, Response*)>;

  void Answers(Answer answer) {
    MutexLock lock(&mutex_);
    answer_ = std::move(answer);
  }
  void Returns(const Response& response) {
    Answers([response](const Request&, Response* out) {
      *out = response;
      return absl::OkStatus();
    });
  }
  void Fails(const absl::Status& status) {
    Answers([status](const Request&, Response*) { return status; });
  }
  std::vector<Request> Asked() {
    MutexLock lock(&mutex_);
    return asked_;
  }
  absl::Status Call(const Request& request, Response* response) {
    Answer answer;
    {
      MutexLock lock(&mutex_);
      asked_.push_back(request);
      answer = answer_;
    }
    return answer ? answer(request, response) : absl::UnimplementedError("the test does not expect this call");
  }

 private:
  Mutex mutex_;
  Answer answer_ ABSL_GUARDED_BY(mutex_);
  std::vector<Request> asked_ ABSL_GUARDED_BY(mutex_);
};

// How a watch is answered: each call gets the next script, messages and how the stream then ends; and what it was
// asked. Thread-safe.
template <typename Request, typename Response>
class Stream {
 public:
  struct Script {
    std::vector<Response> responses;
    absl::Status end;
    bool held = false;  // stays open until the client goes
  };

  void Then(std::vector<Response> responses, const absl::Status& end) { Add({std::move(responses), end, false}); }
  void ThenHolds(std::vector<Response> responses) { Add({std::move(responses), absl::OkStatus(), true}); }
  std::vector<Request> Asked() {
    MutexLock lock(&mutex_);
    return asked_;
  }
  // Waits until the client has left a stream that was held.
  void WaitUntilLeft() {
    MutexLock lock(&mutex_);
    while (!left_) changed_.Wait(&mutex_);
  }

  Script Call(const Request& request) {
    MutexLock lock(&mutex_);
    asked_.push_back(request);
    if (scripts_.empty()) return {{}, absl::UnimplementedError("the test does not expect this watch"), false};
    Script script = std::move(scripts_.front());
    scripts_.pop_front();
    return script;
  }
  void Left() {
    MutexLock lock(&mutex_);
    left_ = true;
    changed_.SignalAll();
  }

 private:
  void Add(Script script) {
    MutexLock lock(&mutex_);
    scripts_.push_back(std::move(script));
  }

  Mutex mutex_;
  CondVar changed_;
  bool left_ ABSL_GUARDED_BY(mutex_) = false;
  std::deque<Script> scripts_ ABSL_GUARDED_BY(mutex_);
  std::vector<Request> asked_ ABSL_GUARDED_BY(mutex_);
};

struct FakeMethods {
  Method<v1::ListHostsRequest, v1::ListHostsResponse> list_hosts;
  Method<v1::GetHostRequest, v1::Host> get_host;
  Method<v1::ListNamespacesRequest, v1::ListNamespacesResponse> list_namespaces;
  Method<v1::GetNamespaceRequest, v1::Namespace> get_namespace;
  Method<v1::ListHoldersRequest, v1::ListHoldersResponse> list_holders;
  Method<v1::CreateIntentRequest, v1::Intent> create_intent;
  Method<v1::GetIntentRequest, v1::Intent> get_intent;
  Method<v1::ListIntentsRequest, v1::ListIntentsResponse> list_intents;
  Method<v1::CancelIntentRequest, v1::Intent> cancel_intent;
  Method<v1::WaitIntentRequest, v1::Intent> wait_intent;
  Method<v1::BatchCreateIntentsRequest, v1::BatchCreateIntentsResponse> batch_create_intents;
  Method<v1::DeleteHostRequest, google::protobuf::Empty> delete_host;
  Stream<v1::WatchHostsRequest, v1::WatchHostsResponse> watch_hosts;
  Stream<v1::WatchIntentsRequest, v1::WatchIntentsResponse> watch_intents;
  Stream<v1::WatchNamespacesRequest, v1::WatchNamespacesResponse> watch_namespaces;
  FakeExec exec;
};

// As the server sends an absl::Status with payloads.
grpc::Status ToGrpc(const absl::Status& status);

// What a run of the command came to.
struct Ran {
  int code = 0;
  std::string out;
  std::string err;
};

// `warren LINE...`, as if typed; no server is named. Pauses are not slept, but move the clock that --timeout goes by.
Ran RunCommand(const std::vector<std::string>& words, const std::string& standard_input = "");
// With a standard input of its own, which is not closed.
Ran RunCommandOn(const std::vector<std::string>& words, const std::string& standard_input, int in_fd,
                 const Terminal& out_terminal = {});
// The same from one line of words.
Ran RunCommand(const std::string& line, const std::string& standard_input = "");

class CommandTest : public testing::Test {
 protected:
  CommandTest();
  ~CommandTest() override;

  // Against the fake.
  Ran Run(const std::string& line, const std::string& standard_input = "");

  std::string server() const { return "unix:" + socket_; }

  FakeMethods api_;

 private:
  struct Services;
  std::string socket_;
  std::unique_ptr<Services> services_;
  std::unique_ptr<grpc::Server> server_;
};

// Makes create_intent accept what comes, as the server does, and wait_intent end it in this state.
void AcceptAnd(FakeMethods& api, v1::Intent::State state, const v1::OperationError& error = {});

// A message from protobuf's text format.
template <typename Message>
Message From(const std::string& text) {
  Message message;
  EXPECT_TRUE(google::protobuf::TextFormat::ParseFromString(text, &message)) << text;
  return message;
}

}  // namespace warren::cli

#endif  // WARREN_TESTS_CLIENT_CMD_FAKE_API_H_
