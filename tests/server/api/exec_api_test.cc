// Exec.Session, Exec.Run and Agents.AttachExec over real streams.

#include <atomic>
#include <chrono>
#include <future>
#include <thread>

#include "tests/server/api/exec_fixture.h"

namespace warren::api {
namespace {

using ::testing::ElementsAre;
using ::testing::HasSubstr;
using ::testing::UnorderedElementsAre;

class ExecApiTest : public ExecTest {
 protected:
  std::future<std::pair<grpc::Status, v1::RunResponse>> Run(v1::RunRequest request) {
    return std::async(std::launch::async, [this, request = std::move(request)] {
      const auto stub = v1::Exec::NewStub(server_->channel());
      Context context;
      v1::RunResponse response;
      const grpc::Status status = stub->Run(&context, request, &response);
      return std::make_pair(status, response);
    });
  }
  static v1::RunRequest RunOf(const std::string& command) {
    v1::RunRequest request;
    request.set_name("hosts/h1/namespaces/red");
    request.mutable_command()->add_argv(command);
    return request;
  }
  grpc::Status Refused(const std::string& name) {
    Caller caller(server_->channel());
    caller.Start(name);
    return caller.Finish();
  }
};

TEST_F(ExecApiTest, ASessionPassesMessagesBothWaysUntilTheCommandIsOver) {
  const auto agent = ConnectExec();
  Caller caller(server_->channel());
  v1::SessionRequest start;
  start.mutable_start()->set_name("hosts/h1/namespaces/red");
  start.mutable_start()->mutable_command()->add_argv("cat");
  (*start.mutable_start()->mutable_command()->mutable_env())["A"] = "b";
  start.mutable_start()->set_stdin(true);
  start.mutable_start()->mutable_terminal()->set_rows(24);
  start.mutable_start()->set_namespace_cookie(7);
  caller.Say(start);
  const auto attached = Attach(*agent);
  EXPECT_EQ(attached->Hear().SerializeAsString(), start.SerializeAsString());
  attached->Started(1234);
  EXPECT_EQ(caller.Hear().started().pid(), 1234);
  for (const std::string line : {"one\n", "two\n", ""}) {
    caller.In(line);
    EXPECT_EQ(attached->Hear().stdin(), line);
    attached->Out(line);
    EXPECT_EQ(caller.Hear().stdout(), line);
  }
  v1::SessionRequest resize;
  resize.mutable_resize()->set_rows(50);
  caller.Say(resize);
  EXPECT_EQ(attached->Hear().resize().rows(), 50u);
  auto ended = std::async(std::launch::async, [&] { return attached->Exit(3); });
  EXPECT_EQ(caller.Hear().exit().code(), 3);
  EXPECT_TRUE(caller.Finish().ok());
  EXPECT_TRUE(ended.get());
}

TEST_F(ExecApiTest, TheAgentIsToldWhoAsksAndFromWhere) {
  const auto agent = ConnectExec();
  Caller caller(server_->channel());
  caller.Start();
  const v1::OpenExec open = agent->Hear().open_exec();
  EXPECT_EQ(open.caller(), "uid " + std::to_string(geteuid()));
  EXPECT_EQ(open.source(), "unix:" + std::to_string(getpid()));
  EXPECT_EQ(WhyBadUuid(open.session_id()), std::nullopt);
}

TEST_F(ExecApiTest, AHalfCloseEndsStandardInput) {
  Caller caller(server_->channel());
  const auto attached = Begin(caller);
  attached->Hear();
  caller.In("last");
  caller.HalfClose();
  EXPECT_EQ(attached->Hear().stdin(), "last");
  EXPECT_TRUE(attached->Hear().has_stdin_end());
  attached->Out("still there");
  EXPECT_EQ(caller.Hear().stdout(), "still there");
  EXPECT_TRUE(attached->Exit());
  EXPECT_TRUE(caller.Finish().ok());
}

TEST_F(ExecApiTest, WhatTheAgentRefusesIsTheCallersStatusDetailsIncluded) {
  Caller caller(server_->channel());
  const auto attached = Begin(caller);
  EXPECT_TRUE(attached->Fail(5, "host h1: there is no command \"cat\"", "COMMAND_NOT_FOUND"));
  const grpc::Status status = caller.Finish();
  EXPECT_EQ(status.error_code(), grpc::StatusCode::NOT_FOUND);
  EXPECT_EQ(status.error_message(), "host h1: there is no command \"cat\"");
  EXPECT_EQ(Reason(status), "COMMAND_NOT_FOUND");
}

TEST_F(ExecApiTest, AnAgentThatBreaksOffIsUnavailable) {
  Caller caller(server_->channel());
  const auto attached = Begin(caller);
  attached->Started();
  EXPECT_TRUE(caller.Hear().has_started());
  attached->Break();
  const grpc::Status status = caller.Finish();
  EXPECT_EQ(status.error_code(), grpc::StatusCode::UNAVAILABLE);
  EXPECT_EQ(status.error_message(), "host h1 went away while the command ran; it is hung up there");
  EXPECT_EQ(Reason(status), "HOST_WENT_AWAY");
}

TEST_F(ExecApiTest, ACallerThatCancelsEndsTheAgentsStream) {
  Caller caller(server_->channel());
  const auto attached = Begin(caller);
  attached->Hear();
  caller.Cancel();
  EXPECT_EQ(attached->Finish().error_code(), grpc::StatusCode::CANCELLED);
}

TEST_F(ExecApiTest, ACallerThatCancelsEndsTheStreamOfAnAgentThatReadsNothing) {
  Caller caller(server_->channel());
  const auto attached = Begin(caller);
  std::atomic<int> written = 0;
  auto writer = std::async(std::launch::async, [&] {
    while (caller.In(std::string(1 << 20, 'x'))) ++written;
  });
  while (written < 2) std::this_thread::yield();
  caller.Cancel();
  writer.wait();
  EXPECT_EQ(attached->Finish().error_code(), grpc::StatusCode::CANCELLED);
}

TEST_F(ExecApiTest, ACallersDeadlineEndsTheAgentsStream) {
  const auto agent = ConnectExec();
  const auto stub = v1::Exec::NewStub(server_->channel());
  grpc::ClientContext context;
  context.set_deadline(std::chrono::system_clock::now() + std::chrono::milliseconds(300));
  const v1::RunRequest request = RunOf("sleep");
  v1::RunResponse response;
  auto run = std::async(std::launch::async, [&] { return stub->Run(&context, request, &response); });
  const auto attached = Attach(*agent);
  EXPECT_EQ(attached->Finish().error_code(), grpc::StatusCode::CANCELLED);
  EXPECT_EQ(run.get().error_code(), grpc::StatusCode::DEADLINE_EXCEEDED);
}

TEST_F(ExecApiTest, HostsThatCannotAreNamedWithTheReason) {
  EXPECT_EQ(Reason(Refused("hosts/h9/namespaces/red")), "HOST_NOT_FOUND");
  auto agent = ConnectExec("h1", /*available=*/false);
  const grpc::Status off = Refused("hosts/h1/namespaces/red");
  EXPECT_EQ(off.error_code(), grpc::StatusCode::FAILED_PRECONDITION);
  EXPECT_EQ(off.error_message(), "host h1: commands are off: its agent was started without --enable-exec");
  EXPECT_EQ(Reason(off), "CAPABILITY_MISSING");
  EXPECT_TRUE(agent->HangUp().ok());
  const grpc::Status away = Refused("hosts/h1/namespaces/red");
  EXPECT_EQ(away.error_code(), grpc::StatusCode::UNAVAILABLE);
  EXPECT_EQ(Reason(away), "HOST_AWAY");
  const auto older = Connect("h2");
  EXPECT_EQ(Reason(Refused("hosts/h2/namespaces/red")), "CAPABILITY_MISSING");
}

TEST_F(ExecApiTest, ANamespaceThatIsNotThereIsRefusedOnceTheHostHasToldThemAll) {
  const auto agent = ConnectExec();
  {
    Caller early(server_->channel());
    early.Start("hosts/h1/namespaces/blue");
    EXPECT_TRUE(agent->Hear().has_open_exec()) << "nothing is known yet: the agent is asked";
  }
  agent->Settle("inventory {full_begin: true full_end: true namespaces {name: '@host'} namespaces {name: 'red'}}");
  const grpc::Status status = Refused("hosts/h1/namespaces/blue");
  EXPECT_EQ(status.error_code(), grpc::StatusCode::NOT_FOUND);
  EXPECT_EQ(Reason(status), "NAMESPACE_NOT_FOUND");
  EXPECT_THAT(status.error_message(), HasSubstr("host h1: there is no namespace \"blue\""));
  for (const std::string name : {"hosts/h1/namespaces/red", "hosts/h1/namespaces/@host"}) {
    Caller caller(server_->channel());
    caller.Start(name);
    EXPECT_EQ(Attach(*agent)->Hear().start().name(), name);
  }
}

TEST_F(ExecApiTest, EveryBadFieldIsNamed) {
  const auto agent = ConnectExec();
  Caller caller(server_->channel());
  v1::SessionRequest start;
  start.mutable_start()->set_name("hosts/h1");
  start.mutable_start()->mutable_command()->set_cwd("here");
  caller.Say(start);
  EXPECT_THAT(BadFields(caller.Finish()), ElementsAre("start.name", "start.command.cwd"));

  Caller speechless(server_->channel());
  speechless.HalfClose();
  EXPECT_THAT(BadFields(speechless.Finish()), ElementsAre("start"));
  Caller early(server_->channel());
  early.In("x");
  EXPECT_THAT(BadFields(early.Finish()), ElementsAre("start"));
  EXPECT_THAT(BadFields(Run({}).get().first), UnorderedElementsAre("name", "command.argv"));
}

TEST_F(ExecApiTest, AMessageOfStdinOverTheLimitIsRefusedAndTheCommandHungUp) {
  Caller caller(server_->channel());
  const auto attached = Begin(caller);
  attached->Hear();
  caller.In(std::string(1 << 20, 'x'));
  EXPECT_EQ(attached->Hear().stdin().size(), size_t{1} << 20);
  caller.In(std::string((1 << 20) + 100, 'x'));
  EXPECT_THAT(BadFields(caller.Finish()), ElementsAre("stdin"));
  EXPECT_FALSE(attached->Finish().ok());
}

TEST_F(ExecApiTest, AnIdIsForOneStreamOnly) {
  const auto agent = ConnectExec();
  EXPECT_EQ(Attachment(server_->channel(), "").Finish().error_code(), grpc::StatusCode::INVALID_ARGUMENT);
  EXPECT_EQ(Attachment(server_->channel(), kOther).Finish().error_code(), grpc::StatusCode::NOT_FOUND);
  Caller caller(server_->channel());
  caller.Start();
  const std::string id = agent->Hear().open_exec().session_id();
  Attachment first(server_->channel(), id);
  first.Hear();
  EXPECT_EQ(Attachment(server_->channel(), id).Finish().error_code(), grpc::StatusCode::NOT_FOUND);
  caller.In("for the first");
  EXPECT_EQ(first.Hear().stdin(), "for the first");
}

TEST_F(ExecApiTest, ASessionThatWasGivenUpCannotBeAttached) {
  const auto agent = ConnectExec();
  std::string id;
  {
    Caller caller(server_->channel());
    caller.Start();
    id = agent->Hear().open_exec().session_id();
  }
  // The server hears of it later than the caller.
  while (Metric("warren_exec_sessions") > 0) std::this_thread::yield();
  EXPECT_EQ(Attachment(server_->channel(), id).Finish().error_code(), grpc::StatusCode::NOT_FOUND);
}

TEST_F(ExecApiTest, RunReturnsWhatWasWrittenAsFarAsAskedForAndCountsTheRest) {
  const auto agent = ConnectExec();
  v1::RunRequest request = RunOf("cat");
  request.set_stdin("question");
  request.set_max_output_bytes(10);
  request.set_namespace_cookie(9);
  auto run = Run(request);
  const auto attached = Attach(*agent);
  const v1::SessionRequest start = attached->Hear();
  EXPECT_EQ(start.start().name(), request.name());
  EXPECT_EQ(start.start().command().argv(0), "cat");
  EXPECT_EQ(start.start().namespace_cookie(), 9u);
  EXPECT_TRUE(start.start().stdin());
  EXPECT_FALSE(start.start().has_terminal());
  EXPECT_EQ(attached->Hear().stdin(), "question");
  EXPECT_TRUE(attached->Hear().has_stdin_end());
  attached->Started();
  v1::SessionResponse error;
  error.set_stderr("oh");
  attached->Say(error);
  for (int i = 0; i < 100; ++i) attached->Out("0123456");
  EXPECT_TRUE(attached->Exit(3));
  const auto [status, response] = run.get();
  ASSERT_TRUE(status.ok()) << status.error_message();
  EXPECT_EQ(response.stdout(), "0123456012");
  EXPECT_EQ(response.stdout_bytes(), 700);
  EXPECT_EQ(response.stderr(), "oh");
  EXPECT_EQ(response.stderr_bytes(), 2);
  EXPECT_EQ(response.exit().code(), 3);
}

TEST_F(ExecApiTest, RunIsRefusedAsTheAgentRefuses) {
  const auto agent = ConnectExec();
  auto run = Run(RunOf("x"));
  const auto attached = Attach(*agent);
  EXPECT_FALSE(attached->Hear().start().stdin());
  attached->Fail(9, "host h1: not this time", "NAMESPACE_CHANGED");
  const grpc::Status status = run.get().first;
  EXPECT_EQ(status.error_code(), grpc::StatusCode::FAILED_PRECONDITION);
  EXPECT_EQ(Reason(status), "NAMESPACE_CHANGED");
}

TEST_F(ExecApiTest, ACallerThatDoesNotReadStopsTheCommand) {
  Caller caller(server_->channel());
  const auto attached = Begin(caller);
  constexpr int kMessages = 1024;
  constexpr size_t kSize = 256 << 10;
  std::atomic<int> written = 0;
  auto writer = std::async(std::launch::async, [&] {
    for (int i = 0; i < kMessages && attached->Out(std::string(kSize, static_cast<char>('a' + i % 26))); ++i) ++written;
    return attached->Exit();
  });
  // That it has stopped cannot be heard of: it is taken for stopped when it has long not moved.
  for (int seen = -1, still = 0; still < 30; still = seen == written ? still + 1 : 0) {
    seen = written;
    std::this_thread::sleep_for(std::chrono::milliseconds(10));
  }
  // Two streams' windows and a message each; all is sixteen times as much.
  EXPECT_LE(written * kSize, size_t{16} << 20);
  for (int i = 0; i < kMessages; ++i) {
    const v1::SessionResponse response = caller.Hear();
    ASSERT_EQ(response.stdout().size(), kSize);
    ASSERT_EQ(response.stdout()[0], 'a' + i % 26);
  }
  EXPECT_TRUE(caller.Hear().has_exit());
  EXPECT_TRUE(caller.Finish().ok());
  EXPECT_TRUE(writer.get());
  EXPECT_GE(Metric("warren_exec_bytes_total", "out"), double{kMessages} * kSize);
}

TEST_F(ExecApiTest, AHundredSessionsRunAtOnce) {
  const auto agent = ConnectExec();
  constexpr int kSessions = 100;
  std::vector<std::unique_ptr<Caller>> callers;
  std::vector<std::unique_ptr<Attachment>> attachments;
  for (int i = 0; i < kSessions; ++i) {
    callers.push_back(std::make_unique<Caller>(server_->channel()));
    callers.back()->Start("hosts/h1/namespaces/red", std::to_string(i));
    attachments.push_back(Attach(*agent));
  }
  EXPECT_EQ(Metric("warren_exec_sessions"), kSessions);
  // Which is whose is told by the command: they need not be attached in order.
  std::vector<std::thread> agents;
  for (auto& attached : attachments) {
    agents.emplace_back([&] {
      const std::string command = attached->Hear().start().command().argv(0);
      for (int n = 0; n < 20; ++n) attached->Out(command + ":" + attached->Hear().stdin());
      EXPECT_TRUE(attached->Exit(std::stoi(command)));
    });
  }
  for (int n = 0; n < 20; ++n) {
    for (auto& caller : callers) caller->In(std::to_string(n));
    for (int i = 0; i < kSessions; ++i) {
      EXPECT_EQ(callers[i]->Hear().stdout(), std::to_string(i) + ":" + std::to_string(n));
    }
  }
  for (int i = 0; i < kSessions; ++i) {
    EXPECT_EQ(callers[i]->Hear().exit().code(), i);
    EXPECT_TRUE(callers[i]->Finish().ok());
  }
  for (std::thread& thread : agents) thread.join();
  EXPECT_EQ(Metric("warren_exec_sessions_total", "ok"), kSessions);
}

TEST_F(ExecApiTest, AShutdownEndsBothSides) {
  const auto agent = ConnectExec();
  Caller caller(server_->channel()), waits(server_->channel());
  caller.Start();
  const auto attached = Attach(*agent);
  attached->Started();
  EXPECT_TRUE(caller.Hear().has_started());
  waits.Start();
  EXPECT_TRUE(agent->Hear().has_open_exec());
  server_->Stop();
  for (Caller* one : {&caller, &waits}) {
    const grpc::Status status = one->Finish();
    EXPECT_EQ(status.error_code(), grpc::StatusCode::UNAVAILABLE);
    EXPECT_EQ(Reason(status), "SERVER_STOPPING");
  }
  EXPECT_EQ(attached->Finish().error_code(), grpc::StatusCode::UNAVAILABLE);
}

class ExecLimitsTest : public ExecApiTest {
 protected:
  void SetUp() override {
    limits_.exec.max_per_host = 1;
    limits_.exec.attach_timeout = absl::Milliseconds(200);
    Start();
  }
};

TEST_F(ExecLimitsTest, AnAgentThatDoesNotAttachInTimeIsUnavailableAndItsPlaceIsFree) {
  const auto agent = ConnectExec();
  for (int i = 0; i < 2; ++i) {
    const grpc::Status status = Refused("hosts/h1/namespaces/red");
    EXPECT_EQ(status.error_code(), grpc::StatusCode::UNAVAILABLE);
    EXPECT_EQ(Reason(status), "HOST_NOT_ANSWERING");
  }
}

TEST_F(ExecLimitsTest, TooManyAreRefused) {
  Caller caller(server_->channel());
  const auto attached = Begin(caller);
  attached->Started();
  EXPECT_TRUE(caller.Hear().has_started());
  const grpc::Status status = Refused("hosts/h1/namespaces/red");
  EXPECT_EQ(status.error_code(), grpc::StatusCode::RESOURCE_EXHAUSTED);
  EXPECT_EQ(Reason(status), "TOO_MANY_SESSIONS");
}

}  // namespace
}  // namespace warren::api
