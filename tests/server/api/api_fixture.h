#ifndef WARREN_TESTS_SERVER_API_API_FIXTURE_H_
#define WARREN_TESTS_SERVER_API_API_FIXTURE_H_

// A server as main.cc wires it, in this process, on a unix socket; its store is real, its agents are driven by hand
// over real streams.

#include <gmock/gmock.h>
#include <google/protobuf/text_format.h>
#include <grpcpp/create_channel.h>
#include <gtest/gtest.h>
#include <unistd.h>

#include <chrono>
#include <memory>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "google/rpc/error_details.pb.h"
#include "google/rpc/status.pb.h"
#include "proto/common/names.h"
#include "proto/common/version.h"
#include "server/api/agents_service.h"
#include "server/api/exec_service.h"
#include "server/api/grpc_server.h"
#include "server/api/hosts_service.h"
#include "server/api/intents_service.h"
#include "server/api/namespaces_service.h"
#include "server/hosts/host_feed.h"
#include "server/hosts/queue_listener.h"
#include "server/metrics/exec_metrics.h"
#include "server/metrics/rpc_metrics.h"
#include "server/store/sqlite_kv.h"
#include "tests/server/store/scratch_dir.h"

namespace warren::api {

inline constexpr char kInstance[] = "11111111-1111-4111-8111-111111111111";
inline constexpr char kOther[] = "22222222-2222-4222-8222-222222222222";
inline constexpr char kBoot[] = "33333333-3333-4333-8333-333333333333";
// Far longer than anything takes: a call that hangs fails the test.
inline constexpr std::chrono::seconds kPatience{60};

// One client call's context.
class Context : public grpc::ClientContext {
 public:
  Context() { set_deadline(std::chrono::system_clock::now() + kPatience); }
};

class TestServer {
 public:
  struct Limits {
    intents::Options intents;
    exec::Sessions::Options exec;
    auth::ExecAccess::Options access = {.uids = {geteuid()}};
    std::vector<std::string> listen;  // beside the unix socket
    size_t workers = 2;
    size_t max_pending_calls = 1000;
  };

  TestServer(const store::ScratchDir& dir, Limits limits) : workers_(limits.workers, limits.max_pending_calls) {
    store::SqliteKv::Options store;
    store.path = dir.File("warren.db");
    kv_ = *store::SqliteKv::Open(store);
    hosts::HostRegistry::Options hosts;
    hosts.version = kVersion;
    hosts.heartbeat_interval = absl::Minutes(10);
    hosts_ = *hosts::HostRegistry::Open(*kv_, inventory_, hosts);
    intents_ = *intents::Intents::Open(*kv_, *hosts_, *hosts_, limits.intents);
    limits.exec.observer = &exec_metrics_;
    sessions_ = std::make_unique<exec::Sessions>(*hosts_, limits.exec);
    listener_ = std::make_unique<hosts::QueueListener>(*intents_, *sessions_);
    hosts_->Start(*listener_);
    hosts::HostFeed::Options host_feed;
    host_feed.start_patience = absl::Minutes(1);
    host_feed.describe = [this](v1::Host& host) {
      const std::string name = host.name().substr(host.name().find('/') + 1);
      host.set_queued_intents(static_cast<int32_t>(intents_->QueuedCount(name)));
      host.set_namespace_count(static_cast<int32_t>(inventory_.Count(name)));
    };
    host_feed_ = *hosts::HostFeed::Open(*kv_, host_feed);
    const Rooms rooms{*intents_, *hosts_, inventory_, workers_};
    agents_service_ = std::make_unique<AgentsService>(*hosts_, *sessions_);
    exec_service_ = std::make_unique<ExecService>(rooms, *sessions_, auth::ExecAccess(limits.access), &exec_metrics_);
    hosts_service_ = std::make_unique<HostsService>(rooms, *hosts_, *host_feed_);
    intents_service_ = std::make_unique<IntentsService>(rooms);
    namespaces_service_ = std::make_unique<NamespacesService>(rooms);
    GrpcServer::Options options;
    options.addresses = {*ParseListenAddress("unix:" + dir.File("server.sock"))};
    for (const std::string& address : limits.listen) options.addresses.push_back(*ParseListenAddress(address));
    options.services = {agents_service_.get(), exec_service_.get(), hosts_service_.get(), intents_service_.get(),
                        namespaces_service_.get()};
    options.interceptors.push_back(std::make_unique<metrics::RpcMetrics>(
        registry_, std::vector<const google::protobuf::ServiceDescriptor*>{
                       v1::Intent::descriptor()->file()->service(0), v1::Hello::descriptor()->file()->service(0)}));
    auto started = GrpcServer::Start(std::move(options));
    EXPECT_TRUE(started.ok()) << started.status();
    grpc_ = *std::move(started);
    grpc::ChannelArguments arguments;
    arguments.SetInt(GRPC_ARG_USE_LOCAL_SUBCHANNEL_POOL, 1);
    channel_ = grpc::CreateCustomChannel(grpc_->addresses()[0], grpc::InsecureChannelCredentials(), arguments);
  }
  ~TestServer() { Stop(); }

  // As main.cc does at SIGTERM.
  void Stop() {
    grpc_->SetServing(false);
    sessions_->Shutdown();
    hosts_->Shutdown();
    intents_->Stop();
    host_feed_->Close();
    inventory_.Close();
    grpc_->Shutdown(absl::Seconds(2));
    workers_.Stop();
  }

  const std::shared_ptr<grpc::Channel>& channel() const { return channel_; }
  GrpcServer& grpc() { return *grpc_; }
  prometheus::Registry& registry() { return registry_; }

 private:
  prometheus::Registry registry_;
  metrics::ExecMetrics exec_metrics_{registry_};
  std::unique_ptr<store::SqliteKv> kv_;
  inventory::Inventory inventory_;
  std::unique_ptr<hosts::HostRegistry> hosts_;
  std::unique_ptr<intents::Intents> intents_;
  std::unique_ptr<exec::Sessions> sessions_;
  std::unique_ptr<hosts::QueueListener> listener_;
  std::unique_ptr<hosts::HostFeed> host_feed_;
  WorkerPool workers_;
  std::unique_ptr<AgentsService> agents_service_;
  std::unique_ptr<ExecService> exec_service_;
  std::unique_ptr<HostsService> hosts_service_;
  std::unique_ptr<IntentsService> intents_service_;
  std::unique_ptr<NamespacesService> namespaces_service_;
  std::unique_ptr<GrpcServer> grpc_;
  std::shared_ptr<grpc::Channel> channel_;
};

// An agent's stream, driven by hand.
class WireAgent {
 public:
  explicit WireAgent(const std::shared_ptr<grpc::Channel>& channel)
      : stub_(v1::Agents::NewStub(channel)), stream_(stub_->Connect(&context_)) {}
  ~WireAgent() {
    if (!finished_) context_.TryCancel(), Finish();
  }

  static v1::Hello MakeHello(const std::string& host, const std::string& instance = kInstance) {
    v1::Hello hello;
    hello.set_host(host);
    hello.set_instance_id(instance);
    hello.set_boot_id(kBoot);
    hello.set_version("1.2");
    hello.set_kernel_release("6.18");
    return hello;
  }
  void Say(const v1::Hello& hello) {
    v1::AgentMessage message;
    *message.mutable_hello() = hello;
    Send(message);
  }
  void Send(const v1::AgentMessage& message) { stream_->Write(message); }
  // A report in protobuf's text format.
  void Report(const std::string& text) {
    v1::AgentMessage message;
    ASSERT_TRUE(google::protobuf::TextFormat::ParseFromString("report {" + text + "}", &message)) << text;
    Send(message);
  }
  // The result of an intent delivered before, as IntentResult's text without what names it.
  void Result(const v1::IntentDelivery& intent, const std::string& result, const std::string& more = "") {
    Report(more + " results {sequence: " + std::to_string(intent.sequence()) + " intent_id: '" + intent.intent_id() +
           "' " + result + "}");
  }
  void Succeed(const v1::IntentDelivery& intent, const std::string& more = "") {
    Result(intent, std::string("state: SUCCEEDED boot_id: '") + kBoot + "'", more);
  }
  // Returns when all said before was taken: the acknowledgement of a result that nobody waits for tells so.
  void Settle(const std::string& more = "") {
    Report(more + " results {sequence: 999 intent_id: '99999999-9999-4999-8999-999999999999' state: SUCCEEDED}");
    EXPECT_THAT(Hear().results_acknowledged().sequences(), ::testing::ElementsAre(999));
  }
  // The next message; a test that waits for one that does not come fails.
  v1::ServerMessage Hear() {
    v1::ServerMessage message;
    EXPECT_TRUE(stream_->Read(&message)) << "the stream ended";
    return message;
  }
  // The next message is a delivery of one intent.
  v1::IntentDelivery HearIntent() {
    const v1::ServerMessage message = Hear();
    EXPECT_EQ(message.deliver().intents_size(), 1) << message.ShortDebugString();
    return message.deliver().intents_size() == 1 ? message.deliver().intents(0) : v1::IntentDelivery();
  }
  // Whatever it still hears, until the end.
  grpc::Status Finish() {
    finished_ = true;
    v1::ServerMessage message;
    while (stream_->Read(&message)) {
    }
    return stream_->Finish();
  }
  // The agent ends the stream itself.
  grpc::Status HangUp() {
    stream_->WritesDone();
    return Finish();
  }

 private:
  Context context_;
  std::unique_ptr<v1::Agents::Stub> stub_;
  std::unique_ptr<grpc::ClientReaderWriter<v1::AgentMessage, v1::ServerMessage>> stream_;
  bool finished_ = false;
};

class ApiTest : public ::testing::Test {
 protected:
  void SetUp() override { Start(); }

  void Start() {
    server_ = std::make_unique<TestServer>(dir_, limits_);
    hosts_ = v1::Hosts::NewStub(server_->channel());
    intents_ = v1::Intents::NewStub(server_->channel());
    namespaces_ = v1::Namespaces::NewStub(server_->channel());
  }
  void Restart() {
    server_.reset();
    Start();
  }

  // A welcomed agent that has reported the namespaces named.
  std::unique_ptr<WireAgent> Connect(const std::string& host, const std::string& instance = kInstance) {
    auto agent = std::make_unique<WireAgent>(server_->channel());
    agent->Say(WireAgent::MakeHello(host, instance));
    EXPECT_TRUE(agent->Hear().has_welcome());
    return agent;
  }

  static v1::CreateIntentRequest Request(const std::string& host, const std::string& netns) {
    v1::CreateIntentRequest request;
    request.set_parent(HostName(host));
    request.mutable_intent()->add_operations()->mutable_create_namespace()->set_namespace_(netns);
    request.set_allow_unknown_host(true);
    return request;
  }
  v1::Intent Create(const v1::CreateIntentRequest& request) {
    Context context;
    v1::Intent intent;
    const grpc::Status status = intents_->CreateIntent(&context, request, &intent);
    EXPECT_TRUE(status.ok()) << status.error_message();
    return intent;
  }
  v1::Intent Create(const std::string& host, const std::string& netns) { return Create(Request(host, netns)); }
  grpc::Status Refused(const v1::CreateIntentRequest& request) {
    Context context;
    v1::Intent intent;
    return intents_->CreateIntent(&context, request, &intent);
  }
  v1::Intent Wait(const std::string& name) {
    Context context;
    v1::WaitIntentRequest request;
    request.set_name(name);
    v1::Intent intent;
    const grpc::Status status = intents_->WaitIntent(&context, request, &intent);
    EXPECT_TRUE(status.ok()) << status.error_message();
    return intent;
  }
  v1::Host GetHost(const std::string& host) {
    Context context;
    v1::GetHostRequest request;
    request.set_name(HostName(host));
    v1::Host result;
    const grpc::Status status = hosts_->GetHost(&context, request, &result);
    EXPECT_TRUE(status.ok()) << status.error_message();
    return result;
  }

  static google::rpc::Status Details(const grpc::Status& status) {
    google::rpc::Status details;
    EXPECT_TRUE(details.ParseFromString(status.error_details()));
    return details;
  }
  // The fields that a refusal names.
  static std::vector<std::string> BadFields(const grpc::Status& status) {
    EXPECT_EQ(status.error_code(), grpc::StatusCode::INVALID_ARGUMENT) << status.error_message();
    std::vector<std::string> fields;
    const google::rpc::Status details = Details(status);
    for (const auto& detail : details.details()) {
      google::rpc::BadRequest bad;
      if (!detail.UnpackTo(&bad)) continue;
      for (const auto& violation : bad.field_violations()) fields.push_back(violation.field());
    }
    return fields;
  }

  TestServer::Limits limits_;
  store::ScratchDir dir_;
  std::unique_ptr<TestServer> server_;
  std::unique_ptr<v1::Hosts::Stub> hosts_;
  std::unique_ptr<v1::Intents::Stub> intents_;
  std::unique_ptr<v1::Namespaces::Stub> namespaces_;
};

}  // namespace warren::api

#endif  // WARREN_TESTS_SERVER_API_API_FIXTURE_H_
