// The session over real gRPC.

#include "agent/session/session.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <stdlib.h>

#include <filesystem>

#include "agent/session/channel.h"
#include "tests/agent/session/fake_server.h"
#include "tests/agent/session/outbox_reader.h"
#include "tests/fakes/fake_executor.h"
#include "tests/fakes/fake_inventory.h"
#include "tests/fakes/recording_observer.h"

namespace warren::session {
namespace {

using ::testing::HasSubstr;

class SessionTest : public ::testing::Test {
 protected:
  SessionTest() {
    std::string pattern = ::testing::TempDir() + "/session-XXXXXX";
    directory_ = mkdtemp(pattern.data());
    address_ = "unix:" + directory_ + "/server.sock";
    host_.Set("@host", 1);
    EXPECT_TRUE(reporter_.Start(executor_, [this] { return std::make_unique<inventory::FakeInventory>(host_); }).ok());
  }
  ~SessionTest() override {
    if (session_) session_->Stop();
    server_.Stop();
    reporter_.Stop();
    std::filesystem::remove_all(directory_);
  }

  Session::Options Options() const {
    Session::Options options;
    options.server = address_;
    options.hello.set_host("h1");
    options.hello.set_instance_id("8a6f7d0e-6f0a-4b52-9a55-1f2f0a4f6a01");
    options.hello.add_capabilities()->set_name("netns");
    options.logger = *Logger::Create("json", "info");
    return options;
  }
  void Start(Session::Options options) {
    auto started = Session::Start(std::move(options), executor_, reporter_, observer_);
    ASSERT_TRUE(started.ok()) << started.status();
    session_ = *std::move(started);
  }

  std::string directory_, address_;
  RecordingObserver observer_;
  inventory::FakeHost host_;
  FakeServer server_;
  Reporter reporter_{observer_};
  executor::FakeExecutor executor_{reporter_};
  std::unique_ptr<Session> session_;
};

v1::ServerMessage Deliver(int64_t sequence) {
  v1::ServerMessage message;
  message.mutable_deliver()->add_intents()->set_sequence(sequence);
  return message;
}

// Reads until a message whose text (outbox_reader.h) holds this.
std::string ReadUntil(FakeServer::Call& call, const std::string& text) {
  while (const auto message = call.Read()) {
    if (const std::string now = Text(*message); now.find(text) != std::string::npos) return now;
  }
  return "the session ended";
}

TEST_F(SessionTest, SaysHelloThenTheInventoryAndWorksForTheServer) {
  server_.Listen(address_);
  Start(Options());
  const auto call = server_.Accept();
  const v1::Hello hello = call->Welcome();
  EXPECT_EQ(hello.host(), "h1");
  EXPECT_EQ(hello.instance_id(), "8a6f7d0e-6f0a-4b52-9a55-1f2f0a4f6a01");
  EXPECT_EQ(hello.capabilities(0).name(), "netns");
  observer_.WaitFor("connected", 1);

  call->Write(Deliver(5));
  EXPECT_EQ(executor_.WaitForSubmitted(1), std::vector<int64_t>{5});
  host_.Set("red", 1);
  executor_.Finish(5, {"red"});
  EXPECT_EQ(ReadUntil(*call, "5"), "+red=1 SUCCEEDED 5");
  v1::ServerMessage acknowledged;
  acknowledged.mutable_results_acknowledged()->add_sequences(5);
  call->Write(acknowledged);
  executor_.WaitForAcknowledged(5);

  call->Write(Deliver(6));
  executor_.WaitForSubmitted(2);
  v1::ServerMessage cancel;
  cancel.mutable_cancel()->set_sequence(6);
  call->Write(cancel);
  EXPECT_EQ(ReadUntil(*call, "cancel_answer"), "cancel_answer { sequence: 6 cancelled: true }");
  EXPECT_EQ(ReadUntil(*call, "6"), "CANCELLED 6");
}

TEST_F(SessionTest, ComesBackToAServerThatWasRestartedAndSaysAgainWhatWasNotAcknowledged) {
  server_.Listen(address_);
  Start(Options());
  auto call = server_.Accept();
  call->Welcome();
  call->Write(Deliver(1));
  executor_.WaitForSubmitted(1);
  executor_.Finish(1, {});
  EXPECT_EQ(ReadUntil(*call, "1"), "SUCCEEDED 1");
  server_.Stop();
  observer_.WaitFor("disconnected", 1);
  executor_.WaitForDrops(1);
  executor_.Finish(2, {});  // headless

  server_.Listen(address_);
  call = server_.Accept();
  call->Welcome();
  EXPECT_EQ(ReadUntil(*call, "SUCCEEDED"), "SUCCEEDED 1 SUCCEEDED 2");
  EXPECT_GE(observer_.Count("reconnect"), 1);
}

TEST_F(SessionTest, FindsAServerThatComesUpLaterAndSaysWhyThereIsNoneUntilThen) {
  Start(Options());
  observer_.WaitFor("reconnect", 2);
  EXPECT_EQ(session_->Health().code(), absl::StatusCode::kUnavailable);
  EXPECT_THAT(std::string(session_->Health().message()),
              HasSubstr("not connected to the server at " + address_ + ": "));
  server_.Listen(address_);
  const auto call = server_.Accept();
  call->Welcome();
  observer_.WaitFor("connected", 1);
  EXPECT_TRUE(session_->Health().ok());
  server_.Stop();
  observer_.WaitFor("disconnected", 1);
  EXPECT_EQ(session_->Health().code(), absl::StatusCode::kUnavailable);
}

TEST_F(SessionTest, SaysHeartbeatWhenThereIsNothingElseToSay) {
  server_.Listen(address_);
  Start(Options());
  const auto call = server_.Accept();
  call->Welcome(0.05);
  for (int i = 0; i < 3; ++i) {
    const auto message = call->Read();
    ASSERT_TRUE(message);
    EXPECT_TRUE(message->has_heartbeat()) << message->ShortDebugString();
  }
}

TEST_F(SessionTest, ARefusalIsLoggedInTheServersWordsAndTriedAgain) {
  ::testing::internal::CaptureStderr();
  server_.Listen(address_);
  Start(Options());
  server_.Accept()->End(grpc::Status(grpc::ALREADY_EXISTS, "another agent holds host h1"));
  const auto call = server_.Accept();
  call->Welcome();
  observer_.WaitFor("connected", 1);
  session_->Stop();
  const std::string log = ::testing::internal::GetCapturedStderr();
  EXPECT_THAT(log, HasSubstr(R"("level":"warning","msg":"refused by the server")"));
  EXPECT_THAT(log, HasSubstr("another agent holds host h1"));
  EXPECT_THAT(log, HasSubstr(R"("msg":"connected")"));
  EXPECT_THAT(log, HasSubstr(R"("msg":"disconnected")"));
}

TEST_F(SessionTest, AServerThatNeverSaysWelcomeIsLeft) {
  server_.Listen(address_);
  Session::Options options = Options();
  options.welcome_timeout = absl::Milliseconds(50);
  Start(std::move(options));
  const auto silent = server_.Accept();
  while (silent->Read()) {
  }
  silent->End(grpc::Status::OK);
  EXPECT_NE(server_.Accept(), nullptr);
  EXPECT_EQ(observer_.Count("connected"), 0);
}

TEST_F(SessionTest, AServerThatBreaksTheProtocolIsLeft) {
  server_.Listen(address_);
  Start(Options());
  const auto call = server_.Accept();
  call->Write(Deliver(1));
  while (call->Read()) {
  }
  call->End(grpc::Status::OK);
  EXPECT_NE(server_.Accept(), nullptr);
}

TEST_F(SessionTest, StoppingLetsTheServerReadToTheEnd) {
  server_.Listen(address_);
  Start(Options());
  const auto call = server_.Accept();
  call->Welcome();
  observer_.WaitFor("connected", 1);
  executor_.Finish(1, {}, std::string(500000, 'x'));
  reporter_.Drain(absl::InfiniteDuration());
  std::string last;
  std::jthread server([&] {
    while (const auto message = call->Read()) last = Text(*message);
    call->End(grpc::Status::OK);
  });
  session_->Stop();
  server.join();
  EXPECT_EQ(last, "FAILED 1");
  EXPECT_EQ(observer_.Count("disconnected"), 1);
}

TEST_F(SessionTest, StoppingWithoutAServerOrWithASilentOneEnds) {
  Start(Options());
  session_->Stop();
  server_.Listen(address_);
  Start(Options());
  server_.Accept();
  session_->Stop();
}

TEST_F(SessionTest, OverTcpTheExecutorIsToldWhereTheServerIs) {
  address_ = "127.0.0.1:" + std::to_string(server_.Listen("127.0.0.1:0"));
  Start(Options());
  server_.Accept()->Welcome();
  observer_.WaitFor("connected", 1);
  EXPECT_EQ(executor_.server_address(), "127.0.0.1");
}

TEST_F(SessionTest, AnAddressThatCannotBeDialledIsRefused) {
  for (const char* bad : {"", "h1", "h1:0", "unix:", "dns:///h1:1:2"}) {
    Session::Options options = Options();
    options.server = bad;
    EXPECT_EQ(Session::Start(std::move(options), executor_, reporter_, observer_).status().code(),
              absl::StatusCode::kInvalidArgument)
        << bad;
  }
}

TEST(Channel, APeersAddressIsRead) {
  const auto text = [](std::string_view peer) {
    const auto ip = PeerIp(peer);
    return ip ? ip->ToString() : "none";
  };
  EXPECT_EQ(text("ipv4:192.0.2.1:7600"), "192.0.2.1");
  EXPECT_EQ(text("ipv6:[2001:db8::1]:7600"), "2001:db8::1");
  EXPECT_EQ(text("ipv6:%5B2001:db8::1%5D:7600"), "2001:db8::1");
  EXPECT_EQ(text("ipv6:%5Bfe80::1%25eth0%5D:7600"), "fe80::1");
  EXPECT_EQ(text("unix:/run/warren/server.sock"), "none");
  EXPECT_EQ(text(""), "none");
}

}  // namespace
}  // namespace warren::session
