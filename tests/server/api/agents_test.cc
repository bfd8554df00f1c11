// Agents.Connect over a real stream, with the real queue behind it.

#include <future>

#include "tests/server/api/api_fixture.h"

namespace warren::api {
namespace {

using ::testing::ElementsAre;
using ::testing::HasSubstr;

class AgentsTest : public ApiTest {};

TEST_F(AgentsTest, HelloIsAnsweredWithWelcomeAndMakesTheHostConnected) {
  WireAgent agent(server_->channel());
  agent.Say(WireAgent::MakeHello("h1"));
  const v1::ServerMessage message = agent.Hear();
  ASSERT_TRUE(message.has_welcome());
  EXPECT_EQ(message.welcome().version(), kVersion);
  EXPECT_EQ(message.welcome().heartbeat_interval().seconds(), 600);
  const v1::Host host = GetHost("h1");
  EXPECT_TRUE(host.connected());
}

TEST_F(AgentsTest, ABadHelloIsRefusedWithEveryBadField) {
  WireAgent agent(server_->channel());
  agent.Say(WireAgent::MakeHello("h 1", "no-uuid"));
  EXPECT_THAT(BadFields(agent.Finish()), ElementsAre("hello.host", "hello.instance_id"));
}

TEST_F(AgentsTest, AStreamThatDoesNotBeginWithHelloIsRefused) {
  WireAgent agent(server_->channel());
  agent.Report("started: 1");
  EXPECT_EQ(agent.Finish().error_code(), grpc::StatusCode::INVALID_ARGUMENT);
}

TEST_F(AgentsTest, AnotherInstanceIsRefusedAndTheFirstStays) {
  const auto first = Connect("h1");
  WireAgent other(server_->channel());
  other.Say(WireAgent::MakeHello("h1", kOther));
  const grpc::Status status = other.Finish();
  EXPECT_EQ(status.error_code(), grpc::StatusCode::ALREADY_EXISTS);
  EXPECT_THAT(status.error_message(), HasSubstr("another agent instance holds the live session of host h1"));
  Create("h1", "red");
  EXPECT_EQ(first->HearIntent().operations(0).create_namespace().namespace_(), "red");
}

TEST_F(AgentsTest, ANewerSessionOfTheSameAgentEndsTheOlderAndIsGivenWhatIsUnfinished) {
  const auto older = Connect("h1");
  Create("h1", "red");
  const int64_t sequence = older->HearIntent().sequence();
  const auto newer = Connect("h1");
  EXPECT_EQ(older->Finish().error_code(), grpc::StatusCode::ABORTED);
  EXPECT_EQ(newer->HearIntent().sequence(), sequence);
  EXPECT_TRUE(GetHost("h1").connected());
}

TEST_F(AgentsTest, AnIntentIsDeliveredReportedAcknowledgedAndFinished) {
  const auto agent = Connect("h1");
  const v1::Intent intent = Create("h1", "red");
  const v1::IntentDelivery delivery = agent->HearIntent();
  EXPECT_EQ(delivery.sequence(), intent.sequence());
  EXPECT_EQ(IntentName("h1", delivery.intent_id()), intent.name());

  agent->Report("started: " + std::to_string(delivery.sequence()));
  agent->Succeed(delivery, "inventory {full_begin: true full_end: true namespaces {name: 'red'}}");
  EXPECT_THAT(agent->Hear().results_acknowledged().sequences(), ElementsAre(delivery.sequence()));
  const v1::Intent done = Wait(intent.name());
  EXPECT_EQ(done.state(), v1::Intent::SUCCEEDED);
  EXPECT_EQ(done.boot_id(), kBoot);

  // Whoever sees the result sees the inventory it left.
  Context context;
  v1::GetNamespaceRequest request;
  request.set_name("hosts/h1/namespaces/red");
  v1::Namespace netns;
  EXPECT_TRUE(namespaces_->GetNamespace(&context, request, &netns).ok());
}

TEST_F(AgentsTest, AFailureIsShownAsTheAgentToldIt) {
  const auto agent = Connect("h1");
  const v1::Intent intent = Create("h1", "red");
  agent->Result(agent->HearIntent(),
                "state: FAILED error {operation: 'create_namespace' object: 'red' code: 6 message: 'it is there' "
                "errno_value: 17 errno_name: 'EEXIST'}");
  const v1::Intent done = Wait(intent.name());
  EXPECT_EQ(done.state(), v1::Intent::FAILED);
  EXPECT_EQ(done.error().errno_name(), "EEXIST");
  EXPECT_EQ(done.error().message(), "it is there");
}

TEST_F(AgentsTest, WhatWasNotFinishedIsDeliveredAgainInOrder) {
  const int64_t red = Create("h1", "red").sequence();
  const int64_t blue = Create("h1", "blue").sequence();
  for (int session = 0; session < 3; ++session) {
    const auto agent = Connect("h1");
    std::vector<int64_t> heard;
    while (heard.size() < 2) {
      const v1::ServerMessage message = agent->Hear();
      for (const auto& intent : message.deliver().intents()) heard.push_back(intent.sequence());
    }
    EXPECT_THAT(heard, ElementsAre(red, blue));
    EXPECT_TRUE(agent->HangUp().ok());
  }
  EXPECT_FALSE(GetHost("h1").connected());
}

TEST_F(AgentsTest, AResultToldAgainIsAcknowledgedAgainAlsoByARestartedServer) {
  auto agent = Connect("h1");
  const v1::Intent intent = Create("h1", "red");
  const v1::IntentDelivery delivery = agent->HearIntent();
  for (int i = 0; i < 2; ++i) {
    agent->Succeed(delivery);
    EXPECT_THAT(agent->Hear().results_acknowledged().sequences(), ElementsAre(delivery.sequence()));
  }
  agent.reset();
  Restart();
  EXPECT_FALSE(GetHost("h1").connected());
  agent = Connect("h1");
  agent->Succeed(delivery);
  EXPECT_THAT(agent->Hear().results_acknowledged().sequences(), ElementsAre(delivery.sequence()));
  EXPECT_EQ(Wait(intent.name()).state(), v1::Intent::SUCCEEDED);
}

TEST_F(AgentsTest, ALargeQueueIsSplitIntoMessagesThatAClientTakes) {
  v1::CreateIntentRequest request = Request("h1", "ns");
  for (int i = 0; i < 999; ++i) {
    v1::CreateVeth& veth = *request.mutable_intent()->add_operations()->mutable_create_veth();
    veth.mutable_a()->set_namespace_(std::string(255, 'a'));
    veth.mutable_b()->set_namespace_(std::string(255, 'b'));
    veth.mutable_a()->set_name("a" + std::to_string(i));
    veth.mutable_b()->set_name("b" + std::to_string(i));
  }
  constexpr int kIntents = 16;  // some 9 MB
  for (int i = 0; i < kIntents; ++i) Create(request);
  const auto agent = Connect("h1");
  int heard = 0;
  int64_t last = 0;
  while (heard < kIntents) {
    const v1::ServerMessage message = agent->Hear();
    ASSERT_GT(message.deliver().intents_size(), 0);
    for (const auto& intent : message.deliver().intents()) {
      EXPECT_GT(intent.sequence(), last);
      EXPECT_EQ(intent.operations_size(), 1000);
      last = intent.sequence();
      ++heard;
    }
  }
}

TEST_F(AgentsTest, CancellingWhatWasHandedOutIsAnsweredByTheAgent) {
  const auto agent = Connect("h1");
  const v1::Intent intent = Create("h1", "red");
  const v1::IntentDelivery delivery = agent->HearIntent();
  const int64_t sequence = delivery.sequence();
  const auto cancel = [&] {
    return std::async(std::launch::async, [&] {
      Context context;
      v1::CancelIntentRequest request;
      request.set_name(intent.name());
      v1::Intent result;
      const grpc::Status status = intents_->CancelIntent(&context, request, &result);
      return std::make_pair(status, result);
    });
  };
  auto refused = cancel();
  EXPECT_EQ(agent->Hear().cancel().sequence(), sequence);
  v1::AgentMessage answer;
  answer.mutable_cancel_answer()->set_sequence(sequence);
  answer.mutable_cancel_answer()->set_reason("running");
  agent->Send(answer);
  EXPECT_EQ(refused.get().first.error_code(), grpc::StatusCode::FAILED_PRECONDITION);

  auto granted = cancel();
  EXPECT_EQ(agent->Hear().cancel().sequence(), sequence);
  answer.mutable_cancel_answer()->set_cancelled(true);
  agent->Send(answer);
  agent->Result(delivery, "state: CANCELLED");
  const auto [status, result] = granted.get();
  EXPECT_TRUE(status.ok()) << status.error_message();
  EXPECT_EQ(result.state(), v1::Intent::CANCELLED);
}

TEST_F(AgentsTest, WhatTheKernelLacksIsRefusedInTheAgentsWords) {
  WireAgent agent(server_->channel());
  v1::Hello hello = WireAgent::MakeHello("h1");
  v1::Capability& netns = *hello.add_capabilities();
  netns.set_name("netns");
  netns.set_reason("kernel has no network namespace support (CONFIG_NET_NS)");
  agent.Say(hello);
  agent.Hear();
  const grpc::Status status = Refused(Request("h1", "red"));
  EXPECT_EQ(status.error_code(), grpc::StatusCode::FAILED_PRECONDITION);
  EXPECT_EQ(status.error_message(), "host h1: kernel has no network namespace support (CONFIG_NET_NS)");
}

TEST_F(AgentsTest, AShutdownEndsStreamsAndWaitsAndSaysSo) {
  const auto agent = Connect("h1");
  const v1::Intent intent = Create("h1", "red");
  agent->HearIntent();
  auto wait = std::async(std::launch::async, [&] {
    Context context;
    v1::WaitIntentRequest request;
    request.set_name(intent.name());
    v1::Intent result;
    return intents_->WaitIntent(&context, request, &result);
  });
  server_->Stop();
  EXPECT_EQ(agent->Finish().error_code(), grpc::StatusCode::UNAVAILABLE);
  // Cut by gRPC itself when it arrives while the server is ending.
  EXPECT_THAT(wait.get().error_code(), ::testing::AnyOf(grpc::StatusCode::UNAVAILABLE, grpc::StatusCode::CANCELLED));
}

}  // namespace
}  // namespace warren::api
