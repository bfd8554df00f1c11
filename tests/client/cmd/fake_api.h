#ifndef WARREN_TESTS_CLIENT_CMD_FAKE_API_H_
#define WARREN_TESTS_CLIENT_CMD_FAKE_API_H_

// A real gRPC server on a unix socket whose services answer what a test tells them to, and the command run against it.

#include <grpcpp/grpcpp.h>
#include <gtest/gtest.h>

#include <functional>
#include <memory>
#include <string>
#include <vector>

#include "absl/status/status.h"
#include "google/protobuf/text_format.h"
#include "proto/common/mutex.h"
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

struct FakeMethods {
  Method<v1::ListHostsRequest, v1::ListHostsResponse> list_hosts;
  Method<v1::GetHostRequest, v1::Host> get_host;
  Method<v1::ListNamespacesRequest, v1::ListNamespacesResponse> list_namespaces;
  Method<v1::GetNamespaceRequest, v1::Namespace> get_namespace;
  Method<v1::CreateIntentRequest, v1::Intent> create_intent;
  Method<v1::GetIntentRequest, v1::Intent> get_intent;
  Method<v1::ListIntentsRequest, v1::ListIntentsResponse> list_intents;
  Method<v1::CancelIntentRequest, v1::Intent> cancel_intent;
  Method<v1::WaitIntentRequest, v1::Intent> wait_intent;
};

// What a run of the command came to.
struct Ran {
  int code = 0;
  std::string out;
  std::string err;
};

// `warren LINE...`, as if typed; no server is named. Pauses are not slept, but move the clock that --timeout goes by.
Ran RunCommand(const std::vector<std::string>& words, const std::string& standard_input = "");
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
