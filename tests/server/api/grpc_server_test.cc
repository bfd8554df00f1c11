// How the server listens, and what it offers besides its services.

#include "server/api/grpc_server.h"

#include <grpcpp/generic/generic_stub.h>
#include <sys/stat.h>

#include <atomic>
#include <filesystem>
#include <future>
#include <thread>

#include "grpc/health/v1/health.pb.h"
#include "tests/server/api/api_fixture.h"

namespace warren::api {
namespace {

using ::testing::HasSubstr;

class GrpcServerTest : public ApiTest {
 protected:
  // Health and reflection have no stubs here: they are called by their paths.
  grpc::health::v1::HealthCheckResponse::ServingStatus Health() {
    grpc::TemplatedGenericStub<grpc::health::v1::HealthCheckRequest, grpc::health::v1::HealthCheckResponse> stub(
        server_->channel());
    Context context;
    const grpc::health::v1::HealthCheckRequest request;
    grpc::health::v1::HealthCheckResponse response;
    std::promise<grpc::Status> done;
    stub.UnaryCall(&context, "/grpc.health.v1.Health/Check", {}, &request, &response,
                   [&](grpc::Status status) { done.set_value(std::move(status)); });
    const grpc::Status status = done.get_future().get();
    EXPECT_TRUE(status.ok()) << status.error_message();
    return response.status();
  }
  // What reflection answers, as text.
  std::string Reflect(const std::string& request_text) {
    const auto make = [](const std::string& name) {
      const auto* type = google::protobuf::DescriptorPool::generated_pool()->FindMessageTypeByName(name);
      return std::unique_ptr<google::protobuf::Message>(
          google::protobuf::MessageFactory::generated_factory()->GetPrototype(type)->New());
    };
    const auto request = make("grpc.reflection.v1alpha.ServerReflectionRequest");
    const auto response = make("grpc.reflection.v1alpha.ServerReflectionResponse");
    EXPECT_TRUE(google::protobuf::TextFormat::ParseFromString(request_text, request.get()));
    grpc::GenericStub stub(server_->channel());
    Context context;
    grpc::CompletionQueue queue;
    const auto next = [&] {
      void* tag = nullptr;
      bool ok = false;
      EXPECT_TRUE(queue.Next(&tag, &ok) && ok);
    };
    const auto call =
        stub.PrepareCall(&context, "/grpc.reflection.v1alpha.ServerReflection/ServerReflectionInfo", &queue);
    call->StartCall(nullptr);
    next();
    const grpc::Slice slice(request->SerializeAsString());
    call->Write(grpc::ByteBuffer(&slice, 1), nullptr);
    next();
    grpc::ByteBuffer answer;
    call->Read(&answer, nullptr);
    next();
    grpc::Slice bytes;
    EXPECT_TRUE(answer.DumpToSingleSlice(&bytes).ok());
    EXPECT_TRUE(response->ParseFromArray(bytes.begin(), static_cast<int>(bytes.size())));
    call->WritesDone(nullptr);
    next();
    grpc::Status status;
    call->Finish(&status, nullptr);
    next();
    return response->ShortDebugString();
  }
  static absl::StatusOr<std::unique_ptr<GrpcServer>> Listen(const std::string& address) {
    GrpcServer::Options options;
    options.addresses = {*ParseListenAddress(address)};
    return GrpcServer::Start(std::move(options));
  }
};

TEST_F(GrpcServerTest, HealthSaysWhatItIsTold) {
  EXPECT_EQ(Health(), grpc::health::v1::HealthCheckResponse::SERVING);
  server_->grpc().SetServing(false);
  EXPECT_EQ(Health(), grpc::health::v1::HealthCheckResponse::NOT_SERVING);
  server_->grpc().SetServing(true);
  EXPECT_EQ(Health(), grpc::health::v1::HealthCheckResponse::SERVING);
}

TEST_F(GrpcServerTest, AWatchOfHealthSeesEveryChange) {
  grpc::GenericStub stub(server_->channel());
  Context context;
  grpc::CompletionQueue queue;
  const auto next = [&] {
    void* tag = nullptr;
    bool ok = false;
    EXPECT_TRUE(queue.Next(&tag, &ok) && ok);
  };
  const auto call = stub.PrepareCall(&context, "/grpc.health.v1.Health/Watch", &queue);
  call->StartCall(nullptr);
  next();
  const grpc::Slice request(grpc::health::v1::HealthCheckRequest().SerializeAsString());
  call->WriteLast(grpc::ByteBuffer(&request, 1), grpc::WriteOptions(), nullptr);
  next();
  const auto heard = [&] {
    grpc::ByteBuffer answer;
    call->Read(&answer, nullptr);
    next();
    grpc::Slice bytes;
    EXPECT_TRUE(answer.DumpToSingleSlice(&bytes).ok());
    grpc::health::v1::HealthCheckResponse response;
    EXPECT_TRUE(response.ParseFromArray(bytes.begin(), static_cast<int>(bytes.size())));
    return response.status();
  };
  EXPECT_EQ(heard(), grpc::health::v1::HealthCheckResponse::SERVING);
  server_->grpc().SetServing(false);
  EXPECT_EQ(heard(), grpc::health::v1::HealthCheckResponse::NOT_SERVING);
  server_->grpc().SetServing(true);
  EXPECT_EQ(heard(), grpc::health::v1::HealthCheckResponse::SERVING);
  context.TryCancel();
  grpc::Status status;
  call->Finish(&status, nullptr);
  next();
}

TEST_F(GrpcServerTest, AWaitUnderWayEndsUnavailableWhenTheServerDoes) {
  const v1::Intent intent = Create("h1", "red");
  Context context;
  v1::WaitIntentRequest request;
  request.set_name(intent.name());
  v1::Intent response;
  std::promise<grpc::Status> done;
  intents_->async()->WaitIntent(&context, &request, &response,
                                [&](grpc::Status status) { done.set_value(std::move(status)); });
  // Calls of one connection arrive in order.
  EXPECT_EQ(Health(), grpc::health::v1::HealthCheckResponse::SERVING);
  server_->Stop();
  const grpc::Status status = done.get_future().get();
  EXPECT_EQ(status.error_code(), grpc::StatusCode::UNAVAILABLE) << status.error_message();
}

TEST_F(GrpcServerTest, AUnixSocketIsForItsGroupAndIsGoneAfterwards) {
  struct stat info {};
  const std::string path = dir_.File("server.sock");
  ASSERT_EQ(stat(path.c_str(), &info), 0);
  EXPECT_TRUE(S_ISSOCK(info.st_mode));
  EXPECT_EQ(info.st_mode & 0777, 0660u);
  server_.reset();
  EXPECT_FALSE(std::filesystem::exists(path));
}

TEST_F(GrpcServerTest, PortZeroIsAFreePort) {
  const auto server = Listen("127.0.0.1:0");
  ASSERT_TRUE(server.ok()) << server.status();
  const auto address = ParseListenAddress((*server)->addresses()[0]);
  ASSERT_TRUE(address.ok());
  EXPECT_GT(address->port, 0);
}

TEST_F(GrpcServerTest, APortThatIsTakenIsRefusedWithTheReason) {
  const auto first = Listen("127.0.0.1:0");
  ASSERT_TRUE(first.ok());
  const auto second = Listen((*first)->addresses()[0]);
  EXPECT_EQ(second.status().code(), absl::StatusCode::kFailedPrecondition);
  EXPECT_THAT(std::string(second.status().message()), HasSubstr((*first)->addresses()[0]));
  EXPECT_THAT(std::string(second.status().message()), HasSubstr("Address already in use"));
}

TEST_F(GrpcServerTest, ALiveSocketIsNotStolen) {
  const std::string address = "unix:" + dir_.File("server.sock");
  EXPECT_THAT(std::string(Listen(address).status().message()), HasSubstr("in use"));
  EXPECT_EQ(Health(), grpc::health::v1::HealthCheckResponse::SERVING);
}

TEST_F(GrpcServerTest, ADirectoryThatIsNotThereIsNamed) {
  const auto server = Listen("unix:" + dir_.File("nowhere/server.sock"));
  EXPECT_EQ(server.status().code(), absl::StatusCode::kFailedPrecondition);
  EXPECT_THAT(std::string(server.status().message()), HasSubstr("there is no directory " + dir_.File("nowhere")));
}

TEST_F(GrpcServerTest, AMessageOverTheLimitIsRefused) {
  v1::CreateIntentRequest request = Request("h1", std::string(5 << 20, 'x'));
  EXPECT_EQ(Refused(request).error_code(), grpc::StatusCode::RESOURCE_EXHAUSTED);
}

TEST_F(GrpcServerTest, MetadataOverTheLimitIsRefused) {
  Create("h1", "red");
  v1::GetHostRequest request;
  request.set_name("hosts/h1");
  v1::Host host;
  Context within;
  within.AddMetadata("x-trace", std::string(15 << 10, 'x'));
  const grpc::Status taken = hosts_->GetHost(&within, request, &host);
  EXPECT_TRUE(taken.ok()) << taken.error_message();
  Context over;
  over.AddMetadata("x-trace", std::string(17 << 10, 'x'));
  EXPECT_EQ(hosts_->GetHost(&over, request, &host).error_code(), grpc::StatusCode::RESOURCE_EXHAUSTED);
}

// Calls that cross with GOAWAY are cancelled by gRPC itself, before any handler sees them; they have no details.
TEST_F(GrpcServerTest, CallsThatComeWhileTheServerStopsAreUnavailable) {
  for (int round = 0; round < 10; ++round) {
    std::atomic<int> answered = 0;
    std::vector<std::thread> clients;
    for (int i = 0; i < 8; ++i) {
      clients.emplace_back([&, i] {
        grpc::Status status;
        while (status.ok()) {
          Context context;
          if (i % 2 == 0) {
            v1::Intent intent;
            status = intents_->CreateIntent(&context, Request("h1", "red"), &intent);
          } else {
            v1::ListHostsResponse hosts;
            status = hosts_->ListHosts(&context, v1::ListHostsRequest(), &hosts);
          }
          ++answered;
          answered.notify_one();
        }
        if (status.error_code() == grpc::StatusCode::CANCELLED) {
          EXPECT_EQ(status.error_details(), "");
        } else {
          EXPECT_EQ(status.error_code(), grpc::StatusCode::UNAVAILABLE) << status.error_message();
        }
      });
    }
    for (int seen = answered; seen < 100; seen = answered) answered.wait(seen);
    server_->Stop();
    for (std::thread& client : clients) client.join();
    Restart();
  }
}

TEST_F(GrpcServerTest, ReflectionListsEveryService) {
  const std::string listed = Reflect("list_services: ''");
  for (const char* service :
       {"warren.v1.Agents", "warren.v1.Hosts", "warren.v1.Intents", "warren.v1.Namespaces", "grpc.health.v1.Health"}) {
    EXPECT_THAT(listed, HasSubstr(std::string("name: \"") + service + "\""));
  }
}

TEST_F(GrpcServerTest, ReflectionDescribesEverySymbol) {
  for (const char* symbol : {"warren.v1.CreateVeth", "warren.v1.Intents.CreateIntent", "grpc.health.v1.Health",
                             "google.api.http", "google.protobuf.Duration"}) {
    EXPECT_THAT(Reflect(std::string("file_containing_symbol: '") + symbol + "'"), HasSubstr("file_descriptor_proto:"))
        << symbol;
  }
}

}  // namespace
}  // namespace warren::api
