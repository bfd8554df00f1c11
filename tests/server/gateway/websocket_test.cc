// RPCs that stream both ways over WebSockets, over a real gRPC server and real sockets.

#include <gmock/gmock.h>

#include <atomic>
#include <memory>
#include <thread>
#include <vector>

#include "absl/strings/str_cat.h"
#include "server/gateway/gateway.h"
#include "tests/server/gateway/library_service.h"
#include "tests/server/gateway/socket_client.h"

namespace warren::gateway {
namespace {

using ::testing::HasSubstr;
using ::testing::MatchesRegex;
using ::testing::Not;
using ::testing::StartsWith;

constexpr char kTalk[] = "/v1/shelves/1/books/2:talk";

class WebSocketTest : public ::testing::Test {
 protected:
  void Start(Gateway::Options options = {}) { server_ = std::make_unique<LibraryServer>(std::move(options)); }
  int port() const { return server_->port(); }

  // The whole answer to what is no upgrade, or a refused one.
  std::string Answer(const std::string& request) {
    RawClient client(port());
    client.Send(request);
    client.EndSending();
    return client.ReadUntil();
  }
  std::string Status(const std::string& request) {
    const std::string answer = Answer(request);
    return answer.size() < 12 ? answer : answer.substr(9, 3);
  }
  // One that has begun.
  std::unique_ptr<SocketClient> Open(const std::string& path = kTalk) {
    auto client = std::make_unique<SocketClient>(port(), path);
    client->SendText("{}");
    EXPECT_THAT(client->ReadShown(), StartsWith(R"(text:{"started":{"name":"shelves/)"));
    return client;
  }
  // What is said to a socket that begins with these frames.
  std::string Refusal(const std::vector<Frame>& frames) {
    SocketClient client(port(), kTalk);
    for (const Frame& frame : frames) client.Send(frame);
    std::string shown = client.ReadShown();
    if (shown.starts_with("text:{\"started\"")) shown = client.ReadShown();
    return absl::StrCat(shown, "\n", client.ReadClose());
  }

  std::unique_ptr<LibraryServer> server_;
};

TEST_F(WebSocketTest, TheFirstMessageHasWhatThePathAndTheQuerySay) {
  Start();
  SocketClient client(port(), absl::StrCat(kTalk, "?start.speed=7"));
  client.SendText(R"({"start": {"language": "en "}})");
  EXPECT_THAT(client.ReadShown(),
              MatchesRegex(
                  R"re(text:."started":."name":"shelves/1/books/2","language":"en .127.0.0.1:[0-9]+.","speed":7..)re"));
  SocketClient empty(port(), kTalk);
  empty.SendText("");
  EXPECT_THAT(empty.ReadShown(), HasSubstr("shelves/1/books/2"));
}

TEST_F(WebSocketTest, MessagesGoBothWaysAsJsonAndInBinary) {
  Start();
  auto client = Open();
  client->SendBinary(std::string("\x01\x00\xff\x00", 4));
  EXPECT_EQ(client->ReadShown(), "binary:" + std::string("\x01\x00\xff\x00", 4));
  client->SendBinary("\x01!hush");
  EXPECT_EQ(client->ReadShown(), "binary:\x02!hush");
  client->SendText(R"({"note": "a\"b"})");
  EXPECT_EQ(client->ReadShown(), R"(text:{"note":"a\"b"})");
  client->SendText(R"({"voice": "YWJj"})");
  EXPECT_EQ(client->ReadShown(),
            "binary:\x01"
            "abc");
  const std::string large(2 << 20, 'x');
  client->SendBinary("\x01" + large);
  EXPECT_EQ(client->ReadShown(), "binary:\x01" + large);
}

TEST_F(WebSocketTest, ItEndsWithTheCallsCode) {
  Start();
  auto client = Open();
  client->SendText(R"({"over": {}})");
  EXPECT_EQ(client->ReadClose(), "close:1000:");
  auto failing = Open();
  failing->SendText(R"({"note": "fail"})");
  EXPECT_EQ(failing->ReadShown(), R"(text:{"error":{"code":10,"message":"the book fell"}})");
  EXPECT_EQ(failing->ReadClose(), "close:4010:the book fell");
  SocketClient missing(port(), "/v1/shelves/1/books/missing:talk");
  missing.SendText("{}");
  EXPECT_EQ(missing.ReadShown(),
            R"(text:{"error":{"code":5,"message":"no such book","details":[{"@type":)"
            R"("type.googleapis.com/google.rpc.ResourceInfo","resourceName":"shelves/1/books/missing"}]}})");
  EXPECT_EQ(missing.ReadClose(), "close:4005:no such book");
}

TEST_F(WebSocketTest, AMessageThatIsWrongEndsIt) {
  Start();
  EXPECT_THAT(Refusal({{kBinary, "\x01x"}}), HasSubstr("message 1 of the socket: is to be text"));
  EXPECT_THAT(Refusal({{kText, "{"}}), HasSubstr("message 1 of the socket: line 1, column 2"));
  EXPECT_THAT(Refusal({{kText, R"({"nobody": 1})"}}), HasSubstr("nobody"));
  EXPECT_THAT(Refusal({{kText, R"({"note": "x"})"}}),
              HasSubstr("start.name cannot be given together with the body's note"));
  EXPECT_THAT(Refusal({{kText, R"({"start": {"name": "shelves/1/books/3"}})"}}), HasSubstr("is not the path's"));
  for (const Frame& second :
       {Frame{kText, "x"}, Frame{kText, R"({"nobody": 1})"}, Frame{kBinary, "\x02x"}, Frame{kBinary, ""}}) {
    EXPECT_THAT(Refusal({{kText, "{}"}, second}), MatchesRegex("text:.\"error\":.\"code\":3,.*message 2 of the socket: "
                                                               ".*\nclose:4003:message 2 of the socket: .*"));
  }
  // Nothing of the calls is left.
  while (server_->gateway().in_flight() > 0) std::this_thread::yield();
}

TEST_F(WebSocketTest, WhatIsWrongWithTheRequestItselfIsAnswered) {
  Start();
  EXPECT_THAT(Answer(SocketClient::Upgrade(absl::StrCat(kTalk, "?nobody=1"))),
              ::testing::AllOf(StartsWith("HTTP/1.1 400 "), HasSubstr("nobody")));
  EXPECT_EQ(Status(SocketClient::Upgrade(absl::StrCat(kTalk, "?start.name=x"))), "400");
  EXPECT_EQ(Status(SocketClient::Upgrade(absl::StrCat(kTalk, "?note=x"))), "400");
  EXPECT_EQ(Status(SocketClient::Upgrade(kTalk, "Grpc-Timeout: soon\r\n")), "400");
  EXPECT_EQ(Status(SocketClient::Upgrade("/v1/shelves/1:talk")), "404");
  EXPECT_EQ(Status(SocketClient::Upgrade(kTalk, "Sec-WebSocket-Key: x\r\n")), "400");  // a second one
  EXPECT_EQ(Status(SocketClient::Upgrade(kTalk, "Content-Length: 1\r\n") + "x"), "400");
  EXPECT_EQ(server_->gateway().in_flight(), 0u);
}

TEST_F(WebSocketTest, AGetThatIsNoUpgradeIsToldToBeOne) {
  Start();
  const std::string answer = Answer(absl::StrCat("GET ", kTalk, " HTTP/1.1\r\nHost: localhost\r\n\r\n"));
  EXPECT_THAT(answer, StartsWith("HTTP/1.1 426 Upgrade Required\r\n"));
  EXPECT_THAT(answer, HasSubstr("\r\nUpgrade: websocket\r\n"));
  EXPECT_THAT(answer, HasSubstr("{\"code\":3,\"message\":\"this is a WebSocket"));
  std::string old = SocketClient::Upgrade(kTalk);
  old.replace(old.find("HTTP/1.1"), 8, "HTTP/1.0");
  EXPECT_EQ(Status(old), "426");
  EXPECT_EQ(Status(absl::StrCat("HEAD ", kTalk, " HTTP/1.1\r\nHost: localhost\r\n\r\n")), "405");
  EXPECT_THAT(Answer(absl::StrCat("POST ", kTalk, " HTTP/1.1\r\nHost: localhost\r\nContent-Length: 0\r\n\r\n")),
              HasSubstr("\r\nAllow: GET, OPTIONS\r\n"));
}

TEST_F(WebSocketTest, AnUpgradeOfWhatIsNoSocketIsPassedOver) {
  Start();
  RawClient client(port());
  client.Send(SocketClient::Upgrade("/v1/shelves/1/books/2"));
  EXPECT_THAT(client.ReadUntil("}"), StartsWith("HTTP/1.1 200 "));
  // The connection goes on as it was.
  client.Send("GET /v1/shelves/1/books/slow HTTP/1.1\r\nHost: localhost\r\nUpgrade: websocket\r\n\r\n");
  while (server_->gateway().in_flight() == 0) std::this_thread::yield();
  client.EndSending();
  server_->library().AwaitCancelled(1);
}

TEST_F(WebSocketTest, APageOpensOneOnlyIfItsOriginIsNamed) {
  Gateway::Options options;
  options.cors_origins = {"https://reader", "*"};
  options.guard.origins = {"https://talker", "*"};
  options.guard.flag = "--talk-origin";
  Start(std::move(options));
  const std::string refused = Answer(SocketClient::Upgrade(kTalk, "Origin: https://reader\r\n"));
  EXPECT_THAT(refused, StartsWith("HTTP/1.1 403 "));
  EXPECT_THAT(refused, HasSubstr("https://reader may not call warren.gateway.test.Library.Talk; --talk-origin lists"));
  EXPECT_THAT(refused, Not(HasSubstr("Access-Control-Allow-Origin")));
  for (const std::string origin : {"null", "*", "http://talker", "https://talker.evil", "HTTPS://TALKER"}) {
    EXPECT_EQ(Status(SocketClient::Upgrade(kTalk, "Origin: " + origin + "\r\n")), "403") << origin;
  }
  SocketClient named(port(), kTalk, "Origin: https://talker\r\n");
  named.SendText("{}");
  EXPECT_THAT(named.ReadShown(), StartsWith("text:{\"started\""));
  Open();
  EXPECT_EQ(Status(SocketClient::Upgrade(kTalk, "", "evil.example")), "421");
}

TEST_F(WebSocketTest, GuardedRpcsHaveAListOfTheirOwn) {
  Gateway::Options options;
  options.cors_origins = {"https://reader"};
  options.guard.methods = {"warren.gateway.test.Library.BurnBook", "warren.gateway.test.Library.GetBook"};
  options.guard.origins = {"https://burner"};
  Start(std::move(options));
  const auto ask = [&](const std::string& line, const std::string& origin, const std::string& headers = "") {
    RawClient client(port());
    client.Send(absl::StrCat(line, " HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\nContent-Length: 0\r\n",
                             origin.empty() ? "" : absl::StrCat("Origin: ", origin, "\r\n"), headers, "\r\n"));
    return client.ReadUntil();
  };
  const std::string burn = "/v1/shelves/1/books/2:burn", allow = "Access-Control-Allow-Origin: ";
  EXPECT_THAT(ask("POST " + burn, ""), StartsWith("HTTP/1.1 200 "));
  EXPECT_THAT(ask("POST " + burn, "https://reader"),
              ::testing::AllOf(StartsWith("HTTP/1.1 403 "), Not(HasSubstr(allow))));
  EXPECT_THAT(ask("POST " + burn, "https://burner"),
              ::testing::AllOf(StartsWith("HTTP/1.1 200 "), HasSubstr(allow + "https://burner\r\n")));
  // Reading is guarded as well; what is not guarded is not theirs.
  EXPECT_THAT(ask("GET /v1/shelves/1/books/2", "https://reader"), StartsWith("HTTP/1.1 403 "));
  EXPECT_THAT(ask("POST /v1/everything", "https://burner"), StartsWith("HTTP/1.1 403 "));
  EXPECT_THAT(ask("GET /v1/everything", "https://burner"), Not(HasSubstr(allow)));
  // What a browser asks first.
  const std::string wants = "Access-Control-Request-Method: ";
  EXPECT_THAT(ask("OPTIONS " + burn, "https://reader", wants + "POST\r\n"), Not(HasSubstr("Access-Control-Allow")));
  EXPECT_THAT(ask("OPTIONS " + burn, "https://burner", wants + "POST\r\n"), HasSubstr("Access-Control-Allow-Methods"));
  EXPECT_THAT(ask("OPTIONS " + burn, "https://reader"), Not(HasSubstr("Access-Control-Allow")));
  EXPECT_THAT(ask("OPTIONS /v1/shelves/1/books/2", "https://reader", wants + "GET\r\n"),
              Not(HasSubstr("Access-Control-Allow")));
  EXPECT_THAT(ask("OPTIONS /v1/shelves/1/books/2", "https://reader", wants + "DELETE\r\n"),
              HasSubstr(allow + "https://reader\r\n"));
}

TEST_F(WebSocketTest, NoClientSaysForWhomItAsks) {
  Start();
  SocketClient client(port(), kTalk,
                      "X-Forwarded-For: 10.0.0.1\r\nGrpc-Metadata-X-Forwarded-For: 10.0.0.2\r\n"
                      "grpc-metadata-x-forwarded-for: 10.0.0.3\r\nGrpc-Metadata-X-FORWARDED-FOR: 127.0.0.1:1\r\n");
  client.SendText("{}");
  EXPECT_THAT(client.ReadShown(), MatchesRegex("text:.*\"language\":\".127.0.0.1:[0-9]+.\"..")) << "more than the peer";
}

TEST_F(WebSocketTest, TheDeadlineIsTheCalls) {
  Start();
  SocketClient client(port(), kTalk, "Grpc-Timeout: 50m\r\n");
  client.SendText("{}");
  std::string shown = client.ReadShown();
  if (shown.starts_with("text:{\"started\"")) shown = client.ReadShown();
  EXPECT_THAT(shown, HasSubstr("\"code\":4,"));
  EXPECT_THAT(client.ReadClose(), StartsWith("close:4004:"));
}

TEST_F(WebSocketTest, AClientThatLeavesCancelsTheCall) {
  Start();
  Open()->Send({kClose, SocketClient::CloseData(1000)});
  server_->library().AwaitCancelled(1);
  Open();  // and hangs up
  server_->library().AwaitCancelled(2);
  Open()->raw().Vanish();
  server_->library().AwaitCancelled(3);
  Open("/v1/shelves/1/books/endless:talk");
  server_->library().AwaitCancelled(4);
  // Before there is a call.
  SocketClient(port(), kTalk);
  while (server_->gateway().in_flight() > 0) std::this_thread::yield();
}

TEST_F(WebSocketTest, AClientThatLeavesIsSeenBehindWhatTheCallDoesNotTake) {
  Start();
  {
    auto client = Open("/v1/shelves/1/books/deaf:talk");
    // More than gRPC takes ahead, so that the socket is not read from when it ends.
    const std::string voice = SocketClient::Bytes({kBinary, "\x01" + std::string(1 << 20, 'x')});
    for (int i = 0; i < 64; ++i) {
      if (client->raw().SendWhatFits(voice) < voice.size()) break;
    }
  }
  server_->library().AwaitCancelled(1);
}

TEST_F(WebSocketTest, ASlowReaderHoldsUpTheCall) {
  Gateway::Options options;
  options.listener.write_timeout = std::chrono::milliseconds(300);
  Start(std::move(options));
  auto client = Open("/v1/shelves/1/books/endless:talk");
  server_->library().AwaitCancelled(1);
  // What fits the sockets' buffers and gRPC's: some MB, not all that could have been written in that time.
  EXPECT_LT(server_->library().written(), 1000);
}

TEST_F(WebSocketTest, WhoIsTooManyIsToldToComeAgain) {
  Gateway::Options options;
  options.max_in_flight = 1;
  Start(std::move(options));
  auto client = Open();
  EXPECT_EQ(Status(SocketClient::Upgrade(kTalk)), "503");
  client->SendText(R"({"over": {}})");
  EXPECT_EQ(client->ReadClose(), "close:1000:");
  while (server_->gateway().in_flight() > 0) std::this_thread::yield();
  Open();
}

TEST_F(WebSocketTest, WhoeverCountsIsTold) {
  class Counts : public HttpObserver {
   public:
    void OnConnections(int change) override { connections += change; }
    void OnAnswer(int status) override { upgrades += status == 101 ? 1 : 0; }
    void OnInFlight(int change) override { in_flight += change; }
    std::atomic<int> connections = 0, upgrades = 0, in_flight = 0;
  };
  const auto counts = std::make_shared<Counts>();
  Gateway::Options options;
  options.listener.observer = counts;
  Start(std::move(options));
  auto client = Open();
  EXPECT_EQ(counts->connections, 1);
  EXPECT_EQ(counts->upgrades, 1);
  EXPECT_EQ(counts->in_flight, 1);
  client.reset();
  server_.reset();
  EXPECT_EQ(counts->connections, 0);
  EXPECT_EQ(counts->in_flight, 0);
}

TEST_F(WebSocketTest, LargeMessagesAreReadElsewhere) {
  std::atomic<int> taken = 0;
  std::atomic<bool> room = true;
  std::vector<std::jthread> threads;
  Gateway::Options options;
  options.elsewhere = [&](std::function<void()> task) {
    if (!room) return false;
    ++taken;
    threads.emplace_back(std::move(task));
    return true;
  };
  Start(std::move(options));
  auto client = Open();
  const std::string note = absl::StrCat("{\"note\":\"", std::string(50'000, 'x'), "\"}");
  client->SendText(note);
  EXPECT_EQ(client->ReadShown(), "text:" + note);
  client->SendBinary("\x01" + std::string(50'000, 'x'));
  EXPECT_THAT(client->ReadShown(), StartsWith("binary:"));
  EXPECT_EQ(taken, 1);
  room = false;
  client->SendText(note);
  EXPECT_THAT(client->ReadShown(), HasSubstr("\"code\":14,"));
  EXPECT_THAT(client->ReadClose(), StartsWith("close:4014:"));
}

TEST_F(WebSocketTest, StopEndsThem) {
  Start();
  auto client = Open();
  auto endless = Open("/v1/shelves/1/books/endless:talk");
  SocketClient silent(port(), kTalk);
  server_->gateway().Stop();
  EXPECT_EQ(server_->gateway().in_flight(), 0u);
  EXPECT_EQ(client->ReadClose(), "close:1001:the server stops");
  server_.reset();
}

}  // namespace
}  // namespace warren::gateway
