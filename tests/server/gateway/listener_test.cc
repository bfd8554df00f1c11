#include "server/gateway/listener.h"

#include <gmock/gmock.h>

#include <vector>

#include "absl/strings/numbers.h"
#include "absl/strings/str_cat.h"
#include "proto/common/mutex.h"
#include "tests/server/gateway/raw_client.h"

namespace warren::gateway {
namespace {

using std::chrono::milliseconds;
using ::testing::HasSubstr;
using ::testing::StartsWith;

// Answers with what it was asked; "/hold": when it is told to; "/stream": two parts; "/stay": one, and no end.
class Echo : public HttpHandler {
 public:
  void Handle(HttpRequest request, std::shared_ptr<HttpResponder> responder) override {
    if (request.target == "/hold") {
      responder->OnGone([this] {
        MutexLock lock(&mutex_);
        ++gone_;
        changed_.SignalAll();
      });
      MutexLock lock(&mutex_);
      held_.push_back(std::move(responder));
      changed_.SignalAll();
      return;
    }
    if (request.target == "/stay") {
      responder->OnGone([this] {
        MutexLock lock(&mutex_);
        ++gone_;
        changed_.SignalAll();
      });
      responder->Begin(200, {});
      responder->Write("one\n", [](bool) {});
      return;
    }
    if (request.target == "/stream") {
      responder->Begin(200, {{"Content-Type", "text/plain"}});
      responder->Write("one\n", [responder](bool ok) {
        EXPECT_TRUE(ok);
        responder->Write("two\n", [responder](bool) { responder->End(true); });
      });
      return;
    }
    responder->Respond({200, {}, absl::StrCat(request.verb, " ", request.target, " ", request.body, "\n")});
  }
  HttpResponse Refusal(int status, std::string_view why) override { return {status, {}, std::string(why) + "\n"}; }

  std::shared_ptr<HttpResponder> AwaitHeld() {
    MutexLock lock(&mutex_);
    while (held_.empty()) changed_.Wait(&mutex_);
    auto responder = std::move(held_.back());
    held_.pop_back();
    return responder;
  }
  void AwaitGone(int count) {
    MutexLock lock(&mutex_);
    while (gone_ < count) changed_.Wait(&mutex_);
  }

 private:
  Mutex mutex_;
  CondVar changed_;
  std::vector<std::shared_ptr<HttpResponder>> held_ ABSL_GUARDED_BY(mutex_);
  int gone_ ABSL_GUARDED_BY(mutex_) = 0;
};

class ListenerTest : public ::testing::Test {
 protected:
  void Start(Listener::Options options = {}) {
    auto listener = Listener::Start(std::move(options), handler_);
    ASSERT_TRUE(listener.ok()) << listener.status();
    listener_ = *std::move(listener);
    ASSERT_TRUE(absl::SimpleAtoi(listener_->address().substr(listener_->address().rfind(':') + 1), &port_));
  }
  std::string Ask(const std::string& request) {
    RawClient client(port_);
    client.Send(request);
    return client.ReadUntil();
  }
  void ExpectRefused(const std::string& status, const std::string& request) {
    RawClient client(port_);
    EXPECT_EQ(client.Status(request), status) << request;
  }

  Echo handler_;
  std::unique_ptr<Listener> listener_;
  int port_ = 0;
};

constexpr char kNul[] = "GET / HTTP/1.1\r\nHost: x\r\nA: b\0c\r\n\r\n";
constexpr char kGet[] = "GET /a HTTP/1.1\r\nHost: x\r\n\r\n";
constexpr char kLast[] = "GET /z HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n";

TEST_F(ListenerTest, AConnectionIsKeptForManyRequests) {
  Start();
  RawClient client(port_);
  for (int i = 0; i < 3; ++i) {
    client.Send(kGet);
    EXPECT_THAT(client.ReadUntil("GET /a \n"), StartsWith("HTTP/1.1 200 OK\r\n"));
  }
  client.Send(kLast);
  EXPECT_THAT(client.ReadUntil(), HasSubstr("Connection: close\r\n"));
}

TEST_F(ListenerTest, RequestsSentAheadAreAnsweredInOrder) {
  Start();
  std::string all;
  for (int i = 0; i < 50; ++i) {
    absl::StrAppend(&all, "POST /", i, " HTTP/1.1\r\nHost: x\r\nContent-Length: 3\r\n\r\nabc");
  }
  RawClient client(port_);
  client.Send(all + kLast);
  const std::string answers = client.ReadUntil();
  size_t at = 0;
  for (int i = 0; i < 50; ++i) {
    at = answers.find(absl::StrCat("POST /", i, " abc\n"), at);
    ASSERT_NE(at, std::string::npos) << i;
  }
  EXPECT_NE(answers.find("GET /z", at), std::string::npos);
}

TEST_F(ListenerTest, BytesMayComeOneByOne) {
  Start();
  RawClient client(port_);
  for (const char c : std::string(
           "POST /a HTTP/1.1\r\nHost: x\r\nTransfer-Encoding: chunked\r\n\r\n3\r\nabc\r\n2;e=1\r\nde\r\n0\r\n\r\n")) {
    client.Send(std::string(1, c));
  }
  EXPECT_THAT(client.ReadUntil("abcde\n"), HasSubstr("POST /a abcde\n"));
  for (const char c : std::string("POST /b HTTP/1.1\r\nHost: x\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n")) {
    client.Send(std::string(1, c));
  }
  EXPECT_THAT(client.ReadUntil("/b \n"), HasSubstr("POST /b \n"));
}

TEST_F(ListenerTest, ClientsOfHttp10MayKeepTheirConnection) {
  Start();
  RawClient client(port_);
  for (int i = 0; i < 2; ++i) {
    client.Send("GET /a HTTP/1.0\r\nConnection: keep-alive\r\n\r\n");
    EXPECT_THAT(client.ReadUntil("GET /a \n"), HasSubstr("Connection: keep-alive\r\n"));
  }
  client.Send("GET /a HTTP/1.0\r\n\r\n");
  EXPECT_THAT(client.ReadUntil(), HasSubstr("Connection: close\r\n"));
}

TEST_F(ListenerTest, AHeadHasTheLengthAndNoBody) {
  Start();
  const std::string answer = Ask("HEAD /a HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n");
  EXPECT_THAT(answer, HasSubstr("Content-Length: 9\r\n"));
  EXPECT_THAT(answer, ::testing::EndsWith("\r\n\r\n"));
}

TEST_F(ListenerTest, WhatCanBeReadInTwoWaysIsRefused) {
  Start();
  for (const std::string head : {
           "POST / HTTP/1.1\r\nHost: x\r\nContent-Length: 3\r\nTransfer-Encoding: chunked\r\n\r\n3\r\nabc\r\n0\r\n\r\n",
           "POST / HTTP/1.1\r\nHost: x\r\nTransfer-Encoding: chunked\r\nContent-Length: 3\r\n\r\nabc",
           "POST / HTTP/1.1\r\nHost: x\r\nContent-Length: 3\r\nContent-Length: 4\r\n\r\nabcd",
           "POST / HTTP/1.1\r\nHost: x\r\nContent-Length: 3\r\nContent-Length: 3\r\n\r\nabc",
           "POST / HTTP/1.1\r\nHost: x\r\nContent-Length: 3, 3\r\n\r\nabc",
           "POST / HTTP/1.1\r\nHost: x\r\nContent-Length: -1\r\n\r\n",
           "POST / HTTP/1.1\r\nHost: x\r\nContent-Length: 0x3\r\n\r\nabc",
           "GET / HTTP/1.1\r\nHost: x\r\nA: b\r\n c\r\n\r\n",
           "GET / HTTP/1.1\r\nHost: x\r\nA: b\r\n\tc\r\n\r\n",
           "GET / HTTP/1.1\r\nHost: x\r\nHost: y\r\n\r\n",
           "GET / HTTP/1.1\r\n\r\n",
           "GET / HTTP/1.1\r\nHost : x\r\n\r\n",
           "GET / HTTP/1.1\r\nHost: x\r\nA\r\n\r\n",
           "GET / HTTP/1.1\r\nHost: x\r\nAuthorization: a\r\nAuthorization: b\r\n\r\n",
           "GET  / HTTP/1.1\r\nHost: x\r\n\r\n",
           "GET / HTTP/1.1 \r\nHost: x\r\n\r\n",
           "GET / HTTP/2.0\r\nHost: x\r\n\r\n",
           "GET / HTTP/1.1\nHost: x\n\r\n\r\n",
           "\x16\x03\x01\x02\r\n\r\n",
           // At once, not when the time for the head is over.
           "\x16\x03\x01\x02",
           "GET / HTTP/1.1\nHost",
           "POST / HTTP/1.0\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n",
           "POST / HTTP/1.1\r\nHost: x\r\nTransfer-Encoding: chunked\r\n\r\n-1\r\n\r\n",
           "POST / HTTP/1.1\r\nHost: x\r\nTransfer-Encoding: chunked\r\n\r\nfffffffffffffffff\r\na\r\n",
           "POST / HTTP/1.1\r\nHost: x\r\nTransfer-Encoding: chunked\r\n\r\n3\r\nabcd\r\n0\r\n\r\n",
       }) {
    ExpectRefused("400", head);
  }
  ExpectRefused("400", std::string(kNul, sizeof kNul - 1));
  ExpectRefused("501", "POST / HTTP/1.1\r\nHost: x\r\nTransfer-Encoding: gzip\r\n\r\n");
  ExpectRefused("501", "POST / HTTP/1.1\r\nHost: x\r\nTransfer-Encoding: gzip, chunked\r\n\r\n0\r\n\r\n");
  ExpectRefused("417", "POST / HTTP/1.1\r\nHost: x\r\nExpect: 200-ok\r\nContent-Length: 3\r\n\r\nabc");
  // Nothing of it hurt others.
  EXPECT_THAT(Ask(kLast), HasSubstr("GET /z"));
}

TEST_F(ListenerTest, ABodyThatIsExpectedIsAskedFor) {
  Start();
  RawClient client(port_);
  client.Send("POST /a HTTP/1.1\r\nHost: x\r\nExpect: 100-continue\r\nContent-Length: 3\r\n\r\n");
  EXPECT_EQ(client.ReadUntil("\r\n\r\n"), "HTTP/1.1 100 Continue\r\n\r\n");
  client.Send("abc");
  EXPECT_THAT(client.ReadUntil("abc\n"), HasSubstr("200 OK"));
}

TEST_F(ListenerTest, WhatIsTooLargeIsRefused) {
  Listener::Options options;
  options.max_header_bytes = 1000;
  options.max_body_bytes = 1000;
  Start(options);
  ExpectRefused("431", absl::StrCat("GET / HTTP/1.1\r\nHost: x\r\nA: ", std::string(1000, 'a'), "\r\n\r\n"));
  ExpectRefused("431", absl::StrCat("GET /", std::string(2000, 'a')));
  ExpectRefused("413",
                absl::StrCat("POST / HTTP/1.1\r\nHost: x\r\nContent-Length: 1001\r\n\r\n", std::string(1001, 'a')));
  ExpectRefused("413", absl::StrCat("POST / HTTP/1.1\r\nHost: x\r\nTransfer-Encoding: chunked\r\n\r\n3e9\r\n",
                                    std::string(1001, 'a'), "\r\n0\r\n\r\n"));
  EXPECT_THAT(Ask(absl::StrCat("POST /a HTTP/1.1\r\nHost: x\r\nConnection: close\r\nContent-Length: 1000\r\n\r\n",
                               std::string(1000, 'a'))),
              HasSubstr("200 OK"));
}

TEST_F(ListenerTest, WhatComesBesideABodyIsLimitedToo) {
  Listener::Options options;
  options.max_header_bytes = 1000;
  options.max_body_bytes = 1000;
  Start(options);
  const std::string post = "POST / HTTP/1.1\r\nHost: x\r\nTransfer-Encoding: chunked\r\n\r\n";
  ExpectRefused("431", post + "1;" + std::string(5000, 'a'));
  ExpectRefused("431", post + "0\r\nA: " + std::string(5000, 'a'));
  // Each chunk is in order, but there is no end of them.
  std::string many;
  for (int i = 0; i < 100; ++i) many += "1;" + std::string(400, 'a') + "\r\nx\r\n";
  ExpectRefused("413", post + many);
}

TEST_F(ListenerTest, EmptyLinesBeforeARequestArePassedOver) {
  Start();
  EXPECT_THAT(Ask(absl::StrCat("\r\n\r\n", kLast)), HasSubstr("GET /z"));
  // One by one, too, and after a request, where they begin none.
  Listener::Options options;
  options.header_timeout = milliseconds(50);
  options.idle_timeout = milliseconds(200);
  Start(options);
  RawClient client(port_);
  client.Send(absl::StrCat(kGet, "\r\n"));
  EXPECT_THAT(client.ReadUntil("GET /a \n"), StartsWith("HTTP/1.1 200 OK\r\n"));
  client.Send("\r");
  client.Send("\n");
  EXPECT_EQ(client.ReadUntil(), "");  // idle, and not a request that takes too long
}

TEST_F(ListenerTest, AClientOfHttp10IsNotAskedForItsBody) {
  Start();
  EXPECT_THAT(Ask("POST /a HTTP/1.0\r\nExpect: 100-continue\r\nContent-Length: 3\r\n\r\nabc"),
              StartsWith("HTTP/1.0 200 OK\r\n"));
}

TEST_F(ListenerTest, WhoTakesTooLongIsRefused) {
  Listener::Options options;
  options.header_timeout = options.body_timeout = milliseconds(50);
  Start(options);
  ExpectRefused("408", "GET / HTTP/1.1\r\nHost");
  ExpectRefused("408", "POST / HTTP/1.1\r\nHost: x\r\nContent-Length: 3\r\n\r\na");
}

TEST_F(ListenerTest, AConnectionWithoutARequestIsClosed) {
  Listener::Options options;
  options.idle_timeout = milliseconds(50);
  Start(options);
  RawClient silent(port_);
  EXPECT_EQ(silent.ReadUntil(), "");
}

TEST_F(ListenerTest, ConnectionsBeyondTheLimitAreRefusedAndRoomIsMadeAgain) {
  Listener::Options options;
  options.max_connections = 2;
  Start(options);
  {
    RawClient one(port_), two(port_);
    one.Send(kGet);
    one.ReadUntil("/a \n");
    two.Send(kGet);
    two.ReadUntil("/a \n");
    RawClient three(port_);
    EXPECT_THAT(three.ReadUntil(), StartsWith("HTTP/1.1 503 "));
  }
  while (listener_->connections() > 0) std::this_thread::yield();
  EXPECT_THAT(Ask(kLast), HasSubstr("200 OK"));
}

TEST_F(ListenerTest, ManyThatSayNothingHurtNobody) {
  Start();
  std::vector<std::unique_ptr<RawClient>> slow;
  for (int i = 0; i < 1000; ++i) {
    slow.push_back(std::make_unique<RawClient>(port_));
    slow.back()->Send("GET / HTTP/1.1\r\nHost: x\r\nX-A");
  }
  while (listener_->connections() < 1000) std::this_thread::yield();
  for (int i = 0; i < 20; ++i) EXPECT_THAT(Ask(kLast), HasSubstr("200 OK"));
}

TEST_F(ListenerTest, AStreamComesInChunks) {
  Start();
  EXPECT_THAT(
      Ask("GET /stream HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n"),
      HasSubstr("Transfer-Encoding: chunked\r\nConnection: close\r\n\r\n4\r\none\n\r\n4\r\ntwo\n\r\n0\r\n\r\n"));
  EXPECT_THAT(Ask("GET /stream HTTP/1.0\r\n\r\n"), HasSubstr("Connection: close\r\n\r\none\ntwo\n"));
}

TEST_F(ListenerTest, AClientThatHangsUpIsToldOf) {
  Start();
  {
    RawClient client(port_);
    client.Send("GET /hold HTTP/1.1\r\nHost: x\r\n\r\n");
    handler_.AwaitHeld();
  }
  handler_.AwaitGone(1);
}

TEST_F(ListenerTest, AClientThatHangsUpIsToldOfWhateverItSentAhead) {
  Start();
  {
    RawClient client(port_);
    client.Send("GET /hold HTTP/1.1\r\nHost: x\r\n\r\n.");
    handler_.AwaitHeld();
    RawClient other(port_);
    other.Send(absl::StrCat("GET /hold HTTP/1.1\r\nHost: x\r\n\r\n", kGet));
    handler_.AwaitHeld();
  }
  handler_.AwaitGone(2);
}

TEST_F(ListenerTest, WhoSendsTooMuchAheadIsNotWaitedForWithoutEnd) {
  Listener::Options options;
  options.max_header_bytes = 1000;
  options.write_timeout = milliseconds(50);
  Start(options);
  {
    RawClient client(port_);
    client.Send("GET /hold HTTP/1.1\r\nHost: x\r\n\r\n" + std::string(5000, 'a'));
    handler_.AwaitHeld();
  }
  handler_.AwaitGone(1);
}

TEST_F(ListenerTest, AStreamEndsWhenItsClientSendsTooMuchAhead) {
  Listener::Options options;
  options.max_header_bytes = 1000;
  Start(options);
  RawClient client(port_);
  client.Send("GET /stay HTTP/1.1\r\nHost: x\r\n\r\n");
  EXPECT_THAT(client.ReadUntil("one\n\r\n"), HasSubstr("200 OK"));
  client.Send(std::string(5000, 'a'));
  handler_.AwaitGone(1);
}

TEST_F(ListenerTest, AnAnswerThatComesLateFindsTheRequestThatWasSentMeanwhile) {
  Start();
  RawClient client(port_);
  client.Send("GET /hold HTTP/1.1\r\nHost: x\r\n\r\n");
  auto held = handler_.AwaitHeld();
  client.Send(kLast);
  held->Respond({200, {}, "held\n"});
  const std::string answers = client.ReadUntil();
  EXPECT_LT(answers.find("held\n"), answers.find("GET /z"));
  EXPECT_NE(answers.find("GET /z"), std::string::npos);
}

TEST_F(ListenerTest, StopCutsWhatIsBeingAnswered) {
  Start();
  RawClient client(port_);
  client.Send("GET /hold HTTP/1.1\r\nHost: x\r\n\r\n");
  auto held = handler_.AwaitHeld();
  listener_->Stop();
  handler_.AwaitGone(1);
  EXPECT_EQ(client.ReadUntil(), "");
  held->Respond({});  // to nobody
  held.reset();
}

TEST_F(ListenerTest, AnAddressThatIsTakenIsTold) {
  Start();
  Listener::Options options;
  options.port = port_;
  Echo other;
  const auto second = Listener::Start(options, other);
  EXPECT_EQ(second.status().code(), absl::StatusCode::kUnavailable);
  EXPECT_THAT(std::string(second.status().message()), HasSubstr("in use"));
}

}  // namespace
}  // namespace warren::gateway
