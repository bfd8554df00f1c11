// WebSockets of a listener as RFC 6455 has them, frame by frame.

#include <gmock/gmock.h>

#include <thread>
#include <vector>

#include "absl/strings/numbers.h"
#include "proto/common/mutex.h"
#include "server/gateway/listener.h"
#include "server/gateway/upgrade.h"
#include "tests/server/gateway/socket_client.h"

namespace warren::gateway {
namespace {

using std::chrono::milliseconds;
using ::testing::HasSubstr;
using ::testing::StartsWith;

// Gives back each message, text as text; "close": closes with 4005; "stay": reads no more; "flood": writes without end.
// What is no upgrade is answered.
class Echo : public HttpHandler {
 public:
  void Handle(HttpRequest request, std::shared_ptr<HttpResponder> responder) override {
    if (WhyNoUpgrade(request)) return responder->Respond({200, {}, request.target + "\n"});
    responder->Upgrade([this](std::shared_ptr<WebSocket> socket) {
      if (socket == nullptr) return;
      socket->OnGone([this] {
        MutexLock lock(&mutex_);
        ++gone_;
        changed_.SignalAll();
      });
      Next(std::move(socket));
    });
  }
  HttpResponse Refusal(int status, std::string_view why) override { return {status, {}, std::string(why) + "\n"}; }

  void AwaitGone(int count) {
    MutexLock lock(&mutex_);
    while (gone_ < count) changed_.Wait(&mutex_);
  }
  size_t flooded() {
    MutexLock lock(&mutex_);
    return flooded_;
  }

 private:
  void Next(std::shared_ptr<WebSocket> socket) {
    WebSocket& at = *socket;
    at.Read([this, socket = std::move(socket)](std::optional<SocketMessage> message) {
      if (!message) return;
      if (message->data == "close") return socket->Close(4005, "said so");
      if (message->data == "stay") return;
      if (message->data == "flood") return Flood(socket);
      socket->Write(*std::move(message), [this, socket](bool written) {
        if (written) Next(socket);
      });
    });
  }
  void Flood(std::shared_ptr<WebSocket> socket) {
    WebSocket& at = *socket;
    at.Write({false, std::string(64 << 10, 'x')}, [this, socket = std::move(socket)](bool written) {
      if (!written) return;
      {
        MutexLock lock(&mutex_);
        ++flooded_;
      }
      Flood(socket);
    });
  }

  Mutex mutex_;
  CondVar changed_;
  int gone_ ABSL_GUARDED_BY(mutex_) = 0;
  size_t flooded_ ABSL_GUARDED_BY(mutex_) = 0;
};

class SocketConnectionTest : public ::testing::Test {
 protected:
  void Start(Listener::Options options = {}) {
    auto listener = Listener::Start(std::move(options), handler_);
    ASSERT_TRUE(listener.ok()) << listener.status();
    listener_ = *std::move(listener);
    ASSERT_TRUE(absl::SimpleAtoi(listener_->address().substr(listener_->address().rfind(':') + 1), &port_));
  }
  // What a client that sends this gets.
  std::string Refusal(const std::vector<Frame>& frames) {
    SocketClient client(port_, "/");
    for (const Frame& frame : frames) client.Send(frame);
    return client.ReadClose();
  }

  Echo handler_;
  std::unique_ptr<Listener> listener_;
  int port_ = 0;
};

TEST_F(SocketConnectionTest, TheAnswerToTheUpgradeHasTheKeysHash) {
  Start();
  SocketClient client(port_, "/");
  EXPECT_THAT(client.head(), HasSubstr(absl::StrCat("\r\nSec-WebSocket-Accept: ", SocketClient::kAccept, "\r\n")));
  EXPECT_THAT(client.head(), HasSubstr("\r\nUpgrade: websocket\r\n"));
  EXPECT_THAT(client.head(), ::testing::Not(HasSubstr("Extensions")));
}

TEST_F(SocketConnectionTest, NoExtensionIsTaken) {
  Start();
  SocketClient client(port_, "/", "Sec-WebSocket-Extensions: permessage-deflate\r\n");
  EXPECT_THAT(client.head(), ::testing::Not(HasSubstr("Extensions")));
}

TEST_F(SocketConnectionTest, MessagesGoBothWaysAsTextAndInBinary) {
  Start();
  SocketClient client(port_, "/");
  for (const size_t size : {size_t{1}, size_t{125}, size_t{126}, size_t{65535}, size_t{65536}, size_t{300'000}}) {
    client.SendText(std::string(size, 'a'));
    EXPECT_EQ(client.ReadShown(), "text:" + std::string(size, 'a'));
    client.SendBinary(std::string(size, '\0'));
    EXPECT_EQ(client.ReadShown(), "binary:" + std::string(size, '\0'));
  }
  client.SendText("");
  EXPECT_EQ(client.ReadShown(), "text:");
}

TEST_F(SocketConnectionTest, AMessageMayComeInPiecesWithPingsBetween) {
  Start();
  SocketClient client(port_, "/");
  client.Send({kText, "one ", false});
  client.Send({kPing, "there?"});
  client.Send({kMore, "two ", false});
  client.Send({kMore, "", false});
  client.Send({kMore, "three"});
  EXPECT_EQ(client.ReadShown(), "pong:there?");
  EXPECT_EQ(client.ReadShown(), "text:one two three");
  // And byte by byte.
  for (const char c : SocketClient::Bytes({kBinary, "abc"})) client.raw().Send(std::string(1, c));
  EXPECT_EQ(client.ReadShown(), "binary:abc");
}

TEST_F(SocketConnectionTest, WhatIsNoFrameOfAClientIsRefused) {
  Start();
  EXPECT_EQ(Refusal({{.data = "a", .masked = false}}), "close:1002:");
  EXPECT_EQ(Refusal({{.data = "a", .reserved = 4}}), "close:1002:");
  EXPECT_EQ(Refusal({{.opcode = 3}}), "close:1002:");
  EXPECT_EQ(Refusal({{.opcode = 11}}), "close:1002:");
  EXPECT_EQ(Refusal({{.opcode = kMore, .data = "a"}}), "close:1002:");
  EXPECT_EQ(Refusal({{.data = "a", .fin = false}, {.data = "b"}}), "close:1002:");
  EXPECT_EQ(Refusal({{.opcode = kPing, .data = std::string(126, 'a')}}), "close:1002:");
  EXPECT_EQ(Refusal({{.opcode = kPing, .fin = false}}), "close:1002:");
  handler_.AwaitGone(8);
}

TEST_F(SocketConnectionTest, TextThatIsNotUtf8IsRefused) {
  Start();
  EXPECT_EQ(Refusal({{.data = "\xff"}}), "close:1007:");
  EXPECT_EQ(Refusal({{.data = "\xc3", .fin = false}, {.opcode = kMore, .data = "x"}}), "close:1007:");
  EXPECT_EQ(Refusal({{.data = "a\xc3", .fin = false}, {.opcode = kMore}}), "close:1007:the text is not UTF-8");
  // A character may be cut by a frame's end.
  SocketClient client(port_, "/");
  client.Send({kText, "\xc3", false});
  client.Send({kMore, "\xa4"});
  EXPECT_EQ(client.ReadShown(), "text:\xc3\xa4");
  client.Send({kText, "\xc3\xa4", false});
  client.Send({kMore, ""});
  EXPECT_EQ(client.ReadShown(), "text:\xc3\xa4");
}

TEST_F(SocketConnectionTest, AMessageThatIsTooLargeIsRefused) {
  Listener::Options options;
  options.max_body_bytes = 100'000;
  Start(options);
  EXPECT_EQ(Refusal({{kBinary, std::string(100'001, 'a')}}), "close:1009:");
  EXPECT_EQ(Refusal({{kBinary, std::string(60'000, 'a'), false}, {kMore, std::string(60'000, 'a')}}), "close:1009:");
  SocketClient client(port_, "/");
  client.SendBinary(std::string(100'000, 'a'));
  EXPECT_EQ(client.ReadShown().size(), 100'000 + sizeof "binary:" - 1);
}

TEST_F(SocketConnectionTest, ALengthThatNobodyCouldSendCostsNothing) {
  Start();
  SocketClient client(port_, "/");
  client.raw().Send(std::string("\x82\xff\x7f\xff\xff\xff\xff\xff\xff\xff\x01\x02\x03\x04", 14));
  EXPECT_EQ(client.ReadShown(), "close:1009:");
}

TEST_F(SocketConnectionTest, TheServerClosesWithItsCode) {
  Start();
  SocketClient client(port_, "/");
  client.SendText("close");
  EXPECT_EQ(client.ReadClose(), "close:4005:said so");
  handler_.AwaitGone(1);
}

TEST_F(SocketConnectionTest, TheClientsCloseIsAnswered) {
  Start();
  SocketClient client(port_, "/");
  client.Send({kClose, SocketClient::CloseData(1000, "done")});
  EXPECT_EQ(client.ReadShown(), "close:1000:");
  // Told before the client has hung up, too.
  handler_.AwaitGone(1);
}

TEST_F(SocketConnectionTest, AClientThatVanishesIsToldOf) {
  Start();
  { SocketClient client(port_, "/"); }
  handler_.AwaitGone(1);
  SocketClient client(port_, "/");
  client.raw().Vanish();
  handler_.AwaitGone(2);
}

TEST_F(SocketConnectionTest, AClientThatVanishesUnreadIsToldOf) {
  Start();
  {
    SocketClient client(port_, "/");
    client.SendText("stay");
    client.SendText("nobody reads this");
  }
  handler_.AwaitGone(1);
}

TEST_F(SocketConnectionTest, WhoSendsTooFastIsHeldUp) {
  Listener::Options options;
  options.max_body_bytes = 64 << 20;
  Start(options);
  SocketClient client(port_, "/");
  client.SendText("stay");
  // Of what nobody reads the kernel takes what fits its buffers, and then no more.
  const std::string much = SocketClient::Bytes({kBinary, std::string(32 << 20, 'x')});
  EXPECT_LT(client.raw().SendWhatFits(much), much.size());
}

TEST_F(SocketConnectionTest, WhoTakesNothingIsCut) {
  Listener::Options options;
  options.write_timeout = milliseconds(200);
  Start(options);
  SocketClient client(port_, "/");
  client.SendText("flood");
  handler_.AwaitGone(1);
  EXPECT_LT(handler_.flooded(), 1000u);
}

TEST_F(SocketConnectionTest, AClientThatDoesNotAnswerPingsIsCut) {
  Listener::Options options;
  options.ping_interval = milliseconds(60);
  options.write_timeout = milliseconds(100);
  Start(options);
  SocketClient silent(port_, "/");
  EXPECT_EQ(silent.ReadShown(), "ping:");
  EXPECT_EQ(silent.ReadShown(), "ping:");
  EXPECT_EQ(silent.ReadShown(), "gone");
  options.ping_interval = milliseconds(20);
  options.write_timeout = milliseconds(10'000);
  Start(options);
  SocketClient alive(port_, "/");
  for (int i = 0; i < 5; ++i) {
    EXPECT_EQ(alive.ReadShown(), "ping:");
    alive.Send({kPong, ""});
  }
  // One that is not read from need not be seen to answer.
  SocketClient unread(port_, "/");
  unread.SendText("stay");
  for (int i = 0; i < 5; ++i) EXPECT_EQ(unread.ReadShown(), "ping:");
}

TEST_F(SocketConnectionTest, AMessageHasItsTime) {
  Listener::Options options;
  options.body_timeout = milliseconds(100);
  Start(options);
  SocketClient none(port_, "/");
  EXPECT_EQ(none.ReadClose(), "close:1008:a message took too long");
  SocketClient half(port_, "/");
  half.SendText("a");
  EXPECT_EQ(half.ReadShown(), "text:a");
  half.Send({kText, "b", false});
  EXPECT_EQ(half.ReadClose(), "close:1008:a message took too long");
}

TEST_F(SocketConnectionTest, AClientThatDoesNotEndAClosingIsCut) {
  Listener::Options options;
  options.write_timeout = milliseconds(100);
  Start(options);
  SocketClient client(port_, "/");
  client.SendText("close");
  EXPECT_EQ(client.ReadShown(), "close:4005:said so");
  EXPECT_EQ(client.ReadShown(), "gone");
  while (listener_->connections() > 0) std::this_thread::yield();
}

TEST_F(SocketConnectionTest, FramesMayBeSentAheadOfTheAnswer) {
  Start();
  SocketClient client(port_);
  client.raw().Send(SocketClient::Upgrade("/") + SocketClient::Bytes({kText, "early"}) +
                    SocketClient::Bytes({kBinary, "bird"}));
  EXPECT_THAT(client.raw().TakeUntil("\r\n\r\n"), StartsWith("HTTP/1.1 101 "));
  EXPECT_EQ(client.ReadShown(), "text:early");
  EXPECT_EQ(client.ReadShown(), "binary:bird");
}

TEST_F(SocketConnectionTest, AnUpgradeMayFollowOtherRequests) {
  Start();
  SocketClient client(port_);
  client.raw().Send("GET /a HTTP/1.1\r\nHost: x\r\n\r\n" + SocketClient::Upgrade("/"));
  EXPECT_THAT(client.raw().TakeUntil("/a\n"), StartsWith("HTTP/1.1 200 "));
  EXPECT_THAT(client.raw().TakeUntil("\r\n\r\n"), StartsWith("HTTP/1.1 101 "));
  client.SendText("x");
  EXPECT_EQ(client.ReadShown(), "text:x");
}

TEST_F(SocketConnectionTest, WhoSendsTooMuchAheadIsRefused) {
  Start();
  SocketClient client(port_);
  // Asked for its body, the client sends all the rest with it.
  client.raw().Send("POST /a HTTP/1.1\r\nHost: x\r\nExpect: 100-continue\r\nContent-Length: 1\r\n\r\n");
  EXPECT_THAT(client.raw().TakeUntil("\r\n\r\n"), StartsWith("HTTP/1.1 100 "));
  client.raw().Send("x" + SocketClient::Upgrade("/") + SocketClient::Bytes({kText, std::string(5000, 'a')}));
  EXPECT_THAT(client.raw().TakeUntil("/a\n"), StartsWith("HTTP/1.1 200 "));
  EXPECT_THAT(client.raw().ReadUntil(), StartsWith("HTTP/1.1 400 "));
}

TEST_F(SocketConnectionTest, SocketsAreCountedAmongTheConnections) {
  Listener::Options options;
  options.max_connections = 1;
  Start(options);
  {
    SocketClient client(port_, "/");
    EXPECT_EQ(listener_->connections(), 1u);
    RawClient other(port_);
    EXPECT_THAT(other.ReadUntil(), StartsWith("HTTP/1.1 503 "));
  }
  while (listener_->connections() > 0) std::this_thread::yield();
}

TEST_F(SocketConnectionTest, StopTellsTheClients) {
  Start();
  SocketClient client(port_, "/"), silent(port_, "/");
  listener_->Stop();
  handler_.AwaitGone(2);
  EXPECT_EQ(client.ReadClose(), "close:1001:the server stops");
  // One that does not answer is not waited for without end.
  listener_.reset();
  EXPECT_EQ(silent.ReadShown(), "close:1001:the server stops");
  EXPECT_EQ(silent.ReadShown(), "gone");
}

TEST_F(SocketConnectionTest, StopCutsWhoTakesNothing) {
  Start();
  SocketClient client(port_, "/");
  client.SendText("flood");
  while (handler_.flooded() == 0) std::this_thread::yield();
  listener_->Stop();
  handler_.AwaitGone(1);
  listener_.reset();
}

}  // namespace
}  // namespace warren::gateway
