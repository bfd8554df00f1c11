// Who may run commands, by how they reach the server.

#include "tests/server/api/exec_fixture.h"

namespace warren::api {
namespace {

class ExecAccessApiTest : public ExecTest {
 protected:
  void SetUp() override { limits_.listen = {"127.0.0.1:0", "[::1]:0"}; }

  std::shared_ptr<grpc::Channel> Dial(size_t address) {
    return grpc::CreateChannel(server_->grpc().addresses()[address], grpc::InsecureChannelCredentials());
  }
  std::string Refused(const std::shared_ptr<grpc::Channel>& channel, const std::string& forwarded_for = "") {
    Caller caller(channel, forwarded_for);
    caller.Start();
    const grpc::Status status = caller.Finish();
    EXPECT_EQ(status.error_code(), grpc::StatusCode::PERMISSION_DENIED) << status.error_message();
    return Reason(status);
  }
};

TEST_F(ExecAccessApiTest, AUserThatIsNotListedIsRefusedOnTheUnixSocket) {
  limits_.access.uids = {geteuid() + 1};
  Start();
  const auto agent = ConnectExec();
  EXPECT_EQ(Refused(server_->channel()), "EXEC_NOT_OFFERED");
  const auto stub = v1::Exec::NewStub(server_->channel());
  Context context;
  v1::RunResponse response;
  EXPECT_EQ(stub->Run(&context, {}, &response).error_code(), grpc::StatusCode::PERMISSION_DENIED)
      << "before anything that is asked is looked at";
}

TEST_F(ExecAccessApiTest, LoopbackMay) {
  Start();
  const auto agent = ConnectExec();
  for (const size_t address : {1, 2}) {
    Caller caller(Dial(address));
    caller.Start();
    const v1::OpenExec open = agent->Hear().open_exec();
    EXPECT_EQ(open.caller(), "local");
    EXPECT_THAT(open.source(), ::testing::StartsWith(address == 1 ? "127.0.0.1:" : "[::1]:"));
  }
}

TEST_F(ExecAccessApiTest, LoopbackMayNotWhenItIsOff) {
  limits_.access.loopback = false;
  Start();
  const auto agent = ConnectExec();
  EXPECT_EQ(Refused(Dial(1)), "EXEC_NOT_OFFERED");
  EXPECT_EQ(Refused(server_->grpc().InProcessChannel(), "127.0.0.1:40123"), "EXEC_NOT_OFFERED");
  Caller caller(server_->channel());
  caller.Start();
  EXPECT_TRUE(agent->Hear().has_open_exec());
}

TEST_F(ExecAccessApiTest, TheGatewaysClientIsWhoeverTheGatewaySays) {
  Start();
  const auto agent = ConnectExec();
  {
    Caller caller(server_->grpc().InProcessChannel(), "127.0.0.1:40123");
    caller.Start();
    const v1::OpenExec open = agent->Hear().open_exec();
    EXPECT_EQ(open.caller(), "local");
    EXPECT_EQ(open.source(), "127.0.0.1:40123");
  }
  for (const std::string other : {"10.0.0.1:40123", "", "nonsense", "127.0.0.1", "128.0.0.1:1"}) {
    EXPECT_EQ(Refused(server_->grpc().InProcessChannel(), other), "EXEC_NOT_OFFERED") << other;
  }
}

TEST_F(ExecAccessApiTest, WhatAClientOnASocketSaysOfItselfIsNotBelieved) {
  limits_.access.uids = {};
  Start();
  const auto agent = ConnectExec();
  EXPECT_EQ(Refused(server_->channel(), "127.0.0.1:40123"), "EXEC_NOT_OFFERED");
  Caller caller(Dial(1), "10.0.0.1:1");
  caller.Start();
  EXPECT_THAT(agent->Hear().open_exec().source(), ::testing::StartsWith("127.0.0.1:"));
}

TEST_F(ExecAccessApiTest, EachConnectionIsItsOwnThoughDescriptorsAreUsedAgain) {
  Start();
  const auto agent = ConnectExec();
  for (int i = 0; i < 20; ++i) {
    grpc::ChannelArguments arguments;
    arguments.SetInt(GRPC_ARG_USE_LOCAL_SUBCHANNEL_POOL, 1);
    Caller caller(
        i % 2 == 0
            ? grpc::CreateCustomChannel(server_->grpc().addresses()[0], grpc::InsecureChannelCredentials(), arguments)
            : grpc::CreateCustomChannel(server_->grpc().addresses()[1], grpc::InsecureChannelCredentials(), arguments));
    caller.Start();
    EXPECT_EQ(agent->Hear().open_exec().caller(), i % 2 == 0 ? "uid " + std::to_string(geteuid()) : "local");
  }
}

}  // namespace
}  // namespace warren::api
