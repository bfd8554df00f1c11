#include "tests/client/cmd/fake_api.h"

#include <unistd.h>

#include <sstream>
#include <utility>

#include "absl/strings/str_cat.h"
#include "absl/strings/str_split.h"
#include "client/cmd/run.h"
#include "google/rpc/status.pb.h"

namespace warren::cli {

grpc::Status ToGrpc(const absl::Status& status) {
  if (status.ok()) return grpc::Status::OK;
  google::rpc::Status details;
  details.set_code(static_cast<int>(status.code()));
  details.set_message(std::string(status.message()));
  status.ForEachPayload([&details](absl::string_view url, const absl::Cord& payload) {
    auto* detail = details.add_details();
    detail->set_type_url(std::string(url));
    detail->set_value(std::string(payload));
  });
  return {static_cast<grpc::StatusCode>(status.code()), std::string(status.message()), details.SerializeAsString()};
}

namespace {

template <typename Request, typename Response>
grpc::ServerUnaryReactor* Answer(grpc::CallbackServerContext* context, Method<Request, Response>& method,
                                 const Request* request, Response* response) {
  auto* reactor = context->DefaultReactor();
  reactor->Finish(ToGrpc(method.Call(*request, response)));
  return reactor;
}

// Plays one script.
template <typename Request, typename Response>
class Player : public grpc::ServerWriteReactor<Response> {
 public:
  Player(Stream<Request, Response>& stream, const Request& request) : stream_(stream), script_(stream.Call(request)) {
    this->StartSendInitialMetadata();
  }
  void OnSendInitialMetadataDone(bool) override { Next(); }
  void OnWriteDone(bool) override { Next(); }
  void OnCancel() override {
    MutexLock lock(&mutex_);
    cancelled_ = true;
    if (idle_) Finish(grpc::Status::CANCELLED);
  }
  void OnDone() override {
    if (script_.held) stream_.Left();
    delete this;
  }

 private:
  void Next() {
    MutexLock lock(&mutex_);
    if (cancelled_) {
      Finish(grpc::Status::CANCELLED);
    } else if (next_ < script_.responses.size()) {
      this->StartWrite(&script_.responses[next_++]);
    } else if (script_.held) {
      idle_ = true;
    } else {
      Finish(ToGrpc(script_.end));
    }
  }
  void Finish(const grpc::Status& status) ABSL_EXCLUSIVE_LOCKS_REQUIRED(mutex_) {
    if (!std::exchange(finished_, true)) grpc::ServerWriteReactor<Response>::Finish(status);
  }

  Stream<Request, Response>& stream_;
  typename Stream<Request, Response>::Script script_;
  Mutex mutex_;
  size_t next_ ABSL_GUARDED_BY(mutex_) = 0;
  bool idle_ ABSL_GUARDED_BY(mutex_) = false;
  bool cancelled_ ABSL_GUARDED_BY(mutex_) = false;
  bool finished_ ABSL_GUARDED_BY(mutex_) = false;
};

class FakeHosts : public v1::Hosts::CallbackService {
 public:
  explicit FakeHosts(FakeMethods& api) : api_(api) {}
  grpc::ServerUnaryReactor* ListHosts(grpc::CallbackServerContext* context, const v1::ListHostsRequest* request,
                                      v1::ListHostsResponse* response) override {
    return Answer(context, api_.list_hosts, request, response);
  }
  grpc::ServerUnaryReactor* GetHost(grpc::CallbackServerContext* context, const v1::GetHostRequest* request,
                                    v1::Host* response) override {
    return Answer(context, api_.get_host, request, response);
  }
  grpc::ServerUnaryReactor* DeleteHost(grpc::CallbackServerContext* context, const v1::DeleteHostRequest* request,
                                       google::protobuf::Empty* response) override {
    return Answer(context, api_.delete_host, request, response);
  }
  grpc::ServerWriteReactor<v1::WatchHostsResponse>* WatchHosts(grpc::CallbackServerContext*,
                                                               const v1::WatchHostsRequest* request) override {
    return new Player<v1::WatchHostsRequest, v1::WatchHostsResponse>(api_.watch_hosts, *request);
  }

 private:
  FakeMethods& api_;
};

class FakeNamespaces : public v1::Namespaces::CallbackService {
 public:
  explicit FakeNamespaces(FakeMethods& api) : api_(api) {}
  grpc::ServerUnaryReactor* ListNamespaces(grpc::CallbackServerContext* context,
                                           const v1::ListNamespacesRequest* request,
                                           v1::ListNamespacesResponse* response) override {
    return Answer(context, api_.list_namespaces, request, response);
  }
  grpc::ServerUnaryReactor* ListHolders(grpc::CallbackServerContext* context, const v1::ListHoldersRequest* request,
                                        v1::ListHoldersResponse* response) override {
    return Answer(context, api_.list_holders, request, response);
  }
  grpc::ServerUnaryReactor* GetNamespace(grpc::CallbackServerContext* context, const v1::GetNamespaceRequest* request,
                                         v1::Namespace* response) override {
    return Answer(context, api_.get_namespace, request, response);
  }
  grpc::ServerWriteReactor<v1::WatchNamespacesResponse>* WatchNamespaces(
      grpc::CallbackServerContext*, const v1::WatchNamespacesRequest* request) override {
    return new Player<v1::WatchNamespacesRequest, v1::WatchNamespacesResponse>(api_.watch_namespaces, *request);
  }

 private:
  FakeMethods& api_;
};

class FakeIntents : public v1::Intents::CallbackService {
 public:
  explicit FakeIntents(FakeMethods& api) : api_(api) {}
  grpc::ServerUnaryReactor* CreateIntent(grpc::CallbackServerContext* context, const v1::CreateIntentRequest* request,
                                         v1::Intent* response) override {
    return Answer(context, api_.create_intent, request, response);
  }
  grpc::ServerUnaryReactor* GetIntent(grpc::CallbackServerContext* context, const v1::GetIntentRequest* request,
                                      v1::Intent* response) override {
    return Answer(context, api_.get_intent, request, response);
  }
  grpc::ServerUnaryReactor* ListIntents(grpc::CallbackServerContext* context, const v1::ListIntentsRequest* request,
                                        v1::ListIntentsResponse* response) override {
    return Answer(context, api_.list_intents, request, response);
  }
  grpc::ServerUnaryReactor* CancelIntent(grpc::CallbackServerContext* context, const v1::CancelIntentRequest* request,
                                         v1::Intent* response) override {
    return Answer(context, api_.cancel_intent, request, response);
  }
  grpc::ServerUnaryReactor* WaitIntent(grpc::CallbackServerContext* context, const v1::WaitIntentRequest* request,
                                       v1::Intent* response) override {
    return Answer(context, api_.wait_intent, request, response);
  }
  grpc::ServerUnaryReactor* BatchCreateIntents(grpc::CallbackServerContext* context,
                                               const v1::BatchCreateIntentsRequest* request,
                                               v1::BatchCreateIntentsResponse* response) override {
    return Answer(context, api_.batch_create_intents, request, response);
  }
  grpc::ServerWriteReactor<v1::WatchIntentsResponse>* WatchIntents(grpc::CallbackServerContext*,
                                                                   const v1::WatchIntentsRequest* request) override {
    return new Player<v1::WatchIntentsRequest, v1::WatchIntentsResponse>(api_.watch_intents, *request);
  }

 private:
  FakeMethods& api_;
};

}  // namespace

struct CommandTest::Services {
  explicit Services(FakeMethods& api) : hosts(api), namespaces(api), intents(api) {}
  FakeHosts hosts;
  FakeNamespaces namespaces;
  FakeIntents intents;
};

CommandTest::CommandTest()
    : socket_(absl::StrCat(testing::TempDir(), "/warren-cmd-", getpid(), ".sock")),
      services_(std::make_unique<Services>(api_)) {
  grpc::ServerBuilder builder;
  builder.AddListeningPort(server(), grpc::InsecureServerCredentials());
  builder.RegisterService(&services_->hosts);
  builder.RegisterService(&services_->namespaces);
  builder.RegisterService(&services_->intents);
  builder.RegisterService(&api_.exec);
  server_ = builder.BuildAndStart();
}

CommandTest::~CommandTest() {
  if (server_ != nullptr) server_->Shutdown();
  unlink(socket_.c_str());
}

Ran CommandTest::Run(const std::string& line, const std::string& standard_input) {
  return RunCommand(absl::StrCat("--server ", server(), " ", line), standard_input);
}

Ran RunCommand(const std::vector<std::string>& words, const std::string& standard_input) {
  int ends[2];
  EXPECT_EQ(pipe(ends), 0);
  EXPECT_EQ(write(ends[1], standard_input.data(), standard_input.size()), static_cast<ssize_t>(standard_input.size()));
  close(ends[1]);
  const Ran ran = RunCommandOn(words, standard_input, ends[0]);
  close(ends[0]);
  return ran;
}

Ran RunCommandOn(const std::vector<std::string>& words, const std::string& standard_input, int in_fd,
                 const Terminal& out_terminal) {
  std::vector<const char*> argv = {"warren"};
  for (const std::string& word : words) argv.push_back(word.c_str());
  std::istringstream in(standard_input);
  std::ostringstream out;
  std::ostringstream err;
  Ran ran;
  client::RetryOptions retry;
  absl::Duration slept;
  retry.now = [&slept] { return absl::Now() + slept; };
  retry.sleep = [&slept](absl::Duration pause) { slept += pause; };
  ran.code =
      RunWarren(static_cast<int>(argv.size()), argv.data(), {in, out, err, out_terminal, {}, in_fd}, std::move(retry));
  ran.out = out.str();
  ran.err = err.str();
  return ran;
}

Ran RunCommand(const std::string& line, const std::string& standard_input) {
  const std::vector<std::string> words = absl::StrSplit(line, ' ', absl::SkipEmpty());
  return RunCommand(words, standard_input);
}

void AcceptAnd(FakeMethods& api, v1::Intent::State state, const v1::OperationError& error) {
  auto accepted = std::make_shared<v1::Intent>();
  api.create_intent.Answers([accepted](const v1::CreateIntentRequest& request, v1::Intent* intent) {
    *intent = request.intent();
    intent->set_name(absl::StrCat(request.parent(), "/intents/", request.request_id()));
    intent->set_state(v1::Intent::QUEUED);
    *accepted = *intent;
    return absl::OkStatus();
  });
  api.wait_intent.Answers([accepted, state, error](const v1::WaitIntentRequest&, v1::Intent* intent) {
    *intent = *accepted;
    intent->set_state(state);
    if (state == v1::Intent::FAILED) *intent->mutable_error() = error;
    return absl::OkStatus();
  });
}

}  // namespace warren::cli
