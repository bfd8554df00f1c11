// Sessions of Client::Exec, against a server that plays them.

#include "client/lib/exec.h"

#include <gmock/gmock.h>
#include <unistd.h>

#include <atomic>
#include <future>
#include <thread>

#include "client/lib/client.h"
#include "client/lib/status.h"
#include "tests/client/cmd/fake_api.h"

namespace warren::client {
namespace {

using cli::FakeSession;
using cli::From;
using testing::ElementsAre;

class Session : public cli::CommandTest {
 protected:
  Session() { client_ = *Client::Connect(server()); }

  std::unique_ptr<ExecSession> Start(const std::string& start = "name: 'hosts/h1/namespaces/red' command {argv: 'x'}") {
    return client_->Exec(From<v1::SessionStart>(start), absl::Now() + absl::Minutes(1));
  }
  // All that is said until the session is over, and how it is.
  static std::vector<std::string> Said(ExecSession& session) {
    std::vector<std::string> said;
    while (true) {
      const auto next = session.Next();
      said.push_back(next.ok() ? next->ShortDebugString() : absl::StatusCodeToString(next.status().code()));
      if (!next.ok()) return said;
    }
  }

  std::unique_ptr<Client> client_;
};

TEST_F(Session, TellsWhatTheCommandSaysInOrder) {
  api_.exec.Plays([](FakeSession& session) {
    session.Started();
    session.Out("out");
    session.Err("err");
    session.Exit(3);
    return absl::OkStatus();
  });
  EXPECT_THAT(Said(*Start()), ElementsAre("started { pid: 7 }", "stdout: \"out\"", "stderr: \"err\"",
                                          "exit { code: 3 }", "OUT_OF_RANGE"));
  EXPECT_EQ(api_.exec.Asked().at(0).ShortDebugString(), "name: \"hosts/h1/namespaces/red\" command { argv: \"x\" }");
}

TEST_F(Session, SendsInputInPartsThatFitAMessageAndItsEnd) {
  size_t largest = 0;
  std::string got;
  api_.exec.Plays([&](FakeSession& session) {
    v1::SessionRequest request;
    while (session.Read(&request) && !request.has_stdin_end()) {
      largest = std::max(largest, request.stdin().size());
      got += request.stdin();
    }
    session.Exit(0);
    return absl::OkStatus();
  });
  const auto session = Start();
  std::string data(3 << 20, '\0');
  for (size_t i = 0; i < data.size(); ++i) data[i] = static_cast<char>(i * 7 + i / 251);
  std::jthread sender([&] {
    EXPECT_EQ(session->Send(data), absl::OkStatus());
    EXPECT_EQ(session->EndStdin(), absl::OkStatus());
  });
  EXPECT_THAT(Said(*session), ElementsAre("exit { }", "OUT_OF_RANGE"));
  sender.join();
  EXPECT_EQ(largest, 1u << 20);
  EXPECT_TRUE(got == data);
}

TEST_F(Session, InputWaitsForACommandThatDoesNotRead) {
  std::promise<void> go;
  std::atomic<int64_t> sent = 0;
  constexpr int64_t kAll = 64 << 20;
  api_.exec.Plays([&](FakeSession& session) {
    session.Started();
    go.get_future().wait();
    session.Exit(session.ReadAll().size() == kAll ? 0 : 1);
    return absl::OkStatus();
  });
  const auto session = Start();
  const std::string part(1 << 20, 'x');
  auto all_sent = std::async(std::launch::async, [&] {
    while (sent < kAll && session->Send(part).ok()) sent += static_cast<int64_t>(part.size());
    session->EndStdin().IgnoreError();
  });
  ASSERT_TRUE(session->Next()->has_started());
  // A while in which all would have been sent, were it not held back.
  EXPECT_EQ(all_sent.wait_for(std::chrono::milliseconds(300)), std::future_status::timeout);
  EXPECT_LT(sent, kAll);
  go.set_value();
  EXPECT_EQ(session->Next()->ShortDebugString(), "exit { }");
}

TEST_F(Session, SignalsAndSizesOvertakeInputThatWaits) {
  std::vector<std::string> order;
  std::promise<void> queued;
  api_.exec.Plays([&](FakeSession& session) {
    session.Started();
    queued.get_future().wait();
    v1::SessionRequest request;
    while (session.Read(&request) && !request.has_stdin_end()) {
      order.push_back(request.has_stdin() ? "stdin" : request.ShortDebugString());
    }
    session.Exit(0);
    return absl::OkStatus();
  });
  const auto session = Start();
  ASSERT_TRUE(session->Next()->has_started());
  std::atomic<bool> over = false;
  std::jthread sender([&] {
    const std::string part(1 << 20, 'x');
    for (int i = 0; i < 32; ++i) EXPECT_EQ(session->Send(part), absl::OkStatus());
    over = true;
    EXPECT_EQ(session->EndStdin(), absl::OkStatus());
  });
  v1::TerminalSize size;
  size.set_rows(50);
  EXPECT_EQ(session->Resize(size), absl::OkStatus());
  EXPECT_EQ(session->Signal("INT"), absl::OkStatus());
  EXPECT_FALSE(over);
  queued.set_value();
  EXPECT_EQ(session->Next()->ShortDebugString(), "exit { }");
  sender.join();
  ASSERT_EQ(order.size(), 34u);
  EXPECT_NE(order.back(), "signal { name: \"INT\" }");
  EXPECT_THAT(order, testing::IsSupersetOf({"signal { name: \"INT\" }", "resize { rows: 50 }"}));
}

TEST_F(Session, TellsWhyTheServerRefusesItWithDetails) {
  api_.exec.Plays([](FakeSession&) {
    return WithReason(absl::NotFoundError("host h1: no command \"x\""), "COMMAND_NOT_FOUND", {{"host", "h1"}});
  });
  const auto session = Start();
  const auto said = session->Next();
  EXPECT_TRUE(absl::IsNotFound(said.status()));
  EXPECT_EQ(ReasonOf(said.status()), "COMMAND_NOT_FOUND");
  EXPECT_EQ(session->Next().status(), said.status());
  EXPECT_TRUE(absl::IsFailedPrecondition(session->Send("x")));
  EXPECT_TRUE(absl::IsFailedPrecondition(session->Signal("INT")));
}

TEST_F(Session, ThatEndsWithoutAnExitIsAnError) {
  api_.exec.Plays([](FakeSession& session) {
    session.Started();
    return absl::OkStatus();
  });
  EXPECT_THAT(Said(*Start()), ElementsAre("started { pid: 7 }", "INTERNAL"));
}

TEST_F(Session, IsNeverBegunTwice) {
  api_.exec.Plays([](FakeSession&) { return absl::UnavailableError("restarting"); });
  const auto session = Start();
  EXPECT_TRUE(absl::IsUnavailable(session->Next().status()));
  EXPECT_TRUE(session->reached());
  EXPECT_TRUE(absl::IsUnavailable(session->Next().status()));
  EXPECT_EQ(api_.exec.Asked().size(), 1u);
}

TEST_F(Session, CancelEndsItHereAndAtTheServer) {
  api_.exec.Plays([](FakeSession& session) {
    session.Started();
    session.ReadAll();
    EXPECT_TRUE(session.Gone());
    return absl::OkStatus();
  });
  const auto session = Start();
  ASSERT_TRUE(session->Next()->has_started());
  std::jthread canceller([&] { session->Cancel(); });
  EXPECT_TRUE(absl::IsCancelled(session->Next().status()));
  api_.exec.WaitUntilEnded(1);
  EXPECT_TRUE(absl::IsFailedPrecondition(session->EndStdin()));
}

TEST_F(Session, EndsWithItsObjectThoughNobodyReadWhatItSaid) {
  api_.exec.Plays([](FakeSession& session) {
    session.Started();
    while (!session.Gone()) session.Out(std::string(64 << 10, 'x'));
    return absl::OkStatus();
  });
  {
    const auto session = Start();
    ASSERT_TRUE(session->Next()->has_started());
  }
  api_.exec.WaitUntilEnded(1);
  Start();  // and one that was never begun
  EXPECT_EQ(api_.exec.Asked().size(), 1u);
}

TEST_F(Session, OutlivesItsClient) {
  api_.exec.Plays([](FakeSession& session) {
    session.Exit(session.ReadAll() == "abc" ? 0 : 1);
    return absl::OkStatus();
  });
  auto session = Start();
  client_ = nullptr;
  std::jthread sender([&] {
    session->Send("abc").IgnoreError();
    session->EndStdin().IgnoreError();
  });
  EXPECT_EQ(session->Next()->ShortDebugString(), "exit { }");
}

TEST(Unreached, IsTriedUntilTheDeadlineAndSaysWhy) {
  RetryOptions retry;
  int retries = 0;
  retry.first_pause = absl::Milliseconds(1);
  retry.on_retry = [&](const absl::Status&) { ++retries; };
  const auto client = *Client::Connect("unix:/nonexistent/warren.sock", retry);
  const auto session = client->Exec({}, absl::Now() + absl::Milliseconds(100));
  const auto said = session->Next();
  EXPECT_TRUE(absl::IsUnavailable(said.status()));
  EXPECT_THAT(std::string(said.status().message()), testing::HasSubstr("No such file"));
  EXPECT_GT(retries, 0);
  EXPECT_FALSE(session->reached());
  EXPECT_TRUE(absl::IsFailedPrecondition(session->Send("x")));
}

TEST(Unreached, CanBeCancelled) {
  const auto client = *Client::Connect("unix:/nonexistent/warren.sock");
  const auto session = client->Exec({}, absl::InfiniteFuture());
  std::jthread canceller([&] { session->Cancel(); });
  EXPECT_TRUE(absl::IsCancelled(session->Next().status()));
}

}  // namespace
}  // namespace warren::client
